"""Who holds what: workers, the chunks they lease, and the deliveries that are tried again.

Each move is one statement whose row count is looked at. A worker has one lease for all it holds;
it is renewed by its beat and ends when another marks the worker as gone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Update, select, update
from sqlalchemy.orm import Session

from app import clock
from app.delivery import statements
from app.delivery.clocks import boot_seconds
from app.delivery.filling import Addressed
from app.delivery.models import Cause, Chunk, Delivery, DeliveryState, Settlement, WorkerLease
from app.issues.models import Issue

HORIZON = timedelta(hours=12)  # places of a domain or an issue are reserved no further ahead
FURTHEST = HORIZON + timedelta(hours=1)  # no next try is ever set further off
CHUNK_SIZE = 500  # deliveries: some tens of milliseconds of work at full speed


class Lease(NamedTuple):
    """A chunk that is ours. What has an id up to `taken_to` may have been begun."""

    chunk_id: int
    issue_id: int
    edition_id: int
    first_id: int
    last_id: int
    rank: int


class Due(NamedTuple):
    """A delivery to be made. `fresh`: never settled, so its settlement is still to be written;
    otherwise it was claimed by itself, after `attempts` tries."""

    to: Addressed
    issue_id: int
    edition_id: int
    rank: int
    fits: bool  # still a member whose address may be mailed
    fresh: bool = True
    attempts: int = 0
    uncertain: int = 0
    has_slot: bool = False  # its place in its domain's pace was reserved before
    taken_at: float = 0.0  # by boot_seconds()


@dataclass(frozen=True)
class Pulse:
    """What a worker says of itself with each beat."""

    in_flight: int = 0
    sent_last_minute: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)


def register(session: Session, name: str, boot: str, now: datetime) -> None:
    session.add(WorkerLease(name=name, boot=boot, started_at=now, seen_at=now, answers={}))


def beat(session: Session, name: str, pulse: Pulse, now: datetime) -> bool:
    """Renew the lease. False when another took over: nothing held is ours any more.

    Within a transaction it also keeps others from taking over until that ends.
    """
    values = {
        "worker": name,
        "now": now,
        "flying": pulse.in_flight,
        "lately": pulse.sent_last_minute,
        "outcomes": dict(pulse.answers),
    }
    return session.connection().execute(statements.BEAT, values).rowcount == 1


def say_goodbye(session: Session, name: str, now: datetime) -> None:
    session.execute(update(WorkerLease).where(WorkerLease.name == name).values(gone_at=now))


def claim(
    session: Session, worker: str, without: Collection[int] = (), most_rank: int | None = None
) -> Lease | None:
    """Lease the next free chunk, urgent ones first; none of the issues `without`."""
    free = (
        select(Chunk.id)
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(Chunk.done_at.is_(None), Chunk.claimed_by.is_(None), may_go_out())
        .order_by(Chunk.rank, Chunk.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Chunk)
    )
    if without:
        free = free.where(Chunk.issue_id.not_in(without))
    if most_rank is not None:
        free = free.where(Chunk.rank <= most_rank)
    row = session.execute(
        update(Chunk)
        .where(Chunk.id == free.scalar_subquery())
        .values(claimed_by=worker, taken_to=None)
        .returning(
            Chunk.id,
            Chunk.issue_id,
            Chunk.edition_id,
            Chunk.first_id,
            Chunk.last_id,
            Chunk.rank,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Lease(*row)


def take(session: Session, lease: Lease, after: int, limit: int) -> tuple[list[Due], int]:
    """The next deliveries of a leased chunk behind the id `after`, and the last id among them,
    which is on record before anything of them is begun. ([], last id) when there are no more."""
    connection = session.connection()
    span: dict[str, object] = {
        "after": after,
        "last": lease.last_id,
        "edition": lease.edition_id,
        "most": limit,
    }
    span |= {"now": clock.now()}
    rows: Any = connection.execute(statements.TAKE, span).all()
    to = rows[-1][0] if len(rows) == limit else lease.last_id
    connection.execute(statements.TAKEN_TO, {"chunk": lease.chunk_id, "to": to})
    place, at = (lease.issue_id, lease.edition_id, lease.rank), boot_seconds()
    return [
        Due(_addressed(row), *place, fits=_fits(row), taken_at=at)
        for row in rows
        if row.settled is None
    ], to


def finish_chunks(session: Session, worker: str, ids: Sequence[int], now: datetime) -> None:
    """All of these chunks is settled."""
    values = {"done_at": now, "claimed_by": None, "taken_to": None}
    session.execute(_chunks(worker, ids).values(**values))


def release_chunks(session: Session, worker: str, ids: Sequence[int]) -> None:
    """Give back what was leased; whatever of it is not settled was not begun."""
    session.execute(_chunks(worker, ids).values(claimed_by=None, taken_to=None))


def claim_retries(session: Session, worker: str, now: datetime, limit: int) -> list[Due]:
    """Lease deliveries whose next try is due, those that wait longest first."""
    due = (
        select(Settlement.delivery_id)
        .join(Issue, Issue.id == Settlement.issue_id)
        .where(
            Settlement.state == DeliveryState.RETRY,
            is_due(now),
            may_go_out(),
        )
        .order_by(Settlement.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Settlement)
    )
    # Evaluated once, whatever the planner makes of it: a second time it would lock others.
    once = due.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    claimed: Any = session.execute(
        update(Settlement)
        .where(Settlement.delivery_id.in_(select(once.c.delivery_id)))
        .values(state=DeliveryState.CLAIMED, claimed_by=worker)
        .returning(
            Settlement.delivery_id, Settlement.attempts, Settlement.uncertain, Settlement.cause
        )
        .execution_options(synchronize_session=False)
    ).all()
    return _tried_before(session, claimed, now) if claimed else []


def release_others(
    session: Session, worker: str, chunks: Collection[int], ids: Collection[int], now: datetime
) -> None:
    """Give back what the ledger says is this worker's, but for these chunks and deliveries."""
    stray = select(Chunk.id).where(Chunk.claimed_by == worker, Chunk.id.not_in(chunks))
    release_chunks(session, worker, session.scalars(stray).all())
    claimed = session.scalars(select(Settlement.delivery_id).where(Settlement.claimed_by == worker))
    release_retries(session, [key for key in claimed if key not in ids], worker, now)


