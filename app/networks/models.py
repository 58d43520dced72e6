"""Networks, their members, and how each member came and went."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import NEVER_AGAIN, Base, Key


class Network(Base):
    __tablename__ = "network"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="loose network")
    sector: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    from_name: Mapped[str]
    from_address: Mapped[str]
    reply_to: Mapped[str | None]
    postal_address: Mapped[str] = mapped_column(default="")  # stands in the mail's footer
    about: Mapped[str] = mapped_column(default="")  # shown on the join page
    joining_open: Mapped[bool] = mapped_column(default=True)
    approval_needed: Mapped[bool] = mapped_column(default=False)  # of issues, by a second person
    test_people: Mapped[list[str]] = mapped_column(default=list)  # addresses that get test mails
    created_at: Mapped[datetime]


class Member(Base):
    __tablename__ = "member"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)  # the normalised form
    smtputf8: Mapped[bool] = mapped_column(default=False)  # the local part is not ASCII
    name: Mapped[str] = mapped_column(default="")
    profession: Mapped[str | None]
    country: Mapped[str | None]  # ISO 3166-1 alpha-2
    timezone: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    traits: Mapped[list["MemberTrait"]] = relationship(
        back_populates="member", cascade="all, delete-orphan", order_by="MemberTrait.position"
    )
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="member", order_by="Membership.id"
    )


class TraitKind:
    SPECIALTY = "specialty"
    LANGUAGE = "language"  # BCP 47; the first is the preferred one
    TAG = "tag"


class MemberTrait(Base):
    """One value of a list in the profile, as a row: audiences are chosen by set-based SQL."""

    __tablename__ = "member_trait"
    __table_args__ = (Index(None, "kind", "value", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)  # casefolded
    label: Mapped[str]  # as written
    position: Mapped[int] = mapped_column(default=0)

    member: Mapped[Member] = relationship(back_populates="traits")


LEAST_DAYS = (7, 30)  # how seldom a member may want a newsletter


class Membership(Base):
    """A person in one network from a start to an end. Coming back is a new row."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_current",
            "network_id",
            "member_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "member_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    sector: Mapped[str]  # the network's unless the person's own differs
    source: Mapped[str]  # import, join page, staff
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]  # unsubscribed, staff
    consent_wording: Mapped[str]
    consent_source: Mapped[str]  # where it was given
    consent_at: Mapped[datetime]
    notes: Mapped[str] = mapped_column(default="")  # of this network alone
    leaving_note: Mapped[str] = mapped_column(default="")  # why, if the person said so
    paused_until: Mapped[datetime | None]  # wants no mail before
    least_days: Mapped[int] = mapped_column(default=0)  # wants at most one newsletter in so many

    member: Mapped[Member] = relationship(back_populates="memberships")
    network: Mapped[Network] = relationship()


class Invitation(Base):
    """Somebody asked to confirm that they want to be a member (double opt-in).

    Nobody becomes a member by it: the profile waits here until the confirmation is posted.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        Index(
            "uq_invitation_open",
            "network_id",
            "email_key",
            unique=True,
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    email: Mapped[str]
    email_key: Mapped[str]
    profile: Mapped[dict[str, Any]]
    source: Mapped[str]
    wording: Mapped[str]  # what the person confirms
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]  # the mail is due; None once it is sent or given up
    attempts: Mapped[int] = mapped_column(default=0)
    mailed_at: Mapped[datetime | None]
    last_answer: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]

    network: Mapped[Network] = relationship()


class Suppression(Base):
    """An address that gets no mail from any network, until lifted."""

    __tablename__ = "suppression"
    __table_args__ = (Index(None, "email_key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email_key: Mapped[str]
    reason: Mapped[str]  # unsubscribed, bounced, complained, staff
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class AddressEventKind(StrEnum):
    HARD_BOUNCE = "hard bounce"
    SOFT_BOUNCE = "soft bounce"
    MAILBOX_FULL = "mailbox full"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    ANSWERED = "answered"  # a person wrote to us from it: it works
    SUPPRESSED = "suppressed"
    LIFTED = "lifted"
    CHANGED = "changed"  # the member moved to or from it


class AddressEvent(Base):
    """What happened to an address: append-only, the one history of it."""

    __tablename__ = "address_event"
    __table_args__ = (Index(None, "email_key", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email_key: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]
    source: Mapped[str]  # smtp, mail, page, staff, or a provider
    status: Mapped[str | None]  # RFC 3463
    text: Mapped[str] = mapped_column(default="")  # what the mail server said, or why
    delivery_id: Mapped[int | None] = mapped_column(Key)
    mark: Mapped[str | None] = mapped_column(unique=True)  # the same event twice is one
