"""A new issue begins as the network's last one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.issues import arranging, editing
from app.issues.models import Issue
from app.networks.models import Network
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import add_block

MIDNIGHT = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session, from_name="Legal Desk")


def begin(session: Session, network: Network, at: datetime = MIDNIGHT, **words: str) -> Issue:
    return editing.create(session, network, None, at, **words)


def test_the_first_of_a_network_begins_with_what_the_network_is(
    session: Session, network: Network
) -> None:
    issue = begin(session, network)
    assert (issue.sender_name, issue.greeting) == ("Legal Desk", "Dear {{name|colleague}},")
    assert (issue.subject, issue.closing, issue.introduction) == ("", "", "")
    assert (issue.blocks, issue.offers, issue.language) == ([], [], "en")


def test_the_next_one_begins_as_the_last_one(session: Session, network: Network) -> None:
    for closing in ("An older one", "Warmly"):
        personas.issue(
            session,
            network,
            [personas.ask(session, personas.case(session))],
            greeting="Bonjour {{name|}},",
            closing=closing,
            sender_name="Ilse Marrow",
            language="fr",
        )
    personas.issue(session, personas.network(session, "medical"), [], closing="Of others")
    issue = begin(session, network)
    assert (issue.greeting, issue.closing) == ("Bonjour {{name|}},", "Warmly")
    assert (issue.sender_name, issue.language) == ("Ilse Marrow", "fr")
    assert (issue.subject, issue.preview, issue.introduction) == ("", "", "")
    assert (issue.cases, issue.offers) == ([], [])


def test_its_usual_blocks_come_with_their_words_but_for_last_months_news(
    session: Session, network: Network
) -> None:
    last = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    add_block(session, last, "news", heading="Good news", body="She is free.")
    add_block(session, last, "text", heading="Once", body="Only")
    add_block(session, last, "divider")
    add_block(session, last, "event", heading="Meeting")
    add_block(session, last, "picture")
    add_block(session, last, "thanks", heading="Thank you", body="All of you.")
    add_block(session, last, "colleagues", heading="Pass it on", body="Please.")
    arranging.take_out(last, add_block(session, last, "colleagues", body="Taken out"), now())
    session.flush()
    issue = begin(session, network)
    said = [(block.kind, block.words.get("en", {})) for block in issue.blocks]
    assert said == [
        ("news", {"heading": "Good news", "body": ""}),
        ("divider", {}),
        ("thanks", {"heading": "Thank you", "body": "All of you."}),
        ("colleagues", {"heading": "Pass it on", "body": "Please."}),
    ]
    assert [block.words["en"]["body"] for block in last.blocks if block.kind == "news"] == [
        "She is free."
    ]


def test_its_news_and_thanks_name_what_members_did_after_the_last_one_that_was_sent(
    session: Session, network: Network
) -> None:
    for _number in range(3):
        personas.member(session, network)
    sent = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    for kind in ("news", "thanks", "divider"):
        add_block(session, sent, kind)
    personas.delivered(session, sent, at=now() - timedelta(days=3))
    at = now()
    news, thanks, divider = begin(session, network, at).blocks
    record: dict[str, object] = {
        "issue": sent.id,
        "reached": 3,
        "acted": 0,
        "evidenced": 0,
        "letters": 0,
    }
    record["counted_on"] = at.date().isoformat()
    assert news.record == thanks.record == record
    assert divider.record == {}


def test_where_nothing_was_sent_yet_no_number_stands(session: Session, network: Network) -> None:
    add_block(session, personas.issue(session, network, []), "thanks", body="Thanks")
    assert [block.record for block in begin(session, network).blocks] == [{}]


@pytest.mark.parametrize(
    ("zone", "language", "title"),
    [
        ("UTC", "en", "October 2026"),
        ("Europe/Berlin", "en", "November 2026"),
        ("America/Lima", "de", "Oktober 2026"),
        ("Pacific/Auckland", "fr", "novembre 2026"),
        ("Asia/Tokyo", "es", "noviembre de 2026"),
        ("UTC", "xx", "October 2026"),
    ],
)
def test_its_title_is_the_month_of_the_networks_day_in_its_language(
    session: Session, zone: str, language: str, title: str
) -> None:
    network = personas.network(session, timezone=zone, language=language)
    assert begin(session, network).title == title
    assert begin(session, network, title="A special one").title == "A special one"


def test_the_page_makes_one_that_is_there_to_be_written(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
    sign_in(client, "coordinator", [network])
    answer = client.post("/issues/new", data={"network": "legal", "title": ""})
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert str(now().year) in page.text.partition("</title>")[0]
