"""A sink that keeps the Message-ID of every message it accepts, before it says so.

with recording(path) as (taking, log): ...
"""

import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.bench.sink import Session, Sink, Tally, main, sink

HEAD = 8192  # bytes of a message in which its Message-ID must stand
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
PATIENCE = 30.0  # seconds


class Recorder(Session):
    def __init__(self, log: int, sock: socket.socket, tally: Tally) -> None:
        self._log = log
        self._head = bytearray()
        super().__init__(sock, tally)

    def keep(self, piece: memoryview) -> None:
        self._head += piece[: HEAD - len(self._head)]

    def accepted(self) -> None:
        found = _MESSAGE_ID.search(bytes(self._head))
        self._head.clear()
        os.write(self._log, (found[1] if found else b"<none>") + b"\n")
        super().accepted()


class Log:
    """What the sink accepted, read in slices: each trial begins where the last one ended."""

    def __init__(self, path: Path, taking: Sink) -> None:
        self._file, self._sink = path.open("rb"), taking

    def since_last(self) -> list[str]:
        """Once every connection is over, and so nothing more can come."""
        deadline = time.monotonic() + PATIENCE
        while self._sink.connections:
            if time.monotonic() > deadline:
                raise RuntimeError("a connection to the sink does not end")
            time.sleep(0.001)
        return self._file.read().decode("ascii").splitlines()

    def close(self) -> None:
        self._file.close()


@contextmanager
def recording(folder: Path) -> Iterator[tuple[Sink, Log]]:
    path = folder / "accepted"
    path.touch()
    with sink(1, "tests.bench.crashing.recording", [str(path)]) as taking:
        log = Log(path, taking)
        try:
            yield taking, log
        finally:
            log.close()


if __name__ == "__main__":
    descriptor = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND)
    main(sys.argv[1:], partial(Recorder, descriptor))
