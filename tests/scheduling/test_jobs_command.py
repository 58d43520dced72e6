"""`docket jobs`: what is shown, and running one by hand."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app import scheduler
from app.scheduling import claiming, ticking
from app.scheduling.recurring import Every, Recurring
from app.services import Services
from tests.conftest import Ran

Run = Callable[..., Ran]
NOON = "2026-03-10T12:00:00Z"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Recurring:
    """`forget_what_expired`, which fails with somebody's address in its words."""

    def fail(_services: Services) -> None:
        raise ValueError("ada@example.org")

    old = next(job for job in scheduler.JOBS if job.name == "forget_what_expired")
    job = Recurring(old.name, fail, old.rule, old.purpose, old.lease)
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    return job


def listed(runner: Run) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(runner("jobs", "--json").stdout)
    return found


def test_every_job_is_listed_before_any_ran(runner: Run) -> None:
    found = listed(runner)
    assert [job["name"] for job in found] == [job.name for job in scheduler.JOBS]
    assert {job["state"] for job in found} == {"never ran"}
    text = runner("jobs").stdout
    assert "every 2 s in each worker" in text
    assert "daily at 03:30 UTC" in text


def test_running_one_shows_when_it_ran_and_runs_next(runner: Run) -> None:
    with time_machine.travel(NOON, tick=False):
        ran = runner("jobs", "run", "forget_what_expired")
        assert (ran.exit_code, ran.stdout) == (0, "forget_what_expired was run.\n")
        [job] = [job for job in listed(runner) if job["name"] == "forget_what_expired"]
    assert job["state"] == "ok"
    assert job["last_run"] == "2026-03-10T12:00:00+00:00"
    assert job["next_run"] == "2026-03-11T03:30:00+00:00"
    assert job["runs"] == 1


def test_one_that_fails_says_where_and_is_shown_as_failed(runner: Run, broken: Recurring) -> None:
    with time_machine.travel(NOON, tick=False):
        ran = runner("jobs", "run", broken.name)
        assert ran.exit_code == 2
        assert "failed: ValueError at " in ran.stderr
        shown = runner("jobs").stdout
    assert "failed" in shown
    assert f"{broken.name}: ValueError at " in shown
    assert "ada" not in ran.stderr + shown


def test_one_that_a_worker_is_at_is_left_alone(runner: Run, services: Services) -> None:
    said: list[Ran] = []
    job = Recurring(
        "forget_what_expired",
        lambda _services: said.extend([runner("jobs", "run", job.name), runner("jobs")]),
        Every(60),
        "a test",
    )
    assert ticking.run_now(services, job)
    assert said[0].exit_code == 2
    assert "is being run by a worker" in said[0].stderr
    assert "running" in said[1].stdout


def test_one_that_nobody_runs_is_late(runner: Run, broken: Recurring) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        runner("jobs", "run", broken.name)
        clock.shift(timedelta(days=1))
        [job] = listed(runner)
    assert job["state"] == "late"


def test_an_unknown_name_is_refused_with_the_known_ones(runner: Run) -> None:
    ran = runner("jobs", "run", "sing")
    assert ran.exit_code == 2
    assert "forget_what_expired" in ran.stderr


def test_once_runs_every_job_due_or_not(services: Services) -> None:
    for times in (1, 2):
        scheduler.run_all_once(services)
        with services.database.reading() as session:
            rows = claiming.rows(session)
        assert {name: row.runs for name, row in rows.items()} == dict.fromkeys(
            [job.name for job in scheduler.JOBS], times
        )


def test_what_is_not_due_waits_for_its_time(services: Services) -> None:
    with time_machine.travel(NOON, tick=False):
        for _ in range(2):
            scheduler.run_due(services)
        with services.database.reading() as session:
            rows = claiming.rows(session)
    claimed = [job.name for job in scheduler.JOBS if not job.shared]
    assert {name: row.runs for name, row in rows.items()} == dict.fromkeys(claimed, 1)
