"""Test mails: each form of an issue to a few people, marked as such. Their links record nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from email_validator import EmailNotValidError
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery.audience import chosen, count_by_edition
from app.errors import InvalidInput
from app.issues.composing import House, content_of
from app.issues.models import Issue
from app.issues.preview import as_test
from app.networks.addresses import check_address
from app.notices import posting
from app.notices.posting import Wanted
from app.services import Services
from newsletters.checking import check
from newsletters.content import CompositionError
from newsletters.content import Issue as Content

KIND = "test"
MOST_PEOPLE, MOST_EDITIONS = 10, 8


@dataclass(frozen=True)
class Tried:
    """`mails` are on their way; `left_out` forms of the issue, which the fewest members get."""

    mails: int
    left_out: int


def people_of(addresses: Sequence[str]) -> list[str]:
    """The addresses as they are written to. InvalidInput names those that cannot be."""
    if not addresses:
        raise InvalidInput(_("Name at least one person who gets the test."))
    if len(addresses) > MOST_PEOPLE:
        raise InvalidInput(_("At most %(most)s people get a test.", most=MOST_PEOPLE))
    found, problems = [], []
    for written in addresses:
        try:
            found.append(check_address(written).email)
        except EmailNotValidError:
            problems.append((written, _("This is not an address that mail can reach.")))
    if problems:
        raise InvalidInput(_("No test was sent. Mend these addresses:"), problems)
    return list(dict.fromkeys(found))


def send_test(
    session: Session,
    services: Services,
    issue: Issue,
    people: Sequence[str],
    staff_id: int | None,
    now: datetime,
) -> Tried:
    """One mail for each person and form. The people are remembered for the network's next test.

    InvalidInput when the issue cannot be composed: it says where.
    """
    editions = count_by_edition(session, issue) or {tuple(o.id for o in issue.offers): 0}
    common = sorted(editions, key=lambda ids: -editions[ids])[:MOST_EDITIONS]
    for number, ids in enumerate(common, 1):
        content = content_of(issue, chosen(issue, ids), House.of(services.settings))
        _require_mailable(content)
        mark = f"[{_('Test %(number)s of %(all)s', number=number, all=len(common))}] "
        marked = replace(content, subject=mark + content.subject)
        for address in people:
            _post(session, services, issue, marked, address, staff_id, now)
    issue.network.test_people = list(people)
    return Tried(len(common) * len(people), len(editions) - len(common))


def _require_mailable(content: Content) -> None:
    """InvalidInput names what stops it."""
    if problems := [problem.words(_) for problem in check(content) if problem.stops]:
        raise InvalidInput(_("No test was sent. Mend this first:"), problems)


def _post(
    session: Session,
    services: Services,
    issue: Issue,
    content: Content,
    address: str,
    staff_id: int | None,
    now: datetime,
) -> None:
    def write(_notice_id: int, message_id: str) -> bytes:
        return as_test(services, issue, content, address, message_id, now)

    wanted = Wanted(KIND, address, written_by=staff_id)
    try:
        posting.post(session, services.vault, services.links, wanted, write, now)
    except CompositionError as error:
        problems = [(_("The issue"), str(error))]
        raise InvalidInput(_("No test was sent. Mend this first:"), problems) from error
