"""What a member of staff sees of all that goes out: figures, and the issues that are theirs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.delivery import tallies
from app.delivery.models import WAITING, WorkerLease
from app.delivery.status import QUIET, figures, running
from app.issues.models import Issue
from app.scheduling import claiming
from app.scheduling.models import Job
from app.watching.figures import Figures

LATE = timedelta(minutes=1)  # no worker that lives is ever later with a job than this


@dataclass(frozen=True)
class Life:
    """Of all workers. `seen_at`: the newest sign of any, also of those that have ended since."""

    seen_at: datetime | None
    lives: bool
    per_minute: int  # mails that relays took from those that live, in the last minute


@dataclass(frozen=True)
class OnItsWay:
    issue: Issue
    done: int  # deliveries whose fate is known
    total: int


@dataclass(frozen=True)
class JobFigure:
    name: str
    late: timedelta  # by how much its next run is overdue
    ended_at: datetime | None
    error: str | None  # of its last run

    @property
    def is_late(self) -> bool:
        return self.late > LATE


@dataclass(frozen=True)
class Overview:
    at: datetime
    figures: Figures
    life: Life
    issues: Sequence[OnItsWay]  # of the reader's networks
    others: int  # issues on their way of other networks
    jobs: Sequence[JobFigure]

    @property
    def waiting(self) -> int:
        return self.figures.queued + self.figures.claimed + self.figures.retrying

    @property
    def free_at(self) -> datetime | None:
        """When the first relay may be used again; None while one may be used, or none is known."""
        until = [relay.held_until for relay in self.figures.relays]
        held = [moment for moment in until if moment is not None and moment > self.at]
        return min(held) if held and len(held) == len(until) else None


def overview(session: Session, network_ids: Collection[int], now: datetime) -> Overview:
    """`network_ids`: whose issues may be named."""
    on_their_way = running(session)
    mine = [issue for issue in on_their_way if issue.network_id in network_ids]
    return Overview(
        at=now,
        figures=figures(session, now),
        life=life(session, now),
        issues=[_on_its_way(session, issue) for issue in mine],
        others=len(on_their_way) - len(mine),
        jobs=[_job(job, now) for job in claiming.rows(session).values()],
    )


def life(session: Session, now: datetime) -> Life:
    alive = WorkerLease.gone_at.is_(None) & (WorkerLease.seen_at > now - QUIET)
    seen_at, lively, speed = session.execute(
        select(
            func.max(WorkerLease.seen_at),
            func.count(case((alive, 1))),
            func.sum(case((alive, WorkerLease.sent_last_minute), else_=0)),
        )
    ).one()
    return Life(seen_at, lively > 0, speed or 0)


def _on_its_way(session: Session, issue: Issue) -> OnItsWay:
    counts = tallies.counts(session, issue.id)
    total = sum(counts.values())
    return OnItsWay(issue, total - sum(counts[state] for state in WAITING), total)


def _job(job: Job, now: datetime) -> JobFigure:
    late = timedelta(seconds=claiming.overdue_seconds(job, now))
    return JobFigure(job.name, late, job.last_ended_at, job.last_error)
