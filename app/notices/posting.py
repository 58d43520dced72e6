"""Notices are written in the transaction that wants them, and mailed by a job until taken."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Select, delete
from sqlalchemy.orm import Session

from app.clock import now
from app.links import Links, Purpose
from app.mail.answers import Answer, unsendable
from app.mail.smtp import Client
from app.notices import mailing
from app.notices.models import Notice
from app.services import Services
from app.vault import Unreadable, Vault

SEALED_AS = "notice"
LIFETIME = timedelta(days=3)
KEPT = timedelta(days=90)  # the row, without its words, after it is over


@dataclass(frozen=True)
class Wanted:
    """`sender`: of the envelope, where the mail's failure goes; empty for nowhere."""

    kind: str
    recipient: str
    sender: str = ""
    lifetime: timedelta = LIFETIME
    conversation_id: int | None = None
    written_by: int | None = None


def post(
    session: Session,
    vault: Vault,
    links: Links,
    wanted: Wanted,
    write: Callable[[int, str], EmailMessage | bytes],
    at: datetime,
) -> Notice:
    """Write a mail that is to go out: `write` is given the notice's id and its Message-ID.

    ValueError for what cannot stand in a mail.
    """
    notice = Notice(
        kind=wanted.kind,
        sender=wanted.sender,
        recipient=wanted.recipient,
        raw=b"",
        created_at=at,
        expires_at=at + wanted.lifetime,
        next_try_at=at,
        conversation_id=wanted.conversation_id,
        written_by=wanted.written_by,
    )
    session.add(notice)
    session.flush()  # its Message-ID names it
    message_id = f"<{links.sign(Purpose.NOTICE_ID, notice.id)}@{links.mail_domain}>"
    written = write(notice.id, message_id)
    message = written if isinstance(written, bytes) else written.as_bytes()
    notice.raw = vault.seal(message, SEALED_AS)
    return notice


def content(vault: Vault, notice: Notice) -> bytes:
    """The mail itself. Unreadable when its key is gone."""
    return vault.open(notice.raw, SEALED_AS)


def is_due(session: Session, at: datetime) -> bool:
    return session.scalar(_due(at).limit(1)) is not None


def mail_due(services: Services) -> int:
    """Mail the notices that are due; how many were tried."""
    return mailing.mail_each(services, Notice, _due, _mail)


def forget_old(session: Session, at: datetime) -> None:
    """What staff wrote stays with its conversation."""
    session.execute(
        delete(Notice).where(Notice.expires_at < at - KEPT, Notice.conversation_id.is_(None))
    )


def _due(at: datetime) -> Select[int]:
    return mailing.due(Notice, at)


def _mail(services: Services, client: Client, notice_id: int) -> None:
    with services.database.reading() as session:
        notice = session.get_one(Notice, notice_id)
        sender, recipient = notice.sender, notice.recipient
        over = notice.expires_at <= now()
        message = _readable(services, notice)
    if over:
        answer = None
    elif isinstance(message, Answer):
        answer = message
    else:
        answer = client.send(sender, recipient, message)
    with services.database.writing() as session:
        _settle(session.get_one(Notice, notice_id), answer, now())


def _readable(services: Services, notice: Notice) -> bytes | Answer:
    """The mail, or the answer of one that nobody can read: it must not stop the others."""
    try:
        return services.signed(content(services.vault, notice))
    except Unreadable as error:
        return unsendable(str(error))


def _settle(notice: Notice, answer: Answer | None, at: datetime) -> None:
    """None: it is of no use any more."""
    if answer is None:
        notice.next_try_at = None
    elif mailing.settle(notice, answer, at):
        notice.sent_at = at
