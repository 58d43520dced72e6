"""What staff choose of an issue's page on the web, and what they should know of it."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.archive import keeping, since
from app.errors import InvalidInput, Refused
from app.issues.models import Archived, Issue
from app.links import Links
from app.staff import audit
from app.staff.models import Staff


@dataclass(frozen=True)
class Page:
    """`address` is empty while nobody may read it. `withheld`: whether some cases are left
    out; `rewritten`: cases that were changed after they were mailed; `is_kept`: whether their
    words of that day are known."""

    address: str
    withheld: bool
    rewritten: tuple[str, ...]
    is_kept: bool


def choose(session: Session, issue: Issue, who: str, staff: Staff) -> bool:
    """False when it was chosen before. Refused for an issue that has not gone out."""
    if who not in list(Archived):
        raise InvalidInput(_("Nothing was changed: say who may read it."))
    if issue.frozen_at is None:
        raise Refused(_("This issue has not gone out yet, so there is no page of it."))
    if issue.archive == who:
        return False
    issue.archive = Archived(who).value
    audit.record(session, "issue.archived", issue, staff, readers=issue.archive)
    return True


def page_of(session: Session, links: Links, issue: Issue) -> Page:
    """Of an issue that went out."""
    mailed_at = issue.frozen_at
    return Page(
        address=_address(links, issue),
        withheld=any(standing is not since.Now.OPEN for standing in since.cases(issue).values()),
        rewritten=tuple(c.title for c in issue.cases if mailed_at and c.updated_at > mailed_at),
        is_kept=keeping.is_kept(session, issue),
    )


def _address(links: Links, issue: Issue) -> str:
    if issue.archive == Archived.PUBLIC:
        return f"{links.base_url}/archive/{issue.network.code}/{issue.id}"
    return links.archive_url(issue.id) if issue.archive == Archived.MEMBERS else ""
