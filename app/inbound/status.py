"""What a watcher of incoming mail asks for. Counts and times only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.inbound.models import InboundArrival, InboundMail, Mailbox, MailState


@dataclass(frozen=True)
class InboundFigures:
    arrivals: Mapping[str, int]  # door -> how many, ever
    waiting: int  # mails that nobody has sorted yet
    quarantined: int
    oldest_waiting_seconds: float
    mailboxes_in_trouble: int


def figures(session: Session, now: datetime) -> InboundFigures:
    by_door = select(InboundArrival.door, func.count()).group_by(InboundArrival.door)
    waits = InboundMail.state == MailState.RECEIVED
    waiting, oldest = session.execute(
        select(func.count(), func.min(InboundMail.received_at)).where(waits)
    ).one()
    quarantined = InboundMail.state == MailState.QUARANTINED
    return InboundFigures(
        arrivals=dict(session.execute(by_door).all()),
        waiting=waiting,
        quarantined=session.scalar(select(func.count(InboundMail.id)).where(quarantined)) or 0,
        oldest_waiting_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        mailboxes_in_trouble=session.scalar(
            select(func.count()).select_from(Mailbox).where(Mailbox.trouble.is_not(None))
        )
        or 0,
    )
