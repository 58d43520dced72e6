"""The audit trail: who did what to what, and when. Counts and codes, never addresses."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Base
from app.staff.models import AuditEntry, Staff


def record(
    session: Session, action: str, subject: Base | None, staff: Staff | None, **detail: Any
) -> None:
    """`action` is what was done, as "issue.scheduled"; `staff` is None on the command line."""
    session.flush()  # a new subject gets its id
    identity = inspect(subject).identity if subject is not None else None
    session.add(
        AuditEntry(
            at=now(),
            staff_id=staff.id if staff else None,
            action=action,
            subject_type=subject.__tablename__ if subject is not None else "",
            subject_id=identity[0] if identity else None,
            detail=detail,
        )
    )
