"""A worker's journal: which messages it began to hand over, and which answers came.

Between "the bytes go out" and "the answer is in the database" only this file knows. It is written
with plain writes: what a killed process wrote, the system still has. After a power cut its end may
be missing, which the boot id in its first line shows (ADR 10).

A line is `S <delivery>` (started), `A <delivery> <outcome> <stage> <code> <relay> <words>`
(answered), `R <delivery>` (returned: as if it had never been started) or `C` (what was answered
until here is in the database).
Its owner holds a flock(2) on the file for as long as it lives. Around each write it holds a lock on
the first byte, under which another may put up the fence: from then on the owner starts nothing.
"""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.mail.answers import Answer, Outcome, Stage

SUFFIX = ".journal"
LONG_AGO = 3600.0  # seconds
COMPACT_AT = 1 << 17  # bytes: some two thousand messages
OPEN, FENCED = b"-", b"X"  # the first byte of the file
_HEADER_SIZE, _NO_CODE = 256, "-"
own: set[Path] = set()  # of this process: to open and close one again would end its locks


class Fenced(Exception):
    """Another worker took over what this one held."""


class Journal:
    """The owner's side. Not shared between threads or processes."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / (name + SUFFIX)
        self._header = _header(name)
        self._lines: list[bytes] = []
        own.add(self.path)
        self._fd = self._replace(b"")
        self._size = _HEADER_SIZE

    def start(self, key: int) -> None:
        self._lines.append(b"S %d\n" % key)

    def answer(self, key: int, answer: Answer) -> None:
        self._lines.append(_answer_line(key, answer))

    def take_back(self, key: int) -> None:
        """It was not begun after all, or was refused as if it had not been."""
        self._lines.append(b"R %d\n" % key)

    def settled(self) -> None:
        """All that was answered so far is in the database."""
        self._lines.append(b"C\n")

    def flush(self) -> None:
        """Write what was said since. Fenced when another put up the fence: nothing may go out.

        OSError when the disk is full; what could not be written is kept for the next time.
        """
        if not self._lines:
            return
        data = b"".join(self._lines)
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1)
        try:
            fenced = os.pread(self._fd, 1, 0) == FENCED
            if not fenced:
                self._write(data)
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1)
        if fenced:
            raise Fenced
        self._lines.clear()

    def flush_answers(self) -> None:
        """Write no starts, but answers, fence or not: they tell of what was begun before it."""
        if told := [line for line in self._lines if not line.startswith(b"S")]:
            self._write(b"".join(told))
        self._lines.clear()

    def compact(self, in_flight: Iterable[int]) -> None:
        """Forget all but what is in flight, once everything answered is in the database."""
        if self._size < COMPACT_AT:
            return
        data = b"".join(b"S %d\n" % key for key in in_flight)
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1)
        if os.pread(self._fd, 1, 0) == FENCED:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1)
            raise Fenced
        try:
            fresh = self._replace(data)
        except OSError:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1)
            raise
        before, self._fd = self._fd, fresh
        os.close(before)  # and with it both locks on what was the journal
        self._size = _HEADER_SIZE + len(data)

    def close(self) -> None:
        """Keep the file for whoever takes over."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        own.discard(self.path)

    def delete(self) -> None:
        """Everything in it is in the database."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _replace(self, data: bytes) -> int:
        """A new file that is locked before anybody can find it."""
        fresh = self.path.with_suffix(".new")
        descriptor = self._create(fresh, data)
        os.replace(fresh, self.path)
        return descriptor

    def _create(self, path: Path, data: bytes) -> int:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_all(descriptor, self._header + data, 0)
        except BaseException:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return descriptor

    def _write(self, data: bytes) -> None:
        """Whole or not at all: half a line before a full disk is cut off again."""
        _write_all(self._fd, data, self._size)
        self._size += len(data)


@dataclass
class Read:
    """What a journal says: `started` and unanswered, and what was answered (the newest answer).

    `trusted`: nothing can be missing at its end.
    """

    worker: str
    trusted: bool
    started: set[int] = field(default_factory=set)
    answered: dict[int, Answer] = field(default_factory=dict)


class Found:
    """Another's journal, opened by one who may take over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    @property
    def worker(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    def owner_is_gone(self) -> bool:
        """From then on the file is ours. The system lets go of a lock when a process dies."""
        if not _locks(lambda: fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)):
            return False
        return self._is_current()

    def fence(self) -> bool:
        """Keep a living owner from starting anything more. False while it is in the middle of a
        write: then nobody can say what it will do next."""
        if not _locks(lambda: fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)):
            return False
        try:
            if not self._is_current():
                return False
            os.pwrite(self._fd, FENCED, 0)
            return True
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1)

    def read(self) -> Read:
        size = os.fstat(self._fd).st_size
        return parse(self.worker, os.pread(self._fd, size, 0))

    def delete(self) -> None:
        if self._is_current():
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._fd)

    def _is_current(self) -> bool:
        """Whether the name still leads to this file: its owner may have compacted it."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._fd))
        except FileNotFoundError:
            return False


def found(folder: Path) -> list[Path]:
    """Those of other processes."""
    return sorted(set(folder.glob("*" + SUFFIX)) - own)


def sweep(folder: Path) -> None:
    """Delete what a process left that was killed while it made a journal, long ago."""
    for path in folder.glob("*.new"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > LONG_AGO:
                path.unlink()


def parse(worker: str, data: bytes) -> Read:
    """A damaged line is passed over, and then something else may be missing too. An unfinished one
    at the end tells nothing: what it would have said did not happen before it was written."""
    read = Read(worker, trusted=_boot_of(data) == boot_id())
    for line in data[_HEADER_SIZE:].splitlines(keepends=True):
        try:
            _take(line, read)
        except (ValueError, IndexError):
            read.trusted = read.trusted and not line.endswith(b"\n")
    return read


def boot_id() -> str:
    """Another after each start of the machine; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _take(line: bytes, read: Read) -> None:
    if not line.endswith(b"\n"):
        raise ValueError("an unfinished line")
    if line == b"C\n":
        read.answered.clear()
        return
    kind, rest = line[:2], line[2:-1].decode()
    if kind == b"S ":
        key = int(rest)
        read.started.add(key)
        read.answered.pop(key, None)
        return
    if kind == b"R ":
        read.started.discard(int(rest))
        read.answered.pop(int(rest), None)
        return
    number, outcome, stage, code, relay, *words = rest.split(" ", 5)
    if kind != b"A ":
        raise ValueError("neither started nor answered")
    answer = Answer(
        Outcome(outcome),
        Stage(stage),
        "" if relay == _NO_CODE else relay,
        None if code == _NO_CODE else int(code),
        words[0] if words else "",
    )
    read.answered[int(number)] = answer
    read.started.discard(int(number))


def _answer_line(key: int, answer: Answer) -> bytes:
    outcome, stage, relay, code, text = answer
    shown = _NO_CODE if code is None else code
    return f"A {key} {outcome} {stage} {shown} {relay or _NO_CODE} {text}\n".encode()


def _header(name: str) -> bytes:
    """Of fixed length, so that its first byte can be the fence."""
    text = OPEN + b" " + json.dumps({"worker": name[:80], "boot": boot_id()}).encode("ascii")
    return text.ljust(_HEADER_SIZE - 1) + b"\n"


def _boot_of(data: bytes) -> str | None:
    try:
        return str(json.loads(data[1:_HEADER_SIZE])["boot"]) or None
    except (ValueError, KeyError, TypeError):
        return None


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    written = os.pwrite(descriptor, data, at)
    if written < len(data):
        os.ftruncate(descriptor, at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _locks(take: Callable[[], None]) -> bool:
    try:
        take()
    except (BlockingIOError, PermissionError):  # fcntl(2) may say either
        return False
    return True
