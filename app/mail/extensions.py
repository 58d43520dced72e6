"""What a relay offers in its answer to EHLO (RFC 5321 4.1.1.1)."""

from typing import NamedTuple


class Extensions(NamedTuple):
    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    eight_bit: bool = False  # RFC 6152
    utf8: bool = False  # RFC 6531
    starttls: bool = False  # RFC 3207
    size: int | None = None  # RFC 1870; bytes, 0: no limit is told, None: not offered
    auth: frozenset[str] = frozenset()  # RFC 4954: mechanisms, in upper case


def read_extensions(text: str) -> Extensions:
    """Out of the lines of the reply, the first of which names the relay."""
    found = dict(_keyword(line) for line in text.upper().splitlines()[1:])
    return Extensions(
        pipelining="PIPELINING" in found,
        chunking="CHUNKING" in found,
        eight_bit="8BITMIME" in found,
        utf8="SMTPUTF8" in found,
        starttls="STARTTLS" in found,
        size=_size(found["SIZE"]) if "SIZE" in found else None,
        auth=frozenset(found.get("AUTH", "").split()),
    )


def _keyword(line: str) -> tuple[str, str]:
    # AUTH=LOGIN is what servers said before RFC 2554, and some say still.
    keyword, _, parameters = line.strip().replace("AUTH=", "AUTH ", 1).partition(" ")
    return keyword, parameters.strip()


def _size(parameter: str) -> int:
    return int(parameter) if parameter.isascii() and parameter.isdigit() else 0
