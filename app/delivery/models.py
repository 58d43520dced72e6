"""The ledger: one row per member of the frozen audience, written before anything is sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.db import Base, Key
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership


class DeliveryState(StrEnum):
    QUEUED = "queued"
    CLAIMED = "claimed"  # a worker holds it until `claimed_until`
    RETRY = "retry"  # waits for `next_try_at`
    SENT = "sent"  # a relay took it
    FAILED = "failed"  # nobody will try again; `cause` says why
    BOUNCED = "bounced"  # it came back after it was taken
    UNKNOWN = "unknown"  # the relay may or may not have taken it; it never said


WAITING = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.RETRY)
# Members who may have read it: what every rate is counted of. `unknown` stays out, with its count
# beside, since nobody can say that these members were asked.
DELIVERED = (DeliveryState.SENT,)


class Edition(Base):
    """The form of an issue that one group of recipients gets: language x eligible asks."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("issue_id", "language", "offers_key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    language: Mapped[str]
    offers_key: Mapped[str]  # the offers' ids in order, for example "3,7"
    subject: Mapped[str]
    compiled: Mapped[bytes] = deferred(mapped_column(LargeBinary))  # newsletters.wire.Edition
    content_hash: Mapped[str]
    size: Mapped[int]  # bytes of the compiled message

    offers: Mapped[list[Offer]] = relationship(
        secondary="edition_offer", order_by=Offer.position, viewonly=True
    )


class EditionOffer(Base):
    __tablename__ = "edition_offer"

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), primary_key=True, index=True)


class Delivery(Base):
    """One edition to one member. Sector, profession and country are those of the day it was
    frozen, so that a rate by group does not move when a profile does."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("issue_id", "member_id"),
        Index(None, "issue_id", "state"),
        Index(
            "ix_delivery_due",
            "next_try_at",
            "id",
            sqlite_where=text("state IN ('queued', 'retry')"),
            postgresql_where=text("state IN ('queued', 'retry')"),
        ),
        Index(
            "ix_delivery_claimed",
            "claimed_until",
            sqlite_where=text("state = 'claimed'"),
            postgresql_where=text("state = 'claimed'"),
        ),
        Index(None, "member_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    sector: Mapped[str]
    profession: Mapped[str | None]
    country: Mapped[str | None]
    state: Mapped[str]
    cause: Mapped[str | None]  # of failed: refused, gave up, left, suppressed, unsendable
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # when it was sent, failed, bounced or became unknown

    issue: Mapped[Issue] = relationship()
    edition: Mapped[Edition] = relationship()
    member: Mapped[Member] = relationship()
    membership: Mapped[Membership] = relationship()


class Attempt(Base):
    """One try at one delivery: begun before the bytes go out, ended with the relay's answer.

    A row without an end whose worker is gone is a message whose fate nobody knows.
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    number: Mapped[int]
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    relay: Mapped[str]
    outcome: Mapped[str | None]
    code: Mapped[int | None]  # RFC 5321 reply code
    answer: Mapped[str | None]  # the relay's words
