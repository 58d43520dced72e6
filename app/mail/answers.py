"""What became of a message: THE place where SMTP's answers and failures are sorted."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

GROWING = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 240, 480, 480, 720, 720))
"""Between one try and the next; together about two days (RFC 5321 4.5.4.1 asks for four to five
in general; a newsletter is stale before)."""

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST = 500  # characters of an answer that are kept

_SHORT_OF_BREATH = re.compile(
    r"rate.?limit|throttl|too (?:fast|quickly)|slow down|unusual(?:ly high)? rate"
    r"|too many (?:messages|mails|e-?mails|connections)",
    re.IGNORECASE,
)
_GREYLISTED = re.compile(r"gr[ae]y.?list", re.IGNORECASE)
_FULL = re.compile(r"mailbox (?:is )?full|over ?quota|quota (?:is )?exceeded", re.IGNORECASE)
_OF_US = re.compile(
    r"sender address rejected|client host (?:\S+ )?(?:rejected|blocked)|blocked using",
    re.IGNORECASE,
)
_NO_RELAYING = re.compile(r"relay(?:ing)? (?:access )?(?:denied|not permitted)", re.IGNORECASE)

_TOO_LARGE = ("5.3.4", "5.2.3")
_OF_THE_SENDER = ("5.1.7", "5.1.8")  # RFC 3463 3.2: its address
# SPF, DKIM, DMARC or reverse DNS of ours (RFC 7372; Gmail and Outlook beyond it): the member's
# address is as good as it was, and a record can be mended.
_UNPROVEN = (*(f"5.7.{n}" for n in range(20, 31)), "5.7.509", "5.7.515")


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
    DOT = "dot"  # the final dot, or the last of BDAT: from here the relay may have taken it


class Answer(NamedTuple):
    outcome: Outcome
    stage: Stage
    relay: str
    code: int | None = None  # RFC 5321 reply code; None when no answer came
    text: str = ""

    @property
    def enhanced(self) -> str | None:
        """RFC 3463 status, for example 5.1.1."""
        return _enhanced(self.text)

    @property
    def throttled(self) -> bool:
        """The recipient's domain asks for less at a time: slow that domain, and no other."""
        if self.code not in (421, 450, 451, 452) or self.stage in _BEFORE_RCPT:
            return False
        if _GREYLISTED.search(self.text):
            return False
        enhanced = self.enhanced or ""
        return enhanced.startswith("4.7.") or enhanced == "4.2.1" or _says(_SHORT_OF_BREATH, self)

    @property
    def mailbox_full(self) -> bool:
        """Never a failure of the address: somebody is there, and has a full mailbox."""
        if self.code is None or self.code < 400:
            return False
        if self.enhanced in ("4.2.2", "5.2.2"):
            return True
        bare_552 = self.code == 552 and self.enhanced is None  # as RFC 821 had it
        return self.stage not in (Stage.MAIL, *_SESSION) and (bare_552 or _says(_FULL, self))


_SESSION = (Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH)
_BEFORE_RCPT = (*_SESSION, Stage.MAIL)


def sort_reply(stage: Stage, code: int, text: str, relay: str, dedicated: bool = False) -> Answer:
    """What a reply code at a stage means; what is no answer counts as none (RFC 5321 4.2.1).
    `dedicated`: the relay takes some domains only, so that a 421 may speak of them."""
    if stage is Stage.DOT and 200 <= code < 300:  # of a million, nearly all
        return Answer(Outcome.SENT, stage, relay, code, _clean(text))
    if code // 100 not in (2, 4, 5):
        return sort_failure(stage, f"unexpected answer {max(code, 0) or ''} {text}", relay)
    return Answer(_outcome(stage, code, text, dedicated), stage, relay, code, _clean(text))


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


def says_nothing(answer: Answer) -> bool:
    """Whether a relay that ends a kept connection thereby says nothing of the message: many say
    421 to one that was idle or has carried its share, others just close it."""
    return answer.stage is Stage.MAIL and answer.code in (None, 421)


def next_try(attempt: int, now: datetime) -> datetime | None:
    """When to try again after the attempt of this number (from 1); None: give up."""
    if attempt > len(GROWING):
        return None
    return now + GROWING[max(attempt, 1) - 1]


def _outcome(stage: Stage, code: int, text: str, dedicated: bool) -> Outcome:
    if 200 <= code < 300 and stage not in _SESSION:
        return Outcome.SENT
    if stage in _SESSION:
        return Outcome.RELAY_TROUBLE
    if code == 421:  # the service closes, whatever the recipient
        speaks_of_domain = dedicated and stage is not Stage.MAIL
        return Outcome.RETRY if speaks_of_domain else Outcome.RELAY_TROUBLE
    # 503: the two sides disagree on whose turn it is.
    return _refusal(stage, code, text) if code >= 500 and code != 503 else Outcome.RETRY


def _refusal(stage: Stage, code: int, text: str) -> Outcome:
    """What a 5xx to a message means: never again, unless it is about us."""
    enhanced = _enhanced(text)
    # To sign in, or to encrypt, is asked of us (RFC 4954, 3207).
    if code in (530, 534, 535, 538) or enhanced in _OF_THE_SENDER:
        return Outcome.RELAY_TROUBLE
    if stage is Stage.MAIL:  # no recipient has been named yet
        of_sender = code in (550, 551, 553, 554) and enhanced not in _TOO_LARGE
        return Outcome.RELAY_TROUBLE if of_sender else Outcome.GIVE_UP
    if stage is Stage.RCPT and _OF_US.search(text):  # what Postfix puts off until RCPT
        return Outcome.RELAY_TROUBLE
    if enhanced in _UNPROVEN or _NO_RELAYING.search(text):
        return Outcome.RETRY
    return Outcome.GIVE_UP


def _enhanced(text: str) -> str | None:
    found = _ENHANCED.match(text)
    return found[1] if found else None


def _says(words: re.Pattern[str], answer: Answer) -> bool:
    return bool(words.search(answer.text))


def _clean(text: str) -> str:
    """On one line, and without what a database refuses, such as NUL."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:_LONGEST]
