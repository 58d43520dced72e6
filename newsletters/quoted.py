"""Quoted-printable (RFC 2045 6.7) whose pieces can be joined in any order.

Every piece begins at the left edge and leaves room for a soft line break behind it, so that no line
grows past 76 characters, whatever stands beside it. No line begins with a dot, which SMTP would
double (RFC 5321 4.5.2), or with "From ", which mailboxes mark with ">" (RFC 2049 3): the same bytes
serve DATA, BDAT and a signature.
"""

import binascii
import re
from html import escape

SOFT_BREAK = b"=\r\n"
ROOM = 75  # characters of a line beside the "=" of a soft break
_WORD = "[A-Za-z0-9,:()/_.+-]+"
# Stands as it is in text, in HTML and in an attribute, behind a soft break and before one.
_PLAIN = re.compile(f"(?!From )(?=[^.]){_WORD}(?: {_WORD})*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKUP = re.compile("[&<>\"']")
_MARKED = re.compile(rb"(?:\A|(?<=\n))(?:\.|From )[^\r]*")

Forms = tuple[bytes, bytes]  # one value as it is written into a text part and into an HTML part


def forms(value: str) -> Forms | None:
    """Of a value put in a line; None when nothing is left of it."""
    if len(value) <= ROOM and _PLAIN.fullmatch(value):
        plain = value.encode()
        return plain, plain
    if not (value := in_a_line(value)):
        return None
    written = _value(value)
    return written, _value(escape(value)) if _MARKUP.search(value) else written


def in_a_line(text: str) -> str:
    """Words with one space between: neither line ends nor what a terminal would obey."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def encode(text: str) -> bytes:
    """Literal text, LF line ends; half characters become "?"."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _encoded(lines.encode("utf-8", "replace"), quotetabs=False)


def decode(piece: bytes) -> str:
    return binascii.a2b_qp(piece).decode().replace("\r\n", "\n")


def _value(value: str) -> bytes:
    # Spaces are encoded too: a value is what "relaxed" canonicalisation makes of it (RFC 6376 3.4).
    data = value.encode("utf-8", "replace")
    if len(data) * 3 <= ROOM and data[0] not in b".F":
        return binascii.b2a_qp(data, quotetabs=True)
    return _encoded(data, quotetabs=True)


def _encoded(data: bytes, quotetabs: bool) -> bytes:
    # It breaks lines as the data does: with LF alone, they can all be made CRLF afterwards.
    # It fills a last line to 76, where no soft break would fit; behind the letter it does not.
    quoted = binascii.b2a_qp(data + b"x", quotetabs=quotetabs, istext=True)[:-1]
    return _MARKED.sub(lambda line: _unmarked(line[0]), quoted.replace(b"\n", b"\r\n"))


def _unmarked(line: bytes) -> bytes:
    """The same line with its first character encoded; what grows too long is broken behind it."""
    first, rest = b"=%02X" % line[0], line[1:]
    if len(first) + len(rest) <= ROOM:
        return first + rest
    return first + SOFT_BREAK + (_unmarked(rest) if rest.startswith(b".") else rest)
