"""Periodic work: a table a person can read, run by APScheduler in every worker.

Each job looks for what is due in the database and does nothing when another worker was first.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler

from app.clock import now
from app.delivery import ledger, preparing
from app.importing import runs
from app.networks import inviting
from app.services import Services

log = logging.getLogger("docket.scheduler")


def freeze_due_issues(services: Services) -> None:
    with services.database.reading() as session:
        ids = preparing.due(session, now())
    for issue_id in ids:
        with services.database.writing() as session:
            count = preparing.freeze(session, issue_id, now())
            ledger.finish(session, now())
        log.info("issue %s: %s deliveries prepared", issue_id, count)


def take_over_from_the_gone(services: Services) -> None:
    with services.database.writing() as session:
        put_back, unknown = ledger.take_over(session, now())
        ledger.finish(session, now())
    if put_back or unknown:
        log.warning("a worker is gone: %s put back, %s unknown", put_back, unknown)


def read_imports(services: Services) -> None:
    runs.work_through(services.database, services.settings.data_dir)


def mail_invitations(services: Services) -> None:
    inviting.mail_due(services)


def forget_what_expired(services: Services) -> None:
    with services.database.writing() as session:
        runs.forget_old(session, now())
        inviting.forget_expired(session, now())


@dataclass(frozen=True)
class Job:
    run: Callable[[Services], None]
    every_seconds: float


JOBS = (
    Job(freeze_due_issues, 2),
    Job(take_over_from_the_gone, 30),
    Job(read_imports, 1),
    Job(mail_invitations, 5),
    Job(forget_what_expired, 3600),
)


def run_all_once(services: Services) -> None:
    """Every job, one after the other: what `docket worker --once` does."""
    for job in JOBS:
        job.run(services)


@contextmanager
def running(services: Services) -> Iterator[None]:
    """The jobs tick in background threads for as long as the block lasts."""
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in JOBS:
        scheduler.add_job(
            _guarded(job, services),
            "interval",
            seconds=job.every_seconds,
            max_instances=1,
            coalesce=True,  # after a sleep a job runs once, not once for each tick missed
            misfire_grace_time=None,
            name=job.run.__name__,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _guarded(job: Job, services: Services) -> Callable[[], None]:
    def tick() -> None:
        try:
            job.run(services)
        except Exception:  # a job that fails once must run again at its next tick
            log.exception("%s failed; it is tried again", job.run.__name__)

    return tick
