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
from app.delivery import ledger, preparing
from app.delivery.models import Attempt, Delivery, DeliveryState, Edition
from app.delivery.worker import Worker
from app.issues.models import Issue
from app.mail.answers import Answer, Outcome, Stage
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
    worker = Worker(services.database, services.settings, services.links)
    try:
        while worker.work_once():
            pass
    finally:
        worker.close()


def _states(services: Services) -> dict[str, int]:
    with services.database.reading() as session:
        rows = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
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
        attempts = session.scalars(select(Attempt)).all()
        assert [a.code for a in attempts] == [250] * 3
        assert all(a.ended_at and a.answer for a in attempts)


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
        row = session.scalars(select(Delivery).where(Delivery.state == "failed")).one()
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
        issue.cases[0].case.status = "stopped"
    with mailing.database.writing() as writing:
        assert preparing.freeze(writing, issue_id, now()) == 0
    issue = session.get_one(Issue, issue_id)
    assert issue.scheduled_for is None
    assert issue.stopped_why and "stopped" in issue.stopped_why


class TestLedger:
    """The moves themselves, one by one."""

    def _begun(self, services: Services) -> ledger.Begun:
        _schedule_and_freeze(services, _issue(services, 1))
        with services.database.writing() as session:
            [delivery_id] = ledger.claim(session, "one", now(), 10)
        with services.database.writing() as session:
            begun = ledger.begin(session, delivery_id, "one", now())
        assert begun
        return begun

    def test_a_claimed_row_is_nobody_elses(self, services: Services) -> None:
        self._begun(services)
        with services.database.writing() as session:
            assert ledger.claim(session, "two", now(), 10) == []

    def test_a_killed_worker_leaves_unknown_what_had_begun(self, services: Services) -> None:
        self._begun(services)
        later = now() + ledger.LEASE * 2
        with services.database.writing() as session:
            assert ledger.take_over(session, later) == (0, 1)
        assert _states(services) == {"unknown": 1}

    def test_a_killed_worker_gives_back_what_had_not(self, services: Services) -> None:
        _schedule_and_freeze(services, _issue(services, 2))
        with services.database.writing() as session:
            assert len(ledger.claim(session, "one", now(), 10)) == 2
        with services.database.writing() as session:
            assert ledger.take_over(session, now() + ledger.LEASE * 2) == (2, 0)
        assert _states(services) == {"queued": 2}

    def test_a_worker_that_slept_still_tells_what_the_relay_said(self, services: Services) -> None:
        begun = self._begun(services)
        with services.database.writing() as session:
            ledger.take_over(session, now() + ledger.LEASE * 2)
        with services.database.writing() as session:
            assert ledger.settle(session, begun, _answer(Outcome.SENT, 250), now())
        assert _states(services) == {"sent": 1}

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [
            (Outcome.SENT, DeliveryState.SENT),
            (Outcome.GIVE_UP, DeliveryState.FAILED),
            (Outcome.RETRY, DeliveryState.RETRY),
            (Outcome.RELAY_TROUBLE, DeliveryState.RETRY),
            (Outcome.UNKNOWN, DeliveryState.UNKNOWN),
        ],
    )
    def test_each_answer_has_one_consequence(
        self, services: Services, outcome: Outcome, state: DeliveryState
    ) -> None:
        begun = self._begun(services)
        with services.database.writing() as session:
            assert ledger.settle(session, begun, _answer(outcome, None), now())
        assert _states(services) == {state.value: 1}

    def test_it_gives_up_after_enough_refusals(self, services: Services) -> None:
        begun = self._begun(services)
        at = now()
        for _ in range(40):
            with services.database.writing() as session:
                ledger.settle(session, begun, _answer(Outcome.RETRY, 451), at)
                row = session.scalars(select(Delivery)).one()
                if row.state == DeliveryState.FAILED:
                    break
                at = row.next_try_at + timedelta(seconds=1)
                ledger.claim(session, "one", at, 1)
                begun = ledger.begin(session, row.id, "one", at) or pytest.fail("not begun")
        with services.database.reading() as session:
            row = session.scalars(select(Delivery)).one()
            assert (row.state, row.cause) == ("failed", "gave up")

    def test_released_rows_can_be_claimed_again(self, services: Services) -> None:
        _schedule_and_freeze(services, _issue(services, 1))
        with services.database.writing() as session:
            ids = ledger.claim(session, "one", now(), 10)
            ledger.release(session, ids, "one")
        with services.database.writing() as session:
            assert ledger.claim(session, "two", now(), 10) == ids


def _answer(outcome: Outcome, code: int | None) -> Answer:
    return Answer(outcome, Stage.DOT, "relay", code, "words")
