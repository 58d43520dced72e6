"""One HTTP request to an IP address that was checked before, over in time whatever a server does.

No proxy, no cookie, no second question to the DNS; of an answer only its head is read.
"""

import io
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from time import monotonic
from typing import Any

from app.outside.addresses import Target

AGENT = "Docket link check"
LONGEST_HEAD = 256 * 1024  # bytes
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Answer:
    status: int
    onward: str | None  # where a redirect leads


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """TimeoutError when there is none."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def ask(
    method: str, target: Target, ips: Sequence[str], context: ssl.SSLContext, deadline: Deadline
) -> Answer:
    """OSError or HTTPException when no answer comes, or none that can be read."""
    with closing(_connected(ips, target.port, deadline)) as plain:
        if target.scheme == "http":
            return _answer(method, target, plain, deadline)
        plain.settimeout(deadline.left)
        with closing(context.wrap_socket(plain, server_hostname=target.host)) as sealed:
            return _answer(method, target, sealed, deadline)


def _connected(ips: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """To the first that answers; each gets a fair part of the time."""
    error = OSError("there is no address")
    for number, ip in enumerate(ips):
        try:
            return socket.create_connection((ip, port), deadline.left / (len(ips) - number))
        except OSError as raised:
            error = raised
    raise error


def _answer(method: str, target: Target, sock: socket.socket, deadline: Deadline) -> Answer:
    connection = HTTPConnection(target.host, target.port)
    connection.sock = _InTime(sock, deadline)
    connection.auto_open = 0
    headers = {"Host": target.authority, "User-Agent": AGENT, "Accept": "*/*"}
    if method == "GET":
        headers["Range"] = "bytes=0-0"
    with closing(connection):
        connection.request(method, target.path, headers={**headers, "Connection": "close"})
        with closing(connection.getresponse()) as response:
            onward = response.getheader("Location") if response.status in REDIRECTS else None
            return Answer(response.status, onward and _as_meant(onward))


def _as_meant(location: str) -> str:
    """The library reads heads as Latin-1; what is no ASCII in an address is UTF-8."""
    return location.encode("latin-1", "replace").decode("utf-8", "replace").strip()


class _InTime:
    """As much of a socket as an HTTPConnection asks for. The timeout of a socket is one of each
    single operation: a server that sends a byte now and then would hold us for ever."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left)
        self._sock.sendall(data)

    def makefile(self, *_arguments: Any) -> io.BufferedReader:
        return io.BufferedReader(_Head(self._sock, self._deadline))

    def close(self) -> None:
        self._sock.close()


class _Head(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline, self._room = sock, deadline, LONGEST_HEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left)
        count = self._sock.recv_into(buffer)
        self._room -= count
        if self._room < 0:
            raise OSError("the head of the answer has no end")
        return count
