"""From a scheduled issue over a real SMTP connection to a ledger that says what happened."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import preparing
from app.delivery.models import STATE, Attempt, Delivery, Edition, Settlement
from app.delivery.worker import Worker
from app.issues.models import Issue
from app.mail.inbox import Inbox, serve
from app.mail.relay import Relay
from app.networks.models import Membership
from app.services import Services
from tests import personas


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[Inbox, Relay]]:
    controller = serve(tmp_path / "inbox", "127.0.0.1", 0)
    yield Inbox(tmp_path / "inbox"), Relay("smtp", "127.0.0.1", controller.port)
    controller.stop()


@pytest.fixture
def mailing(services: Services, inbox: tuple[Inbox, Relay]) -> Services:
    return replace(services, settings=replace(services.settings, relays=(inbox[1],)))


def _issue(services: Services, members: int = 3) -> int:
    with services.database.writing() as session:
        network = personas.network(session)
        for number in range(members):
            personas.member(session, network, f"Member {number}", f"m{number}@example.org")
        ask = personas.ask(session, personas.case(session))
        return personas.issue(session, network, [ask]).id


def _schedule_and_freeze(services: Services, issue_id: int) -> int:
    with services.database.writing() as session:
        issue = session.get_one(Issue, issue_id)
        assert preparing.schedule(session, issue, now(), None, now())
    with services.database.writing() as session:
        return preparing.freeze(session, issue_id, now())


def _work(services: Services) -> None:
    worker = Worker(services)
    try:
        worker.work_through()
    finally:
        worker.close()


def _states(services: Services) -> dict[str, int]:
    with services.database.reading() as session:
        rows = session.execute(
            select(STATE, func.count())
            .select_from(Delivery)
            .outerjoin(Settlement, Settlement.delivery_id == Delivery.id)
            .group_by(STATE)
        )
        return dict(iter(rows))


def test_every_member_gets_the_issue_once(mailing: Services, inbox: tuple[Inbox, Relay]) -> None:
    issue_id = _issue(mailing)
    assert _schedule_and_freeze(mailing, issue_id) == 3
    _work(mailing)

    kept = inbox[0].list()
    assert sorted(s.recipients[0] for s in kept) == [f"m{n}@example.org" for n in range(3)]
    assert _states(mailing) == {"sent": 3}
    with mailing.database.reading() as session:
        assert session.get_one(Issue, issue_id).finished_at is not None
        rows = session.scalars(select(Settlement)).all()
        assert [row.code for row in rows] == [250] * 3
        assert all(row.answer and row.relay and row.attempts == 1 for row in rows)
        assert session.scalars(select(Attempt)).all() == []


def test_the_mail_carries_its_own_links_and_return_path(
    mailing: Services, inbox: tuple[Inbox, Relay]
) -> None:
    issue_id = _issue(mailing, 1)
    _schedule_and_freeze(mailing, issue_id)
    _work(mailing)
    [summary] = inbox[0].list()
    with mailing.database.reading() as session:
        delivery = session.scalars(select(Delivery)).one()
        [offer] = delivery.edition.offers
        link = mailing.links.answer_url(delivery.id, offer.id)
        assert summary.sender == mailing.links.return_path(delivery.id)
        message_id = mailing.links.message_id(delivery.id)
    message = inbox[0].get(summary.id)
    assert message and message.html and message.text
    assert link in message.html
    assert link in message.text.splitlines()
    parsed = message_from_bytes(message.source, policy=policy.default)
    assert parsed["Message-ID"] == message_id
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Auto-Submitted" not in parsed
    assert "m0@example.org" not in link


def test_a_second_send_of_the_same_issue_sends_nothing_twice(
    mailing: Services, inbox: tuple[Inbox, Relay]
) -> None:
    issue_id = _issue(mailing)
    _schedule_and_freeze(mailing, issue_id)
    _work(mailing)
    with mailing.database.writing() as session:
        issue = session.get_one(Issue, issue_id)
        assert not preparing.schedule(session, issue, now(), None, now())
        assert preparing.freeze(session, issue_id, now()) == 0
    _work(mailing)
    assert inbox[0].count() == 3


def test_who_left_after_the_freeze_gets_nothing_and_the_row_says_so(
    mailing: Services, inbox: tuple[Inbox, Relay]
) -> None:
    issue_id = _issue(mailing)
    _schedule_and_freeze(mailing, issue_id)
    with mailing.database.writing() as session:
        session.scalars(select(Membership).limit(1)).one().ended_at = now()
    _work(mailing)
    assert inbox[0].count() == 2
    with mailing.database.reading() as session:
        row = session.scalars(select(Settlement).where(Settlement.state == "failed")).one()
        assert row.cause == "left"


def test_one_edition_for_each_set_of_asks(mailing: Services, session: Session) -> None:
    network = personas.network(session)
    personas.member(session, network, country="FR")
    personas.member(session, network, country="DE")
    case = personas.case(session)
    asks = [personas.ask(session, case), personas.ask(session, case, countries=["FR"])]
    issue = personas.issue(session, network, asks)
    session.commit()
    assert _schedule_and_freeze(mailing, issue.id) == 2
    session.expire_all()
    editions = session.scalars(select(Edition).order_by(Edition.id)).all()
    assert sorted(len(e.offers) for e in editions) == [1, 2]


def test_a_deadline_closes_at_the_end_of_its_day_in_the_networks_zone(
    mailing: Services, session: Session
) -> None:
    network = personas.network(session, timezone="Asia/Tokyo")
    personas.member(session, network)
    deadline = now().date() + timedelta(days=5)
    ask = personas.ask(session, personas.case(session), deadline=deadline)
    issue = personas.issue(session, network, [ask])
    session.commit()
    _schedule_and_freeze(mailing, issue.id)
    session.expire_all()
    closes = issue.offers[0].closes_at
    assert closes and (closes.date(), closes.hour) == (deadline, 15)


def test_a_relay_that_is_away_loses_nobody(services: Services) -> None:
    issue_id = _issue(services)
    _schedule_and_freeze(services, issue_id)
    _work(services)
    states = _states(services)
    assert states.keys() <= {"queued", "retry"}
    assert sum(states.values()) == 3


def test_an_issue_whose_case_was_stopped_meanwhile_goes_back_to_draft(
    mailing: Services, session: Session
) -> None:
    issue_id = _issue(mailing)
    with mailing.database.writing() as writing:
        issue = writing.get_one(Issue, issue_id)
        preparing.schedule(writing, issue, now(), None, now())
        issue.cases[0].status = "stopped"
    with mailing.database.writing() as writing:
        assert preparing.freeze(writing, issue_id, now()) == 0
    issue = session.get_one(Issue, issue_id)
    assert issue.scheduled_for is None
    assert issue.stopped_why and "stopped" in issue.stopped_why
