"""Notes on a draft, for those who write it."""

from collections import defaultdict
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.issues.arranging import block_of
from app.issues.models import Issue, Note
from app.staff.models import Staff

LONGEST = 2_000


def leave(
    session: Session, issue: Issue, block_id: int | None, text: str, staff: Staff, now: datetime
) -> Note:
    """On a block, or on the whole issue. InvalidInput when it says nothing or too much."""
    if not text.strip():
        raise InvalidInput(_("The note is empty. Write what should be looked at."))
    if len(text) > LONGEST:
        raise InvalidInput(_("A note has at most %(most)s characters.", most=LONGEST))
    if block_id is not None:
        block_of(issue, block_id)
    note = Note(issue_id=issue.id, block_id=block_id, staff_id=staff.id, at=now, text=text.strip())
    session.add(note)
    return note


def settle(session: Session, issue: Issue, note_id: int, staff: Staff, now: datetime) -> None:
    """What it asked for is done. Once more changes nothing."""
    note = session.get(Note, note_id)
    if note is None or note.issue_id != issue.id:
        raise NotFound(_("This note does not exist."))
    if note.done_at is None:
        note.done_at, note.done_by = now, staff.id


def open_notes(session: Session, issue: Issue) -> dict[int | None, list[tuple[Note, str]]]:
    """By block (None: of the whole issue): each with the name of who left it."""
    rows = session.execute(
        select(Note, Staff.name)
        .outerjoin(Staff, Staff.id == Note.staff_id)
        .where(Note.issue_id == issue.id, Note.done_at.is_(None))
        .order_by(Note.id)
    )
    found: dict[int | None, list[tuple[Note, str]]] = defaultdict(list)
    for note, name in rows:
        found[note.block_id].append((note, name or ""))
    return found
