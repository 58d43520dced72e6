"""Claiming a tick: a conditional UPDATE whose answer says whether this worker has it.

Times come from the workers' clocks. They may differ by SKEW between machines; what is further off
than that is a clock that was set, and is put in order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Update, or_, select, true, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.db import insert_ignoring
from app.scheduling.models import Job
from app.scheduling.recurring import Recurring

SKEW = timedelta(seconds=10)
NOTED = timedelta(minutes=1)  # how often each worker notes that a shared job goes round


@dataclass(frozen=True)
class Claim:
    """A tick that is this worker's until its lease ends. `number` tells it from later ones."""

    name: str
    worker: str
    number: int


def is_due(session: Session, job: Recurring, zone: ZoneInfo, at: datetime) -> bool:
    """Whether a claim is worth its write: one cheap read, which nearly always says no."""
    claimable = (Job.next_run_at <= at) & _is_free(job, at)
    found = session.execute(
        select(Job.next_run_at, claimable).where(Job.name == job.name)
    ).one_or_none()
    return found is None or found[1] or found[0] > _latest(job, zone, at)


def claim(
    session: Session,
    job: Recurring,
    zone: ZoneInfo,
    worker: str,
    at: datetime,
    *,
    forced: bool = False,
) -> Claim | None:
    """Take the tick that is due, or any when `forced`. None when another has it or none is."""
    _put_in_order(session, job, zone, at)
    due = true() if forced else Job.next_run_at <= at
    number = session.scalar(
        _update(job)
        .where(due, _is_free(job, at))
        .values(
            rule=job.rule.words(zone),
            running_by=worker,
            running_until=at + job.lease,
            last_begun_at=at,
            runs=Job.runs + 1,
        )
        .returning(Job.runs)
    )
    return None if number is None else Claim(job.name, worker, number)


def end(
    session: Session, job: Recurring, zone: ZoneInfo, held: Claim, at: datetime, error: str | None
) -> bool:
    """Note how it went. False when the lease ended meanwhile and another run counts.

    The next tick is the next one of the rule after now: those that a long run, a sleep or a clock
    that was set forwards passed over are not made up for.
    """
    return _changed(
        session,
        _update(job)
        .where(Job.running_by == held.worker, Job.runs == held.number)
        .values(
            next_run_at=job.rule.next_after(at, zone),
            running_by=None,
            running_until=None,
            last_ended_at=at,
            last_error=error,
            failures=Job.failures + int(error is not None),
        ),
    )


def note(
    session: Session,
    job: Recurring,
    zone: ZoneInfo,
    at: datetime,
    runs: int,
    failures: int,
    error: str | None,
) -> None:
    """What a shared job did since the last note. `next_run_at` says when a note is overdue."""
    _insert(session, job, zone, at)
    session.execute(
        _update(job).values(
            rule=job.rule.words(zone),
            next_run_at=at + 2 * NOTED,
            last_ended_at=at,
            last_error=error,
            runs=Job.runs + runs,
            failures=Job.failures + failures,
        )
    )


def overdue_seconds(row: Job, at: datetime) -> float:
    """By how much its next run is late; 0 when it is not."""
    return max(0.0, (at - row.next_run_at).total_seconds())


def rows(session: Session) -> dict[str, Job]:
    """Every job that ever ran here, by name."""
    return {row.name: row for row in session.scalars(select(Job).order_by(Job.name))}


def _put_in_order(session: Session, job: Recurring, zone: ZoneInfo, at: datetime) -> None:
    """Make the row on first use; pull back a tick that a clock set back left in the far future."""
    _insert(session, job, zone, at)
    session.execute(
        _update(job)
        .where(Job.next_run_at > _latest(job, zone, at))
        .values(next_run_at=job.rule.next_after(at, zone))
    )


def _insert(session: Session, job: Recurring, zone: ZoneInfo, at: datetime) -> None:
    """Due at once: a worker that starts for the first time may have something to put right."""
    first = {"next_run_at": at, "rule": job.rule.words(zone), "runs": 0, "failures": 0}
    session.execute(insert_ignoring(session, Job).values(name=job.name, **first))


def _latest(job: Recurring, zone: ZoneInfo, at: datetime) -> datetime:
    """No clock within SKEW of this one can have set the next tick after this."""
    return job.rule.next_after(at + SKEW, zone)


def _is_free(job: Recurring, at: datetime) -> ColumnElement[bool]:
    return or_(
        Job.running_until.is_(None),
        Job.running_until < at,
        Job.running_until > at + job.lease + SKEW,  # begun before the clock was set back
    )


def _update(job: Recurring) -> Update:
    statement = update(Job).where(Job.name == job.name)
    return statement.execution_options(synchronize_session=False)


def _changed(session: Session, statement: Update) -> bool:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
