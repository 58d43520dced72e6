"""A small load generator: keep-alive connections on this machine, each with one request in flight.

A connection sends its next request when it has its answer (a closed loop): the number of
connections is the most that is in flight, and a latency is one at the rate that was reached.
"""

import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
PATIENCE = 30.0  # seconds without any answer


@dataclass(frozen=True)
class Shots:
    """The milliseconds that each request took, and the seconds that all of them took."""

    milliseconds: list[float]
    seconds: float

    @classmethod
    def together(cls, parts: Sequence["Shots"]) -> "Shots":
        """Of processes that fired at the same time."""
        took = [milliseconds for shots in parts for milliseconds in shots.milliseconds]
        return cls(took, max(shots.seconds for shots in parts))

    def rate(self) -> float:
        """A second."""
        return len(self.milliseconds) / self.seconds

    def p50(self) -> float:
        return self._percentile(50)

    def p99(self) -> float:
        return self._percentile(99)

    def _percentile(self, percent: int) -> float:
        """What so many per cent of the requests did not exceed."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class Ring:
    """Requests that go round: each volley goes on where the one before stopped."""

    def __init__(self, requests: Sequence[bytes], processes: int) -> None:
        self._shares = [deque(requests[n::processes]) for n in range(processes)]

    def shares(self) -> list[list[bytes]]:
        """What each process sends, over and over."""
        return [list(share) for share in self._shares]

    def went_on(self, process: int, sent: int) -> None:
        self._shares[process].rotate(-sent)


class Gunners:
    """Processes that send requests, kept for many volleys."""

    def __init__(self, processes: int, connections: int) -> None:
        self.processes, self._connections = processes, max(1, connections // processes)
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, mp_context=spawn)

    def fire(self, port: int, ring: Ring, seconds: float) -> Shots:
        """For so long. RuntimeError on any answer but 200."""
        done = self._volley(port, ring.shares(), seconds, once=False)
        for process, shots in enumerate(done):
            ring.went_on(process, len(shots.milliseconds))
        return Shots.together(done)

    def fire_once(self, port: int, requests: Sequence[bytes]) -> Shots:
        """Each of `requests` once."""
        shares = Ring(requests, self.processes).shares()
        return Shots.together(self._volley(port, shares, PATIENCE, once=True))

    def close(self) -> None:
        self._pool.shutdown()

    def _volley(
        self, port: int, shares: list[list[bytes]], seconds: float, *, once: bool
    ) -> list[Shots]:
        common = (self._connections, seconds, once)
        tasks = [self._pool.submit(volley, port, share, *common) for share in shares]
        return [task.result() for task in tasks]


class Line:
    """One connection, with what has come of the answer to the request in flight."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._connected()
        self._stays = True

    def send(self, request: bytes) -> None:
        """Over a new connection where the server closed the last one, which counts as well."""
        self._head, self._missing, self._sent_at = b"", -1, time.perf_counter()
        if not self._stays:
            self.socket.close()
            self.socket = self._connected()
        self.socket.sendall(request)

    def receive(self) -> float | None:
        """Milliseconds since the request, once all of its answer is here."""
        came = self.socket.recv(262_144)
        if not came:
            raise RuntimeError("the server hung up")
        if self._missing < 0:
            self._begin(self._head + came)
        else:
            self._missing -= len(came)
        return None if self._missing else (time.perf_counter() - self._sent_at) * 1000

    def _begin(self, got: bytes) -> None:
        head, end, body = got.partition(HEAD_END)
        if not end:
            self._head = got
            return
        if b" 200 " not in head[:16]:
            raise RuntimeError(f"answered {head[:40]!r}")
        head = head.lower()
        self._stays = b"connection: close" not in head
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        self._missing = int(length) - len(body)

    def _connected(self) -> socket.socket:
        made = socket.create_connection((HOST, self._port), timeout=PATIENCE)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class Volley:
    """Some connections, and the requests that they take in turn."""

    def __init__(self, port: int, requests: Iterator[bytes], connections: int) -> None:
        self._requests = requests
        self._poll = select.epoll()
        self._lines = [Line(port) for _number in range(connections)]
        self._flying: dict[int, Line] = {}
        self._took: list[float] = []

    def fire(self, seconds: float) -> Shots:
        begun = time.perf_counter()
        for line in self._lines:
            self._send_next(line)
        while self._flying:
            for line in self._answered():
                if time.perf_counter() - begun < seconds:
                    self._send_next(line)
        return Shots(self._took, time.perf_counter() - begun)

    def close(self) -> None:
        self._poll.close()
        for line in self._lines:
            line.socket.close()

    def _send_next(self, line: Line) -> None:
        request = next(self._requests, None)
        if request is None:
            return
        line.send(request)
        number = line.socket.fileno()
        self._poll.register(number, select.EPOLLIN)
        self._flying[number] = line

    def _answered(self) -> list[Line]:
        """Those whose answers are complete now."""
        found = self._poll.poll(PATIENCE)
        if not found:
            raise RuntimeError(f"no answer within {PATIENCE} s")
        return [line for number, _event in found if (line := self._completed(number))]

    def _completed(self, number: int) -> Line | None:
        milliseconds = self._flying[number].receive()
        if milliseconds is None:
            return None
        self._took.append(milliseconds)
        self._poll.unregister(number)
        return self._flying.pop(number)


def volley(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, once: bool
) -> Shots:
    """What one process does."""
    fired = Volley(port, iter(requests) if once else cycle(requests), connections)
    try:
        return fired.fire(seconds)
    finally:
        fired.close()
