"""What a coordinator sees and does around a sending: checks before, the course of it, its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery import preparing
from app.delivery.audience import Resting, chosen, count_by_edition, count_by_offer, resting
from app.errors import InvalidInput
from app.issues.composing import content_of, stops
from app.issues.models import Issue
from app.services import Services
from app.translating import into
from newsletters import wire
from newsletters.checking import check
from newsletters.content import CompositionError
from newsletters.content import Issue as Content

unschedule = preparing.unschedule
CLIP_WARNING = 90_000  # bytes
SLACK = timedelta(minutes=2)  # between the minute that a page shows and this one


@dataclass(frozen=True)
class Overview:
    """`recipients` members in `editions` forms; `idle` of them have no ask. Problems stop a
    sending, warnings do not: (where, what)."""

    recipients: int
    editions: int
    idle: int
    by_offer: Mapping[int, int]
    resting: Resting
    problems: list[tuple[str, str]]
    warnings: list[tuple[str, str]]


def overview(session: Session, services: Services, issue: Issue, now: datetime) -> Overview:
    editions = count_by_edition(session, issue)
    problems = stops(issue, now)
    warnings: list[tuple[str, str]] = []
    if not editions:
        problems.append((_("Recipients"), _("This network has no member who may be mailed.")))
    if not issue.offers:
        problems.append((_("Asks"), _("There is none. Add a case, and tick what members can do.")))
    by_offer = count_by_offer(issue, editions)
    warnings += [
        (offer.ask.headline, _("fits no member of this network."))
        for offer in issue.offers
        if editions and not by_offer[offer.id]
    ]
    for ids in editions:
        edition = content_of(issue, chosen(issue, ids))
        for problem in check(edition):
            kind = problems if problem.stops else warnings
            kind.append((problem.where, problem.what))
        if not problems:
            for stops_it, where, what in _compiled(edition):
                (problems if stops_it else warnings).append((where, what))
    return Overview(
        recipients=sum(editions.values()),
        editions=len(editions),
        idle=editions.get((), 0),
        by_offer=by_offer,
        resting=resting(session, issue),
        problems=list(dict.fromkeys(problems)),
        warnings=list(dict.fromkeys(warnings)),
    )


def _compiled(edition: Content) -> Iterator[tuple[bool, str, str]]:
    """What only the finished mail shows: (stops, where, what)."""
    try:
        size = wire.compile(edition, into(edition.language)).size
    except CompositionError as error:
        yield True, _("Words"), str(error)
        return
    if size > CLIP_WARNING:
        text = _("has %(size)s KB; near 102 KB Gmail cuts it off. Shorten it.", size=size // 1000)
        yield False, _("The mail"), text


def send(
    session: Session,
    services: Services,
    issue: Issue,
    at: datetime,
    staff_id: int | None,
    now: datetime,
) -> bool:
    """Schedule the issue for `at`. False when that was done before. InvalidInput lists why not."""
    if issue.scheduled_for is None:
        if at < now - SLACK:
            past = (_("When"), _("This time is past. Leave it empty to send now."))
            raise InvalidInput(_("The issue was not sent. It is kept as a draft."), [past])
        seen = overview(session, services, issue, now)
        if seen.problems:
            text = _("The issue was not sent. It is kept as a draft. Mend this first:")
            raise InvalidInput(text, seen.problems)
    return preparing.schedule(session, issue, at, staff_id, now)


def moment_in(local: datetime, zone: str) -> datetime:
    """A wall-clock time of a network as a moment."""
    return local.replace(tzinfo=ZoneInfo(zone))
