"""One tick, one run: across workers, sleeps, crashes and clocks that are set."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.db import Database
from app.scheduling import claiming
from app.scheduling.claiming import NOTED, SKEW, Claim
from app.scheduling.models import Job
from app.scheduling.recurring import Daily, Every, Recurring

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
LEASE = timedelta(minutes=5)
SECOND, DAYS = timedelta(seconds=1), timedelta(days=2)
MINUTELY = Recurring("minutely", lambda _services: None, Every(60), "a test", LEASE)
NIGHTLY = Recurring("nightly", lambda _services: None, Daily(time(2, 30)), "a test", LEASE)

Claiming = Callable[..., Claim | None]


@pytest.fixture
def claim(database: Database) -> Claiming:
    def claim(
        job: Recurring, at: datetime, worker: str = "one", *, forced: bool = False
    ) -> Claim | None:
        """As a worker does: a look, then perhaps a claim."""
        with database.reading() as session:
            if not forced and not claiming.is_due(session, job, PARIS, at):
                return None
        with database.writing() as session:
            return claiming.claim(session, job, PARIS, worker, at, forced=forced)

    return claim


@pytest.fixture
def end(database: Database) -> Callable[..., bool]:
    def end(job: Recurring, held: Claim | None, at: datetime, error: str | None = None) -> bool:
        assert held is not None
        with database.writing() as session:
            return claiming.end(session, job, PARIS, held, at, error)

    return end


@pytest.fixture
def row(database: Database) -> Callable[[Recurring], Job]:
    def row(job: Recurring) -> Job:
        with database.reading() as session:
            return session.get_one(Job, job.name)

    return row


@pytest.fixture
def count(claim: Claiming, end: Callable[..., bool]) -> Callable[..., int]:
    def count(job: Recurring, since: datetime, seconds: int, step: int = 5) -> int:
        """How many runs two workers make that look every `step` seconds."""
        runs = 0
        for passed in range(0, seconds, step):
            at = since + timedelta(seconds=passed)
            for worker in ("one", "two"):
                if held := claim(job, at, worker):
                    assert end(job, held, at)
                    runs += 1
        return runs

    return count


def test_the_first_look_finds_it_due(claim: Claiming) -> None:
    assert claim(MINUTELY, NOON) is not None


def test_a_tick_that_one_worker_has_is_nobody_elses(claim: Claiming) -> None:
    assert claim(MINUTELY, NOON)
    assert claim(MINUTELY, NOON, "two") is None
    assert claim(MINUTELY, NOON + SECOND, "one") is None


def test_a_tick_that_is_done_is_done(claim: Claiming, end: Callable[..., bool]) -> None:
    assert end(MINUTELY, claim(MINUTELY, NOON), NOON)
    assert claim(MINUTELY, NOON + 59 * SECOND, "two") is None
    assert claim(MINUTELY, NOON + 60 * SECOND, "two")


def test_two_workers_make_one_run_each_minute(count: Callable[..., int]) -> None:
    assert count(MINUTELY, NOON, 600) == 10


def test_nothing_is_written_while_nothing_is_due(
    claim: Claiming, end: Callable[..., bool], row: Callable[[Recurring], Job]
) -> None:
    end(MINUTELY, claim(MINUTELY, NOON), NOON)
    before = row(MINUTELY)
    for second in range(1, 60):
        assert claim(MINUTELY, NOON + second * SECOND) is None
    after = row(MINUTELY)
    assert (after.runs, after.next_run_at) == (before.runs, before.next_run_at)
    assert after.next_run_at == NOON + 60 * SECOND


@pytest.mark.parametrize("asleep", [timedelta(minutes=10), DAYS, timedelta(days=40)])
def test_after_a_sleep_it_runs_once(count: Callable[..., int], asleep: timedelta) -> None:
    assert count(MINUTELY, NOON, 5) == 1
    assert count(MINUTELY, NOON + asleep, 60) == 1


def test_a_run_longer_than_its_interval_leaves_nothing_to_make_up_for(
    claim: Claiming, end: Callable[..., bool], row: Callable[[Recurring], Job]
) -> None:
    held = claim(MINUTELY, NOON)
    assert end(MINUTELY, held, NOON + 200 * SECOND)
    assert row(MINUTELY).next_run_at == NOON + 240 * SECOND


def test_a_clock_set_forwards_and_back_neither_repeats_nor_stops_it(
    count: Callable[..., int],
) -> None:
    assert count(MINUTELY, NOON, 60) == 1
    assert count(MINUTELY, NOON + DAYS, 60) == 1
    assert count(MINUTELY, NOON + 60 * SECOND, 60) == 0  # pulled back to the next minute
    assert count(MINUTELY, NOON + 120 * SECOND, 600) == 10


@pytest.mark.parametrize("back", [timedelta(minutes=2), timedelta(hours=1), DAYS])
def test_a_clock_set_back_delays_it_by_one_interval_at_most(
    count: Callable[..., int], back: timedelta
) -> None:
    assert count(MINUTELY, NOON, 5) == 1
    assert count(MINUTELY, NOON - back, 65) == 1


def test_a_nightly_job_follows_a_clock_that_is_set_back(count: Callable[..., int]) -> None:
    assert count(NIGHTLY, NOON, 5) == 1
    assert count(NIGHTLY, NOON - DAYS, 86_400, step=600) == 1


def test_clocks_that_differ_a_little_do_not_run_it_twice(
    claim: Claiming, end: Callable[..., bool]
) -> None:
    """One worker's minute has begun, the other's has not."""
    ahead, behind = NOON + SECOND, NOON + SECOND - SKEW
    assert end(MINUTELY, claim(MINUTELY, ahead), ahead)
    for second in range(69):
        assert claim(MINUTELY, behind + second * SECOND, "behind") is None
    assert claim(MINUTELY, behind + 69 * SECOND, "behind")


def test_a_look_at_what_another_runs_is_no_reason_to_write(
    claim: Claiming, database: Database
) -> None:
    assert claim(MINUTELY, NOON)
    with database.reading() as session:
        assert not claiming.is_due(session, MINUTELY, PARIS, NOON + SECOND)
        assert claiming.is_due(session, MINUTELY, PARIS, NOON + LEASE + SECOND)


def test_the_tick_of_a_killed_worker_is_run_when_its_lease_ends(
    claim: Claiming, end: Callable[..., bool]
) -> None:
    assert claim(MINUTELY, NOON)
    assert claim(MINUTELY, NOON + LEASE, "two") is None
    after = NOON + LEASE + SECOND
    assert end(MINUTELY, claim(MINUTELY, after, "two"), after)
    assert claim(MINUTELY, after, "three") is None


def test_a_killed_workers_lease_does_not_outlive_a_clock_set_back(claim: Claiming) -> None:
    assert claim(MINUTELY, NOON)
    assert claim(MINUTELY, NOON - DAYS, "two") is None  # its tick is pulled back to come next
    assert claim(MINUTELY, NOON - DAYS + 60 * SECOND, "two")


def test_one_that_hung_changes_nothing_when_it_ends_after_all(
    claim: Claiming, end: Callable[..., bool], row: Callable[[Recurring], Job]
) -> None:
    slow = claim(MINUTELY, NOON)
    later = NOON + LEASE + SECOND
    quick = claim(MINUTELY, later, "one")  # even the same worker's
    assert not end(MINUTELY, slow, later, "too late")
    assert row(MINUTELY).running_by == "one"
    assert end(MINUTELY, quick, later)
    assert row(MINUTELY).last_error is None


def test_forcing_it_does_not_break_in_on_a_run(claim: Claiming, end: Callable[..., bool]) -> None:
    held = claim(NIGHTLY, NOON, forced=True)
    assert claim(NIGHTLY, NOON, "two", forced=True) is None
    assert end(NIGHTLY, held, NOON)
    assert claim(NIGHTLY, NOON, "two", forced=True)


def test_an_error_is_kept_until_a_run_goes_well(
    claim: Claiming, end: Callable[..., bool], row: Callable[[Recurring], Job]
) -> None:
    end(MINUTELY, claim(MINUTELY, NOON), NOON, "ValueError at app.x:1")
    failed = row(MINUTELY)
    assert (failed.last_error, failed.failures, failed.runs) == ("ValueError at app.x:1", 1, 1)
    then = NOON + 60 * SECOND
    end(MINUTELY, claim(MINUTELY, then), then)
    well = row(MINUTELY)
    assert (well.last_error, well.failures, well.runs) == (None, 1, 2)
    assert (well.last_begun_at, well.last_ended_at, well.running_by) == (then, then, None)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=PARIS), 23),  # the night in which 02:30 is left out
        (datetime(2026, 10, 24, 12, tzinfo=PARIS), 25),  # the night in which it comes twice
    ],
)
def test_a_night_on_which_clocks_change_has_one_run(
    count: Callable[..., int], evening: datetime, hours: int
) -> None:
    since = evening.astimezone(UTC)
    assert count(NIGHTLY, since, 5) == 1  # the very first look
    assert count(NIGHTLY, since + SECOND, hours * 3600, step=600) == 1


def test_what_a_shared_job_did_is_added_up(
    database: Database, row: Callable[[Recurring], Job]
) -> None:
    for at, runs, error in ((NOON, 1, None), (NOON + NOTED, 60, "OSError")):
        with database.writing() as session:
            claiming.note(session, MINUTELY, PARIS, at, runs, int(error is not None), error)
    noted = row(MINUTELY)
    assert (noted.runs, noted.failures, noted.last_error) == (61, 1, "OSError")
    assert claiming.overdue_seconds(noted, NOON + 2 * NOTED) == 0
    assert claiming.overdue_seconds(noted, NOON + 4 * NOTED) == NOTED.total_seconds()
