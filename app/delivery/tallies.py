"""How an issue goes out, in numbers: cheap enough to be asked every second, whatever its size.

What is plainly sent is not counted row by row: it is what the chunks hold, less the few that are
otherwise (an index holds those alone), less what is not settled yet.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery.models import Chunk, DeliveryState, Settlement


def counts(session: Session, issue_id: int) -> dict[str, int]:
    """Deliveries by state, every state named."""
    total, settled, leased = _of_chunks(session, issue_id)
    odd, doubted = _odd(session, issue_id)
    found = {state.value: odd.get(state, 0) for state in DeliveryState}
    found[DeliveryState.SENT] = settled - sum(odd.values()) + doubted
    held = min(leased, total - settled)
    found[DeliveryState.CLAIMED] += held
    found[DeliveryState.QUEUED] += total - settled - held
    return found


def uncertain(session: Session, issue_id: int) -> int:
    """Members who may have got the issue twice: nobody could say whether the first was taken."""
    rows = select(func.count()).where(
        Settlement.issue_id == issue_id, Settlement.uncertain > 0, Settlement.attempts > 1
    )
    return session.scalar(rows) or 0


def troubles(session: Session, issue_id: int, limit: int = 5) -> list[tuple[str, int]]:
    """What relays said of deliveries that are not sent, most frequent first."""
    rows = session.execute(
        select(Settlement.answer, func.count())
        .where(
            Settlement.issue_id == issue_id,
            Settlement.state != DeliveryState.SENT,
            Settlement.answer.is_not(None),
        )
        .group_by(Settlement.answer)
        .order_by(func.count().desc(), Settlement.answer)
        .limit(limit)
    )
    return [(answer or "", count) for answer, count in rows]


def _odd(session: Session, issue_id: int) -> tuple[dict[str, int], int]:
    """Settled deliveries that are not plainly sent, by state; how many of them are sent."""
    rows = session.execute(
        select(Settlement.state, func.count())
        .where(
            Settlement.issue_id == issue_id,
            (Settlement.state != DeliveryState.SENT) | (Settlement.uncertain > 0),
        )
        .group_by(Settlement.state)
    )
    odd: dict[str, int] = dict(rows.all())
    return odd, odd.get(DeliveryState.SENT, 0)


def _of_chunks(session: Session, issue_id: int) -> tuple[int, int, int]:
    """(deliveries, settled ones, ones that a worker holds and has not settled)."""
    rows = session.execute(
        select(Chunk.done_at.is_not(None), Chunk.claimed_by.is_not(None), func.sum(Chunk.size))
        .where(Chunk.issue_id == issue_id)
        .group_by(Chunk.done_at.is_not(None), Chunk.claimed_by.is_not(None))
    ).all()
    total = sum(int(size) for _done, _claimed, size in rows)
    done = sum(int(size) for is_done, _claimed, size in rows if is_done)
    claimed = sum(int(size) for is_done, is_claimed, size in rows if is_claimed and not is_done)
    in_part, in_claimed = _settled_in_open_chunks(session, issue_id)
    return total, done + in_part, claimed - in_claimed


def _settled_in_open_chunks(session: Session, issue_id: int) -> tuple[int, int]:
    """Of chunks that are not done, the settled deliveries: all, and those in claimed chunks."""
    rows = session.execute(
        select(Chunk.claimed_by.is_not(None), func.count())
        .join(Settlement, Settlement.delivery_id.between(Chunk.first_id, Chunk.last_id))
        # The issue by its number, not by its column: that would invite a join over all settlements.
        .where(Chunk.issue_id == issue_id, Chunk.done_at.is_(None))
        .where(Settlement.issue_id == issue_id)
        .group_by(Chunk.claimed_by.is_not(None))
    ).all()
    return sum(row[1] for row in rows), sum(row[1] for row in rows if row[0])
