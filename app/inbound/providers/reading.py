"""JSON that may be anything, read value by value: what is not there is empty, never an error."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b

from app.inbound.providers.shapes import Malformed
from app.inbound.sorting import parsing

LONGEST_TEXT = 500  # characters
LONGEST_ADDRESS = 320  # RFC 5321 4.5.3.1: 64, an @, 255
LARGEST_UNVERIFIED = 2 << 20  # bytes of JSON that has to be read before it can be verified
_YEARS = range(1990, 2100)
_MILLISECONDS = 100_000_000_000  # seconds since 1970 come here in the year 5138
_ANGLED = re.compile(r"<([^<>]*)>\s*$")


def parse(body: bytes | str) -> object:
    """The JSON in it. Malformed when there is none."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("JSON is expected") from None
    return found


def parse_unverified(body: bytes) -> Mapping[str, object]:
    """The JSON object in a post that carries its own signature."""
    if len(body) > LARGEST_UNVERIFIED:
        raise Malformed("larger than any such post")
    return mapping(parse(body))


def mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Malformed("a JSON object is expected")
    return value


def mappings(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list):
        raise Malformed("a JSON array is expected")
    return [mapping(one) for one in value]


def under(value: object, *path: str) -> object:
    """What stands at the end of these keys; None when there is nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """A string or a number, on one line; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        words = str(value)
    except ValueError:  # more digits than Python writes
        return ""
    return parsing.one_line(words[:longest].encode("utf-8", "replace").decode())


def address(value: object) -> str:
    """`name <address>` or the address alone, in lower case; empty when there is none."""
    words = text(value, 2 * LONGEST_ADDRESS)
    if angled := _ANGLED.search(words):
        words = angled[1].strip()
    fits = "@" in words and " " not in words and len(words) <= LONGEST_ADDRESS
    return words.lower() if fits else ""


def envelope_sender(value: object) -> str | None:
    """Empty for the null sender (RFC 5321 4.5.5); None where nothing is said."""
    words = text(value)
    return None if value is None else "" if words in ("", "<>") else address(words) or None


def message_id(value: object) -> str | None:
    """With its angle brackets (RFC 5322 3.6.4), which some providers take off."""
    words = text(value).strip("<> ")
    return f"<{words}>" if words else None


def moment(value: object) -> datetime | None:
    """Seconds or milliseconds since 1970, or ISO 8601 with a zone; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value[:40])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = _since_1970(value)
        else:
            return None
        aware = found.tzinfo is not None and found.year in _YEARS
        return found.astimezone(UTC) if aware else None
    except (ValueError, OverflowError, OSError):
        return None


def mark(*parts: object) -> str:
    """A name for what these say: the same for the same."""
    digest = blake2b(digest_size=16)
    for part in parts:
        words = part if isinstance(part, bytes) else text(part).encode()
        digest.update(b"%d:%s" % (len(words), words))
    return digest.hexdigest()


def _since_1970(number: int | float) -> datetime:
    if not math.isfinite(number):
        raise ValueError
    seconds = number / 1000 if number >= _MILLISECONDS else number
    return datetime.fromtimestamp(seconds, UTC)
