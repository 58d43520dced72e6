"""How fast, and when not at all, shared by all workers."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import pacing
from app.delivery.models import Pace
from app.delivery.pacing import FORGIVEN_AFTER, HOLDS, RELAY_HOLDS
from app.mail.rates import Rate
from app.mail.relay import Relay
from tests.delivery.cast import AT, in_threads

DOMAIN = pacing.domain_key("slow.example")
RELAY = Relay("smtp", "relay.example.net", 25)


def held(session: Session, at: datetime, key: str = DOMAIN) -> bool:
    return key in pacing.holds(session, at)


def troubled(session: Session, key: str, times: int, at: datetime = AT) -> list[timedelta]:
    """How long each hold is, when trouble comes back as soon as one is over."""
    lengths = []
    for _ in range(times):
        until = pacing.hold(session, key, "too fast", at)
        lengths.append(until - at)
        at = until
    return lengths


# Holds ------------------------------------------------------------------------------------------


def test_a_hold_is_there_until_its_end(session: Session) -> None:
    until = pacing.hold(session, DOMAIN, "450 too fast", AT)
    session.flush()
    assert until == AT + HOLDS[0]
    assert held(session, AT)
    assert held(session, until - timedelta(seconds=1))
    assert not held(session, until)
    assert pacing.holds(session, AT)[DOMAIN].why == "450 too fast"
    assert not held(session, AT, pacing.domain_key("other.example"))


def test_many_messages_in_trouble_at_once_make_one_hold(session: Session) -> None:
    until = pacing.hold(session, DOMAIN, "first", AT)
    for second in range(5):
        at = AT + timedelta(seconds=second)
        assert pacing.hold(session, DOMAIN, "another", at) == until
    assert session.get_one(Pace, DOMAIN).holds == 1


def test_each_hold_in_a_row_is_longer(session: Session) -> None:
    assert troubled(session, DOMAIN, len(HOLDS) + 2) == [*HOLDS, HOLDS[-1], HOLDS[-1]]


def test_a_relay_that_is_away_is_asked_every_few_minutes(session: Session) -> None:
    lengths = troubled(session, pacing.relay_key("r:25"), 8)
    assert lengths == [*RELAY_HOLDS, *[RELAY_HOLDS[-1]] * 4]
    assert max(lengths) <= timedelta(minutes=5)


def test_after_a_quiet_while_the_next_hold_is_a_short_one(session: Session) -> None:
    lengths = troubled(session, DOMAIN, 3)
    quiet = AT + sum(lengths, timedelta(0)) + FORGIVEN_AFTER
    assert troubled(session, DOMAIN, 1, quiet) == [HOLDS[0]]


def test_trouble_within_that_while_goes_on_where_it_was(session: Session) -> None:
    lengths = troubled(session, DOMAIN, 3)
    soon = AT + sum(lengths, timedelta(0)) + FORGIVEN_AFTER - timedelta(seconds=1)
    assert troubled(session, DOMAIN, 1, soon) == [HOLDS[3]]


def test_what_works_again_is_free_at_once_and_forgiven(session: Session) -> None:
    troubled(session, DOMAIN, 3)
    pacing.let_go(session, DOMAIN)
    assert not held(session, AT)
    assert troubled(session, DOMAIN, 1) == [HOLDS[0]]


def test_to_let_go_of_what_was_never_held_does_nothing(session: Session) -> None:
    pacing.let_go(session, "relay:nobody:25")
    assert pacing.holds(session, AT) == {}


@pytest.mark.parametrize("back", [timedelta(days=2), timedelta(hours=2)])
def test_a_hold_made_before_the_clock_was_set_back_is_over(
    session: Session, back: timedelta
) -> None:
    troubled(session, DOMAIN, 2)
    assert not held(session, AT - back)
    assert troubled(session, DOMAIN, 1, AT - back) == [HOLDS[0]]
    assert held(session, AT - back)


def test_a_hold_is_seen_by_the_other_workers(database: Database, session: Session) -> None:
    until = pacing.hold(session, DOMAIN, "too fast", AT)
    session.commit()
    with database.writing() as other:
        assert pacing.holds(other, AT)[DOMAIN].until == until
        assert pacing.hold(other, DOMAIN, "too fast", AT) == until


def test_workers_that_meet_the_same_trouble_at_once_make_one_hold(database: Database) -> None:
    found: list[datetime] = []

    def meet(_name: str) -> None:
        with database.writing() as session:
            found.append(pacing.hold(session, DOMAIN, "too fast", AT))

    in_threads(4, meet)
    assert set(found) == {AT + HOLDS[0]}


def test_relays_are_listed_before_any_trouble_and_their_holds_kept(
    database: Database, session: Session
) -> None:
    pacing.name_relays(session, [RELAY])
    key = pacing.relay_key(RELAY.name)
    pacing.hold(session, key, "down", AT)
    session.flush()
    pacing.name_relays(session, [RELAY])
    assert held(session, AT, key)


MOVES: dict[str, Callable[[Session], object]] = {
    "hold": lambda session: pacing.hold(session, DOMAIN, "too fast", AT),
    "let go": lambda session: pacing.let_go(session, DOMAIN),
    "reserve": lambda session: pacing.reserve(session, DOMAIN, Rate(1, 1), 1, AT),
    "grant": lambda session: pacing.grant(session, limited(per_hour=5), 1, AT),
    "give back": lambda session: pacing.give_back(session, limited(per_hour=5), 1, AT, AT),
}


@pytest.mark.parametrize("move", MOVES)
def test_whoever_moves_a_pace_keeps_all_others_from_it_first(
    postgresql: Database, move: str
) -> None:
    """Two that each held one row and waited for the other's would wait for ever."""
    ask = select(func.pg_try_advisory_xact_lock(pacing.PACING))
    with postgresql.session() as one, postgresql.session() as other:
        MOVES[move](one)
        assert other.scalar(ask) is False
        one.rollback()
        assert other.scalar(ask) is True
        other.rollback()


