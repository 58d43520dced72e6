"""What sorting finds out about a mail: plain values, which the rest of Docket acts on."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    BOUNCE = "bounce"  # it did not arrive, or is late: `failures` says whose and why
    COMPLAINT = "complaint"  # RFC 5965: somebody pressed "this is spam"
    AUTOMATIC = "automatic"  # nobody wrote it: out of office, receipts, challenges
    UNSUBSCRIBE = "unsubscribe"
    LETTER = "letter"  # a copy of what a member sent to an addressee
    ADDRESSEE = "addressee"  # what an addressee answered, forwarded to us
    REPLY = "reply"  # a person wrote to us
    UNRECOGNISED = "unrecognised"


class Hardness(StrEnum):
    """What a bounce says of an address (RFC 3463)."""

    HARD = "hard"  # it does not exist, or never takes mail
    SOFT = "soft"  # something is wrong for now, or with this one message
    FULL = "full"  # somebody is there, and has a full mailbox
    LATE = "late"  # still being tried: no failure


class Purpose(StrEnum):
    """What an address of ours is for: the letter before its plus sign."""

    RETURN_PATH = "b"
    REPLY = "r"
    COPY = "c"
    LEAVE = "u"
    TALK = "t"  # a conversation of the reply inbox


class Ours(NamedTuple):
    """A signed address of ours that a mail was sent to. `ids`: the delivery, then the offer in a
    copy's; the conversation in TALK's."""

    purpose: Purpose
    ids: tuple[int, ...]


ReadAddress = Callable[[str], Ours | None]
"""None for an address that is not ours, or whose signature is not."""


class Failure(NamedTuple):
    """One recipient to whom mail did not arrive. `recipient` is None where only VERP says whose."""

    recipient: str | None
    hardness: Hardness
    status: str | None = None  # RFC 3463, for example "5.1.1"
    text: str = ""  # what the mail server said, one line of at most 500 characters
    how: str = ""  # what found it: "dsn", "detector Exim", "returned headers", "words"


class Word(NamedTuple):
    """An answer that a reply's first line plainly says."""

    answer: str  # a value of app.responses.models.Answer
    language: str  # BCP 47


@dataclass(frozen=True)
class Sorted:
    kind: Kind
    why: str = ""  # what decided, for people who look into it: "RFC 3834 Auto-Submitted"
    ours: tuple[Ours, ...] = ()  # our addresses that it came to, in any order, each once
    failures: tuple[Failure, ...] = ()
    on_file: bool = False  # of a letter: an addressee on file wrote it, or it went to one
    complained: str | None = None  # the address of a complaint, where its report names one
    sender: str = ""  # the address in From
    sender_name: str = ""
    subject: str = ""
    message_id: str = ""  # with its angle brackets
    references: tuple[str, ...] = ()  # RFC 5322 3.6.4, In-Reply-To included, oldest first
    text: str = ""  # what the person wrote now, without what they quote
    said: Word | None = None
