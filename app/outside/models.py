"""What was seen outside, so that pages need not look: a row for each link and each domain."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Key


class Trouble(StrEnum):
    """Why there is no answer, or none that counts."""

    NONE = ""
    NO_ANSWER = "no answer"
    NO_NAME = "no such name"
    CERTIFICATE = "certificate"
    CIRCLES = "circles"  # too many redirects
    PRIVATE = "private"  # an address that is not of the public internet
    ELSEWHERE = "elsewhere"  # at a port, or by a protocol, with which we do not look
    PASSWORD = "password"  # noqa: S105 - it holds one
    MALFORMED = "malformed"
    INBOX = "local inbox"  # no mail leaves, so nobody asks for records


class Record(StrEnum):
    """What a record in the DNS says."""

    UNKNOWN = ""
    FINE = "fine"
    MISSING = "missing"
    SEVERAL = "several"
    UNREADABLE = "unreadable"
    OPEN = "open"  # SPF that says nothing of servers that it does not name
    EVERYBODY = "everybody"  # SPF that lets every server send
    NOBODY = "nobody"  # SPF that lets none
    WATCHES = "watches"  # DMARC that asks for nothing to be done
    DIFFERS = "differs"  # another key than ours
    STRANGER = "stranger"  # we sign, for a domain that is none of the sender's
    RELAYS = "relays"  # the mail servers sign, with keys that we do not know


class LinkLook(Base):
    __tablename__ = "link_look"
    __table_args__ = (Index(None, "next_look_at"), Index(None, "wanted_at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    address: Mapped[str] = mapped_column(unique=True)  # without its #fragment
    wanted_at: Mapped[datetime]  # when a draft with it was saved last, within an hour
    looked_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime]
    status: Mapped[int | None]  # of HTTP, after redirects
    trouble: Mapped[str] = mapped_column(default=Trouble.NONE.value)
    tries: Mapped[int] = mapped_column(default=0)  # that failed in a row


class DomainLook(Base):
    __tablename__ = "domain_look"
    __table_args__ = (Index(None, "next_look_at"), Index(None, "wanted_at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    domain: Mapped[str] = mapped_column(unique=True)  # of the sender's address, as the DNS has it
    wanted_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime]
    trouble: Mapped[str] = mapped_column(default=Trouble.NONE.value)
    tries: Mapped[int] = mapped_column(default=0)
    returns_to: Mapped[str] = mapped_column(default="")  # the return path's domain: of SPF and MX
    signs_for: Mapped[str] = mapped_column(default="")  # the domain that we sign for, if we do
    spf: Mapped[str] = mapped_column(default=Record.UNKNOWN.value)
    dkim: Mapped[str] = mapped_column(default=Record.UNKNOWN.value)
    dmarc: Mapped[str] = mapped_column(default=Record.UNKNOWN.value)
    mx: Mapped[str] = mapped_column(default=Record.UNKNOWN.value)
