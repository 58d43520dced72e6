"""How long to wait for a relay."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds without any progress (RFC 5321 4.5.3.2), by what is waited for."""

    connect: float = 30  # each step until messages may go: TCP, TLS, greeting, EHLO, AUTH
    reply: float = 300  # to MAIL, RCPT, RSET
    data: float = 120  # to DATA
    block: float = 180  # the relay takes a piece of the body
    final_dot: float = 600


USUAL = Timeouts()