def release_retries(session: Session, ids: Sequence[int], worker: str, at: datetime) -> None:
    """Give back what was claimed by itself and not begun; it is due again at `at`."""
    session.execute(
        update(Settlement)
        .where(Settlement.delivery_id.in_(ids), Settlement.claimed_by == worker)
        .values(state=DeliveryState.RETRY, claimed_by=None, next_try_at=at)
        .execution_options(synchronize_session=False)
    )


def is_due(now: datetime) -> ColumnElement[bool]:
    """Of a Settlement that is to be tried again. A time further off than any that is ever set was
    set by a clock that has been put back since."""
    return (Settlement.next_try_at <= now) | (Settlement.next_try_at > now + FURTHEST)


def may_go_out() -> ColumnElement[bool]:
    """Of an Issue."""
    return Issue.paused_at.is_(None) & Issue.cancelled_at.is_(None)


def _tried_before(session: Session, claimed: Sequence[Row[Any]], now: datetime) -> list[Due]:
    before: dict[int, Any] = {row[0]: row for row in claimed}
    rows: Any = session.execute(
        statements.recipients_of(Delivery)
        .join(Issue, Issue.id == Delivery.issue_id)
        .add_columns(Delivery.issue_id, Delivery.edition_id, Issue.urgent)
        .where(Delivery.id.in_(before))
        .order_by(Delivery.id),
        {"now": now},
    )
    return [
        Due(
            _addressed(row),
            issue_id=row.issue_id,
            edition_id=row.edition_id,
            rank=rank_of(urgent=row.urgent),
            fits=_fits(row),
            fresh=False,
            attempts=before[row.id].attempts,
            uncertain=before[row.id].uncertain,
            has_slot=before[row.id].cause == Cause.PACED,
            taken_at=boot_seconds(),
        )
        for row in rows
    ]


def rank_of(*, urgent: bool) -> int:
    return 0 if urgent else 1


def _addressed(row: Any) -> Addressed:
    """One whose member is gone is not mailed; the row says so with empty words."""
    return Addressed(row[0], row[1] or "", row[2] or "", row[3], row[4])


def _fits(row: Any) -> bool:
    return bool(row.may_be_mailed and row.membership)


def _chunks(worker: str, ids: Sequence[int]) -> Update:
    """Another may have leased what a transaction gave back whose end was not seen."""
    mine = update(Chunk).where(Chunk.id.in_(ids), Chunk.claimed_by == worker)
    return mine.execution_options(synchronize_session=False)
