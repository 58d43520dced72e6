"""A conversation: what one person wrote about one delivery, and what staff wrote back."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import NEVER_AGAIN, Base, Key
from app.networks.models import Member, Network
from app.staff.models import Staff


class ConversationState(StrEnum):
    UNREAD = "unread"
    WAITING = "waiting"  # read, and somebody owes an answer
    HANDLED = "handled"


class Label(StrEnum):
    OFFER = "offer"  # of help
    QUESTION = "question"
    CORRECTION = "correction"  # of a case


class Doubt(StrEnum):
    """Why an answer that a mail plainly says was only suggested."""

    UNSURE = "unsure"  # the mail is no plain reply to one newsletter
    SENDER = "sender"  # it came from another address than the member's
    SEVERAL = "several"  # the newsletter asked several things
    TALKING = "talking"  # it may answer what staff wrote
    OVER = "over"  # the ask is over, withdrawn or stopped
    OTHERWISE = "otherwise"  # the member has said something else


class Conversation(Base):
    """`network_id` is None where nobody can say which network it belongs to: admins see it."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index(None, "network_id", "state", "touched_at"),
        Index(None, "delivery_id"),
        Index(None, "correspondent"),
        Index(
            "ix_conversation_unread",
            "network_id",
            sqlite_where=text("state = 'unread'"),
            postgresql_where=text("state = 'unread'"),
        ),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int | None] = mapped_column(ForeignKey("network.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    correspondent: Mapped[str]  # who writes: the address's key
    brief: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: subject, from, first words
    state: Mapped[str] = mapped_column(default=ConversationState.UNREAD.value)
    label: Mapped[str | None]
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime]
    touched_at: Mapped[datetime]  # the newest mail of either side
    # An answer that the mail seems to say, for staff to accept; which ask, where that is known.
    suggested: Mapped[str | None]
    suggested_offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    doubt: Mapped[str | None]  # why it is only suggested
    # What was recorded of it, by itself or accepted by staff.
    recorded_id: Mapped[int | None] = mapped_column(ForeignKey("response.id"))

    network: Mapped[Network | None] = relationship()
    member: Mapped[Member | None] = relationship()
    assignee: Mapped[Staff | None] = relationship()
