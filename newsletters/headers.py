"""Header values as bytes that go on the wire (RFC 5322, 2047), without the email package.

No value begins or ends with a blank or holds two in a row: unfolded, it is what "relaxed"
canonicalisation makes of it (RFC 6376 3.4.2).
"""

import re
from binascii import b2a_base64
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from newsletters.content import CompositionError

_LINE = 68  # characters of a value on its first line; header names are short
WORD, END = b"=?utf-8?b?", b"?="  # around an encoded word (RFC 2047)
BETWEEN = END + b"\r\n " + WORD
# Bytes in one: 48 characters of base 64, 12 around them, and the header's name before.
_LONGEST_WORD = 36
_PRINTABLE = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"  # without "?", so that none looks like an encoded word
_ATOMS = re.compile(f"{_ATOM}(?: {_ATOM})*")
_PLAIN_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9.-]+")
# RFC 6531: beyond ASCII all is allowed that is no blank, no control and no half of a character.
_LETTER = r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff<>()\[\]\\,;:\"@]"
_ADDRESS = re.compile(f"{_LETTER}+@{_LETTER}+")
_URI = re.compile(r"[!-;=?-~]{1,900}")  # a line holds 998 characters
_LONGEST = 254  # bytes of an address (RFC 5321 4.5.3.1.3)
_BREAKS = re.compile(r"[\r\n\0]")


def unbroken(value: str, where: str) -> str:
    """CompositionError when the value would end its header and begin another."""
    if _BREAKS.search(value):
        raise CompositionError(f"{where}: a line break cannot stand here; write it on one line")
    return value


def text(value: str, where: str = "Subject") -> bytes:
    """Unstructured text: as it is where it is short ASCII, else encoded words, folded."""
    if is_plain(value):
        return value.encode()
    return WORD + encoded(unbroken(value, where)) + END if value else b""


def is_plain(value: str) -> bool:
    """Whether unstructured text needs no encoded word."""
    return len(value) <= _LINE and bool(_PRINTABLE.fullmatch(value)) and "=?" not in value


def mailbox(name: str, address: str, where: str = "To") -> bytes:
    """`Name <address>`; an IDN domain as punycode, a non-ASCII local part as UTF-8 (RFC 6532)."""
    if len(address) > _LONGEST or not _PLAIN_ADDRESS.fullmatch(address):
        address = _addr_spec(address, where)
    if len(name) <= _LINE and _ATOMS.fullmatch(name):
        return f"{name}\r\n <{address}>".encode()
    written = f"<{address}>".encode()
    return _phrase(unbroken(name, where)) + b"\r\n " + written if name else written


def uri(value: str, where: str) -> bytes:
    """An address between angle brackets (RFC 2369). CompositionError for what would leave them."""
    if not _URI.fullmatch(unbroken(value, where)):
        raise CompositionError(f"{where}: this is not an address that can be written there")
    return value.encode()


def list_id(value: str) -> bytes:
    """RFC 2919: a phrase, then the identifier in angle brackets."""
    name, _, identifier = unbroken(value, "List-Id").rpartition("<")
    written = b"<" + uri(identifier.rstrip(">"), "List-Id") + b">"
    return _phrase(name.strip()) + b"\r\n " + written if name.strip() else written


def message_id(value: str) -> bytes:
    """RFC 5322 3.6.4, with its angle brackets."""
    return b"<" + uri(value.removeprefix("<").removesuffix(">"), "Message-ID") + b">"


@lru_cache(maxsize=16)  # thousands of messages share a second
def date(seconds: int) -> bytes:
    """RFC 5322 3.3, in UTC; of seconds since the epoch."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC)).encode()


def ascii_domain(address: str) -> str:
    """RFC 5891. CompositionError for a domain that cannot be written in ASCII."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        raise CompositionError(f"the domain {domain!r} cannot be written in ASCII") from None


def _addr_spec(address: str, where: str) -> str:
    if not _ADDRESS.fullmatch(unbroken(address, where)):
        raise CompositionError(f"{where}: this is not an address that mail can be sent to")
    written = ascii_domain(address)
    if len(written.encode()) > _LONGEST:
        raise CompositionError(f"{where}: this address is longer than {_LONGEST} bytes")
    return written


def _phrase(name: str) -> bytes:
    if not is_plain(name):
        return WORD + encoded(name) + END
    if _ATOMS.fullmatch(name):
        return name.encode()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return b'"' + escaped.encode() + b'"'


def encoded(value: str) -> bytes:
    """What stands between WORD and END: base 64, in several encoded words when it is long."""
    data = value.encode("utf-8", "replace")
    if len(data) <= _LONGEST_WORD:
        return b2a_base64(data, newline=False)
    return BETWEEN.join([b2a_base64(piece, newline=False) for piece in _cut(data)])


def _cut(data: bytes) -> list[bytes]:
    """Pieces of UTF-8; a character is never cut in two."""
    pieces, begin = [], 0
    while len(data) - begin > _LONGEST_WORD:
        end = begin + _LONGEST_WORD
        while data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[begin:end])
        begin = end
    pieces.append(data[begin:])
    return pieces
