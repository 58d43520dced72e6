"""The figures of the queue: for metrics, and for the page that shows the same to staff."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.delivery import pacing, tallies
from app.delivery.models import Chunk, DeliveryState, Pace, WorkerLease
from app.issues.models import Issue
from app.watching.figures import DomainFigure, Figures, RelayFigure, WorkerFigure

QUIET = timedelta(seconds=45)  # a worker that has not beaten for so long stands still


def figures(session: Session, now: datetime) -> Figures:
    counts = _counts(session)
    workers = session.scalars(select(WorkerLease).where(WorkerLease.gone_at.is_(None))).all()
    return Figures(
        queued=counts[DeliveryState.QUEUED],
        claimed=counts[DeliveryState.CLAIMED],
        retrying=counts[DeliveryState.RETRY],
        oldest_queued_seconds=_oldest(session, now),
        sent_last_minute=sum(one.sent_last_minute for one in workers if one.seen_at > now - QUIET),
        answers=_answers(session),
        relays=_relays(session, now),
        domains=_domains(session, now),
        takeovers=_takeovers(session),
        workers=[
            WorkerFigure(one.name, one.seen_at, one.in_flight, paused=one.seen_at < now - QUIET)
            for one in sorted(workers, key=lambda one: one.name)
        ],
    )


def running(session: Session) -> list[Issue]:
    """Issues of which something waits, urgent ones first."""
    on_its_way = Issue.frozen_at.is_not(None) & Issue.finished_at.is_(None)
    order = (Issue.urgent.desc(), Issue.frozen_at, Issue.id)
    return list(session.scalars(select(Issue).where(on_its_way).order_by(*order)))


def _counts(session: Session) -> Counter[str]:
    counts: Counter[str] = Counter()
    for issue in running(session):
        counts.update(tallies.counts(session, issue.id))
    return counts


def _oldest(session: Session, now: datetime) -> float:
    """Since when the oldest issue waits of which something has not been begun, in seconds."""
    free = exists().where(
        Chunk.issue_id == Issue.id, Chunk.done_at.is_(None), Chunk.claimed_by.is_(None)
    )
    since = session.scalar(
        select(func.min(Issue.frozen_at)).where(Issue.finished_at.is_(None), free)
    )
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _answers(session: Session) -> Counter[str]:
    """By outcome, of all workers that ever were."""
    total: Counter[str] = Counter()
    for answers in session.scalars(select(WorkerLease.answers)):
        total.update(answers)
    return total


def _relays(session: Session, now: datetime) -> list[RelayFigure]:
    held = pacing.holds(session, now)
    return [
        RelayFigure(
            key.partition(":")[2],
            held[key].until if key in held else None,
            held[key].why if key in held else "",
        )
        for key in session.scalars(
            select(Pace.key).where(Pace.key.startswith("relay:")).order_by(Pace.key)
        )
    ]


def _domains(session: Session, now: datetime) -> list[DomainFigure]:
    return [
        DomainFigure(key.partition(":")[2], hold.until)
        for key, hold in sorted(pacing.holds(session, now).items())
        if key.startswith("domain:")
    ]


def _takeovers(session: Session) -> int:
    taken = select(func.count()).select_from(WorkerLease).where(WorkerLease.taken_over)
    return session.scalar(taken) or 0
