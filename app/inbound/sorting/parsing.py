"""A mail taken apart, whatever it is: bounded in time and memory, and never an exception.

The standard library's parser takes a mail of ten thousand parts or a header of a million
characters as far as it goes; what lies behind the bounds is cut off before it is asked.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice

READ = 1_000_000  # bytes of a mail that are looked at; a bounce or a reply says it before
LONGEST_LINE = 20_000  # bytes of a header field, continuation lines included
MOST_FIELDS = 500
MOST_PARTS = 200
MOST_CONTAINERS = 60  # multiparts and messages; the parser asks each of them at every line
MOST_LINES = 40_000
LONGEST_TEXT = 200_000  # characters of one part
LONGEST_ENCODED = 8_000  # characters in which encoded words are looked for

_FOLDED = re.compile(r"\r?\n[ \t]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)
_UNFOLDED = re.compile(rb"\n(?![ \t])")
_BLANK = re.compile(rb"\n\r?\n|\r\r")
_LEADING = re.compile(rb"\A(?:[ \t]*\r?\n)+(?=[A-Za-z-]{1,60}:)")
_BOUNDARY = re.compile(rb"^--[^\r\n]{0,200}\r?$", re.MULTILINE)
_CONTAINER = re.compile(
    rb"^content-type:[ \t]*(?:\r?\n[ \t]+)?(?:multipart|message)/", re.MULTILINE | re.IGNORECASE
)
_LINE = re.compile(rb"\r\n|\n|\r")
_SLOW_OR_NO_CHARSET = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}


def parse(raw: bytes) -> Message:
    """The mail, or as much of it as is looked at."""
    head, body = _halves(_looked_at(raw))
    bounded, body = _bounded(head), _within(body)
    try:
        return message_from_bytes(bounded + b"\n" + body, policy=policy.compat32)
    except Exception:  # the parser is no validator: what it trips over is words
        return _words_only(bounded, body)


def head_of(raw: bytes) -> bytes:
    """The header of a mail, bounded as parse() bounds it."""
    return _bounded(_halves(_looked_at(raw))[0])


def header(message: Message, name: str) -> str:
    """A header's words, decoded, on one line; empty when it is absent."""
    return next(iter(headers(message, name)), "")


def headers(message: Message, name: str) -> list[str]:
    """Every field of this name."""
    return [one_line(decoded(value)) for value in _values(message, name)]


def decoded(value: object) -> str:
    """RFC 2047; what cannot be decoded stands as it is."""
    text = _FOLDED.sub(" ", str(value))
    if "=?" not in text:
        return text.encode("utf-8", "replace").decode("utf-8", "replace")
    text = text[:LONGEST_ENCODED]
    with suppress(Exception):
        text = str(make_header(decode_header(text)))
    return text.encode("utf-8", "replace").decode("utf-8", "replace")


def one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def addresses(message: Message, *names: str) -> list[tuple[str, str]]:
    """(name, address in lower case) of each mailbox in these headers that has an address."""
    raw = [value for name in names for value in _unfolded(message, name)]
    try:
        found = getaddresses(raw)
    except Exception:
        return []
    return [
        (one_line(decoded(name)), address.strip().lower()) for name, address in found if address
    ]


def content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except Exception:
        return "text/plain"


def parts(message: Message) -> Iterator[Message]:
    """The leaves and the containers, outermost first."""
    waiting: list[Message] = [message]
    for _number in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        waiting[:0] = inside(part)


def inside(part: Message) -> list[Message]:
    """The parts of a container, or the fields' blocks of a delivery status."""
    if not part.is_multipart():
        return []
    payload: object = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def text_of(part: Message) -> str:
    """The words of a text part, with plain line ends; empty for a container."""
    if part.is_multipart():
        return ""
    data: object = None
    with suppress(Exception):
        data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        data = _undecoded(part)
    text = _in_charset(data[: 4 * LONGEST_TEXT], _charset(part))
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")[:LONGEST_TEXT]


def text_under(message: Message, types: Sequence[str] = ("text/plain",)) -> str:
    """The words of the first part of one of these types."""
    for part in parts(message):
        if content_type(part) in types and not part.is_multipart():
            return text_of(part)
    return ""


def _unfolded(message: Message, name: str) -> list[str]:
    return [_FOLDED.sub(" ", value) for value in _values(message, name)]


def _values(message: Message, name: str) -> list[str]:
    """The fields as they came; eight-bit ones are UTF-8 (RFC 6532), or else Western."""
    wanted = name.lower()
    raw = [str(value) for field, value in message.raw_items() if field.lower() == wanted]
    return [value if value.isascii() else _eight_bit(value) for value in raw]


def _eight_bit(value: str) -> str:
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _undecoded(part: Message) -> bytes:
    with suppress(Exception):
        return str(part.get_payload()).encode("utf-8", "surrogateescape")
    return b""


def _charset(part: Message) -> str:
    try:
        name = codecs.lookup(str(part.get_content_charset() or "utf-8")).name
    except Exception:
        return "utf-8"
    return "utf-8" if name in _SLOW_OR_NO_CHARSET else name


def _in_charset(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except Exception:
        return data.decode("utf-8", "replace")


def _words_only(head: bytes, body: bytes) -> Message:
    message = Message(policy.compat32)
    for line in head.split(b"\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon and name.isascii() and name.replace("-", "").isalnum():
            message[name] = value.strip()
    for typed in ("content-type", "content-transfer-encoding"):
        del message[typed]
    message.set_payload(body.decode("utf-8", "replace"))
    return message


def _looked_at(raw: bytes) -> bytes:
    """Its first bytes, without NULs and without blank lines before the header."""
    return _LEADING.sub(b"", raw[:READ].replace(b"\0", b""), count=1)


def _halves(raw: bytes) -> tuple[bytes, bytes]:
    if raw[:2] == b"\r\n" or raw[:1] == b"\n":
        return b"\n", raw
    blank = _BLANK.search(raw)
    if blank is None:
        return raw + b"\n", b""
    return raw[: blank.start()] + b"\n", raw[blank.end() :]


def _bounded(head: bytes) -> bytes:
    """The fields, each cut at LONGEST_LINE."""
    kept: list[bytes] = []
    room = LONGEST_LINE
    fields = 0
    for line in head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if not line.startswith((b" ", b"\t")):
            room = LONGEST_LINE
            fields += 1
        if fields > MOST_FIELDS or room <= 0:
            continue
        kept.append(line[:room])
        room -= len(line)
    return b"\n".join(kept).strip(b"\n") + b"\n"


def _within(body: bytes) -> bytes:
    """Cut before one line, container or part too many."""
    for bound, found in (
        (MOST_LINES, _LINE.finditer(body)),
        (MOST_CONTAINERS, _CONTAINER.finditer(body)),
        (2 * MOST_PARTS, _BOUNDARY.finditer(body)),
    ):
        beyond = next(islice(found, bound, None), None)
        if beyond is not None:
            body = body[: beyond.start()]
    return body
