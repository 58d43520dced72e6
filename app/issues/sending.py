"""What a coordinator sees and does around a sending: checks before, the course of it, its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery import preparing
from app.delivery.audience import Resting, count_by_offer, count_by_sector, resting
from app.errors import InvalidInput
from app.issues.checks import Finding, Kind, Reach, findings
from app.issues.composing import House
from app.issues.models import Issue
from app.services import Services

unschedule = preparing.unschedule
SLACK = timedelta(minutes=2)  # between the minute that a page shows and this one


@dataclass(frozen=True)
class Overview:
    """Whom the issue reaches with what, who rests, and what is found of it."""

    reach: Reach
    by_offer: Mapping[int, int]
    resting: Resting
    findings: Sequence[Finding]

    @property
    def recipients(self) -> int:
        return self.reach.recipients

    @property
    def editions(self) -> int:
        return len(self.reach.by_edition)

    @property
    def idle(self) -> int:
        return self.reach.idle

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What stops the sending: (where, what)."""
        return [(one.where, one.what) for one in self.findings if one.kind is Kind.STOPS]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        return [(one.where, one.what) for one in self.findings if one.kind is Kind.WARNS]


def overview(session: Session, services: Services, issue: Issue, now: datetime) -> Overview:
    reach = Reach(count_by_sector(session, issue))
    house = House.of(services.settings)
    return Overview(
        reach=reach,
        by_offer=count_by_offer(issue, reach.by_edition),
        resting=resting(session, issue),
        findings=findings(session, issue, reach, house, now),
    )


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
