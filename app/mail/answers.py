"""What became of a message: THE place where SMTP's answers and failures are sorted."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GROWING = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 240, 480, 480, 720, 720))
"""Between one try and the next; together about two days (RFC 5321 4.5.4.1 asks for four to five
in general; a newsletter is stale before)."""

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST = 500  # characters of an answer that are kept


class Outcome(StrEnum):
    SENT = "sent"
    RETRY = "retry"  # this recipient or message, later
    GIVE_UP = "give_up"  # this recipient or message, never
    RELAY_TROUBLE = "relay_trouble"  # says nothing of the recipient
    UNKNOWN = "unknown"  # taken or not: the answer never came


class Stage(StrEnum):
    """How far the dialogue had come (RFC 5321 3)."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # before the final dot
    DOT = "dot"  # the final dot is sent: from here the relay may have taken it


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    stage: Stage
    relay: str
    code: int | None = None  # RFC 5321 reply code; None when no answer came
    text: str = ""

    @property
    def enhanced(self) -> str | None:
        """RFC 3463 status, for example 5.1.1."""
        found = _ENHANCED.match(self.text)
        return found[1] if found else None


_SESSION = (Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH)


def sort_reply(stage: Stage, code: int, text: str, relay: str) -> Answer:
    """What a reply code at a stage means; what is no answer counts as none (RFC 5321 4.2.1)."""
    if code // 100 not in (2, 4, 5):  # smtplib says -1 of a line without a code
        return sort_failure(stage, f"unexpected answer {max(code, 0) or ''} {text}", relay)
    return Answer(_outcome(stage, code), stage, relay, code, _clean(text))


def sort_failure(stage: Stage, text: str, relay: str) -> Answer:
    """What it means that the connection was lost or timed out at a stage."""
    if stage is Stage.DOT:
        outcome = Outcome.UNKNOWN
    elif stage in _SESSION:
        outcome = Outcome.RELAY_TROUBLE
    else:
        outcome = Outcome.RETRY
    return Answer(outcome, stage, relay, None, _clean(text))


def unsendable(text: str) -> Answer:
    """A message that never reached a relay, because it cannot be written or addressed."""
    return Answer(Outcome.GIVE_UP, Stage.MAIL, "", None, _clean(text))


def next_try(attempt: int, now: datetime) -> datetime | None:
    """When to try again after the attempt of this number (from 1); None: give up."""
    if attempt > len(GROWING):
        return None
    return now + GROWING[max(attempt, 1) - 1]


def _outcome(stage: Stage, code: int) -> Outcome:
    if stage in _SESSION or code == 421:  # 421: the service closes, whatever the recipient
        return Outcome.RELAY_TROUBLE
    if 200 <= code < 300:
        return Outcome.SENT
    if 500 <= code < 600:
        # 530 and 535 are about us, not about the member (RFC 4954).
        return Outcome.RELAY_TROUBLE if code in (530, 535) else Outcome.GIVE_UP
    return Outcome.RETRY


def _clean(text: str) -> str:
    """On one line, and without what a database refuses, such as NUL."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:_LONGEST]
