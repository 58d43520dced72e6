"""SMTP out: one client a relay, whose connection is opened when needed and used again.

smtplib does the dialogue; the stages are driven one by one, so that every failure says where.
"""

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Self

from app.mail.answers import Answer, Outcome, Stage, sort_failure, sort_reply, unsendable
from app.mail.relay import Relay


@dataclass(frozen=True)
class Timeouts:
    """Seconds (RFC 5321 4.5.3.2 gives minutes to each stage)."""

    connect: float = 30
    reply: float = 300
    final_dot: float = 600


class _Failed(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


class Client:
    """Hands messages to one relay. Not shared between threads."""

    def __init__(self, relay: Relay, timeouts: Timeouts = Timeouts()) -> None:
        self.relay = relay
        self._timeouts = timeouts
        self._smtp: smtplib.SMTP | None = None
        self._stage = Stage.CONNECT

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        return self.relay.name

    def send(self, sender: str, recipient: str, message: bytes) -> Answer:
        """Hand over one message (CRLF line ends, not dot-stuffed); never raises for what a
        relay or a network may do."""
        fresh = self._smtp is None
        answer = self._attempt(sender, recipient, message)
        if not fresh and answer.code in (None, 421) and self._stage is Stage.MAIL:
            # A kept connection that the relay closed meanwhile says nothing of the message; many
            # relays say 421 to one that was idle, or has carried its share.
            return self._attempt(sender, recipient, message)
        return answer

    def probe(self) -> str:
        """Connect and say hello; what is wrong, or nothing."""
        try:
            self._open()
        except _Failed as failed:
            return f"{failed.answer.code or ''} {failed.answer.text}".strip()
        return ""

    def close(self) -> None:
        """Say QUIT, as far as the relay listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def _attempt(self, sender: str, recipient: str, message: bytes) -> Answer:
        try:
            smtp = self._open()
            address = _ascii_domain(recipient)
            options = _mail_options(smtp, address, message)
            return self._dialogue(smtp, sender, address, message, options)
        except _Failed as failed:
            return failed.answer
        except _Unsendable as error:
            return unsendable(str(error))
        except ValueError as error:  # an address that cannot be written in a command
            self._drop()
            return unsendable(_words(error))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return sort_failure(self._stage, _words(error), self.name)

    def _dialogue(
        self, smtp: smtplib.SMTP, sender: str, recipient: str, message: bytes, options: list[str]
    ) -> Answer:
        self._stage = Stage.MAIL
        self._expect(smtp, *smtp.mail(sender, options))
        self._stage = Stage.RCPT
        self._expect(smtp, *smtp.rcpt(recipient))
        self._stage = Stage.DATA
        self._expect(smtp, *smtp.docmd("DATA"), good=354)
        smtp.send(_dotted(message[:-1]))
        self._stage = Stage.DOT
        if smtp.sock:
            smtp.sock.settimeout(self._timeouts.final_dot)
        smtp.send(b"\n.\r\n")
        code, text = smtp.getreply()
        if smtp.sock:
            smtp.sock.settimeout(self._timeouts.reply)
        answer = sort_reply(Stage.DOT, code, _decoded(text), self.name)
        self._tidy(smtp, answer)
        return answer

    def _expect(self, smtp: smtplib.SMTP, code: int, text: bytes, good: int = 0) -> None:
        if code == good or (not good and 200 <= code < 300):
            return
        if code == -1:
            raise smtplib.SMTPServerDisconnected("the relay's answer is not SMTP")
        answer = sort_reply(self._stage, code, _decoded(text), self.name)
        if answer.outcome is Outcome.SENT:  # a yes to a question that was not asked
            answer = sort_failure(Stage.DATA, f"unexpected answer {code}", self.name)
            self._drop()
        self._tidy(smtp, answer)
        raise _Failed(answer)

    def _tidy(self, smtp: smtplib.SMTP, answer: Answer) -> None:
        """After a refusal the session is reset; after trouble it is closed."""
        if answer.outcome is Outcome.SENT or self._smtp is None:
            return
        if answer.code is None:  # whose turn it is cannot be told any more
            self._drop()
            return
        if answer.outcome is Outcome.RELAY_TROUBLE:
            self.close()
            return
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _open(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._stage = Stage.CONNECT
            try:
                self._smtp = self._connect()
            except smtplib.SMTPResponseException as error:
                text = _decoded(error.smtp_error)
                raise _Failed(sort_reply(self._stage, error.smtp_code, text, self.name)) from error
            except (smtplib.SMTPException, OSError, ValueError) as error:
                raise _Failed(sort_failure(self._stage, _words(error), self.name)) from error
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        relay, limit = self.relay, self._timeouts.connect
        context = _context(relay) if relay.scheme != "smtp" else None
        smtp: smtplib.SMTP
        if relay.scheme == "smtps":
            smtp = smtplib.SMTP_SSL(timeout=limit, context=context)
            smtp._host = relay.host  # type: ignore[attr-defined]
        else:
            smtp = smtplib.SMTP(timeout=limit)
            smtp._host = relay.host  # type: ignore[attr-defined]
        try:
            return self._greet(smtp, context)
        except BaseException:
            smtp.close()
            raise

    def _greet(self, smtp: smtplib.SMTP, context: ssl.SSLContext | None) -> smtplib.SMTP:
        code, text = smtp.connect(self.relay.host, self.relay.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        if smtp.sock:
            # The final dot is a write of its own: it must not wait for the ACK of the one before.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stage = Stage.EHLO
        smtp.ehlo_or_helo_if_needed()
        if self.relay.scheme == "smtp+starttls":
            self._stage = Stage.STARTTLS
            smtp.starttls(context=context)
            smtp.ehlo()
        if self.relay.user:
            self._stage = Stage.AUTH
            smtp.login(self.relay.user, self.relay.password)
        if smtp.sock:
            smtp.sock.settimeout(self._timeouts.reply)
        return smtp

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


class _Unsendable(ValueError):
    pass


def _context(relay: Relay) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if relay.ca:
        context.load_verify_locations(relay.ca)
    return context


def _mail_options(smtp: smtplib.SMTP, recipient: str, message: bytes) -> list[str]:
    """ESMTP parameters of MAIL (RFC 1870, 6152, 6531), where offered and needed."""
    options = []
    if smtp.has_extn("size"):
        options.append(f"SIZE={len(message)}")
        limit = smtp.esmtp_features["size"].strip()
        if limit.isdigit() and 0 < int(limit) < len(message):
            raise _Unsendable(f"the message has {len(message)} bytes, the relay takes {limit}")
    if not message.isascii() and smtp.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if not recipient.isascii():
        if not smtp.has_extn("smtputf8"):
            raise _Unsendable("the relay does not take addresses beyond ASCII (SMTPUTF8)")
        smtp.command_encoding = "utf-8"
        options.append("SMTPUTF8")
    else:
        smtp.command_encoding = "ascii"
    return options


def _ascii_domain(address: str) -> str:
    """IDN domains go out as punycode (RFC 5891); the local part stays as it is."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}" if not domain.isascii() else address
    except UnicodeError:
        raise _Unsendable("the domain of the address cannot be written in ASCII") from None


def _dotted(message: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another."""
    stuffed = message.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
