"""What staff find of a letter: that it is what it seems, or no evidence. A mind may change.

Evidence is appended; what rested on a letter that was rejected is withdrawn, and stays in sight.
"""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.errors import Refused
from app.letters import keeping
from app.letters.models import Letter, LetterState
from app.responses.models import Evidence, Grade
from app.staff import audit
from app.staff.models import Staff


def verify(session: Session, letter: Letter, staff: Staff, remark: str, now: datetime) -> None:
    """Refused once it is deleted: nobody can check what is not there."""
    session.refresh(letter, with_for_update=True)
    if letter.expires_at <= now:
        raise Refused(_("This letter was deleted, so that nobody can check it any more."))
    if not _find(letter, LetterState.VERIFIED, staff, remark, now):
        return
    keeping.add_evidence(session, letter, Grade.VERIFIED, now, staff.id, remark)
    audit.record(session, "letter.verified", letter, staff)


def reject(session: Session, letter: Letter, staff: Staff, remark: str, now: datetime) -> None:
    session.refresh(letter, with_for_update=True)
    if not _find(letter, LetterState.REJECTED, staff, remark, now):
        return
    session.execute(
        update(Evidence)
        .where(Evidence.letter_id == letter.id, Evidence.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    audit.record(session, "letter.rejected", letter, staff)


def _find(letter: Letter, state: LetterState, staff: Staff, remark: str, now: datetime) -> bool:
    """False when it was found so before, in the same words."""
    if letter.state == state and letter.remark == remark:
        return False
    letter.state, letter.remark = state.value, remark
    letter.checked_by, letter.checked_at = staff.id, now
    return True
