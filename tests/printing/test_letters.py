"""What stands in a member's letter: their own edition, their own links, the words of that day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.clock import now
from app.db import Database
from app.delivery.filling import Filler
from app.delivery.models import Delivery, EditionOffer
from app.issues.composing import NOWHERE
from app.issues.models import Block, BlockKind, Issue
from app.links import Links
from app.media import keeping as library
from app.printing import codes, letters
from tests import personas
from tests.media.conftest import photograph
from tests.printing.conftest import Mailed, delivery_of, sent

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def printed(
    session: Session, links: Links, issue: Issue, *deliveries: Delivery, at: datetime = AT
) -> dict[str, Any]:
    return letters.letters(session, links, issue, deliveries, NOWHERE, at, both_sides=False)


def one(session: Session, links: Links, mailed: Mailed) -> dict[str, Any]:
    issue, delivery = mailed.issue(session), session.get_one(Delivery, mailed.failed)
    made: dict[str, Any] = printed(session, links, issue, delivery)["letters"][0]
    return made


def asks_of(letter: dict[str, Any]) -> list[dict[str, Any]]:
    return [ask for part in letter["parts"] for ask in part.get("asks", ())]


def test_it_is_addressed_to_the_member_and_says_where_to_send_a_slip(
    session: Session, links: Links, mailed: Mailed
) -> None:
    letter = one(session, links, mailed)
    assert letter["name"] == "Bo Inkpen"
    assert letter["greeting"] == "Dear Bo Inkpen,"
    assert letter["return"] == ["Legal Network", "1 Harbour Lane", "Port Halden"]
    assert letter["day"] == "24 November 2026"
    mailed.issue(session).network.postal_address = "1 Harbour Lane, Port Halden"
    assert one(session, links, mailed)["name"] == "Bo Inkpen"


@pytest.mark.parametrize("address", ["1 Harbour Lane, Port Halden", "1 Harbour Lane\nPort Halden"])
def test_an_address_has_its_lines_however_it_was_entered(
    session: Session, links: Links, address: str
) -> None:
    network = personas.network(session, postal_address=address)
    personas.member(session, network, "Ada Quill")
    issue = sent(session, network, [])
    letter = printed(session, links, issue, delivery_of(session, issue, "Ada Quill"))["letters"][0]
    assert letter["return"] == ["Legal Network", "1 Harbour Lane", "Port Halden"]


def test_each_ask_has_the_link_that_stands_in_the_mail_and_a_code(
    session: Session, links: Links, mailed: Mailed
) -> None:
    letter = one(session, links, mailed)
    places = [(mailed.failed, mailed.first_offer), (mailed.failed, mailed.second_offer)]
    asks = asks_of(letter)
    assert [ask["address"] for ask in asks] == [links.answer_url(*ids) for ids in places]
    assert asks[0]["link"] == asks[0]["address"].removeprefix("https://")
    assert [ask["number"] for ask in asks] == [1, 2]
    assert [codes.read(links, ask["code"]) for ask in letter["asks"]] == places
    assert Filler(links)._answer(b"1.1").decode() in links.answer_url(1, 1)


def test_a_slip_names_nobody_and_no_case(session: Session, links: Links, mailed: Mailed) -> None:
    assert all(set(ask) == {"number", "code"} for ask in one(session, links, mailed)["asks"])


def test_only_the_asks_of_the_members_own_edition_are_printed(
    session: Session, links: Links, mailed: Mailed
) -> None:
    edition_id = session.get_one(Delivery, mailed.failed).edition_id
    session.delete(session.get_one(EditionOffer, (edition_id, mailed.first_offer)))
    session.flush()
    session.expire_all()
    (ask,) = asks_of(one(session, links, mailed))
    assert ask["headline"] == "Tell a colleague."


@pytest.mark.parametrize("name", ["", "  "])
def test_who_has_no_name_gets_the_fallback(session: Session, links: Links, name: str) -> None:
    network = personas.network(session)
    personas.member(session, network, name)
    issue = sent(session, network, [])
    letter = printed(session, links, issue, delivery_of(session, issue, name))["letters"][0]
    assert letter["name"] == ""
    assert letter["greeting"] == "Dear colleague,"


def test_a_name_is_no_markdown(session: Session, links: Links) -> None:
    network = personas.network(session)
    personas.member(session, network, "**Ada** [x](https://a.example)")
    issue = sent(session, network, [], introduction="Dear *{{name}}*")
    letter = printed(
        session, links, issue, delivery_of(session, issue, "**Ada** [x](https://a.example)")
    )
    (paragraph,) = letter["letters"][0]["introduction"]
    assert paragraph["c"][1]["c"] == [{"k": "t", "s": "**Ada** [x](https://a.example)"}]


def test_a_case_that_is_written_anew_is_printed_as_it_was_mailed(
    session: Session, links: Links, mailed: Mailed
) -> None:
    case = mailed.issue(session).cases[0]
    case.title, case.summary = "Somebody else", "Something else."
    session.flush()
    part = one(session, links, mailed)["parts"][0]
    assert part["heading"] == "Mira Solenne"
    assert "arrested" in str(part["body"])


@pytest.mark.parametrize(
    "change",
    [{"status": "stopped"}, {"status": "closed"}, {"sensitivity": "confidential"}],
    ids=str,
)
def test_nobody_is_asked_for_a_case_that_was_stopped_since(
    session: Session, links: Links, mailed: Mailed, change: dict[str, str]
) -> None:
    case: Case = mailed.issue(session).cases[0]
    for name, value in change.items():
        setattr(case, name, value)
    letter = one(session, links, mailed)
    (part,) = letter["parts"]
    assert part["kind"] == "gone"
    assert "Mira" not in str(letter)
    assert not letter["asks"]


def test_a_case_that_is_not_for_publication_says_so(
    session: Session, links: Links, mailed: Mailed
) -> None:
    mailed.issue(session).cases[0].sensitivity = "restricted"
    assert one(session, links, mailed)["parts"][0]["restricted"]


def test_an_ask_that_was_withdrawn_is_left_out_and_one_that_is_over_says_so(
    session: Session, links: Links, mailed: Mailed
) -> None:
    first, second = mailed.issue(session).offers
    first.ask.withdrawn_at = now()
    second.closes_at = AT - timedelta(days=1)
    (ask,) = asks_of(one(session, links, mailed))
    assert ask["headline"] == "Tell a colleague."
    assert ask["over"] == "The time for this ask is over."


def test_among_words_from_right_to_left_addresses_keep_their_order(
    session: Session, links: Links
) -> None:
    network = personas.network(session)
    personas.member(session, network, "Ada Quill")
    case = personas.case(session)
    personas.ask(session, case)
    issue = sent(session, network, [case], language="ar")
    letter = printed(session, links, issue, delivery_of(session, issue, "Ada Quill"))["letters"][0]
    assert (letter["lang"], letter["rtl"]) == ("ar", True)
    assert "\u20681 Court Square\u2069" in asks_of(letter)[0]["addressees"][0]["lines"]


def test_pictures_of_ours_are_printed_once_for_all(database: Database, links: Links) -> None:
    with database.writing() as session:
        network = personas.network(session)
        for name in ("Ada Quill", "Bo Inkpen"):
            personas.member(session, network, name)
        picture = library.add(session, network, None, "vigil.jpg", photograph(), now())
        library.describe(picture, "Vigil", {"en": "Six candles"}, now())
        issue = personas.issue(session, network, [])
        block = Block(kind=BlockKind.PICTURE, picture_id=picture.id, position=1)
        issue.every_block.append(block)
        session.flush()
        session.refresh(block)
        rows = personas.delivered(session, issue)
        made = printed(session, links, issue, *rows)
    (name,) = made["pictures"]
    assert made["pictures"][name].startswith("<svg")
    assert [letter["parts"][0]["picture"] for letter in made["letters"]] == [name, name]
    assert made["letters"][0]["parts"][0]["alt"] == "Six candles"
