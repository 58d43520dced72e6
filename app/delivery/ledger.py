"""The ledger's moves: claim, begin, settle, take over, finish. Each is one short transaction.

Every move is a conditional UPDATE whose row count is looked at, so that two workers never hold the
same row and a late one never overwrites what happened since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Exists, Select, exists, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.delivery.audience import may_be_mailed
from app.delivery.models import WAITING, Attempt, Delivery, DeliveryState
from app.issues.models import Issue
from app.mail.answers import Answer, Outcome, next_try
from app.networks.models import Member, Membership

LEASE = timedelta(minutes=10)
RELAY_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True)
class Begun:
    """A delivery whose next attempt is on record: its bytes may go out."""

    delivery_id: int
    edition_id: int
    member_id: int
    number: int  # of the attempt


def claim(
    session: Session, worker: str, now: datetime, limit: int, issue_id: int | None = None
) -> list[int]:
    """Lease up to `limit` due deliveries to this worker; their ids, oldest first."""
    due = (
        select(Delivery.id)
        .where(
            Delivery.state.in_([DeliveryState.QUEUED, DeliveryState.RETRY]),
            Delivery.next_try_at <= now,
        )
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if issue_id is not None:
        due = due.where(Delivery.issue_id == issue_id)
    leased = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(due.scalar_subquery()))
        .values(state=DeliveryState.CLAIMED, claimed_by=worker, claimed_until=now + LEASE)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(leased)


def begin(session: Session, delivery_id: int, worker: str, now: datetime) -> Begun | None:
    """Put the attempt on record before any byte goes out.

    None when the row is no longer this worker's, or its member left meanwhile: then nothing must
    be sent.
    """
    row = session.scalars(_held(delivery_id, worker, now)).one_or_none()
    if row is None:
        return None
    if why := _why_not(session, row):
        _fail(row, why, now)
        return None
    row.attempts += 1
    row.claimed_until = now + LEASE
    session.add(
        Attempt(delivery_id=row.id, number=row.attempts, begun_at=now, relay="", outcome=None)
    )
    return Begun(row.id, row.edition_id, row.member_id, row.attempts)


def settle(session: Session, begun: Begun, answer: Answer, now: datetime) -> bool:
    """Write the relay's answer down. False when a newer attempt exists: its answer counts.

    A row that was given up as unknown while this worker slept still takes the answer: it is the
    truth about the only attempt that was made.
    """
    session.execute(
        update(Attempt)
        .where(Attempt.delivery_id == begun.delivery_id, Attempt.number == begun.number)
        .values(
            ended_at=now,
            relay=answer.relay,
            outcome=answer.outcome,
            code=answer.code,
            answer=answer.text,
        )
    )
    return _changed(
        session,
        update(Delivery)
        .where(
            Delivery.id == begun.delivery_id,
            Delivery.attempts == begun.number,
            Delivery.state.in_([DeliveryState.CLAIMED, DeliveryState.UNKNOWN]),
        )
        .values(**_after(session, begun, answer, now), claimed_by=None, claimed_until=None),
    )


def release(session: Session, ids: Sequence[int], worker: str) -> None:
    """Give back what was claimed and not begun."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.id.in_(ids),
            Delivery.claimed_by == worker,
            Delivery.state == DeliveryState.CLAIMED,
            ~_open_attempt(),
        )
        .values(state=DeliveryState.QUEUED, claimed_by=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


def take_over(session: Session, now: datetime) -> tuple[int, int]:
    """End the leases of workers that are gone. (put back, unknown): how many rows of each.

    A message whose attempt had begun may have been taken by the relay: nobody knows, and the row
    says so rather than sending it twice.
    """
    expired = update(Delivery).where(
        Delivery.state == DeliveryState.CLAIMED, Delivery.claimed_until < now
    )
    expired = expired.execution_options(synchronize_session=False)
    free = {"claimed_by": None, "claimed_until": None}
    unknown = _count(
        session,
        expired.where(_open_attempt()).values(state=DeliveryState.UNKNOWN, settled_at=now, **free),
    )
    put_back = _count(session, expired.values(state=DeliveryState.QUEUED, **free))
    return put_back, unknown


def finish(session: Session, now: datetime) -> int:
    """Mark issues of which no delivery waits any more; how many."""
    waiting = exists().where(Delivery.issue_id == Issue.id, Delivery.state.in_(WAITING))
    return _count(
        session,
        update(Issue)
        .where(Issue.frozen_at.is_not(None), Issue.finished_at.is_(None), ~waiting)
        .values(finished_at=now)
        .execution_options(synchronize_session=False),
    )


def _held(delivery_id: int, worker: str, now: datetime) -> Select[Delivery]:
    return (
        select(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state == DeliveryState.CLAIMED,
            Delivery.claimed_by == worker,
            Delivery.claimed_until > now,
        )
        .with_for_update()
    )


def _why_not(session: Session, row: Delivery) -> str | None:
    current = session.scalar(
        select(Membership.id)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.id == row.membership_id, may_be_mailed())
    )
    return None if current else "left"


def _fail(row: Delivery, cause: str, now: datetime) -> None:
    row.state = DeliveryState.FAILED
    row.cause = cause
    row.settled_at = now
    row.claimed_by = row.claimed_until = None


def _after(session: Session, begun: Begun, answer: Answer, now: datetime) -> dict[str, object]:
    """What a delivery becomes after this answer."""
    match answer.outcome:
        case Outcome.SENT:
            return {"state": DeliveryState.SENT, "settled_at": now}
        case Outcome.UNKNOWN:
            return {"state": DeliveryState.UNKNOWN, "settled_at": now}
        case Outcome.GIVE_UP:
            return {"state": DeliveryState.FAILED, "cause": "refused", "settled_at": now}
        case (
            Outcome.RELAY_TROUBLE
        ):  # says nothing of this member, so it is never a reason to give up
            return {"state": DeliveryState.RETRY, "next_try_at": now + RELAY_PAUSE}
        case Outcome.RETRY:
            again = next_try(_refusals(session, begun), now)
            if again is None:
                return {"state": DeliveryState.FAILED, "cause": "gave up", "settled_at": now}
            return {"state": DeliveryState.RETRY, "next_try_at": again}


def _refusals(session: Session, begun: Begun) -> int:
    """How often this delivery itself was put off, the present time included."""
    statement = select(func.count()).where(
        Attempt.delivery_id == begun.delivery_id, Attempt.outcome == Outcome.RETRY
    )
    return session.scalar(statement) or 0


def _open_attempt() -> Exists:
    return exists().where(
        Attempt.delivery_id == Delivery.id,
        Attempt.number == Delivery.attempts,
        Attempt.ended_at.is_(None),
    )


def _count(session: Session, statement: object) -> int:
    result: CursorResult[object] = session.execute(statement)  # type: ignore[call-overload]
    return result.rowcount


def _changed(session: Session, statement: object) -> bool:
    return _count(session, statement) == 1
