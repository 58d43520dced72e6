"""A frozen issue as it was before anything of it was sent."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.delivery.models import Attempt, Chunk, Pace, Quota, Settlement, WorkerLease
from app.issues.models import Issue


def reset(session: Session) -> None:
    for table in (Settlement, Attempt, WorkerLease, Pace, Quota):
        session.execute(delete(table))
    session.execute(update(Chunk).values(claimed_by=None, taken_to=None, done_at=None))
    session.execute(update(Issue).values(finished_at=None, paused_at=None, paused_why=None))
