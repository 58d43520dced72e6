"""When an issue goes out, by the clocks of those concerned: network, sender, members."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery.audience import recipients
from app.issues.models import Issue
from app.networks.models import Member
from app.staff.models import Staff

MOST_ZONES = 4  # of members that are named


@dataclass(frozen=True)
class Clock:
    """`whose` time it is; `at`, as their clock shows it; for how many `members`."""

    whose: Literal["network", "you", "members"]
    zone: str
    at: datetime
    members: int = 0


def clocks(session: Session, issue: Issue, staff: Staff) -> list[Clock]:
    """Of an issue that waits for its time, else none; each zone once, but for the members'."""
    at = issue.scheduled_for
    if at is None or issue.frozen_at is not None:
        return []
    ours = issue.network.timezone
    found = [Clock("network", ours, at.astimezone(ZoneInfo(ours)))]
    if staff.timezone and staff.timezone != ours:
        found.append(Clock("you", staff.timezone, at.astimezone(ZoneInfo(staff.timezone))))
    for zone, count in _zones(session, issue):
        found.append(Clock("members", zone, at.astimezone(ZoneInfo(zone)), count))
    return found


def _zones(session: Session, issue: Issue) -> list[tuple[str, int]]:
    """Of the recipients who told theirs, the commonest first."""
    told = recipients(issue).where(Member.timezone.is_not(None)).with_only_columns(Member.timezone)
    zones = told.subquery()
    counted = select(zones.c.timezone, func.count()).group_by(zones.c.timezone)
    rows = session.execute(counted.order_by(func.count().desc(), zones.c.timezone))
    return [(zone, count) for zone, count in rows.fetchmany(MOST_ZONES)]
