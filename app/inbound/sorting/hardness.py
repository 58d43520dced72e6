"""Whether a failure speaks of the address or of this one time: from status, code and words."""

import re

from app.inbound.sorting.dialects import NEVER_HARD, REASONS, STATUSES, WIDE_REASONS
from app.inbound.sorting.shapes import Hardness

LONGEST = 2_000  # characters of what a server said that are asked

_STATUS = re.compile(r"(?<![\d.])([45]\.[0-7]\.\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(
    r"(?<![\d.\w-])([45][0-5]\d)(?=[ \t:;,#>\"'-])(?![ \t]*(?:bytes|kb|mb|hours))", re.I
)
_ADDRESS = re.compile(
    r"[^\s<>@]{1,80}@[\w.-]{1,120}|https?://\S{1,300}|\b[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,8}\b"
)
_VAGUE = frozenset({"0.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"})


def hardness(status: str | None, code: int | None, text: str) -> Hardness:
    """What an answer means for the address. `status`: RFC 3463; `code`: RFC 5321, for example 550.

    Right for a relay's answer at RCPT and for a bounce's Status and Diagnostic-Code alike. A server
    that says "for now" (4.x.x, 4xx) is believed, whatever its words are.
    """
    status = status or status_in(text)
    code = code or code_in(text)
    said, exact = meaning(text), _by_status(status)
    if _for_now(status, code):
        return Hardness.FULL if Hardness.FULL in (said, exact) else Hardness.SOFT
    if said is Hardness.HARD and _detail(status) in NEVER_HARD:
        return Hardness.SOFT
    return said or exact or _widely(text) or _by_code(code) or _last_resort(status, text)


def meaning(text: str) -> Hardness | None:
    """What the words say, without the addresses and hosts among them; None when nothing known."""
    words = _words(text)
    return next((means for means, row in REASONS if row.search(words)), None)


def _widely(text: str) -> Hardness | None:
    words = _words(text)
    return next((means for means, row in WIDE_REASONS if row.search(words)), None)


def _words(text: str) -> str:
    return " ".join(_ADDRESS.sub("x", text[:LONGEST]).split())


def status_in(text: str) -> str | None:
    """RFC 3463, where a text has one."""
    found = _STATUS.search(text[:LONGEST])
    return found[1] if found else None


def code_in(text: str) -> int | None:
    """RFC 5321, where a text has one that says no."""
    found = _CODE.search(text[:LONGEST] + " ")
    return int(found[1]) if found else None


def _for_now(status: str | None, code: int | None) -> bool:
    if status:
        return status.startswith("4.")
    return code is not None and code < 500


def _by_status(status: str | None) -> Hardness | None:
    detail = _detail(status)
    if not detail or detail in _VAGUE:
        return None
    if detail in STATUSES:
        return STATUSES[detail]
    return Hardness.HARD if detail.startswith("1.") else Hardness.SOFT


def _by_code(code: int | None) -> Hardness | None:
    if code is None:
        return None
    if code == 552:  # as RFC 821 had it
        return Hardness.FULL
    return Hardness.HARD if code in (550, 551, 553) else Hardness.SOFT


def _last_resort(status: str | None, text: str) -> Hardness:
    """ "Permanent", and no more than that: believed. Nothing at all: not held against anybody."""
    said = _detail(status) in ("0.0", "5.0") or "permanent" in text[:LONGEST].lower()
    return Hardness.HARD if said else Hardness.SOFT


def _detail(status: str | None) -> str:
    return (status or "").partition(".")[2]
