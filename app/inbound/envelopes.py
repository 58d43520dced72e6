"""The envelope of a mail that was delivered already: what whoever delivered it wrote on top."""

from dataclasses import dataclass

from app.inbound.sorting import parsing

# RFC 5321 4.4; Postfix and qmail, Postfix, Exim and Courier.
_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_NULL = {"", "<>", "mailer-daemon"}


@dataclass(frozen=True)
class Envelope:
    """`sender`: empty for the null sender, None where not known."""

    sender: str | None
    recipients: tuple[str, ...]


def without_from_line(raw: bytes) -> bytes:
    """A mail that came through a pipe may begin with the line that parts an mbox (RFC 4155)."""
    if not raw.startswith((b"From ", b">From ")):
        return raw
    return raw.partition(b"\n")[2]


def from_headers(raw: bytes) -> Envelope:
    message = parsing.parse(parsing.head_of(raw))
    paths = parsing.headers(message, "return-path")
    sender = normal(paths[0].strip().strip("<>")) if paths else None
    found = (address for _name, address in parsing.addresses(message, *_TO))
    return Envelope(sender, tuple(dict.fromkeys(found)))


def normal(sender: str) -> str:
    """Delivery agents write the null sender in several ways."""
    return "" if sender.strip().lower() in _NULL else sender.strip()