# Slots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "seconds"), [(Rate(20, 1), 0.05), (Rate(600, 60), 0.1), (Rate(1, 3600), 3600)]
)
def test_slots_lie_evenly_spaced(rate: Rate, seconds: float) -> None:
    assert pacing.spacing(rate) == timedelta(seconds=seconds)


def test_each_reservation_begins_where_the_last_ended(session: Session) -> None:
    rate, second = Rate(1, 1), timedelta(seconds=1)
    assert pacing.reserve(session, DOMAIN, rate, 3, AT) == AT
    assert pacing.reserve(session, DOMAIN, rate, 2, AT) == AT + 3 * second
    assert pacing.next_slot(session, DOMAIN) == AT + 5 * second


def test_slots_that_nobody_took_in_time_are_lost(session: Session) -> None:
    rate, later = Rate(1, 1), AT + timedelta(minutes=5)
    pacing.reserve(session, DOMAIN, rate, 3, AT)
    assert pacing.reserve(session, DOMAIN, rate, 1, later) == later


def test_a_next_slot_that_cannot_be_right_is_forgotten(session: Session) -> None:
    rate, earlier = Rate(1, 1), AT - timedelta(days=2)
    pacing.reserve(session, DOMAIN, rate, 3, AT)
    latest = earlier + timedelta(hours=12)
    assert pacing.reserve(session, DOMAIN, rate, 1, earlier, latest) == earlier


def test_nothing_reserved_moves_nothing(session: Session) -> None:
    rate = Rate(1, 1)
    first = pacing.reserve(session, DOMAIN, rate, 3, AT)
    assert pacing.reserve(session, DOMAIN, rate, 0, AT) == first + timedelta(seconds=3)
    assert pacing.next_slot(session, DOMAIN) == first + timedelta(seconds=3)


def test_workers_never_reserve_the_same_slot(database: Database) -> None:
    rate, firsts = Rate(1, 1), list[datetime]()

    def reserve(_name: str) -> None:
        for _ in range(10):
            with database.writing() as session:
                firsts.append(pacing.reserve(session, DOMAIN, rate, 2, AT))

    in_threads(3, reserve)
    assert sorted(firsts) == [AT + timedelta(seconds=2 * n) for n in range(30)]


@given(
    asks=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 7)), min_size=1, max_size=20),
    rate=st.builds(Rate, st.integers(1, 50), st.sampled_from([1, 60])),
)
@settings(max_examples=15)
def test_reserved_slots_never_lie_closer_than_the_rate(
    database: Database, asks: list[tuple[int, int]], rate: Rate
) -> None:
    slots, at, step = list[datetime](), AT, pacing.spacing(rate)
    with database.session() as session:
        for wait, count in asks:
            at += timedelta(milliseconds=wait)
            first = pacing.reserve(session, DOMAIN, rate, count, at)
            assert first >= at
            slots += [first + step * n for n in range(count)]
        session.rollback()
    assert all(later - before >= step for before, later in pairwise(slots))


