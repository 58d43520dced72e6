"""A message and its envelope, as they go to a relay."""

from typing import NamedTuple


class Letter(NamedTuple):
    sender: str  # reverse-path (RFC 5321 4.1.1.2); empty for the null one
    recipient: str
    message: bytes  # CRLF line ends, ends in CRLF, not dot-stuffed
    dotless: bool = False  # no line begins with a dot: nothing has to be looked for
    seven_bit: bool = False  # nothing but ASCII: needs neither 8BITMIME nor a look
