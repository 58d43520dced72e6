"""The reply inbox: which conversations, how many, page by page."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from app.conversations.models import Conversation, ConversationState, Label
from app.networks.models import Member
from app.staff.models import Role, Staff

PAGE = 50
MOST_COUNTED = 100


@dataclass(frozen=True)
class Wanted:
    staff: Staff
    network_id: int | None = None
    strays: bool = False  # those of no network alone
    label: Label | None = None
    mine: bool = False  # handed to whoever asks
    text: str = ""  # of the correspondent


def counts(session: Session, wanted: Wanted) -> dict[str, int]:
    """State -> how many."""
    rows = session.execute(
        select(Conversation.state, func.count())
        .outerjoin(Member, Member.id == Conversation.member_id)
        .where(*_where(wanted))
        .group_by(Conversation.state)
    )
    found = {row[0]: row[1] for row in rows}
    return {state.value: found.get(state.value, 0) for state in ConversationState}


def page(
    session: Session, wanted: Wanted, state: ConversationState, number: int
) -> list[Conversation]:
    """The newest first."""
    shown = (Conversation.network, Conversation.member, Conversation.assignee)
    return list(
        session.scalars(
            select(Conversation)
            .outerjoin(Member, Member.id == Conversation.member_id)
            .options(*(joinedload(one) for one in shown))
            .where(*_where(wanted), Conversation.state == state.value)
            .order_by(Conversation.touched_at.desc(), Conversation.id.desc())
            .limit(PAGE)
            .offset((number - 1) * PAGE)
        )
    )


def unread(session: Session, staff: Staff) -> int:
    """How many this member of staff has to read, as far as MOST_COUNTED."""
    some = (
        select(literal(1))
        .select_from(Conversation)
        .where(Conversation.state == ConversationState.UNREAD.value, *_theirs(staff))
        .limit(MOST_COUNTED)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def unread_by_network(session: Session, staff: Staff) -> dict[int | None, int]:
    rows = session.execute(
        select(Conversation.network_id, func.count())
        .where(Conversation.state == ConversationState.UNREAD.value, *_theirs(staff))
        .group_by(Conversation.network_id)
    )
    return {row[0]: row[1] for row in rows}


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = _theirs(wanted.staff)
    if wanted.network_id is not None:
        found.append(Conversation.network_id == wanted.network_id)
    if wanted.strays:
        found.append(Conversation.network_id.is_(None))
    if wanted.label is not None:
        found.append(Conversation.label == wanted.label.value)
    if wanted.mine:
        found.append(Conversation.assigned_to == wanted.staff.id)
    if wanted.text:
        found.append(
            or_(
                Conversation.correspondent.icontains(wanted.text, autoescape=True),
                Member.name.icontains(wanted.text, autoescape=True),
            )
        )
    return found


def _theirs(staff: Staff) -> list[ColumnElement[bool]]:
    """Admins also see those of no network."""
    if staff.role == Role.ADMIN:
        return []
    return [Conversation.network_id.in_([network.id for network in staff.networks])]
