"""The versions of an issue: kept by themselves while people write, to look at and to return to."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.issues.document import apply, document_of
from app.issues.models import Issue, Version

IN_ONE_GO = timedelta(minutes=10)  # between two changes of one version


def keep(session: Session, issue: Issue, staff_id: int | None, now: datetime) -> Version:
    """The issue as it stands: the newest version, written on where the same person goes on."""
    session.flush()  # the document names new blocks by their ids
    document = document_of(issue, with_ids=True)
    last = newest(session, issue)
    if last is not None:
        if last.document == document:
            return last
        if last.staff_id == staff_id and not last.is_kept and now - last.ended_at < IN_ONE_GO:
            last.document, last.ended_at = document, now
            return last
    version = Version(
        issue_id=issue.id,
        number=1 + (last.number if last else 0),
        began_at=now,
        ended_at=now,
        staff_id=staff_id,
        document=document,
    )
    session.add(version)
    session.flush()  # an approval may name it
    return version


def begin(session: Session, issue: Issue, now: datetime) -> None:
    """The issue before its first change here, so that there is something to return to."""
    if newest(session, issue) is None:
        keep(session, issue, issue.changed_by or issue.created_by, now).is_kept = True


def newest(session: Session, issue: Issue) -> Version | None:
    return session.scalars(_of(issue).limit(1)).first()


def versions_of(session: Session, issue: Issue) -> list[Version]:
    """Newest first."""
    return list(session.scalars(_of(issue)))


def version_or_404(session: Session, issue: Issue, number: int) -> Version:
    found = session.scalars(_of(issue).where(Version.number == number)).first()
    if found is None:
        raise NotFound(_("There is no such version of this issue."))
    return found


def before(session: Session, issue: Issue, version: Version) -> Version | None:
    return session.scalars(_of(issue).where(Version.number < version.number).limit(1)).first()


def return_to(
    session: Session, issue: Issue, version: Version, staff_id: int | None, now: datetime
) -> None:
    """Refused when the issue is no draft. What stood there until now is a version too."""
    session.refresh(issue, with_for_update=True)
    keep(session, issue, issue.changed_by, now).is_kept = True
    apply(session, issue, version.document, now)
    issue.changed_by = staff_id
    keep(session, issue, staff_id, now)


def _of(issue: Issue) -> Select[Version]:
    return select(Version).where(Version.issue_id == issue.id).order_by(Version.number.desc())
