"""A letter: encrypted, shown to few, kept for a time."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.cases.models import Case
from app.db import Base, Key
from app.delivery.models import Delivery
from app.issues.models import Offer


class LetterKind(StrEnum):
    LETTER = "letter"  # what the member sent
    ADDRESSEE = "addressee"  # what an addressee answered


class LetterState(StrEnum):
    UNCHECKED = "unchecked"
    VERIFIED = "verified"
    REJECTED = "rejected"  # it is no evidence


class Letter(Base):
    __tablename__ = "letter"
    __table_args__ = (
        Index(None, "delivery_id", "offer_id"),
        Index(None, "case_id"),
        Index(None, "state", "received_at"),
        Index(None, "expires_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str]
    source: Mapped[str]  # mail or upload
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mail.id"))
    mark: Mapped[str] = mapped_column(unique=True)  # the same letter for the same ask is one
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # its content is deleted; the row stays
    name: Mapped[str]  # of the file, ours: never one that came from outside
    media_type: Mapped[str]  # by its content
    size: Mapped[int]  # bytes
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))  # sealed
    state: Mapped[str] = mapped_column(default=LetterState.UNCHECKED.value)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    checked_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="")

    delivery: Mapped[Delivery] = relationship()
    offer: Mapped[Offer] = relationship()
    case: Mapped[Case] = relationship()
