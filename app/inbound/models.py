"""Mail that came in: kept as it came, encrypted, before anybody thinks about it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.db import Base, Key


class MailState(StrEnum):
    RECEIVED = "received"  # stored; nobody has looked at it
    SORTED = "sorted"
    QUARANTINED = "quarantined"  # too strange to act upon; staff may look


class InboundMail(Base):
    """One mail, however often and through whichever door it came."""

    __tablename__ = "inbound_mail"
    __table_args__ = (
        Index(
            "ix_inbound_mail_waiting",
            "next_try_at",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        Index(None, "state", "kind", "id"),
        Index(None, "conversation_id"),
        Index(None, "received_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    received_at: Mapped[datetime]
    size: Mapped[int]  # bytes
    # Sealed: the first piece, which is all of nearly every mail. None once expired.
    raw: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    state: Mapped[str] = mapped_column(default=MailState.RECEIVED.value)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    kind: Mapped[str | None]  # app.inbound.sorting.shapes.Kind
    why: Mapped[str] = mapped_column(default="")
    delivery_id: Mapped[int | None] = mapped_column(Key)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))

    arrivals: Mapped[list["InboundArrival"]] = relationship(order_by="InboundArrival.id")


class InboundPiece(Base):
    """What does not fit into a large mail's row (app.inbound.pieces)."""

    __tablename__ = "inbound_piece"

    mail_id: Mapped[int] = mapped_column(
        ForeignKey("inbound_mail.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)  # from 1; the first is in the row
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class InboundArrival(Base):
    """A door through which a mail came, for one of its recipients."""

    __tablename__ = "inbound_arrival"
    __table_args__ = (UniqueConstraint("mail_id", "recipient"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("inbound_mail.id", ondelete="CASCADE"))
    door: Mapped[str]  # smtp, pipe, imap, http, or a provider
    envelope_from: Mapped[str | None]  # RFC 5321; empty for the null sender, None where not known
    recipient: Mapped[str]  # in lower case; empty where the door knows none
    at: Mapped[datetime]


class Mailbox(Base):
    """How far a mailbox was fetched (RFC 3501 2.3.1.1): UIDs count within one UIDVALIDITY."""

    __tablename__ = "mailbox"

    name: Mapped[str] = mapped_column(primary_key=True)  # user@host/folder
    uid_validity: Mapped[int] = mapped_column(Key)
    last_uid: Mapped[int] = mapped_column(Key)
    tries: Mapped[int] = mapped_column(default=0)  # of the message after that
    seen_at: Mapped[datetime]
    trouble: Mapped[str | None]  # why it cannot be read just now
