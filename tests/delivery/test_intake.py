"""What a worker takes up next, and when each of it may go out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import control, domains, grants, intake, pacing
from app.delivery.hand import Hand
from app.delivery.intake import MOST_CHUNKS, Appetite, Intake, Taken
from app.delivery.journal import Journal
from app.delivery.leasing import CHUNK_SIZE
from app.delivery.models import Pace
from app.issues.models import Issue
from app.mail.rates import Rate, parse_domain_limits
from app.mail.relay import Relay
from tests.delivery.cast import AT, Ledger, Plain, chunks, due, gone, ledger, retry

RELAY = Relay("smtp", "relay.example.net", 25)
LIMITED = Relay("smtp", "limited.example.net", 25, per_hour=60)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


Make = Callable[..., Intake]


@pytest.fixture
def takes(tmp_path: Path, clock: object) -> Iterator[Make]:
    """takes(RELAY, limits={...}) is an intake of a worker of its own, with an empty hand."""
    books: list[Journal] = []

    def make(*relays: Relay, limits: Mapping[str, Rate] = {}) -> Intake:
        name = f"w{len(books)}"
        books.append(Journal(tmp_path, name))
        filler: Any = Plain()
        hand = Hand(relays or (RELAY,), filler, books[-1])
        return Intake(name, relays or (RELAY,), limits, hand, filler)

    yield make
    for book in books:
        book.close()


def take(database: Database, intake: Intake) -> Taken:
    """One transaction, and what was leased put in hand."""
    with database.writing() as session:
        intake.domains.holds = {key: hold.until for key, hold in pacing.holds(session, AT).items()}
        taken = intake.take(session)
    intake.put_in_hand(taken)
    return taken


def slots(taken: Taken) -> list[datetime]:
    """Of all that must wait."""
    return sorted(at for _due, at in (*taken.dues, *taken.retries) if at is not None)


def seconds(moments: Sequence[datetime]) -> list[float]:
    return [(moment - AT).total_seconds() for moment in moments]


def drop_all(intake: Intake) -> None:
    """As if everything in hand had been sent."""
    intake._hand.lines.drop(lambda _due: True)
    for held in intake._hand.chunks.values():
        held.outstanding = 0


# How much ---------------------------------------------------------------------------------------


def test_it_takes_a_piece_of_one_chunk_and_then_the_next(
    database: Database, session: Session, takes: Make
) -> None:
    made, mine = ledger(session, 100), takes()
    first = take(database, mine)
    assert len(first.dues) == intake.FIRST_APPETITE
    assert first.lease is not None
    [held] = mine._hand.chunks.values()
    taken = [due.to.delivery_id for due, _ in first.dues]
    while not held.exhausted:
        piece = take(database, mine)
        assert piece.lease == first.lease
        taken += [due.to.delivery_id for due, _ in piece.dues]
    assert taken == list(made.ids)
    assert held.outstanding == 100
    assert not take(database, mine)


def test_it_wants_no_more_while_enough_waits(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 200)
    mine = takes()
    assert mine.wants_more()
    take(database, mine)
    assert not mine.wants_more()


def test_the_appetite_grows_while_it_goes_fast_and_shrinks_while_it_goes_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    appetite, at = Appetite(), 1000.0
    monkeypatch.setattr(intake, "boot_seconds", lambda: at)
    appetite.ate()
    sizes = []
    for step in (0.1, 0.1, 0.1, 0.1, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0):
        at += step
        appetite.ate()
        sizes.append(appetite.size)
    assert sizes[3] == CHUNK_SIZE == sizes[4]
    assert sizes[-1] == intake.LEAST_APPETITE


# Which ------------------------------------------------------------------------------------------


def test_an_urgent_issue_overtakes_the_chunk_in_hand(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 200)
    mine = takes()
    take(database, mine)
    urgent = ledger(session, 3, urgent=True)
    taken = take(database, mine)
    assert taken.lease is not None
    assert taken.lease.issue_id == urgent.issue_id
    first = mine._hand.next(RELAY)
    assert first is not None
    assert first.key in urgent.ids


def test_issues_with_a_slow_pace_do_not_keep_others_from_going_out(
    database: Database, session: Session, takes: Make
) -> None:
    """Each holds a chunk for hours; an urgent issue must not wait for the end of one."""
    for _ in range(MOST_CHUNKS):
        ledger(session, 3, rate_per_minute=1)
    mine = takes()
    for _ in range(2 * MOST_CHUNKS):
        take(database, mine)
    urgent = ledger(session, 3, urgent=True)
    taken = take(database, mine)
    assert [d.to.delivery_id for d, _ in taken.dues] == list(urgent.ids)


def test_a_paused_issue_is_not_taken_up(database: Database, session: Session, takes: Make) -> None:
    ledger(session, 3, paused_at=AT)
    assert not take(database, takes())


def test_two_workers_take_different_deliveries(
    database: Database, session: Session, takes: Make
) -> None:
    made = ledger(session, 40, size=20)
    one, other = take(database, takes()), take(database, takes())
    taken = [d.to.delivery_id for d, _ in (*one.dues, *other.dues)]
    assert sorted(taken) == list(made.ids)


def test_who_left_comes_into_no_line(database: Database, session: Session, takes: Make) -> None:
    mine = takes()
    taken = Taken(retries=[(due(1, fits=False, fresh=False), None), (due(2, fresh=False), None)])
    mine.put_in_hand(taken)
    assert [one.to.delivery_id for one in mine._hand.news.left] == [1]
    assert mine._hand.lines.waiting == 1


# The pace of an issue ---------------------------------------------------------------------------


def test_an_issue_with_a_pace_keeps_to_it(
    database: Database, session: Session, takes: Make, clock: time_machine.Traveller
) -> None:
    ledger(session, 10, rate_per_minute=120)
    mine, at = takes(), list[datetime]()
    for _ in range(60):
        taken = take(database, mine)
        at += [slot or AT for _due, slot in taken.dues]
        drop_all(mine)
        clock.shift(timedelta(seconds=0.25))
    assert len(at) == 10
    assert all(later - before >= timedelta(seconds=0.5) for before, later in pairwise(at))


def test_two_workers_share_the_pace_of_an_issue(
    database: Database, session: Session, takes: Make, clock: time_machine.Traveller
) -> None:
    ledger(session, 12, size=3, rate_per_minute=60)
    workers, at = [takes(), takes()], list[float]()
    for step in range(80):
        mine = workers[step % 2]
        taken = take(database, mine)
        now = AT + timedelta(seconds=0.25 * step)
        at += [((slot or now) - AT).total_seconds() for _due, slot in taken.dues]
        drop_all(mine)
        clock.shift(timedelta(seconds=0.25))
    assert len(at) == 12
    assert all(later - before >= 0.999 for before, later in pairwise(sorted(at)))


def test_a_pace_set_higher_counts_at_once(
    database: Database, session: Session, takes: Make
) -> None:
    made, mine = ledger(session, 10, rate_per_minute=1), takes()
    take(database, mine)
    assert take(database, mine).dues == []
    with database.writing() as staff:
        issue = staff.get_one(Issue, made.issue_id)
        control.set_pace(staff, issue, per_minute=None, urgent=False, when_uncertain="resend")
    with database.reading() as reading:
        mine.read_rules(reading)
    mine.look_again()
    assert len(take(database, mine).dues) == 9


def test_a_pace_is_kept_to_after_the_clock_was_set_back(
    database: Database, session: Session, takes: Make, clock: time_machine.Traveller
) -> None:
    ledger(session, 10, rate_per_minute=60)
    mine = takes()
    assert take(database, mine).dues
    clock.move_to(AT - timedelta(days=2))
    assert take(database, takes()) or take(database, mine).dues


# Domains ----------------------------------------------------------------------------------------


def slow(number: int) -> str:
    return f"m{number}@slow.example"


def test_mail_to_a_limited_domain_is_spaced(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 5, to=slow)
    taken = take(database, takes(limits={"slow.example": Rate(2, 1)}))
    assert seconds(slots(taken)) == [0.5, 1.0, 1.5, 2.0]


def test_other_domains_do_not_wait_for_it(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 6, to=lambda n: slow(n) if n % 2 else f"m{n}@example.org")
    taken = take(database, takes(limits={"slow.example": Rate(1, 1)}))
    waits = {due.to.address for due, at in taken.dues if at is not None}
    assert waits == {slow(3), slow(5)}


@pytest.mark.parametrize("rule", ["*.example.net=1/second", ".example.net=1/second"])
def test_a_limit_for_all_below_a_domain_is_kept(
    database: Database, session: Session, takes: Make, rule: str
) -> None:
    """DOMAIN_LIMITS takes such rules."""
    ledger(session, 3, to=lambda n: f"m{n}@mail.example.net")
    taken = take(database, takes(limits=parse_domain_limits(rule)))
    assert seconds(slots(taken)) == [1.0, 2.0]


def test_two_workers_share_the_pace_of_a_domain(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 6, size=3, to=slow)
    limits = {"slow.example": Rate(1, 1)}
    one, other = take(database, takes(limits=limits)), take(database, takes(limits=limits))
    assert seconds([at or AT for _due, at in one.dues]) == [0, 1, 2]
    assert seconds([at or AT for _due, at in other.dues]) == [3, 4, 5]


def test_what_is_far_off_waits_in_the_ledger(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 30, to=slow)
    mine = takes(limits={"slow.example": Rate(1, 1)})
    take(database, mine)
    assert mine._hand.lines.size == 11
    parked = [one.until for one in mine._hand.news.parked]
    assert seconds([at for at in parked if at]) == list(range(11, 30))


def test_a_place_that_was_reserved_before_is_not_reserved_again(
    database: Database, session: Session, takes: Make
) -> None:
    made = ledger(session, 3, to=slow)
    retry(session, made, 0, cause="paced")
    retry(session, made, 1, 2)
    taken = take(database, takes(limits={"slow.example": Rate(1, 10)}))
    assert [at for _due, at in taken.retries] == [None, AT, AT + timedelta(seconds=10)]


def test_mail_to_a_domain_that_is_held_comes_after_the_hold_and_slowly(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 3, to=slow)
    with database.writing() as other:
        until = pacing.hold(other, "domain:slow.example", "too fast", AT)
    mine = takes()
    take(database, mine)
    parked = [one.until for one in mine._hand.news.parked]
    step = pacing.spacing(domains.AFTER_HOLD)
    assert parked == [until, until + step, until + 2 * step]


def test_after_the_clock_was_set_back_a_domain_does_not_wait_for_the_old_time(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 3, to=slow)
    session.add(Pace(key="domain:slow.example", next_slot_at=AT + timedelta(days=2), holds=0))
    session.commit()
    mine = takes(limits={"slow.example": Rate(1, 1)})
    taken = take(database, mine)
    assert seconds(slots(taken)) == [1.0, 2.0]
    assert mine._hand.news.parked == []


def test_domains_are_locked_in_one_order_whatever_that_of_their_members(
    database: Database, takes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that lock the same rows in two orders would wait for each other."""
    order, reserve = list[str](), pacing.reserve

    def reserved(session: Session, key: str, *rest: Any, **more: Any) -> datetime:
        order.append(key)
        return reserve(session, key, *rest, **more)

    monkeypatch.setattr(pacing, "reserve", reserved)
    mine = takes(limits={"a.example": Rate(1, 1), "b.example": Rate(1, 1)})
    there = [due(1, "x@a.example"), due(2, "x@b.example")]
    with database.writing() as session:
        mine.domains.slots(session, there, AT)
        mine.domains.slots(session, there[::-1], AT)
    assert order[:2] == order[2:]


