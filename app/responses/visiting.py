"""Visits: which answer pages were opened. Shown beside the rates, never part of one."""

import logging
from collections import deque
from datetime import datetime
from threading import Lock

from app.db import Database
from app.direct import Busy
from app.responses import answering
from app.responses.answering import Ids

log = logging.getLogger(__name__)
Visited = tuple[Ids, datetime]
WAITING = 10_000  # visits that may wait for a database that others write to


class Visits:
    """First visits, written by whoever finds the pen free, and for all who wait.

    Many pages are opened for the first time at the same moment, and each commit waits for the disk:
    so one of them writes what has come together, and nobody waits for a writer. A visit whose
    process is killed before that is lost, which changes no rate.
    """

    def __init__(self, database: Database) -> None:
        self._direct = database.direct
        self._waiting: deque[Visited] = deque(maxlen=WAITING)
        self._pen = Lock()

    def note(self, ids: Ids, at: datetime) -> None:
        """Raises nothing: a page is shown whether or not its visit could be noted."""
        self._waiting.append((ids, at))
        # Looked at again once the pen is down: another may have left its visit just before.
        while self._waiting and self._pen.acquire(blocking=False):
            try:
                if not self._write():
                    return
            finally:
                self._pen.release()

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
