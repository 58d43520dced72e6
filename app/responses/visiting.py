"""Visits: which answer pages were opened. Shown beside the rates, never part of one."""

import logging
from collections import deque
from datetime import datetime
from threading import Lock, Thread

from app.db import Database
from app.direct import Busy
from app.responses import answering
from app.responses.answering import Ids

log = logging.getLogger(__name__)
Visited = tuple[Ids, datetime]
WAITING = 10_000  # visits that may wait for a database that others write to


class Visits:
    """First visits, written by whoever finds the pen free, and for all who wait.

    Many pages are opened for the first time at the same moment, and each commit waits for the disk.
    Who has the pen writes what has come together; a thread takes it over when more has come
    meanwhile, so that nobody waits for more than one commit. A visit whose process is killed before
    that is lost, which changes no rate.
    """

    def __init__(self, database: Database) -> None:
        self._direct = database.direct
        self._waiting: deque[Visited] = deque(maxlen=WAITING)
        self._pen = Lock()

    def note(self, ids: Ids, at: datetime) -> None:
        """A page is shown whether or not its visit can be noted."""
        self._waiting.append((ids, at))
        if not self._pen.acquire(blocking=False):
            return
        more = False
        try:
            more = self._write()
        finally:
            if more and self._waiting:
                Thread(target=self._write_rest).start()
            else:
                self._put_down(more)

    def _write_rest(self) -> None:
        more = False
        try:
            while self._waiting and (more := self._write()):
                pass
        finally:
            self._put_down(more)

    def _put_down(self, more: bool) -> None:
        """And up again, when somebody came just before, unless there is no use in it now."""
        self._pen.release()
        if more and self._waiting and self._pen.acquire(blocking=False):
            Thread(target=self._write_rest).start()

    def _write(self) -> bool:
        """Whether there is any use in writing more now."""
        visits = [self._waiting.popleft() for _number in range(len(self._waiting))]
        try:
            self._commit(visits)
        except self._direct.unavailable as error:
            log.warning("visits wait: %s", type(error).__name__)
            self._waiting.extendleft(reversed(visits))
            return False
        except self._direct.errors:
            self._commit_each(visits)  # one of them is of what is gone
        return True

    def _commit_each(self, visits: list[Visited]) -> None:
        for one in visits:
            try:
                self._commit([one])
            except (Busy, self._direct.errors) as error:
                log.warning("a visit was not noted: %s", type(error).__name__)

    def _commit(self, visits: list[Visited]) -> None:
        with self._direct.writing_if_free() as connection:
            answering.note_visits(connection, visits)
