"""flufl.bounce's detectors, one by one, each guarded.

They know sixty dialects of servers and take a mail as it comes: they raise on mutated ones, and
their expressions take quadratic time on long lines. So they are shown a copy of it with few, short,
decoded lines, and what they raise means that they found nothing. The one that takes any address
between two commas (LLNL) is left out: it finds one in an ordinary sentence.
"""

from collections.abc import Iterator, Sequence
from email.message import Message
from typing import NamedTuple

from flufl.bounce._detectors import (
    aol,
    caiwireless,
    exchange,
    exim,
    groupwise,
    microsoft,
    netscape,
    postfix,
    qmail,
    simplematch,
    simplewarning,
    sina,
    smtp32,
    yahoo,
    yale,
)
from flufl.bounce._interfaces import BounceDetector

from app.inbound.sorting import parsing, structure

_LONGEST_LINE = 240
_MOST_LINES = 300
_DEEPEST = 6
_MOST_PARTS = 20

_DETECTORS: Sequence[type[BounceDetector]] = (
    exim.Exim,
    sina.Sina,
    yahoo.Yahoo,
    yale.Yale,
    smtp32.SMTP32,
    postfix.Postfix,
    qmail.Qmail,
    groupwise.GroupWise,
    microsoft.Microsoft,
    caiwireless.Caiwireless,
    exchange.Exchange,
    netscape.Netscape,
    aol.AOL,
    simplematch.SimpleMatch,
    simplewarning.SimpleWarning,
)


class Found(NamedTuple):
    detector: str
    addresses: tuple[str, ...]  # in lower case, sorted
    late: bool


def detect(message: Message) -> Iterator[Found]:
    """What each detector finds, the most specific first."""
    copy = _tamed(message, _DEEPEST)
    for detector in _DETECTORS:
        try:
            late, failed = detector().process(copy)
            names = _names(failed) or _names(late)
        except Exception:  # noqa: S112  what it found is nothing
            continue
        if names:
            yield Found(detector.__name__, names, not failed)


def _names(addresses: frozenset[bytes]) -> tuple[str, ...]:
    found = {address.decode("ascii", "replace").strip().lower() for address in addresses}
    return tuple(sorted(name for name in found if "@" in name))


def _tamed(part: Message, depth: int) -> Message:
    copy = Message(part.policy)
    for name, value in part.items():
        if name.lower() != "content-transfer-encoding":
            copy[name] = parsing.one_line(str(value))[:1_000]
    within = parsing.inside(part)
    if within and depth:
        copy.set_payload([_tamed(one, depth - 1) for one in within[:_MOST_PARTS]])
    else:
        lines = structure.words(part).split("\n")[:_MOST_LINES]
        copy.set_payload("\n".join(line[:_LONGEST_LINE] for line in lines) + "\n")
    return copy
