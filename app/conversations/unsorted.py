"""Mail that could not be sorted: admins look at it, try again, or delete its words."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.conversations import reading, taking
from app.errors import NotFound, Refused
from app.inbound import pieces
from app.inbound.models import InboundMail, MailState
from app.inbound.sorting import parsing, verdict
from app.inbound.sorting.shapes import Kind
from app.links import Links
from app.vault import Vault

PAGE = 50
LARGEST = 1_000_000  # bytes of a mail that is opened for the list
LONGEST = 200  # characters of a header


class Strange(NamedTuple):
    mail: InboundMail
    sender: str  # as its header says it; empty where that was not looked at
    subject: str


def count(session: Session) -> int:
    return session.scalar(select(func.count(InboundMail.id)).where(_unsorted())) or 0


def page(session: Session, vault: Vault, number: int) -> list[Strange]:
    """The newest first."""
    mails = session.scalars(
        select(InboundMail)
        .where(_unsorted())
        .order_by(InboundMail.id.desc())
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    ).all()
    return [_looked_at(session, vault, mail) for mail in mails]


def get(session: Session, mail_id: int) -> InboundMail:
    """NotFound for mail that is sorted, or that does not exist."""
    mail = session.scalars(
        select(InboundMail).where(InboundMail.id == mail_id, _unsorted()).with_for_update()
    ).first()
    if mail is None:
        raise NotFound(_("There is no such mail among those that could not be sorted."))
    return mail


def raw_of(vault: Vault, mail: InboundMail) -> bytes:
    """NotFound when its key is gone."""
    raw = reading.raw_of(vault, mail)
    if raw is None:
        raise NotFound(_("The key that this mail was sealed with is not among SECRET_KEYS."))
    return raw


def try_again(mail: InboundMail, now: datetime) -> None:
    mail.state, mail.attempts, mail.next_try_at = MailState.RECEIVED.value, 0, now


def take_in(session: Session, vault: Vault, links: Links, mail: InboundMail, now: datetime) -> None:
    """Somebody wrote it after all: it becomes a conversation. Refused where that is too strange."""
    raw = reading.raw_of(vault, mail)
    if raw is None or mail.state == MailState.QUARANTINED:
        raise Refused(_("It is too strange to be read as a mail."))
    found = replace(verdict.sort(raw, None, [], lambda _address: None), kind=Kind.REPLY, said=None)
    taking.take(session, vault, links, mail, found, None, now)


def forget(mail: InboundMail) -> None:
    """Delete the words; that a mail came stays, out of this list."""
    pieces.forget(mail)


def _unsorted() -> ColumnElement[bool]:
    nobodys = InboundMail.conversation_id.is_(None) & InboundMail.delivery_id.is_(None)
    unrecognised = (InboundMail.kind == Kind.UNRECOGNISED.value) & nobodys
    strange = InboundMail.state == MailState.QUARANTINED.value
    sorted_out = (InboundMail.state == MailState.SORTED.value) & unrecognised
    return InboundMail.raw.is_not(None) & or_(strange, sorted_out)


def _looked_at(session: Session, vault: Vault, mail: InboundMail) -> Strange:
    if mail.size > LARGEST:
        return Strange(mail, "", "")
    raw = reading.raw_of(vault, mail)
    session.expire(mail, ["raw"])  # fifty of them need not be held at once
    message = parsing.parse(parsing.head_of(raw or b""))
    sender, subject = (parsing.header(message, name)[:LONGEST] for name in ("from", "subject"))
    return Strange(mail, sender, subject)
