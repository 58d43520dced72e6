"""What relays refuse for good while we speak to them is a bounce too."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.inbound.sorting.hardness import hardness
from app.mail.answers import Answer
from app.networks import histories
from app.networks.histories import Happened
from app.networks.models import AddressEventKind, Member

SOURCE = "smtp"


def note(session: Session, delivery_id: int, answer: Answer, now: datetime) -> bool:
    """Into the history of the member's address. False when it says nothing, or was told before."""
    kind = _kind(answer)
    key = session.scalar(
        select(Member.email_key)
        .join(Delivery, Delivery.member_id == Member.id)
        .where(Delivery.id == delivery_id)
    )
    if kind is None or key is None:
        return False
    mark = f"{SOURCE}:{delivery_id}"
    happened = Happened(kind, SOURCE, answer.enhanced, answer.text, delivery_id, mark)
    return histories.note(session, key, happened, now)


def _kind(answer: Answer) -> AddressEventKind | None:
    if answer.mailbox_full:
        return AddressEventKind.MAILBOX_FULL
    return histories.KINDS.get(hardness(answer.enhanced, answer.code, answer.text))
