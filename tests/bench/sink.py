"""Takes mail on loopback, throws it away and counts it, as fast as Python allows.

    with sink() as taking:
        ...  # send to taking.host, taking.port
        taking.messages

It is bounded: a connection has one buffer, and nothing of a message is kept. Of a body only its
end is looked for; connections are dealt out to the processes in turn.
"""

import mmap
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
BUFFER = 1 << 18  # bytes of a connection
END = b"\r\n.\r\n"
OK, GO, BYE = b"250 2.0.0 Ok\r\n", b"354 go on\r\n", b"221 2.0.0 bye\r\n"
HELLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
REPLIES = {b"e": HELLO, b"d": GO, b"q": BYE}
_COUNTS = struct.Struct("<QQQ")  # messages, bytes of bodies with their end, open connections
_MOST_PROCESSES = 16


class Tally:
    """Counters in a file that all processes of a sink map; each writes its own row."""

    def __init__(self, path: Path, row: int = 0) -> None:
        with path.open("r+b") as file:
            file.truncate(_MOST_PROCESSES * _COUNTS.size)
            self._map = mmap.mmap(file.fileno(), 0)
        self._at = row * _COUNTS.size
        self.messages = self.size = self.connections = 0  # of this row

    def write(self) -> None:
        _COUNTS.pack_into(self._map, self._at, self.messages, self.size, self.connections)

    def totals(self) -> tuple[int, int, int]:
        messages, sizes, connections = zip(*_COUNTS.iter_unpack(self._map), strict=True)
        return sum(messages), sum(sizes), sum(connections)

    def close(self) -> None:
        self._map.close()


class Session:
    """One connection. `accepted` is called before a message is answered."""

    lasting = False  # when it is over, the server goes on

    def __init__(self, sock: socket.socket, tally: Tally) -> None:
        self._sock, self._tally = sock, tally
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._end = 0  # of what was received
        self._in_data = False
        sock.sendall(b"220 sink ESMTP\r\n")

    def ready(self) -> bool:
        """Whether the connection goes on."""
        try:
            count = self._sock.recv_into(self._view[self._end :])
            return count > 0 and self._received(count)
        except OSError:
            return False

    def keep(self, piece: memoryview) -> None:
        """A piece of a body: for sinks that look at messages."""

    def accepted(self) -> None:
        self._tally.messages += 1
        self._tally.write()

    def _received(self, count: int) -> bool:
        start, self._end = 0, self._end + count
        replies: list[bytes] = []
        while start < self._end and BYE not in replies:
            # A body begins with the CRLF of its DATA, so that an empty one has an end too.
            start, reply = self._body(start) if self._in_data else self._command(start)
            if not reply:
                break
            replies.append(reply)
        self._move(start)
        if replies:
            self._sock.sendall(b"".join(replies))
        return BYE not in replies

    def _command(self, start: int) -> tuple[int, bytes]:
        """(where the next thing begins, the reply); no reply while the line is not whole."""
        end = self._buffer.find(b"\n", start, self._end) + 1
        if not end:
            if start == 0 and self._end == BUFFER:
                raise OSError("a command without an end")
            return start, b""
        reply = REPLIES.get(bytes(self._view[start : start + 1]).lower(), OK)
        self._in_data = reply is GO
        return (end - 2 if self._in_data else end), reply

    def _body(self, start: int) -> tuple[int, bytes]:
        at = self._buffer.find(END, start, self._end)
        # Its end may have begun: four bytes are looked at again.
        upto = at + len(END) if at >= 0 else max(start, self._end - len(END) + 1)
        self._tally.size += upto - start
        self.keep(self._view[start:upto])
        if at < 0:
            return upto, b""
        self._in_data = False
        self.accepted()
        return upto, OK

    def _move(self, start: int) -> None:
        """What is not used yet goes to the front."""
        left = self._end - start
        if left:
            self._view[:left] = self._view[start : self._end]
        self._end = left


Make = Callable[[socket.socket, Tally], Session]


