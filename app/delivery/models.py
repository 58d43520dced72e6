"""The ledger: one row per member of the frozen audience, written before anything is sent.

Rows of `delivery` never change. What became of them stands in `settlement`, written when the relay
has answered; until then a delivery waits, and the chunk it belongs to says who holds it (ADR 9).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.db import NEVER_AGAIN, Base, Key
from app.issues.models import Issue, Offer
from app.networks.models import Member, Membership


class DeliveryState(StrEnum):
    QUEUED = "queued"  # nothing is settled, and nobody holds it
    CLAIMED = "claimed"  # a worker holds it
    RETRY = "retry"  # waits for `next_try_at`
    SENT = "sent"  # a relay took it
    FAILED = "failed"  # nobody will try again; `cause` says why
    BOUNCED = "bounced"  # it came back after it was taken
    UNKNOWN = "unknown"  # the relay may or may not have taken it; staff decide


class Cause(StrEnum):
    """Why a delivery failed, or waits."""

    REFUSED = "refused"
    GAVE_UP = "gave up"
    UNSENDABLE = "unsendable"  # it cannot be written, or no relay could ever take it
    LEFT = "left"  # the member left or pauses, or the address was suppressed, after the freeze
    STOPPED = "stopped"  # staff stopped the rest
    PUT_OFF = "put off"  # its mail server asked for another time
    PACED = "paced"  # its domain takes so many at a time
    UNCERTAIN = "uncertain"  # it may have been taken; it is sent again, with the same Message-ID


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
    frozen, so that a rate by group does not move when a profile does.

    No foreign keys: one statement writes a million rows out of the very tables they would point
    to, and checking each again costs more than writing it (ADR 9).
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("member_id", "issue_id"),
        Index("ix_delivery_issue", "issue_id", "edition_id"),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(Key)
    edition_id: Mapped[int] = mapped_column(Key)
    member_id: Mapped[int] = mapped_column(Key)
    membership_id: Mapped[int] = mapped_column(Key)
    sector: Mapped[str]
    profession: Mapped[str | None]
    country: Mapped[str | None]

    issue: Mapped[Issue] = relationship(
        primaryjoin=lambda: Issue.id == Delivery.issue_id, foreign_keys=issue_id
    )
    edition: Mapped[Edition] = relationship(
        primaryjoin=lambda: Edition.id == Delivery.edition_id, foreign_keys=edition_id
    )
    member: Mapped[Member] = relationship(
        primaryjoin=lambda: Member.id == Delivery.member_id, foreign_keys=member_id
    )
    membership: Mapped[Membership] = relationship(
        primaryjoin=lambda: Membership.id == Delivery.membership_id, foreign_keys=membership_id
    )
    settlement: Mapped["Settlement | None"] = relationship(
        primaryjoin=lambda: Settlement.delivery_id == Delivery.id,
        foreign_keys=lambda: Settlement.delivery_id,
        viewonly=True,
    )

    @property
    def state(self) -> DeliveryState:
        """Of this one row; statements join Settlement and use STATE."""
        held = self.settlement
        return DeliveryState.QUEUED if held is None else DeliveryState(held.state)


class Chunk(Base):
    """Up to some hundred deliveries of one edition with neighbouring ids: what a worker leases.

    `taken_to`: the last id that its worker may have begun; what lies behind is surely unsent.
    """

    __tablename__ = "chunk"
    __table_args__ = (
        Index(
            "ix_chunk_free",
            "rank",
            "id",
            sqlite_where=text("done_at IS NULL AND claimed_by IS NULL"),
            postgresql_where=text("done_at IS NULL AND claimed_by IS NULL"),
        ),
        Index(
            "ix_chunk_claimed",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        Index(None, "issue_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    first_id: Mapped[int] = mapped_column(Key)
    last_id: Mapped[int] = mapped_column(Key)
    size: Mapped[int]
    rank: Mapped[int] = mapped_column(default=1)  # the smallest first: 0 is urgent
    claimed_by: Mapped[str | None]  # a worker's name; its row says until when
    taken_to: Mapped[int | None] = mapped_column(Key)
    done_at: Mapped[datetime | None]


class Settlement(Base):
    """What became of a delivery. Written once for nearly all of them, and changed only for those
    that are tried again, come back, or are decided by staff."""

    __tablename__ = "settlement"
    __table_args__ = (
        Index(
            "ix_settlement_due",
            "next_try_at",
            sqlite_where=text("state = 'retry'"),
            postgresql_where=text("state = 'retry'"),
        ),
        Index(
            "ix_settlement_claimed",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        # The few that are not plainly sent: what is counted while an issue goes out.
        Index(
            "ix_settlement_odd",
            "issue_id",
            "state",
            sqlite_where=text("state <> 'sent' OR uncertain > 0"),
            postgresql_where=text("state <> 'sent' OR uncertain > 0"),
        ),
    )

    delivery_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    issue_id: Mapped[int] = mapped_column(Key)
    state: Mapped[str]
    cause: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)  # how often nobody could say if it was taken
    next_try_at: Mapped[datetime | None]
    settled_at: Mapped[datetime]
    relay: Mapped[str | None]
    code: Mapped[int | None]  # RFC 5321 reply code
    answer: Mapped[str | None]  # the relay's newest words
    claimed_by: Mapped[str | None]


# Of a statement that joins Settlement to Delivery from the left: what has no row is queued.
STATE: ColumnElement[str] = func.coalesce(Settlement.state, DeliveryState.QUEUED.value)


class Attempt(Base):
    """A try that did not end the matter: put off, or its fate unknown. The last one, which did,
    stands in the settlement. Append-only."""

    __tablename__ = "attempt"
    __table_args__ = (Index(None, "delivery_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(Key)
    number: Mapped[int]
    ended_at: Mapped[datetime]
    relay: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[int | None]
    answer: Mapped[str | None]


class WorkerLease(Base):
    """A worker process and its one lease: everything it holds is its as long as `beat` grows.

    Others judge it by their own clocks: no wall clock decides who holds what (ADR 10).
    """

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    boot: Mapped[str]  # of its machine: after another boot a journal's end may be missing
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # for people to read
    beat: Mapped[int] = mapped_column(default=0)
    in_flight: Mapped[int] = mapped_column(default=0)
    sent_last_minute: Mapped[int] = mapped_column(default=0)
    answers: Mapped[dict[str, Any]]  # outcome -> how many it has had
    gone_at: Mapped[datetime | None]
    taken_over: Mapped[bool] = mapped_column(default=False)  # it did not say goodbye


class Pace(Base):
    """How fast a relay or a recipient's domain may be used, shared by all workers.

    `key`: "relay:host:port", "domain:example.org" or "issue:7".
    """

    __tablename__ = "pace"

    key: Mapped[str] = mapped_column(primary_key=True)
    next_slot_at: Mapped[datetime | None]  # the first place that nobody has reserved
    held_until: Mapped[datetime | None]
    held_why: Mapped[str | None]
    holds: Mapped[int] = mapped_column(default=0)  # in a row; each is longer than the one before


class Quota(Base):
    """How many messages a relay was given in the running second, hour or day (UTC)."""

    __tablename__ = "quota"

    key: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[int] = mapped_column(primary_key=True)  # how long its window is
    window: Mapped[int] = mapped_column(Key)  # whole windows since 1970
    used: Mapped[int]