# Grants -----------------------------------------------------------------------------------------


def limited(**rates: int) -> Relay:
    return Relay("smtp", "relay.example.net", 25, **rates)  # type: ignore[arg-type]


def test_a_relay_without_rates_is_granted_all_for_ever(session: Session) -> None:
    assert pacing.grant(session, RELAY, 50, AT) == (50, pacing.FOR_EVER)


def test_a_grant_is_good_until_the_shortest_window_ends(session: Session) -> None:
    relay = limited(per_second=10, per_hour=100)
    assert pacing.grant(session, relay, 50, AT) == (10, AT + timedelta(seconds=1))
    assert pacing.grant(session, relay, 50, AT) == (0, AT + timedelta(seconds=1))
    later = AT + timedelta(seconds=1)
    assert pacing.grant(session, relay, 50, later) == (10, later + timedelta(seconds=1))


def test_windows_are_those_of_the_clock(session: Session) -> None:
    relay, late = limited(per_hour=5), datetime.fromisoformat("2030-03-01T09:59:30+00:00")
    assert pacing.grant(session, relay, 9, late) == (5, late + timedelta(seconds=30))
    assert pacing.grant(session, relay, 9, late + timedelta(seconds=30))[0] == 5


def test_a_grant_that_a_longer_window_cuts_is_charged_to_all(session: Session) -> None:
    relay = limited(per_second=10, per_hour=12)
    given = [pacing.grant(session, relay, 50, AT + timedelta(seconds=n))[0] for n in range(3)]
    assert given == [10, 2, 0]


def test_after_the_clock_was_set_back_a_relay_is_granted_again(session: Session) -> None:
    relay = limited(per_day=5)
    assert pacing.grant(session, relay, 5, AT)[0] == 5
    assert pacing.grant(session, relay, 5, AT - timedelta(days=2))[0] == 5


def test_what_was_granted_and_given_back_is_granted_again(session: Session) -> None:
    relay = limited(per_second=50, per_hour=60)
    assert pacing.grant(session, relay, 50, AT)[0] == 50
    pacing.give_back(session, relay, 45, AT, AT + timedelta(seconds=5))
    later = AT + timedelta(seconds=5)
    assert [pacing.grant(session, relay, 50, later)[0] for _ in range(2)] == [50, 0]
    assert pacing.grant(session, relay, 50, AT + timedelta(seconds=6))[0] == 5


def test_nothing_is_given_back_to_a_window_that_is_over(session: Session) -> None:
    relay = limited(per_hour=60)
    pacing.grant(session, relay, 50, AT)
    later = AT + timedelta(hours=1)
    pacing.grant(session, relay, 50, later)
    pacing.give_back(session, relay, 50, AT, later)
    assert pacing.grant(session, relay, 50, later)[0] == 10


def test_workers_together_are_granted_no_more_than_the_rate(database: Database) -> None:
    relay, given = limited(per_hour=100), list[int]()

    def ask(_name: str) -> None:
        for _ in range(10):
            with database.writing() as session:
                given.append(pacing.grant(session, relay, 7, AT)[0])

    in_threads(3, ask)
    assert sum(given) == 100
    assert min(given) >= 0


@given(
    asks=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 60)), min_size=1, max_size=20),
    second=st.integers(1, 20),
    hour=st.integers(1, 100),
    day=st.integers(1, 150),
)
@settings(max_examples=15)
def test_no_window_of_any_length_is_ever_granted_more_than_its_rate(
    database: Database, asks: list[tuple[int, int]], second: int, hour: int, day: int
) -> None:
    relay, at = limited(per_second=second, per_hour=hour, per_day=day), AT
    given: dict[int, Counter[int]] = defaultdict(Counter)
    with database.session() as session:
        for wait, wanted in asks:
            at += timedelta(seconds=wait / 2)
            count, until = pacing.grant(session, relay, wanted, at)
            assert 0 <= count <= wanted
            assert at < until <= at + timedelta(seconds=1)
            for rate in relay.rates:
                given[rate.seconds][int(at.timestamp()) // rate.seconds] += count
        session.rollback()
    for rate in relay.rates:
        assert max(given[rate.seconds].values()) <= rate.count