def test_who_is_gone_has_no_domain_and_stops_nobody(
    database: Database, session: Session, takes: Make
) -> None:
    made = ledger(session, 2, to=slow)
    gone(session, made, 0)
    session.commit()
    mine = takes(limits={"slow.example": Rate(1, 1)})
    take(database, mine)
    assert [one.to.delivery_id for one in mine._hand.news.left] == [made.ids[0]]
    assert mine._hand.lines.size == 1


# Grants -----------------------------------------------------------------------------------------


def test_a_limited_relay_gets_nothing_before_it_was_granted_some(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 100)
    mine = takes(LIMITED)
    take(database, mine)
    assert mine._hand.grants[LIMITED.name].left == grants.GRANT
    drawn = 0
    while mine._hand.next(LIMITED) is not None:
        drawn += 1
    assert drawn == grants.GRANT
    assert mine.grants.are_wanted()


def test_grants_of_all_workers_keep_to_the_rate(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 300, size=100)
    drawn = 0
    for _ in range(3):
        mine = takes(LIMITED)
        for _ in range(4):
            take(database, mine)
            while mine._hand.next(LIMITED) is not None:
                drawn += 1
    assert drawn == 60


def test_a_spent_grant_is_not_asked_for_until_its_window_is_over(
    database: Database, session: Session, takes: Make, clock: time_machine.Traveller
) -> None:
    ledger(session, 100)
    mine = takes(Relay("smtp", "limited.example.net", 25, per_hour=1))
    take(database, mine)
    assert mine._hand.next(LIMITED) is not None
    take(database, mine)
    assert not mine.grants.are_wanted()
    clock.shift(timedelta(hours=1))
    assert mine.grants.are_wanted()
    take(database, mine)
    assert mine._hand.next(LIMITED) is not None


