"""Which mails are not to be acted upon but looked at: nearly none."""

import re

from app.inbound.sorting.parsing import READ

LONGEST_FIELD = 100_000  # bytes: a mail to a thousand people has a long To
MOST_BOUNDARIES = 2_000
LARGEST = 40_000_000  # bytes; providers take 25 to 35 MB

_FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")
_UNFOLDED = re.compile(rb"\n(?![ \t])")


def why_strange(raw: bytes) -> str:
    """The reason, in words for staff; empty for a mail like others."""
    head = _head(raw)
    if not _FIELD.search(head):
        return "it has no header"
    if b"\0" in head:
        return "its header holds NUL"
    if any(len(field) > LONGEST_FIELD for field in _UNFOLDED.split(head)):
        return "a field of its header is too long"
    if raw.count(b"\n--") > MOST_BOUNDARIES:
        return "it has too many parts"
    if len(raw) > LARGEST:
        return "it is too large"
    return ""


def _head(raw: bytes) -> bytes:
    begin = raw[:READ]
    end = _END.search(begin)
    return begin if end is None else begin[: end.start()]
