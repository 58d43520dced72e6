"""The table of jobs, and APScheduler turning it, whatever happens to the clock."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from apscheduler.schedulers.background import BackgroundScheduler

from app import scheduler
from app.clock import now
from app.importing import runs
from app.importing.models import ImportState
from app.networks import inviting
from app.networks.models import Invitation
from app.scheduling import claiming
from app.scheduling.recurring import Every, Recurring
from app.scheduling.ticking import Ticker
from app.services import Services
from tests import personas
from tests.office import Office

NOON = "2026-03-10T12:00:00Z"
PATIENCE = 60.0
DAYS = timedelta(days=2)


@pytest.fixture
def paused(services: Services) -> Iterator[BackgroundScheduler]:
    """The scheduler of one job that is looked at every five seconds, not turning by itself."""
    job = Recurring("five", lambda _services: None, Every(5), "a test")
    with time_machine.travel(NOON, tick=False):
        made = scheduler._scheduler([Ticker(services, job)])
        made.start(paused=True)
        yield made
        made.shutdown()


def test_names_are_told_once_and_say_what_for() -> None:
    names = [job.name for job in scheduler.JOBS]
    assert len(set(names)) == len(names)
    assert all(job.purpose for job in scheduler.JOBS)


def test_what_ticks_every_few_seconds_claims_by_itself() -> None:
    """Otherwise each tick would be a write of the table, for ever."""
    for job in scheduler.JOBS:
        assert job.shared or job.rule.look_seconds >= 30


@pytest.mark.parametrize("back", [timedelta(minutes=1), DAYS])
def test_looks_go_on_after_a_clock_was_set_back(
    paused: BackgroundScheduler, back: timedelta
) -> None:
    with time_machine.travel(now() - back, tick=False):
        scheduler.follow_the_clock(paused)
        [job] = paused.get_jobs()
        assert job.next_run_time == now() + timedelta(seconds=5)


def test_looks_stay_where_they_are_while_the_clock_runs(paused: BackgroundScheduler) -> None:
    [job] = paused.get_jobs()
    before = job.next_run_time
    with time_machine.travel(now() + timedelta(seconds=3), tick=False):
        scheduler.follow_the_clock(paused)
        assert job.next_run_time == before


def test_a_sleep_of_a_year_leaves_one_look_to_make_up_for(paused: BackgroundScheduler) -> None:
    [job] = paused.get_jobs()
    awake = now() + timedelta(days=365)
    assert job._get_run_times(awake) == [job.next_run_time]
    assert job.trigger.get_next_fire_time(job.next_run_time, awake) == awake + timedelta(seconds=5)


@pytest.mark.parametrize("step", [DAYS, -DAYS])
def test_a_running_scheduler_goes_on_when_the_clock_is_set(
    services: Services, step: timedelta
) -> None:
    seen: list[datetime] = []
    wanted = threading.Semaphore(0)

    def run(_services: Services) -> None:
        seen.append(now())
        wanted.release()

    job = Recurring("often", run, Every(0.2), "a test", shared=True)
    with time_machine.travel(NOON) as clock, scheduler.running(services, [job]):
        assert wanted.acquire(timeout=PATIENCE)
        clock.shift(step)
        expected = now()
        for _ in range(50):
            assert wanted.acquire(timeout=PATIENCE)
            if abs(seen[-1] - expected) < timedelta(hours=1):
                break
        else:
            pytest.fail("it never ran on the new clock")


def test_it_turns_until_the_block_ends(services: Services) -> None:
    ran = threading.Event()
    job = Recurring("once", lambda _services: ran.set(), Every(60), "a test")
    with scheduler.running(services, [job]):
        assert ran.wait(PATIENCE)
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"once", "APScheduler"}
    with services.database.reading() as session:
        assert claiming.rows(session)["once"].last_ended_at is not None


def test_a_job_that_hangs_does_not_keep_the_worker(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "STOP_SECONDS", 0.0)
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def hang(_services: Services) -> None:
        begun.set()
        go.wait(PATIENCE)
        ended.set()

    job = Recurring("hangs", hang, Every(60), "a test", shared=True)
    with scheduler.running(services, [job]):
        assert begun.wait(PATIENCE)
    assert not ended.is_set()
    assert "left unfinished" in caplog.text
    go.set()
    for thread in threading.enumerate():
        if thread.name == "hangs":
            thread.join(PATIENCE)


def test_an_upload_is_read_and_a_look_without_one_writes_nothing(
    services: Services, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(runs, "work_through", lambda *_: calls.append(1))
    scheduler.read_imports(services)
    assert calls == []
    for state, waits in (
        (ImportState.MAPPING, False),
        (ImportState.TO_READ, True),
        (ImportState.TO_APPLY, True),
        (ImportState.APPLIED, False),
    ):
        with services.database.writing() as session:
            found = runs.look("members.csv", b"Email\nada@example.org\n")
            run = runs.start(session, office.network, None, found, "a list")
            run.state = state
            session.flush()  # its row is asked for next
            assert runs.is_waiting(session, now()) is waits
            session.rollback()


def test_an_upload_whose_reader_was_killed_waits_again(services: Services, office: Office) -> None:
    with services.database.writing() as session:
        found = runs.look("members.csv", b"Email\nada@example.org\n")
        run = runs.start(session, office.network, None, found, "a list")
        run.state, run.claimed_until = ImportState.READING, now() + timedelta(minutes=5)
        session.flush()  # its row is asked for next
        assert not runs.is_waiting(session, now())
        assert runs.is_waiting(session, now() + timedelta(minutes=6))


def test_a_confirmation_is_mailed_only_when_one_is_due(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed: list[int] = []
    monkeypatch.setattr(inviting, "mail_due", lambda _services: mailed.append(1))
    with services.database.writing() as session:
        network = personas.network(session)
        invitation = Invitation(
            network_id=network.id,
            email="ada@example.org",
            email_key="ada@example.org",
            profile={},
            source="form",
            wording="I agree.",
            created_at=now(),
            expires_at=now() + timedelta(days=30),
            next_try_at=now() + timedelta(minutes=5),
        )
        session.add(invitation)
    scheduler.mail_invitations(services)
    assert mailed == []
    with time_machine.travel(now() + timedelta(minutes=6)):
        scheduler.mail_invitations(services)
    assert mailed == [1]
