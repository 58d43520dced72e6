"""Running jobs in this process: claimed, run without a transaction, ended; and ticked in threads.

The edge that commits. A job that hangs keeps its thread, and neither other jobs nor the end of the
process wait for it.
"""

import logging
import os
import socket
import threading
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from app.clock import now
from app.logs import in_a_line
from app.scheduling import claiming
from app.scheduling.claiming import Claim
from app.scheduling.recurring import Recurring
from app.services import Services

log = logging.getLogger("docket.scheduler")


def run_if_due(services: Services, job: Recurring) -> bool:
    """Run its tick when one is due and free; whether it ran. What it raises is noted and raised."""
    if job.shared:
        job.run(services)
        return True
    with services.database.reading() as session:
        if not claiming.is_due(session, job, _zone(services), now()):
            return False
    return _claimed(services, job, forced=False)


def run_now(services: Services, job: Recurring) -> bool:
    """Run it, due or not; False when a run is under way elsewhere."""
    if not job.shared:
        return _claimed(services, job, forced=True)
    error = None
    try:
        job.run(services)
    except Exception as raised:
        error = in_a_line(raised)
        raise
    finally:
        _note(services, job, now(), runs=1, failures=int(error is not None), error=error)
    return True


class Ticker:
    """One job in this process: a thread for each tick, never two at once."""

    def __init__(self, services: Services, job: Recurring) -> None:
        self.job = job
        self._services = services
        self._thread: threading.Thread | None = None
        self._troubles = 0  # ticks in a row that failed
        self._runs = self._failures = 0  # of a shared job, since the last note
        self._noted_at: datetime | None = None

    def start(self) -> None:
        """Begin a tick, unless the last one is still under way. Returns at once."""
        if not self.is_busy():
            # A daemon: one that hangs must not keep the process from ending.
            self._thread = threading.Thread(target=self.tick, name=self.job.name, daemon=True)
            self._thread.start()

    def is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def tick(self) -> None:
        """One tick; never raises. One line says that it fails, one that it works again."""
        error = None
        try:
            if run_if_due(self._services, self.job):
                self._works()
        except Exception as raised:
            error = in_a_line(raised)
            self._fails(error)
        if self.job.shared:
            self._count(error)

    def _works(self) -> None:
        if self._troubles:
            log.info(
                "job works again", extra={"job": self.job.name, "failed_ticks": self._troubles}
            )
        self._troubles = 0

    def _fails(self, error: str) -> None:
        self._troubles += 1
        if self._troubles == 1:
            log.error("job failed; it is tried again: %s", error, extra={"job": self.job.name})

    def _count(self, error: str | None) -> None:
        """Shared jobs tick every second or two: their runs are noted once a minute, not each."""
        at = now()
        self._runs += 1
        self._failures += error is not None
        if self._noted_at and self._noted_at <= at < self._noted_at + claiming.NOTED:
            return
        self._noted_at = at
        with suppress(Exception):  # a full disk: jobs that claim say so, and the counts are kept
            _note(self._services, self.job, at, self._runs, self._failures, error)
            self._runs = self._failures = 0


def _claimed(services: Services, job: Recurring, *, forced: bool) -> bool:
    with services.database.writing() as session:
        held = claiming.claim(session, job, _zone(services), _worker(), now(), forced=forced)
    if held is None:
        return False
    try:
        job.run(services)
    except BaseException as error:
        _end(services, job, held, in_a_line(error))
        raise
    _end(services, job, held, None)
    return True


def _end(services: Services, job: Recurring, held: Claim, error: str | None) -> None:
    with services.database.writing() as session:
        counts = claiming.end(session, job, _zone(services), held, now(), error)
    if not counts:
        log.warning(
            "job took longer than its lease; another run was begun", extra={"job": job.name}
        )


def _note(
    services: Services, job: Recurring, at: datetime, runs: int, failures: int, error: str | None
) -> None:
    with services.database.writing() as session:
        claiming.note(session, job, _zone(services), at, runs, failures, error)


def _zone(services: Services) -> ZoneInfo:
    return ZoneInfo(services.settings.default_timezone)


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
