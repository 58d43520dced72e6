"""Child processes kept running: their output shown, their deaths answered, their end orderly.

One thread and one `select` do it all, so that nothing waits on anything else.
"""

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOP_SECONDS = 10.0  # from SIGTERM to SIGKILL
HURRY_SECONDS = 3.0  # from a second SIGTERM to SIGKILL
QUICK_SECONDS = 10.0  # a child that dies younger than this died quickly
QUICK_DEATHS = 5  # so many in a row, and there is no point in another
FIRST_DELAY = 0.25
TICK_SECONDS = 0.05  # how often to ask whether all is ready
TAIL_LINES = 20
PR_SET_PDEATHSIG = 1  # prctl(2)

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """`stop_seconds`: how long it may take to end, where that is not the usual time. `needs`: the
    programs that it needs to the end, so that it ends before them."""

    name: str
    arguments: Sequence[str]
    stop_seconds: float | None = None
    needs: Sequence[str] = ()


class GaveUp(Exception):
    """A child dies as often as it is started; `tail` is what it said last."""

    def __init__(self, name: str, tail: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.tail = name, tuple(tail)


class Child:
    """One program: its process while it lives, its last lines, and when to start it again."""

    def __init__(self, program: Program, environ: Mapping[str, str]) -> None:
        self.program = program
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0  # on the monotonic clock
        self._stop_seconds = STOP_SECONDS if program.stop_seconds is None else program.stop_seconds
        self._stop_asked: float | None = None  # on the monotonic clock
        self._environ = environ
        self._quick_deaths = 0
        self._begun = 0.0
        self._rest = b""

    def start(self) -> int:
        """The file descriptor of its output."""
        self._begun = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - the programs are named in app.running
            list(self.program.arguments),
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, and a group can be ended
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread only
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout.fileno()

    def has_ended(self) -> bool:
        """True once the process ended; it is left unreaped, so that its group keeps its number."""
        if self.process is None:
            return False
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def read(self) -> list[str] | None:
        """The whole lines that wait; None when nothing more will come."""
        if self.process is None or self.process.stdout is None:
            return None
        try:
            chunk = os.read(self.process.stdout.fileno(), 65_536)
        except BlockingIOError:
            return []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            lines, self._rest = [self._rest] if self._rest else [], b""
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        self.tail.extend(texts)
        return texts if chunk or texts else None

    def bury(self) -> int:
        """End what the process left behind, reap it; its exit status."""
        assert self.process is not None
        assert self.process.stdout is not None
        self._end_group()
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def count_death(self) -> None:
        """Set when to start it again. GaveUp after too many quick deaths."""
        lived = time.monotonic() - self._begun
        self._quick_deaths = self._quick_deaths + 1 if lived < QUICK_SECONDS else 1
        if self._quick_deaths >= QUICK_DEATHS:
            raise GaveUp(self.program.name, self.tail)
        self.due = time.monotonic() + FIRST_DELAY * 2 ** (self._quick_deaths - 1)

    def end(self) -> None:
        """Ask it to stop, once; when it has had its time, kill it."""
        if self._stop_asked is None:
            self._ask_to_stop()
        elif time.monotonic() - self._stop_asked >= self._stop_seconds:
            self._end_group()

    def hurry(self) -> None:
        """From now on it has little time; one that was asked already hears it once more."""
        self._stop_seconds = min(self._stop_seconds, HURRY_SECONDS)
        if self._stop_asked is not None:
            self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        assert self.process is not None
        self._stop_asked = time.monotonic()
        os.kill(self.process.pid, signal.SIGTERM)

    def _end_group(self) -> None:
        assert self.process is not None
        with suppress(PermissionError):  # macOS, when all that is left is waiting to be reaped
            os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Runs programs until a stop signal comes. `say` prints a line."""

    def __init__(
        self,
        programs: Sequence[Program],
        environ: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._children = [Child(program, environ) for program in programs]
        self._say = say
        self._width = max(len(program.name) for program in programs)
        self._selector = selectors.DefaultSelector()
        self._stops = 0  # stop signals so far

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Until a stop signal: returns with every child ended. GaveUp the same.

        `announce` is called once, when `ready` first says so.
        """
        with self._signals():
            try:
                self._watch(ready, announce)
            finally:
                self._end_all()

    def _watch(self, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        announced = False
        while not self._stops:
            self._start_due()
            self._show_output(self._patience(announced))
            self._look_for_deaths()
            if not announced and ready():
                announced = True
                announce()

    def _start_due(self) -> None:
        for child in self._children:
            if child.process is None and child.due <= time.monotonic():
                self._selector.register(child.start(), selectors.EVENT_READ, child)

    def _patience(self, announced: bool) -> float | None:
        """How long to wait for something to happen; None for as long as it takes."""
        if not announced:
            return TICK_SECONDS
        due = [child.due for child in self._children if child.process is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _show_output(self, timeout: float | None) -> None:
        for key, _events in self._selector.select(timeout):
            if isinstance(key.data, Child):
                self._show_lines(key.data)
            else:
                key.fileobj.recv(4096)  # type: ignore[union-attr]

    def _show_lines(self, child: Child) -> bool:
        """Whether there may be more."""
        lines = child.read()
        for line in lines or ():
            self._say(f"{child.program.name:<{self._width}} | {line}")
        if lines is None:
            self._forget(child)
        return bool(lines)

    def _look_for_deaths(self) -> None:
        for child in self._children:
            if child.has_ended():
                status = self._bury(child)
                child.count_death()
                self._say(f"{child.program.name} ended ({words(status)}); it is started again.")

    def _bury(self, child: Child) -> int:
        while self._show_lines(child):
            pass
        self._forget(child)
        return child.bury()

    def _forget(self, child: Child) -> None:
        if child.process is None or child.process.stdout is None:
            return
        if child.process.stdout.fileno() in self._selector.get_map():
            self._selector.unregister(child.process.stdout.fileno())

    def _end_all(self) -> None:
        asked = self._stops
        while living := [child for child in self._children if child.process]:
            if self._stops > asked:  # somebody is in a hurry: each child hears it too
                asked = self._stops
                for child in living:
                    child.hurry()
            needed = {name for child in living for name in child.program.needs}
            for child in living:
                if child.program.name not in needed:
                    child.end()
                if child.has_ended():
                    self._bury(child)
            self._show_output(TICK_SECONDS)
        self._selector.close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop signals are counted; they and the death of a child wake the `select`."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._selector.register(reader, selectors.EVENT_READ)
        before = {name: signal.signal(name, self._stop) for name in STOP_SIGNALS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        woken = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for name, handler in before.items():
                signal.signal(name, handler)
            reader.close()
            writer.close()

    def _stop(self, *_: object) -> None:
        self._stops += 1


def words(status: int) -> str:
    """An exit status as subprocess gives it: negative for a signal."""
    return f"status {status}" if status >= 0 else signal.Signals(-status).name


def _end_with_parent() -> None:
    """Linux sends a child SIGTERM when the supervisor itself is killed: no orphan keeps a port."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
