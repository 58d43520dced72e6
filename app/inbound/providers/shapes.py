"""What a provider's post says: plain values, and the ways in which a post is not taken."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.inbound.sorting.shapes import Hardness


class EventKind(StrEnum):
    BOUNCE = "bounce"  # it did not arrive; `hardness` says what that says of the address
    COMPLAINT = "complaint"  # somebody pressed "this is spam"
    UNSUBSCRIBE = "unsubscribe"
    DELIVERED = "delivered"  # the recipient's mail server took it
    DELAYED = "delayed"  # still being tried
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """What happened to one mail to one recipient, as a provider tells it.

    Opens and clicks are none: they count for nothing, and who read what is not ours to keep.
    """

    kind: EventKind
    recipient: str  # in lower case; empty where the provider names none
    provider: str
    event_id: str  # stable: the same event told again has it again
    hardness: Hardness | None = None
    status: str | None = None  # RFC 3463, for example "5.1.1"
    text: str = ""  # what the mail server or the provider said, one line
    at: datetime | None = None
    message_id: str | None = None  # ours (RFC 5322, with angle brackets) or the provider's own
    return_path: str | None = None  # the envelope sender that the provider saw: ours, or its own


class RawMail(NamedTuple):
    """A mail that came in by HTTP. `envelope_from`: empty for the null sender, None where the
    provider does not say."""

    raw: bytes
    envelope_from: str | None = None
    recipients: tuple[str, ...] = ()


class Malformed(ValueError):
    """Not what this provider posts. Its words are ours: nothing of the post is in them."""


class Unsigned(ValueError):
    """Not signed as it must be, too old, or for somebody else. Its words are ours as well."""


class Unverifiable(Exception):
    """Whether it is signed cannot be found out just now: the provider should post it again."""
