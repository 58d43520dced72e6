"""One socket to a relay, and the dialogue over it; nothing here waits.

Whoever drives it waits until the socket can do what `wants` names, then calls `ready`, and
`write` when the dialogue has something to say. Both give the answers to letters.
"""

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from app.mail.answers import Answer, Stage
from app.mail.dialogue import Dialogue
from app.mail.relay import Relay
from app.mail.timeouts import Timeouts

READ, READ_WRITE = EVENT_READ, EVENT_READ | EVENT_WRITE
_REPLIES = 4096  # bytes read at a time
_RECORDS = 65_536  # bytes given to TLS at a time

Address = tuple[int, Any]
"""Family and socket address."""


def look_up(relay: Relay) -> list[Address]:
    """Where the relay's host is; this waits for the name service. OSError in words."""
    try:
        found = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"the host {relay.host!r} has no name that could exist") from error
    return [(family, address) for family, _, _, _, address in found]


def is_literal(host: str) -> bool:
    """It is an IP address, which nobody has to be asked for."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def tls_context(relay: Relay) -> ssl.SSLContext | None:
    """Certificate and host name are verified. OSError when the authorities cannot be read."""
    if relay.scheme == "smtp":
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if relay.ca:
        context.load_verify_locations(relay.ca)
    return context


class Connection:
    __slots__ = (
        "_advance",
        "_context",
        "_receive",
        "_relay",
        "_send",
        "dialogue",
        "number",
        "sock",
        "wants",
    )

    def __init__(
        self,
        relay: Relay,
        address: Address,
        context: ssl.SSLContext | None,
        *,
        pipelining: bool = True,
        chunking: bool = True,
    ) -> None:
        """Begins to connect. A failure stands as the trouble of the dialogue."""
        self._relay = relay
        self._context = context
        self.dialogue = Dialogue(relay, pipelining=pipelining, chunking=chunking)
        self.wants = EVENT_WRITE
        self._advance: Callable[[], None] | None = self._connected  # until letters may go
        self.sock = socket.socket(address[0], socket.SOCK_STREAM)
        self.number = self.sock.fileno()  # stays, whatever TLS makes of the socket
        self.sock.setblocking(False)
        # The envelope must not wait for the ACK of what went before.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receive: Callable[[int], bytes] = self.sock.recv
        self._send: Callable[[Sequence[bytes | memoryview]], int] = self.sock.sendmsg
        try:
            self.sock.connect(address[1])
        except BlockingIOError:
            pass
        except OSError as error:
            self.dialogue.lost(words_of(error))

    def ready(self) -> Sequence[Answer]:
        """The socket can be read from or written to."""
        try:
            if self._advance is not None:
                self._advance()
                return ()
            data = self._receive(_REPLIES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return ()
        except (OSError, ValueError) as error:  # ValueError: of a host name, from TLS
            return self.dialogue.lost(words_of(error))
        if not data:
            return self.dialogue.lost("the relay closed the connection")
        answers = self.dialogue.receive(data)
        return self._after_reading(answers) if self._context is not None else answers

    def write(self) -> Sequence[Answer]:
        """As much as the socket takes now of what the dialogue has to say."""
        outgoing = self.dialogue.outgoing
        try:
            sent = self._send(outgoing.chunks)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            sent = 0
        except OSError as error:
            return self._broken(words_of(error))
        outgoing.wrote(sent)
        self.wants = READ_WRITE if outgoing.size else READ
        return ()

    def close(self) -> None:
        self.sock.close()

    def _connected(self) -> None:
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        self.dialogue.called(_own_name(self.sock))
        self.wants, self._advance = READ, None
        if self._relay.scheme == "smtps":
            self._begin_tls()

    def _begin_tls(self) -> None:
        if self._context is None:
            raise RuntimeError("no TLS is meant for this relay")
        wrapped = self._context.wrap_socket(
            self.sock, server_hostname=self._relay.host, do_handshake_on_connect=False
        )
        self.sock, self._receive, self._send = wrapped, wrapped.recv, self._send_records
        self._advance = self._shake_hands
        self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self.sock.do_handshake()  # type: ignore[attr-defined]
        except ssl.SSLWantReadError:
            self.wants = READ
        except ssl.SSLWantWriteError:
            self.wants = EVENT_WRITE
        else:
            self.wants, self._advance = READ, None
            if self.dialogue.wants_tls:
                self.dialogue.secured()

    def _after_reading(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        """With TLS, more may be read than the socket shows."""
        if self.dialogue.wants_tls and self.dialogue.trouble is None:
            try:
                self._begin_tls()
            except (OSError, ValueError) as error:
                return self.dialogue.lost(words_of(error))
        elif isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return (*answers, *self.ready())
        return answers

    def _send_records(self, chunks: Sequence[bytes | memoryview]) -> int:
        """OpenSSL wants the same bytes again after it could not write them, so they are not
        joined anew."""
        data = memoryview(b"".join(chunks)) if len(chunks) > 1 else memoryview(chunks[0])
        self.dialogue.outgoing.chunks[:] = [data]
        sent = 0
        while sent < len(data):
            try:
                sent += self.sock.send(data[sent : sent + _RECORDS])
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
        return sent

    def _broken(self, words: str) -> Sequence[Answer]:
        """Writing failed. What the relay said before it closed may still lie here unread."""
        answers: list[Answer] = []
        while self.dialogue.trouble is None:
            try:
                data = self._receive(_REPLIES)
            except OSError:
                data = b""
            if not data:
                answers += self.dialogue.lost(words)
            else:
                answers += self.dialogue.receive(data)
        return answers


def limit(dialogue: Dialogue, timeouts: Timeouts) -> float:
    """Seconds without progress after which the relay counts as gone."""
    if dialogue.opening:
        return timeouts.connect
    stage = dialogue.stage
    if stage is Stage.DATA:
        return timeouts.block if dialogue.writing_body else timeouts.data
    return timeouts.final_dot if stage is Stage.DOT else timeouts.reply


def words_of(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid here: {error.verify_message}"
    return str(error) or type(error).__name__


def _own_name(sock: socket.socket) -> str:
    """For EHLO: asking the name service for it could take long (RFC 5321 4.1.3, 4.1.4)."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    host = sock.getsockname()[0]
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"