@pytest.mark.parametrize("back", [timedelta(days=2), timedelta(minutes=10)])
def test_after_the_clock_was_set_back_a_spent_grant_is_asked_for_again(
    database: Database,
    session: Session,
    takes: Make,
    clock: time_machine.Traveller,
    back: timedelta,
) -> None:
    """A relay must not rest until the clock has come back to where it was."""
    relay = Relay("smtp", "limited.example.net", 25, per_second=1)
    ledger(session, 100)
    mine = takes(relay)
    take(database, mine)
    assert mine._hand.next(relay) is not None
    take(database, mine)
    assert mine._hand.next(relay) is None
    clock.move_to(AT - back)
    assert mine.grants.are_wanted()
    take(database, mine)
    assert mine._hand.next(relay) is not None


# After a loss -----------------------------------------------------------------------------------


def test_nothing_is_in_hand_whose_lease_is_not_on_record(
    database: Database, session: Session, takes: Make
) -> None:
    ledger(session, 10)
    mine = takes()
    with database.session() as losing:
        assert mine.take(losing).dues
        losing.rollback()
    assert (mine._hand.size, mine._hand.chunks) == (0, {})
    assert [chunk.claimed_by for chunk in chunks(database)] == [None]
    assert len(take(database, mine).dues) == 10


def test_an_edition_is_loaded_once(
    database: Database, session: Session, takes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Ledger = ledger(session, 200)
    loaded: list[int] = []
    mine = takes()
    mine._filler.load = lambda _session, edition_id: loaded.append(edition_id)  # type: ignore[method-assign,assignment]
    for _ in range(3):
        take(database, mine)
    assert loaded == [made.edition_id]


def test_editions_that_nobody_needs_are_let_go(
    database: Database, session: Session, takes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_EDITIONS", 2)
    mine = takes()
    for _ in range(4):
        ledger(session, 1)
        take(database, mine)
        drop_all(mine)
        mine._hand.chunks.clear()
    assert len(mine._hand.editions) <= 2
