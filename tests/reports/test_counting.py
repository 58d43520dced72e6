"""From ledger and responses to the numbers of a report."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.models import Delivery, DeliveryState, Settlement
from app.issues.models import Issue
from app.reports import shapes
from app.reports.counting import by_network, issue_report
from app.responses.models import Evidence, Response, Visit
from tests import personas


@pytest.fixture
def sent(session: Session) -> tuple[Issue, list[Delivery]]:
    """An issue with one ask, delivered to twelve members of two professions."""
    network = personas.network(session)
    for number in range(12):
        job = "judge" if number % 3 else "barrister"
        personas.member(session, network, profession=job, country=("FR", None)[number % 2])
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    return issue, personas.delivered(session, issue, at=now() - timedelta(days=3))


def say(session: Session, delivery: Delivery, issue: Issue, answer: str, **more: Any) -> None:
    values = {"channel": "link", "recorded_at": now() - timedelta(days=1), "note": ""} | more
    session.add(
        Response(delivery_id=delivery.id, offer_id=issue.offers[0].id, answer=answer, **values)
    )
    session.flush()


def prove(session: Session, delivery: Delivery, issue: Issue, grade: str) -> None:
    session.add(
        Evidence(
            delivery_id=delivery.id,
            offer_id=issue.offers[0].id,
            grade=grade,
            recorded_at=now() - timedelta(hours=1),
        )
    )
    session.flush()


def test_every_number_adds_up_by_hand(session: Session, sent: tuple[Issue, list[Delivery]]) -> None:
    issue, mails = sent
    for delivery, answers in zip(
        mails,
        (
            ["done"],
            ["will_do", "done"],
            ["will_do"],
            ["could_not"],
            ["cannot"],
            ["already"],
            ["done", "undone"],
            ["done", "cannot"],
        ),
        strict=False,
    ):
        for answer in answers:
            say(session, delivery, issue, answer)
    say(session, mails[8], issue, "done", suspect="no-form")
    prove(session, mails[0], issue, "evidenced")
    prove(session, mails[1], issue, "verified")
    session.add(Visit(delivery_id=mails[9].id, offer_id=issue.offers[0].id, first_at=now()))
    session.flush()

    report = issue_report(session, issue, now())
    tally = report.asks[0].tally
    assert (tally.delivered, tally.visited) == (12, 1)
    assert (tally.reported, tally.evidenced, tally.verified) == (2, 2, 1)
    assert (tally.will_do, tally.could_not, tally.cannot, tally.already) == (1, 1, 2, 1)
    assert (tally.suspect, tally.promised, tally.kept) == (1, 2, 1)
    assert (tally.action_rate.numerator, tally.action_rate.denominator) == (2, 12)
    assert (tally.answer_rate.numerator, tally.answer_rate.denominator) == (6, 12)
    assert (tally.completion.numerator, tally.completion.denominator) == (1, 2)


def test_groups_add_up_to_the_whole(session: Session, sent: tuple[Issue, list[Delivery]]) -> None:
    issue, mails = sent
    for delivery in mails[:5]:
        say(session, delivery, issue, "done")
    ask = issue_report(session, issue, now()).asks[0]
    for groups in ask.groups.values():
        assert sum(tally.delivered for tally in groups.values()) == 12
        assert sum(tally.reported for tally in groups.values()) == 5
    assert set(ask.groups["profession"]) == {"judge", "barrister"}
    assert set(ask.groups["country"]) == {"FR", None}


def test_only_what_a_relay_took_is_counted_of(
    session: Session, sent: tuple[Issue, list[Delivery]]
) -> None:
    issue, mails = sent
    states = [DeliveryState.BOUNCED, DeliveryState.UNKNOWN, DeliveryState.FAILED]
    states += [DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.RETRY]
    for delivery, state in zip(mails, states, strict=False):
        personas.resettle(session, delivery, state)
    say(session, mails[0], issue, "done")
    say(session, mails[7], issue, "done")
    report = issue_report(session, issue, now())
    assert report.deliveries == {"queued": 3, "sent": 6, "failed": 1, "bounced": 1, "unknown": 1}
    assert (report.asks[0].tally.delivered, report.asks[0].tally.reported) == (6, 1)
    assert report.asks[0].outside == 1


def test_what_comes_after_the_window_is_shown_and_not_counted(
    session: Session, sent: tuple[Issue, list[Delivery]]
) -> None:
    issue, mails = sent
    issue.offers[0].closes_at = now() - timedelta(days=2)
    session.flush()
    say(session, mails[0], issue, "done")
    tally = issue_report(session, issue, now()).asks[0].tally
    assert (tally.reported, tally.late) == (0, 1)


def test_json_csv_and_the_command_say_the_same(
    session: Session, sent: tuple[Issue, list[Delivery]], runner: Callable[..., Any]
) -> None:
    issue, mails = sent
    for delivery in mails[:4]:
        say(session, delivery, issue, "done")
    session.commit()
    said = json.loads(runner("report", issue.id, "--json").stdout)
    assert next(iter(said)) == "issue"
    assert {"issue", "window", "deliveries", "asks"} <= set(said)
    ask = said["asks"][0]
    assert ask["action_rate"]["numerator"] == ask["reported"] == 4
    assert 0 < ask["action_rate"]["low"] < 4 / 12 < ask["action_rate"]["high"] < 1
    text = runner("report", issue.id, "--csv").stdout.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["reported"] == "4"
    assert rows[0]["action_rate_denominator"] == "12"
    assert sum(int(row["reported"]) for row in rows if row["group_by"] == "sector") == 4
    assert "4 of 12, 33%" in runner("report", issue.id).stdout
    assert runner("report", 999).exit_code == 2


def test_a_profession_that_a_spreadsheet_would_calculate_is_made_plain(session: Session) -> None:
    network = personas.network(session)
    personas.member(session, network, profession="=1+1")
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
    personas.delivered(session, issue)
    from app.spreadsheets import csv_lines

    text = "".join(csv_lines(shapes.rows(issue_report(session, issue, now()))))
    assert ",'=1+1," in text


def test_networks_are_summed(session: Session, sent: tuple[Issue, list[Delivery]]) -> None:
    issue, mails = sent
    say(session, mails[0], issue, "done")
    report = issue_report(session, issue, now())
    assert {n.code: t.reported for n, t in by_network([report, report]).items()} == {"legal": 2}


def test_uncertain_mail_is_told_whatever_became_of_it(
    session: Session, sent: tuple[Issue, list[Delivery]], runner: Callable[..., Any]
) -> None:
    issue, mails = sent
    report = issue_report(session, issue, now())
    none = {"perhaps_twice": 0, "perhaps_not_at_all": 0}
    assert shapes.as_json(report)["uncertain"] == none
    for mail in mails[:2]:
        row = session.get_one(Settlement, mail.id)
        row.uncertain, row.attempts = 1, 2  # sent again, and taken
    personas.resettle(session, mails[2], "unknown")
    session.commit()
    told = {"perhaps_twice": 2, "perhaps_not_at_all": 1}
    assert shapes.as_json(issue_report(session, issue, now()))["uncertain"] == told
    assert json.loads(runner("report", issue.id, "--json").stdout)["uncertain"] == told
    printed = runner("report", issue.id).stdout
    assert "uncertain: 2 may have got it twice, 1 perhaps not at all" in printed


def test_the_report_page_tells_uncertain_mail_and_is_silent_without(
    session: Session,
    sent: tuple[Issue, list[Delivery]],
    client: FlaskClient,
    sign_in: Callable[..., Any],
) -> None:
    issue, mails = sent
    session.commit()
    sign_in(client, "reviewer")
    assert "Uncertain" not in client.get(f"/reports/{issue.id}").text
    row = session.get_one(Settlement, mails[0].id)
    row.uncertain, row.attempts = 1, 2
    personas.resettle(session, mails[1], "unknown")
    session.commit()
    page = client.get(f"/reports/{issue.id}").text
    assert "1 member may have got it twice" in page
    assert "1 member may have got it not at all" in page
