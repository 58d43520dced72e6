"""Keeping an issue's words as they are on the day they are fixed, and finding them again."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.archive.document import from_document, to_document
from app.archive.models import FrozenWords
from app.issues.composing import NOWHERE, House, content_of
from app.issues.models import Issue
from newsletters.content import Issue as Content


def keep(session: Session, issue: Issue, now: datetime, house: House = NOWHERE) -> None:
    """Called once for an issue, when it is frozen."""
    content = content_of(issue, issue.offers, house)
    session.add(
        FrozenWords(
            issue_id=issue.id,
            language=content.language,
            content=to_document(content),
            at=now,
        )
    )


def is_kept(session: Session, issue: Issue) -> bool:
    """False for an issue that an earlier version of Docket sent."""
    return session.get(FrozenWords, (issue.id, issue.language)) is not None


def words_of(session: Session, issue: Issue, house: House = NOWHERE, language: str = "") -> Content:
    """As they were mailed, with every ask; for an issue that an earlier version of Docket sent, as
    they are now. `language`: an edition's."""
    for wanted in dict.fromkeys((language or issue.language, issue.language)):
        kept = session.get(FrozenWords, (issue.id, wanted))
        if kept is not None:
            return from_document(kept.content)
    return content_of(issue, issue.offers, house, language)
