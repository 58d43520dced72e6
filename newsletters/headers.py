"""Header values as bytes that go on the wire (RFC 5322, 2047), without the email package."""

import base64
import re
from functools import lru_cache

from newsletters.content import CompositionError

_LINE = 68  # characters of a value on its first line; header names are short
_WORD = 45  # bytes in one encoded word: 60 characters of base 64, and 12 around them
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_BREAKS = re.compile(r"[\r\n\0]")


def unbroken(value: str, where: str) -> str:
    """CompositionError when the value would end its header and begin another."""
    if _BREAKS.search(value):
        raise CompositionError(f"{where}: a line break cannot stand here; write it on one line")
    return value


@lru_cache(maxsize=4096)
def text(value: str, where: str = "Subject") -> bytes:
    """Unstructured text: as it is where it is short ASCII, else encoded words, folded."""
    unbroken(value, where)
    if value.isascii() and value.isprintable() and len(value) <= _LINE and "=?" not in value:
        return value.encode()
    return _encoded(value)


@lru_cache(maxsize=4096)
def mailbox(name: str, address: str, where: str = "To") -> bytes:
    """`Name <address>`; an IDN domain as punycode, a non-ASCII local part as UTF-8 (RFC 6532)."""
    unbroken(name, where)
    unbroken(address, where)
    where_to = b"<" + ascii_domain(address).encode() + b">"
    if not name:
        return where_to
    return _phrase(name) + b"\r\n " + where_to


def ascii_domain(address: str) -> str:
    """RFC 5891. CompositionError for a domain that cannot be written in ASCII."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        raise CompositionError(f"the domain {domain!r} cannot be written in ASCII") from None


def _phrase(name: str) -> bytes:
    if not name.isascii() or not name.isprintable() or len(name) > _LINE or "=?" in name:
        return _encoded(name)
    if _ATOMS.fullmatch(name):
        return name.encode()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return b'"' + escaped.encode() + b'"'


def _encoded(value: str) -> bytes:
    """RFC 2047 encoded words; a character is never cut in two."""
    words, piece = [], b""
    for character in value:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _WORD:
            words.append(piece)
            piece = b""
        piece += encoded
    words.append(piece)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in words)
