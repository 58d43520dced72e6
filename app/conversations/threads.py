"""A conversation as it is read: mails and answers in the order in which they were written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from app.conversations import reading, replying
from app.conversations.models import Conversation
from app.conversations.reading import Read
from app.inbound.models import InboundMail
from app.notices.models import Notice
from app.staff.models import Staff
from app.vault import Vault

NEWEST = 20  # of either side that are opened


@dataclass(frozen=True)
class Turn:
    """One mail: theirs, or an answer of ours."""

    at: datetime
    mail: InboundMail | None = None
    read: Read | None = None  # None: its words are gone, or sealed for good
    is_gone: bool = False
    notice: Notice | None = None
    text: str | None = None  # of the answer
    writer: Staff | None = None


def turns(session: Session, vault: Vault, conversation: Conversation) -> list[Turn]:
    """The newest of either side, oldest first."""
    theirs = [_theirs(session, vault, mail) for mail in _mails(session, conversation)]
    ours = [
        Turn(
            notice.created_at,
            notice=notice,
            text=replying.text_of(vault, notice),
            writer=session.get(Staff, notice.written_by) if notice.written_by else None,
        )
        for notice in _notices(session, conversation)
    ]
    return sorted([*theirs, *ours], key=lambda turn: turn.at)


def _theirs(session: Session, vault: Vault, mail: InboundMail) -> Turn:
    is_gone, read = mail.raw is None, reading.read(vault, mail)
    session.expire(mail, ["raw"])  # twenty large ones need not be held at once
    return Turn(mail.received_at, mail=mail, read=read, is_gone=is_gone)


def has_older(session: Session, conversation: Conversation) -> bool:
    """Whether there is more than is shown."""
    counted = (
        select(func.count())
        .where(InboundMail.conversation_id == conversation.id)
        .scalar_subquery(),
        select(func.count()).where(Notice.conversation_id == conversation.id).scalar_subquery(),
    )
    mails, notices = session.execute(select(*counted)).one()
    return bool(mails > NEWEST or notices > NEWEST)


def _mails(session: Session, conversation: Conversation) -> Sequence[InboundMail]:
    return session.scalars(
        select(InboundMail)
        .where(InboundMail.conversation_id == conversation.id)
        .order_by(InboundMail.id.desc())
        .limit(NEWEST)
    ).all()


def _notices(session: Session, conversation: Conversation) -> Sequence[Notice]:
    return session.scalars(
        select(Notice)
        .where(Notice.conversation_id == conversation.id)
        .options(undefer(Notice.raw))
        .order_by(Notice.id.desc())
        .limit(NEWEST)
    ).all()
