"""What staff do with a conversation besides answering it."""

from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.conversations.models import Conversation, ConversationState, Label
from app.errors import NotFound
from app.inbound.models import InboundMail
from app.networks.models import Network
from app.notices.models import Notice
from app.staff.models import Role, Staff


class Seen(NamedTuple):
    """The newest mail and the newest answer of a page that somebody looks at; 0 where none is."""

    mail_id: int = 0
    notice_id: int = 0


def newest(session: Session, conversation: Conversation) -> Seen:
    """The ids as they are now."""
    mail = select(func.max(InboundMail.id)).where(InboundMail.conversation_id == conversation.id)
    notice = select(func.max(Notice.id)).where(Notice.conversation_id == conversation.id)
    return Seen(session.scalar(mail) or 0, session.scalar(notice) or 0)


def mark(
    session: Session, conversation: Conversation, state: ConversationState, seen: Seen
) -> bool:
    """False, and it stays as it is, when a mail came that nobody has seen."""
    if newest(session, conversation).mail_id > seen.mail_id:
        return False
    conversation.state = state.value
    return True


def label(conversation: Conversation, chosen: Label | None) -> None:
    conversation.label = chosen and chosen.value
    _read(conversation)


def hand_over(session: Session, conversation: Conversation, staff_id: int | None) -> None:
    """To one who may see it; None: to nobody in particular. NotFound for anybody else."""
    if staff_id is not None and staff_id not in {
        one.id for one in colleagues(session, conversation)
    }:
        raise NotFound(_("Nobody who may read this has that name."))
    conversation.assigned_to = staff_id
    _read(conversation)


def give_to(conversation: Conversation, network: Network) -> None:
    """Where nobody could say which network it belongs to, an admin does."""
    conversation.network_id = network.id
    conversation.assigned_to = None


def colleagues(session: Session, conversation: Conversation) -> list[Staff]:
    """Who may read this conversation, by name."""
    people = session.scalars(
        select(Staff)
        .where(Staff.closed_at.is_(None), Staff.role.in_((Role.ADMIN, Role.COORDINATOR)))
        .order_by(Staff.name, Staff.id)
    )
    return [one for one in people if may_read(one, conversation)]


def may_read(staff: Staff, conversation: Conversation) -> bool:
    if staff.role == Role.ADMIN:
        return True
    theirs = {network.id for network in staff.networks}
    return staff.role == Role.COORDINATOR and conversation.network_id in theirs


def _read(conversation: Conversation) -> None:
    """Whoever does something with it has read it."""
    if conversation.state == ConversationState.UNREAD:
        conversation.state = ConversationState.WAITING.value
