"""Jobs in a process: claimed, run with no transaction open, ended; their failures told once."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.exc import OperationalError

from app.scheduling import claiming, ticking
from app.scheduling.models import Job
from app.scheduling.recurring import Every, Recurring
from app.scheduling.ticking import Ticker
from app.services import Services

NOON = "2026-03-10T12:00:00Z"
PATIENCE = 60.0  # far beyond what a slow machine needs


def minutely(run: Callable[[Services], object], *, shared: bool = False) -> Recurring:
    return Recurring("minutely", run, Every(60), "a test", shared=shared)


def row(services: Services) -> Job:
    with services.database.reading() as session:
        return session.get_one(Job, "minutely")


def raising(error: BaseException) -> Callable[[Services], None]:
    def run(_services: Services) -> None:
        raise error

    return run


def test_two_workers_that_tick_at_the_same_instant_run_it_once(services: Services) -> None:
    ran: list[int] = []
    job = minutely(lambda _services: ran.append(1))
    together = threading.Barrier(4, timeout=PATIENCE)

    def work() -> None:
        together.wait()
        ticking.run_if_due(services, job)

    with time_machine.travel(NOON, tick=False) as clock:
        for minute in range(1, 11):
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(ran) == minute
            clock.shift(timedelta(minutes=1))
    assert row(services).runs == 10


def test_no_transaction_is_open_while_it_runs(services: Services) -> None:
    """On SQLite another writer would wait for ever, on PostgreSQL the row would be locked."""
    seen: list[str | None] = []

    def look(services: Services) -> None:
        with services.database.writing() as session:
            found = session.get_one(Job, "minutely", with_for_update={"nowait": True})
            seen.append(found.running_by)

    assert ticking.run_if_due(services, minutely(look))
    assert seen and seen[0]
    assert row(services).running_by is None


def test_what_it_raises_is_kept_without_its_words(services: Services) -> None:
    job = minutely(raising(ValueError("member ada@example.org, ward 7")))
    with pytest.raises(ValueError):
        ticking.run_if_due(services, job)
    failed = row(services)
    assert failed.last_error is not None
    assert failed.last_error.startswith("ValueError at ")
    assert "ada" not in failed.last_error
    assert "ward" not in failed.last_error
    assert (failed.failures, failed.running_by) == (1, None)


def test_the_databases_reason_is_kept_in_one_line(services: Services) -> None:
    cause = Exception("disk is full\nfor ada@example.org")
    with pytest.raises(OperationalError):
        ticking.run_now(services, minutely(raising(OperationalError("SELECT", {}, cause))))
    error = row(services).last_error
    assert error is not None
    assert error.endswith(": disk is full")


def test_being_interrupted_ends_its_lease(services: Services) -> None:
    with pytest.raises(KeyboardInterrupt):
        ticking.run_now(services, minutely(raising(KeyboardInterrupt())))
    assert row(services).running_until is None


def test_a_job_that_cannot_be_claimed_is_not_run(services: Services) -> None:
    ran: list[int] = []

    def again(services: Services) -> None:
        ran.append(1)
        assert not ticking.run_now(services, minutely(again))

    assert ticking.run_now(services, minutely(again))
    assert ran == [1]


def test_one_line_says_that_it_fails_and_one_that_it_works_again(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broken = [True]

    def run(_services: Services) -> None:
        if broken[0]:
            raise ValueError("ada@example.org")

    ticker = Ticker(services, minutely(run))
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(5):
            ticker.tick()
            clock.shift(timedelta(minutes=1))
        broken[0] = False
        for _ in range(3):
            ticker.tick()
            clock.shift(timedelta(minutes=1))
    told = [record.getMessage() for record in caplog.records if record.name == "docket.scheduler"]
    assert len(told) == 2
    assert told[0].startswith("job failed; it is tried again: ValueError at ")
    assert "ada" not in caplog.text
    assert told[1] == "job works again"
    assert (row(services).runs, row(services).failures) == (8, 5)


def test_a_look_that_finds_nothing_due_is_not_a_recovery(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ticker = Ticker(services, minutely(raising(ValueError())))
    with time_machine.travel(NOON, tick=False):
        for _ in range(3):
            ticker.tick()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_run_that_outlived_its_lease_says_so(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        inner = minutely(lambda _services: None)

        def slow(services: Services) -> None:
            clock.shift(timedelta(minutes=6))
            assert ticking.run_if_due(services, inner)

        assert ticking.run_if_due(services, minutely(slow))
    assert "longer than its lease" in caplog.text


def test_a_shared_job_runs_at_each_look_and_is_noted_once_a_minute(services: Services) -> None:
    ran: list[int] = []
    ticker = Ticker(services, minutely(lambda _services: ran.append(1), shared=True))
    with time_machine.travel(NOON, tick=False) as clock:
        ticker.tick()
        assert row(services).runs == 1
        for _ in range(59):
            clock.shift(timedelta(seconds=1))
            ticker.tick()
        assert row(services).runs == 1
        clock.shift(timedelta(seconds=1))
        ticker.tick()
    assert len(ran) == 61
    assert row(services).runs == 61


def test_a_shared_job_is_noted_again_after_a_clock_was_set_back(services: Services) -> None:
    ticker = Ticker(services, minutely(lambda _services: None, shared=True))
    with time_machine.travel(NOON, tick=False) as clock:
        ticker.tick()
        clock.shift(timedelta(days=-2))
        ticker.tick()
    assert row(services).runs == 2
    assert row(services).last_ended_at is not None


def test_a_shared_job_that_fails_is_noted_with_its_error(services: Services) -> None:
    job = minutely(raising(ValueError("ada@example.org")), shared=True)
    Ticker(services, job).tick()
    noted = row(services)
    assert (noted.runs, noted.failures) == (1, 1)
    with pytest.raises(ValueError):
        ticking.run_now(services, job)
    assert (row(services).runs, row(services).failures) == (2, 2)
    assert "ada" not in (row(services).last_error or "")


def test_a_note_that_cannot_be_written_is_made_up_for(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticker = Ticker(services, minutely(lambda _services: None, shared=True))
    with time_machine.travel(NOON, tick=False) as clock:
        with monkeypatch.context() as patch:
            full = OperationalError("UPDATE", {}, Exception("disk is full"))
            patch.setattr(claiming, "note", lambda *_: raising(full)(services))
            ticker.tick()
        clock.shift(claiming.NOTED)
        ticker.tick()
    assert row(services).runs == 2


def test_a_tick_is_not_begun_while_the_last_one_runs(services: Services) -> None:
    begun, go = threading.Event(), threading.Event()
    ran: list[int] = []

    def wait(_services: Services) -> None:
        ran.append(1)
        begun.set()
        assert go.wait(PATIENCE)

    ticker = Ticker(services, minutely(wait, shared=True))
    ticker.start()
    assert begun.wait(PATIENCE)
    ticker.start()
    assert ticker.is_busy()
    go.set()
    ticker.join(PATIENCE)
    assert ran == [1]
    assert not ticker.is_busy()
