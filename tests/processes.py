"""Processes under test: lines awaited with a deadline, and proof that one is gone."""

import os
import select
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds; far beyond what a slow machine needs


class Process:
    """A process whose output is read as it comes; it is killed when it outstays the deadline."""

    def __init__(self, arguments: Sequence[str | Path], environ: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._watchdog = threading.Timer(PATIENCE, self._popen.kill)
        self._watchdog.start()
        self.pid = self._popen.pid
        self.output = ""

    def line_with(self, words: str) -> str:
        """The next line that holds `words`; AssertionError with all output when none comes."""
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self.output += line
            if words in line:
                return line
        raise AssertionError(f"no line with {words!r} in:\n{self.output}")

    def send(self, signal: int) -> None:
        os.kill(self.pid, signal)

    def end(self) -> int:
        """Its exit status, once it has ended by itself or by what it was sent."""
        assert self._popen.stdout is not None
        self.output += self._popen.stdout.read()
        return self._popen.wait()

    def close(self) -> None:
        self._popen.terminate()
        self.end()
        self._watchdog.cancel()
        self._watchdog.join()
        assert self._popen.stdout is not None
        self._popen.stdout.close()


@contextmanager
def process(*arguments: str | Path, **environ: str) -> Iterator[Process]:
    running = Process(arguments, environ)
    try:
        yield running
    finally:
        running.close()


class LifeLine:
    """A named pipe that a process holds open while it lives: `gone()` waits for its end."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def source(self) -> str:
        """Python source that holds the line for the rest of the process."""
        return f"line = open({str(self.path)!r}, 'w'); line.write('!'); line.flush()\n"

    def taken(self) -> None:
        assert self._next() == b"!", "nobody took the line"

    def gone(self) -> None:
        assert self._next() == b"", "somebody still holds the line"

    def _next(self) -> bytes | None:
        ready, _, _ = select.select([self._descriptor], [], [], PATIENCE)
        return os.read(self._descriptor, 1) if ready else None

    def close(self) -> None:
        os.close(self._descriptor)
