"""A worker over real SMTP: what relays, editions and members do to a send."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from app.clock import now
from app.delivery import desk, leasing
from app.delivery.clocks import boot_seconds
from app.delivery.models import Delivery, Edition
from app.delivery.pacing import holds
from app.issues.models import Issue
from app.mail.rates import Rate
from app.mail.relay import Relay
from app.networks.models import Membership
from app.services import Services
from tests.delivery.at_work import (
    counted,
    frozen,
    gone_to,
    put_off_before,
    recipients,
    turning,
    turns,
    with_relays,
    working,
    works_through,
)
from tests.delivery.cast import chunks, is_finished, rows, states
from tests.mail.faulty import Faulty

NOWHERE = Relay("smtp", "127.0.0.1", 1)


# Relays in trouble ------------------------------------------------------------------------------


def test_what_a_relay_in_trouble_refused_goes_out_by_another(services: Services) -> None:
    with Faulty({"DOT": "421 4.3.2 closing"}) as bad, Faulty() as good:
        both = with_relays(services, bad.relay, good.relay)
        issue_id = frozen(both, 20)
        with working(both) as worker:
            turning(worker, lambda: is_finished(both.database, issue_id))
        assert len(good.taken) == 20
        assert recipients(good) == gone_to(*range(20))
    assert {(one.state, one.attempts) for one in rows(both.database).values()} == {("sent", 1)}
    with both.database.reading() as session:
        assert list(holds(session, now())) == [f"relay:{bad.relay.name}"]


def test_a_relay_that_is_away_leaves_the_ledger_as_it_was(services: Services) -> None:
    away = with_relays(services, NOWHERE)
    frozen(away, 5)
    with working(away) as worker:
        works_through(worker)
        assert worker._desk.shut
    assert counted(away) == {"queued": 5}
    assert [chunk.claimed_by for chunk in chunks(away.database)] == [None]


def test_a_relay_for_some_domains_that_is_away_keeps_nobody_else_waiting(
    services: Services,
) -> None:
    nowhere = Relay("smtp", "127.0.0.1", 1, domains=("gmail.com",))
    with Faulty() as server:
        everything_else = replace(server.relay, barred=("gmail.com",))
        both = with_relays(services, nowhere, everything_else)
        frozen(both, 100, to=lambda n: f"m{n}@{'gmail.com' if n < 60 else 'example.org'}")
        with working(both) as worker:
            turning(worker, lambda: len(server.taken) == 40)
        assert recipients(server) == gone_to(*range(60, 100))


def test_a_domain_that_is_short_of_breath_is_held_and_its_mail_waits_in_the_ledger(
    services: Services,
) -> None:
    script = {"RCPT slow.example": "450 4.7.1 too many messages"}
    with Faulty(script) as server:
        one = with_relays(services, server.relay)
        frozen(one, 20, to=lambda n: f"m{n}@{'slow.example' if n % 2 else 'example.org'}")
        with working(one) as worker:
            works_through(worker)
        slow = [address for address in recipients(server) if "slow" in address]
        assert len(slow) < 10
    waiting = [each for each in rows(one.database).values() if each.state != "sent"]
    assert [each.state for each in waiting] == ["retry"] * 10
    assert Counter(each.attempts for each in waiting) == {1: len(slow), 0: 10 - len(slow)}
    assert all(each.next_try_at and each.next_try_at > now() for each in waiting)
    with one.database.reading() as session:
        assert list(holds(session, now())) == ["domain:slow.example"]


def test_what_waited_for_its_relay_has_no_place_in_its_domains_pace(services: Services) -> None:
    """All of it is due when the relay is asked again: it must not go out at once."""
    nowhere = Relay("smtp", "127.0.0.1", 1, domains=("slow.example",))
    with Faulty() as server:
        limits = {"slow.example": Rate(1000, 1)}
        others = replace(server.relay, barred=("slow.example",))
        both = with_relays(services, nowhere, others, domain_limits=limits)
        frozen(both, 20, to=lambda n: f"m{n}@slow.example")
        with working(both) as worker:
            turning(worker, lambda: len(rows(both.database)) == 20)
    later = now() + timedelta(hours=1)
    with both.database.session() as session:
        dues = leasing.claim_retries(session, "another", later, 100)
        session.rollback()
    assert [due.has_slot for due in dues] == [False] * 20


def test_a_refused_sender_pauses_its_issue_and_not_the_relay(services: Services) -> None:
    with Faulty({"MAIL": "553 5.7.1 sender not owned by user"}) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 5)
        with working(one) as worker:
            works_through(worker)
    with one.database.reading() as session:
        issue = session.get_one(Issue, issue_id)
        assert issue.paused_at is not None
        assert issue.paused_why == "553 5.7.1 sender not owned by user"
        assert holds(session, now()) == {}
    assert counted(one) == {"queued": 5}


def test_an_address_that_no_relay_takes_stops_nobody(sending: Services, relay: Faulty) -> None:
    frozen(sending, 4, to=lambda n: f"m{n}@example.org" if n != 1 else "zoë@example.org")
    with working(sending) as worker:
        works_through(worker)
    assert recipients(relay) == gone_to(0, 2, 3)
    [odd] = [one for one in rows(sending.database).values() if one.state != "sent"]
    assert (odd.state, odd.cause, odd.attempts) == ("failed", "unsendable", 1)
    assert odd.answer


# Editions that cannot be filled -----------------------------------------------------------------


@pytest.mark.parametrize(
    "compiled",
    [b'{"version": 99}', b'{"version": 1}', b"null", b"\xff\x00"],
)
def test_an_edition_that_cannot_be_read_fails_its_members_with_words(
    sending: Services, relay: Faulty, compiled: bytes
) -> None:
    broken, whole = frozen(sending, 2), frozen(sending, 2, to=lambda n: f"w{n}@example.org")
    with sending.database.writing() as session:
        session.execute(update(Edition).where(Edition.issue_id == broken).values(compiled=compiled))
    with working(sending) as worker:
        works_through(worker)
    assert recipients(relay) == ["w0@example.org", "w1@example.org"]
    failed = [one for one in rows(sending.database).values() if one.issue_id == broken]
    assert [(one.state, one.cause) for one in failed] == [("failed", "unsendable")] * 2
    assert all(one.answer for one in failed)
    assert is_finished(sending.database, broken)
    assert is_finished(sending.database, whole)


# Who leaves meanwhile ---------------------------------------------------------------------------


def leaves(services: Services, number: int) -> None:
    with services.database.writing() as session:
        memberships = select(Delivery.membership_id).order_by(Delivery.id).offset(number).limit(1)
        session.execute(
            update(Membership)
            .where(Membership.id == memberships.scalar_subquery())
            .values(ended_at=now())
        )


def test_who_leaves_while_his_mail_waits_for_a_relay_is_not_mailed(
    sending: Services, relay: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not begun for half a minute goes back, and is looked at anew."""
    frozen(sending, 3)
    with working(sending) as worker:
        worker._desk.tend(beat=True)
        leaves(sending, 1)
        with monkeypatch.context() as later:
            later.setattr(desk, "boot_seconds", lambda: boot_seconds() + desk.STALE_SECONDS + 1)
            worker._desk.look_soon()
            worker._desk.tend(beat=False)
        works_through(worker)
    assert recipients(relay) == gone_to(0, 2)
    assert list(states(sending.database).values()) == ["sent", "failed", "sent"]


