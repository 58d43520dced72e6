"""Group commit: what comes while one transaction waits for the disk goes into the next, together.

SQLite has one writer and waits for the disk at each COMMIT. Eight who answer at once would wait for
eight of these, one after the other; here they wait for two.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, TypeVar

Connection = Any  # of the driver's
Job = Callable[[Connection], Any]
T = TypeVar("T")


class NotWritten(Exception):
    """The transaction of this and others failed; none of them is written. Its cause says why."""


class _Ticket:
    """A job, and whoever waits for it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_over = False
        self._call = Lock()
        self._call.acquire()

    def wait(self) -> None:
        """Until it is over, or is the first of those who wait and must see to them all."""
        self._call.acquire()

    def wake(self) -> None:
        self._call.release()


class Group:
    """Runs jobs of many threads in few transactions; the thread of one of them does the work."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction
        self._waiting: list[_Ticket] = []
        self._is_led = False
        self._lock = Lock()

    def run(self, job: Callable[[Connection], T]) -> T:
        """What the job returns, once it is durable; NotWritten when it is not."""
        mine = _Ticket(job)
        if not self._lead(mine):
            mine.wait()
        if not mine.is_over:
            self._write_all()
        if mine.error is not None:
            raise NotWritten from mine.error
        result: T = mine.result
        return result

    def _lead(self, mine: _Ticket) -> bool:
        with self._lock:
            self._waiting.append(mine)
            leads = not self._is_led
            self._is_led = True
        return leads

    def _write_all(self) -> None:
        """Those who wait now; then the first of those who came meanwhile leads."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        self._write(batch)
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
        for ticket in (*batch, following):
            if ticket is not None:
                ticket.wake()

    def _write(self, batch: list[_Ticket]) -> None:
        try:
            with self._transaction() as connection:
                for ticket in batch:
                    ticket.result = ticket.job(connection)
        except BaseException as error:  # whatever it was: nobody may wait for ever
            for ticket in batch:
                ticket.error = error
        for ticket in batch:
            ticket.is_over = True