class Server:
    """One process of a sink: its own sessions, and `others` that get their share of new ones."""

    def __init__(self, make: Make, tally: Tally, others: Sequence[socket.socket] = ()) -> None:
        self._make, self._tally = make, tally
        self._others, self._turn = others, 0
        self._selector = selectors.DefaultSelector()

    def watch(self, source: "socket.socket | int", watched: "Session | Watched") -> None:
        self._selector.register(source, selectors.EVENT_READ, watched)

    def run(self) -> None:
        """Until something lasting is over."""
        while True:
            for key, _events in self._selector.select():
                if key.data.ready():
                    continue
                if key.data.lasting:
                    return
                self._hang_up(key.fileobj)

    def accept(self, listener: socket.socket) -> bool:
        sock, _address = listener.accept()
        self._turn = (self._turn + 1) % (len(self._others) + 1)
        if self._turn:
            with sock:
                socket.send_fds(self._others[self._turn - 1], [b"!"], [sock.fileno()])
            return True
        return self._begin(sock)

    def adopt(self, channel: socket.socket) -> bool:
        message, descriptors, _flags, _address = socket.recv_fds(channel, 1, 1)
        return bool(message) and self._begin(socket.socket(fileno=descriptors[0]))

    def _begin(self, sock: socket.socket) -> bool:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = self._make(sock, self._tally)
        except OSError:  # it left before it was greeted
            sock.close()
            return True
        self._tally.connections += 1
        self._tally.write()
        self.watch(sock, session)
        return True

    def _hang_up(self, sock: "socket.socket | object") -> None:
        self._selector.unregister(sock)  # type: ignore[arg-type]
        sock.close()  # type: ignore[attr-defined]
        self._tally.connections -= 1
        self._tally.write()


class Watched:
    """What a server lives by; `ready` says whether it goes on."""

    lasting = True

    def __init__(self, ready: Callable[[], bool]) -> None:
        self.ready = ready


def main(arguments: Sequence[str], make: Make = Session) -> None:
    """`PROCESSES TALLY`: prints the port, and ends when nobody holds its input any more."""
    processes, path = int(arguments[0]), Path(arguments[1])
    with socket.create_server((HOST, 0), backlog=1024) as listener:
        channels = [_another(make, path, row) for row in range(1, processes)]
        server = Server(make, Tally(path), channels)
        server.watch(listener, Watched(lambda: server.accept(listener)))
        server.watch(0, Watched(lambda: bool(os.read(0, 1))))
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        server.run()


def _another(make: Make, path: Path, row: int) -> socket.socket:
    """One more process, which ends when the other end of its channel does."""
    ours, its = socket.socketpair()
    if os.fork():
        its.close()
        return ours
    ours.close()
    server = Server(make, Tally(path, row))
    server.watch(its, Watched(lambda: server.adopt(its)))
    server.run()
    os._exit(0)


class Sink:
    """A sink that runs; or one of somebody else's, which does not say what it counted."""

    def __init__(self, host: str, port: int, tally: Tally | None = None) -> None:
        self.host, self.port = host, port
        self._tally = tally

    @property
    def messages(self) -> int | None:
        return self._tally.totals()[0] if self._tally else None

    @property
    def size(self) -> int | None:
        """Bytes of all bodies, from the CRLF of DATA to that behind the dot."""
        return self._tally.totals()[1] if self._tally else None

    @property
    def connections(self) -> int | None:
        return self._tally.totals()[2] if self._tally else None


@contextmanager
def sink(
    processes: int = 2, module: str = "tests.bench.sink", extra: Sequence[str] = ()
) -> Iterator[Sink]:
    """Processes of their own that take mail until the block ends."""
    with tempfile.TemporaryDirectory(prefix="docket-sink-") as folder:
        path = Path(folder) / "tally"
        path.touch()
        tally = Tally(path)
        command = [sys.executable, "-m", module, str(processes), str(path), *extra]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            try:
                yield Sink(HOST, int(running.stdout.readline()), tally)
            finally:
                running.stdin.close()
                tally.close()


if __name__ == "__main__":
    main(sys.argv[1:])