def test_an_issue_ends_when_the_last_that_waits_for_another_try_has_left(
    sending: Services, relay: Faulty
) -> None:
    issue_id = frozen(sending, 1)
    put_off_before(sending, issue_id)
    leaves(sending, 0)
    with working(sending) as worker:
        turns(worker, 50)
        assert list(states(sending.database).values()) == ["failed"]
        assert is_finished(sending.database, issue_id)
    assert recipients(relay) == []


# Grants -----------------------------------------------------------------------------------------


def test_no_more_goes_to_a_relay_than_it_takes_in_an_hour(services: Services) -> None:
    with Faulty() as server, time_machine.travel("2030-03-01T09:59:00Z", tick=True) as clock:
        limited = Relay("smtp", "127.0.0.1", server.relay.port, per_hour=2)
        one = with_relays(services, limited)
        frozen(one, 3)
        with working(one) as worker:
            works_through(worker)
        assert len(server.taken) == 2
        with working(one) as worker:
            works_through(worker)
        assert len(server.taken) == 2
        clock.shift(timedelta(minutes=2))
        with working(one) as worker:
            works_through(worker)
        assert len(server.taken) == 3
    assert counted(one) == {"sent": 3}


def test_what_was_granted_and_not_used_is_there_for_the_next(services: Services) -> None:
    with Faulty() as server, time_machine.travel("2030-03-01T09:00:00Z", tick=True):
        limited = Relay("smtp", "127.0.0.1", server.relay.port, per_hour=60)
        one = with_relays(services, limited)
        for number in range(4):
            frozen(one, 1, to=lambda _, mine=number: f"m{mine}@example.org")  # type: ignore[misc]
            with working(one) as worker:
                works_through(worker)
        assert len(server.taken) == 4
