"""MAIL and RCPT of a letter, with the parameters that the relay offers and the letter needs."""

import re

from app.mail.extensions import Extensions
from app.mail.letter import Letter

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"@[^ <>"]+')  # RFC 5321 4.1.2: quoted local part


class Unsendable(ValueError):
    """This letter cannot go to this relay, which need not even be asked."""


def envelope(letter: Letter, offered: Extensions) -> str:
    """Both lines, with their CRLF (RFC 5321 4.1.1.2, 4.1.1.3; 1870, 6152, 6531)."""
    sender, recipient, message, _, seven_bit = letter
    if not recipient:
        raise Unsendable("there is no recipient")
    parameters = ""
    if offered.size is not None:
        if 0 < offered.size < len(message):
            raise Unsendable(
                f"the message has {len(message)} bytes, the relay takes {offered.size}"
            )
        parameters = f" SIZE={len(message)}"
    if offered.eight_bit and not seven_bit and not message.isascii():
        parameters += " BODY=8BITMIME"
    both = sender + recipient
    if not both.isascii():
        sender, recipient = _ascii_domain(sender), _ascii_domain(recipient)
        both = sender + recipient
        parameters += _utf8(both, offered)
    # An address must not end its command, or add a parameter to it.
    if not both.isprintable():
        raise Unsendable("the address holds control characters")
    if " " in both or "<" in both or ">" in both:
        _require_quotes(sender)
        _require_quotes(recipient)
    return f"MAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{recipient}>\r\n"


def _require_quotes(address: str) -> None:
    if any(mark in address for mark in " <>") and not _QUOTED.fullmatch(address):
        raise Unsendable("the address cannot be written in a command")


def _utf8(addresses: str, offered: Extensions) -> str:
    if addresses.isascii():
        return ""
    if not offered.utf8:
        raise Unsendable("the relay does not take addresses beyond ASCII (SMTPUTF8)")
    return " SMTPUTF8"


def _ascii_domain(address: str) -> str:
    """IDN domains go out as punycode (RFC 5891); the local part stays as it is."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Unsendable("the domain of the address cannot be written in ASCII") from None
