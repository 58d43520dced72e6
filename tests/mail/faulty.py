"""A scripted SMTP server on loopback, for what real relays do wrong.

    with talking({"RCPT": ["550 5.1.1 nobody", "250 ok"]}) as (server, client): ...

The script names a stage (CONNECT, EHLO, HELO, AUTH, STARTTLS, MAIL, RCPT, DATA, BODY, DOT, BDAT,
RSET, QUIT) and what to say there: one reply, or a list of them of which the last is said ever
after. The count runs over all connections. A key such as "RCPT bob@example.org" goes before the
stage, for commands that hold that word.
"""

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Self

from app.mail.relay import Relay
from app.mail.smtp import Client
from app.mail.timeouts import Timeouts


def each(seconds: float) -> Timeouts:
    return Timeouts(*[seconds] * len(fields(Timeouts)))


BRISK = each(0.25)  # for what must time out
PATIENT = each(5)  # for what must not


@dataclass(frozen=True)
class Reply:
    text: str = ""  # lines; CRLF is added
    late: float = 0.0  # seconds
    close: bool = False


CLOSE = Reply(close=True)
SILENT = Reply()

Said = str | Reply
Script = Mapping[str, Said | list[Said]]

_USUAL = {
    "CONNECT": "220 faulty.example.org ESMTP",
    "EHLO": "250 faulty.example.org",
    "HELO": "250 faulty.example.org",
    "DATA": "354 go on",
    "BODY": "",
    "DOT": "250 2.0.0 taken",
    "QUIT": Reply("221 2.0.0 bye", close=True),
}


class Faulty(socketserver.ThreadingTCPServer):
    daemon_threads = False  # server_close() waits for them
    allow_reuse_address = True

    def __init__(
        self,
        script: Script | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        forgetful: bool = False,
    ) -> None:
        """`tls` for STARTTLS, or from the first byte if `implicit`. A `forgetful` server throws
        away, at the end of a message, whatever came with it: the classic mistake about
        PIPELINING."""
        self._script = {**_USUAL, **(script or {})}
        self.tls, self.implicit, self.forgetful = tls, implicit, forgetful
        self.stalled = threading.Event()  # set when a SILENT reply has been "said"
        self.answered = threading.Event()  # set when a message has been answered
        self._lock = threading.Lock()
        self._said: dict[str, int] = {}
        self.connections = 0
        self.commands: list[str] = []
        self.bodies: list[bytes] = []  # as they came over the wire, with the final dot
        self.taken: list[bytes] = []  # those that it said yes to
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        # Small, so that a large message cannot vanish into buffers before the server closes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.server_bind()
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.005,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    @property
    def relay(self) -> Relay:
        return Relay("smtp", "127.0.0.1", self.server_address[1], connections=1)

    @property
    def verbs(self) -> list[str]:
        return [command.split(" ")[0].upper() for command in self.commands]

    def said_to(self, verb: str) -> list[str]:
        return [c for c in self.commands if c.upper().split(" ")[0] == verb]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is no news."""

    def reply(self, stage: str, command: str = "") -> Reply:
        special = [key for key in self._script if " " in key and _is_about(key, stage, command)]
        stage = special[0] if special else stage
        with self._lock:
            at = self._said[stage] = self._said.get(stage, 0) + 1
        said: Any = self._script.get(stage, "250 2.0.0 ok")
        if isinstance(said, list):
            said = said[min(at, len(said)) - 1]
        return said if isinstance(said, Reply) else Reply(said)


def _is_about(key: str, stage: str, command: str) -> bool:
    verb, _, word = key.partition(" ")
    return verb == stage and word in command


class _Handler(socketserver.StreamRequestHandler):
    server: Faulty
    timeout = 5
    disable_nagle_algorithm = True  # replies to a group must not wait for each other's ACK

    def handle(self) -> None:
        self.server.connections += 1
        try:
            if self.server.implicit:
                self._secure()
            going = self._say("CONNECT")
            while going and (line := self.rfile.readline()):
                going = self._answer(line.decode("utf-8", "replace").rstrip("\r\n"))
        except OSError:
            pass  # the client left

    def finish(self) -> None:
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):  # the server knows of the bare one only
            self.connection.close()

    def _answer(self, command: str) -> bool:
        self.server.commands.append(command)
        verb = command.split(" ")[0].upper()
        if verb == "BDAT":
            self.server.bodies.append(self.rfile.read(int(command.split(" ")[1])))
        going = self._say(verb, command)
        if verb == "BDAT":
            self._keep()
        if not going:
            return False
        if verb == "STARTTLS" and self._last.startswith("220"):
            self._secure()
        return verb != "DATA" or not self._last.startswith("354") or self._body()

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.request = self.connection = self.server.tls.wrap_socket(
            self.connection, server_side=True
        )
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def _body(self) -> bool:
        if self.server.reply("BODY").close:
            self.rfile.read(1000)
            return False
        body = bytearray()
        while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
            line = self.rfile.readline()
            if not line:
                return False
            body += line
        self.server.bodies.append(bytes(body))
        if self.server.forgetful:
            self._forget()
        going = self._say("DOT")
        self._keep()
        return going

    def _keep(self) -> None:
        self.server.answered.set()
        if self._last.startswith("2"):
            self.server.taken.append(self.server.bodies[-1])

    def _say(self, stage: str, command: str = "") -> bool:
        """Whether the connection goes on."""
        reply = self.server.reply(stage, command)
        time.sleep(reply.late)
        self._last = reply.text
        if reply.text:
            self.wfile.write(reply.text.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        elif not reply.close:
            self.server.stalled.set()
            while self.rfile.read(65_536):  # until the client leaves
                pass
            return False
        return not reply.close

    def _forget(self) -> None:
        """What has come by now."""
        self.connection.setblocking(False)
        if self.rfile.peek():  # type: ignore[union-attr]
            self.rfile.read1()  # type: ignore[union-attr]
        self.connection.settimeout(self.timeout)


@contextmanager
def talking(
    script: Script | None = None, timeouts: Timeouts = PATIENT
) -> Iterator[tuple[Faulty, Client]]:
    """A server and a client of it; what the server heard may be read after both are closed."""
    with Faulty(script) as server, Client(server.relay, timeouts) as client:
        yield server, client


def unstuffed(body: bytes) -> bytes:
    """The message out of what came over the wire, read as RFC 5321 4.5.2 says."""
    assert body.endswith(b"\r\n.\r\n") or body == b".\r\n"
    lines = body.removesuffix(b".\r\n").split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines), "a bare CR or LF"
    assert b"." not in lines, "the message ended early"
    return b"\r\n".join(line.removeprefix(b".") for line in lines)
