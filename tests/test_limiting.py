"""Counts of the rate limits: fixed windows, and a memory that does not grow."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import time_machine
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from app.limiting import FEW, Counts

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_window_begins_with_its_first_hit_and_ends_by_itself() -> None:
    limiter, limit = FixedWindowRateLimiter(Counts()), parse("2 per minute")
    with time_machine.travel(NOON, tick=False) as clock:
        assert [limiter.hit(limit, "a") for _time in range(3)] == [True, True, False]
        assert not limiter.test(limit, "a")
        assert limiter.test(limit, "b")
        assert limiter.get_window_stats(limit, "a") == (NOON.timestamp() + 60, 0)
        clock.shift(timedelta(seconds=59))
        assert not limiter.hit(limit, "a")
        clock.shift(timedelta(seconds=1))
        assert limiter.test(limit, "a")
        assert limiter.hit(limit, "a")
        assert limiter.get_window_stats(limit, "a") == (NOON.timestamp() + 120, 1)


def test_what_is_over_is_forgotten_and_what_is_not_is_kept() -> None:
    counts = Counts()
    with time_machine.travel(NOON, tick=False) as clock:
        counts.incr("long", 3600)
        for minute in range(10):
            for number in range(FEW):
                counts.incr(f"{minute}.{number}", 60)
            clock.shift(timedelta(seconds=61))
        assert len(counts._windows) <= 3 * FEW
        assert (counts.get("long"), counts.get("1.1"), counts.get("9.1")) == (1, 0, 0)


def test_one_key_or_all_can_be_cleared() -> None:
    counts = Counts()
    for key in ("a", "b", "c"):
        counts.incr(key, 60)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b")) == (0, 1)
    assert counts.reset() == 2
    assert counts.get("b") == 0
    assert counts.check()


def test_no_hit_of_many_at_once_is_lost() -> None:
    counts = Counts()
    threads = [
        Thread(target=lambda: [counts.incr("a", 3600) for _time in range(2000)]) for _n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.get("a") == 8000
