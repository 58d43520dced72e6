"""A scripted SMTP server on loopback, for what real relays do wrong.

    with talking({"RCPT": ["550 5.1.1 nobody", "250 ok"]}) as (server, client): ...

The script names a stage (CONNECT, EHLO, HELO, AUTH, STARTTLS, MAIL, RCPT, DATA, BODY, DOT, RSET,
QUIT) and what to say there: one reply, or a list of them of which the last is said ever after.
The count runs over all connections.
"""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from app.mail.relay import Relay
from app.mail.smtp import Client, Timeouts

BRISK = Timeouts(connect=0.25, reply=0.25, final_dot=0.25)  # for what must time out
PATIENT = Timeouts(connect=5, reply=5, final_dot=5)  # for what must not


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

    def __init__(self, script: Script | None = None) -> None:
        self._script = {**_USUAL, **(script or {})}
        self._lock = threading.Lock()
        self._said: dict[str, int] = {}
        self.connections = 0
        self.commands: list[str] = []
        self.bodies: list[bytes] = []  # as they came over the wire, with the final dot
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
        return Relay("smtp", "127.0.0.1", self.server_address[1])

    @property
    def verbs(self) -> list[str]:
        return [command.split(" ")[0].upper() for command in self.commands]

    def said_to(self, verb: str) -> list[str]:
        return [c for c in self.commands if c.upper().split(" ")[0] == verb]

    def reply(self, stage: str) -> Reply:
        with self._lock:
            at = self._said[stage] = self._said.get(stage, 0) + 1
        said: Any = self._script.get(stage, "250 2.0.0 ok")
        if isinstance(said, list):
            said = said[min(at, len(said)) - 1]
        return said if isinstance(said, Reply) else Reply(said)


class _Handler(socketserver.StreamRequestHandler):
    server: Faulty
    timeout = 5

    def handle(self) -> None:
        self.server.connections += 1
        try:
            going = self._say("CONNECT")
            while going and (line := self.rfile.readline()):
                going = self._answer(line.decode("utf-8", "replace").rstrip("\r\n"))
        except OSError:
            pass  # the client left

    def _answer(self, command: str) -> bool:
        self.server.commands.append(command)
        verb = command.split(" ")[0].upper()
        if not self._say(verb):
            return False
        return verb != "DATA" or not self._last.startswith("354") or self._body()

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
        return self._say("DOT")

    def _say(self, stage: str) -> bool:
        """Whether the connection goes on."""
        reply = self.server.reply(stage)
        time.sleep(reply.late)
        self._last = reply.text
        if reply.text:
            self.wfile.write(reply.text.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        return not reply.close


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
