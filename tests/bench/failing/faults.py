"""What a relay may do wrong, and how often it does."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

VERBS = ("MAIL", "RCPT", "DATA", "DOT")


class Then(StrEnum):
    """What follows upon the reply, if there is one."""

    GO_ON = "go on"
    HANG_UP = "hang up"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True)
class Fault:
    """`at` a verb, at BODY (in the middle of it), or at CONNECT, EHLO, STARTTLS, QUIT."""

    kind: str
    at: str
    said: bytes = b""  # instead of what is usual; nothing: the usual, if it goes on
    then: Then = Then.GO_ON
    taken: bool = False  # the message counts as taken, whatever is said
    slowly: bool = False  # byte by byte
    permanent: bool = False  # it says that this recipient or message can never be


def of_delivery(numbers: random.Random) -> tuple[Fault, ...]:
    """What one delivery meets, one after the other, until it is let through."""
    count = numbers.choices((1, 2, 3), (70, 22, 8))[0]
    return tuple(_one(numbers) for _ in range(count))


def of_session(numbers: random.Random) -> Fault | None:
    """What goes wrong with a connection itself; mostly nothing."""
    if numbers.random() > 0.04:
        return None
    at = numbers.choice(("CONNECT", "EHLO", "QUIT"))
    said, then = numbers.choice(_SESSION)
    return Fault("session", at, said, then)


def of_tls(numbers: random.Random) -> Fault | None:
    """What becomes of STARTTLS."""
    if numbers.random() > 0.7:
        return None
    return numbers.choice(_TLS)


def _one(numbers: random.Random) -> Fault:
    makers, weights = zip(*_KINDS, strict=True)
    return numbers.choices(makers, weights)[0](numbers)


def _put_off(numbers: random.Random) -> Fault:
    return Fault("4xx", numbers.choice(VERBS), numbers.choice(_LATER))


def _greylisted(numbers: random.Random) -> Fault:
    return Fault("greylisting", "RCPT", b"450 4.2.0 <you>: Recipient address rejected: Greylisted")


def _refused(numbers: random.Random) -> Fault:
    at = numbers.choice(VERBS[1:])
    return Fault("5xx", at, numbers.choice(_NEVER), permanent=True)


def _too_large(numbers: random.Random) -> Fault:
    at = numbers.choice(("MAIL", "DOT"))
    return Fault("size", at, b"552 5.3.4 message size exceeds the limit", permanent=True)


def _about_us(numbers: random.Random) -> Fault:
    at, said = numbers.choice(_ABOUT_US)
    return Fault("5xx about us", at, said)


def _closing(numbers: random.Random) -> Fault:
    said = b"421 4.3.2 service shutting down"
    return Fault("421", numbers.choice(VERBS), said, Then.HANG_UP)


def _silent(numbers: random.Random) -> Fault:
    return Fault("time-out", numbers.choice((*VERBS, "BODY")), then=Then.SILENCE)


def _gone(numbers: random.Random) -> Fault:
    then = numbers.choice((Then.HANG_UP, Then.RESET))
    return Fault("disconnect", numbers.choice((*VERBS, "BODY")), then=then)


def _gone_after_dot(numbers: random.Random) -> Fault:
    then = numbers.choice((Then.HANG_UP, Then.RESET, Then.SILENCE))
    return Fault("answer lost", "DOT", then=then, taken=True)


def _dribble(numbers: random.Random) -> Fault:
    return Fault("dribble", numbers.choice(VERBS), slowly=True)


def _garbage(numbers: random.Random) -> Fault:
    at = numbers.choice(VERBS)
    taken = at == "DOT" and numbers.random() < 0.5
    then = numbers.choice((Then.GO_ON, Then.HANG_UP))
    return Fault("garbage", at, numbers.choice(_GARBAGE), then, taken)


def _twice(numbers: random.Random) -> Fault:
    """One answer too many: whose turn it is gets lost."""
    at = numbers.choice(VERBS)
    said = b"354 go on\r\n354 go on" if at == "DATA" else b"250 2.0.0 Ok\r\n250 2.0.0 Ok"
    return Fault("pipelining", at, said, taken=at == "DOT")


def _too_early(numbers: random.Random) -> Fault:
    """An answer in the middle of the body."""
    if numbers.random() < 0.5:
        return Fault("early", "BODY", numbers.choice(_LATER), Then.HANG_UP)
    return Fault("early", "BODY", numbers.choice(_NEVER), Then.HANG_UP, permanent=True)


_LATER = (
    b"451 4.3.0 try again later",
    b"450 4.2.1 mailbox busy",
    b"452 4.3.1 insufficient system storage",
    b"452 4.2.2 mailbox full",
    b"451-4.7.1 several\r\n451-4.7.1 lines\r\n451 4.7.1 of it",
    b"432",
)
_NEVER = (
    b"550 5.1.1 no such user here",
    b"550-5.1.1 no such\r\n550 5.1.1 user",
    b"554 5.7.1 message refused",
    b"552 5.2.2 over quota",
    b"553 5.1.3 bad address",
)
_ABOUT_US = (
    ("MAIL", b"550 5.1.8 sender address rejected"),
    ("MAIL", b"530 5.7.0 must issue a STARTTLS command first"),
    ("RCPT", b"554 5.7.1 client host blocked using a list"),
    ("RCPT", b"554 5.7.1 relay access denied"),
    ("RCPT", b"550 5.7.26 not authenticated"),
    ("DOT", b"550 5.7.23 SPF validation failed"),
    ("DATA", b"503 5.5.1 bad sequence of commands"),
)
_GARBAGE = (
    b"what do you want",
    b"\x00\xff\xfe\x80",
    b"999 nobody knows",
    b"2500 ok",
    b"25",
    b"250-one\r\n550 two",
    b"",
    b"x" * 100_000,
    b"HTTP/1.1 400 Bad Request",
)
_SESSION = (
    (b"421 4.3.2 too busy", Then.HANG_UP),
    (b"554 5.3.2 no mail here", Then.HANG_UP),
    (b"", Then.HANG_UP),
    (b"", Then.RESET),
    (b"", Then.SILENCE),
    (b"SSH-2.0-whatever", Then.GO_ON),
)
_TLS = (
    Fault("tls", "STARTTLS", b"454 4.7.0 TLS not available"),
    Fault("tls", "STARTTLS", then=Then.HANG_UP),
    Fault("tls", "STARTTLS", then=Then.SILENCE),
    Fault("tls", "STARTTLS", b"220 go ahead\r\n250 and so on"),
    Fault("tls", "STARTTLS", b"220 go ahead\r\n", Then.HANG_UP),
    Fault("tls, another's certificate", "STARTTLS"),
    Fault("tls, not offered", "EHLO"),
)
_KINDS: Sequence[tuple[Callable[[random.Random], Fault], int]] = (
    (_put_off, 14),
    (_greylisted, 8),
    (_refused, 8),
    (_too_large, 4),
    (_about_us, 4),
    (_closing, 8),
    (_silent, 5),
    (_gone, 16),
    (_gone_after_dot, 12),
    (_dribble, 6),
    (_garbage, 9),
    (_twice, 5),
    (_too_early, 5),
)
