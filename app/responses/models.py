"""What members say of each ask: append-only, the newest row counts."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Key
from app.delivery.models import Delivery
from app.issues.models import Offer


class Answer(StrEnum):
    DONE = "done"
    WILL_DO = "will_do"
    COULD_NOT = "could_not"  # tried, and it did not work
    CANNOT = "cannot"
    ALREADY = "already"  # had done it before we asked
    UNDONE = "undone"  # took the last answer back: silence again


class Channel(StrEnum):
    LINK = "link"
    STAFF = "staff"
    MAIL = "mail"


class Grade(StrEnum):
    EVIDENCED = "evidenced"  # a copy of the letter, an addressee's reply
    VERIFIED = "verified"  # staff checked


class Response(Base):
    __tablename__ = "response"
    __table_args__ = (
        Index(None, "delivery_id", "offer_id", "id"),
        Index(None, "offer_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    answer: Mapped[str]
    channel: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    suspect: Mapped[str | None]  # why it may be a robot's; shown, not counted
    seal: Mapped[str | None]  # of a suspect: the nonce of its form, which is not believed again
    letters: Mapped[int | None]
    how: Mapped[str | None]  # post, e-mail, telephone, ...
    acted_on: Mapped[date | None]
    promised_for: Mapped[date | None]
    reply_came: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")

    delivery: Mapped[Delivery] = relationship()
    offer: Mapped[Offer] = relationship()


class Visit(Base):
    """The page of an ask was opened from a mail: by a person or by a scanner, nobody can tell.

    Shown beside the rates, never part of one. `again_at`: the newest opening after the first, to
    within some seconds.
    """

    __tablename__ = "visit"
    __table_args__ = (UniqueConstraint("delivery_id", "offer_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), index=True)
    first_at: Mapped[datetime]
    again_at: Mapped[datetime | None]


class LeavingVisit(Base):
    """The page for leaving was opened from a mail. Who opens it together with an ask's opens every
    link there is."""

    __tablename__ = "leaving_visit"

    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id"), primary_key=True, autoincrement=False
    )
    first_at: Mapped[datetime]
    again_at: Mapped[datetime | None]


class Verdict(StrEnum):
    ACCEPTED = "accepted"  # a person's after all: it counts as of when it was said
    SET_ASIDE = "set_aside"  # nobody's answer


class Resolution(Base):
    """What staff decided of a suspect answer. The newest row of a response counts."""

    __tablename__ = "resolution"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"), index=True)
    verdict: Mapped[str]
    resolved_at: Mapped[datetime]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Evidence(Base):
    """How a response is known beyond the member's word. The strongest row counts."""

    __tablename__ = "evidence"
    __table_args__ = (Index(None, "delivery_id", "offer_id"), Index(None, "offer_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    grade: Mapped[str]
    kind: Mapped[str] = mapped_column(default="")  # letter, addressee; empty where staff say so
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True)
    withdrawn_at: Mapped[datetime | None]  # its letter was rejected: it counts no more
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
