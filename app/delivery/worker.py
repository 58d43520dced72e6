"""The worker: leases chunks of the ledger, sends them over SMTP, writes down what relays say.

One thread does it all. No transaction is open while it speaks SMTP. Killed at any point, it leaves
a journal and rows that say what is known (ADR 9, 10).
"""

import logging
import os
import secrets
import socket
import time
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from app.clock import now
from app.delivery import journal, leasing, pacing
from app.delivery.clocks import boot_seconds
from app.delivery.desk import Desk
from app.delivery.filling import Filler
from app.delivery.hand import Hand
from app.delivery.journal import Journal
from app.delivery.recovering import FOLDER, LEASE_SECONDS
from app.mail.pool import Pool
from app.mail.relay import Relay
from app.services import Services

log = logging.getLogger("docket.worker")

TURN_SECONDS = 0.25
IDLE_SECONDS = 1.0
BEAT_SECONDS = 15.0
# Without a beat for so long it stops by itself, well before others take over.
SURE_SECONDS = LEASE_SECONDS * 0.75
DRAIN_SECONDS, HURRY_SECONDS = 30.0, 2.0
PARTING_SECONDS = 0.5  # for relays to answer QUIT
DATABASE_PAUSES = (0.25, 0.5, 1.0, 2.0, 5.0)


class Worker:
    """Sends until told to stop. Its name stands in the ledger beside what it holds."""

    def __init__(self, services: Services, relays: Sequence[Relay] | None = None) -> None:
        self._services = services
        self._relays = tuple(services.settings.relays if relays is None else relays)
        takes_mail = services.settings.takes_mail
        self._filler = Filler(services.links, services.dkim, takes_mail=takes_mail)
        self._stop_by: float | None = None  # by boot_seconds()
        self._failures = 0  # of the database, in a row
        self._wait_until = 0.0
        self._last_beat = 0.0
        self.name = ""
        self._begin()

    # Its life ----------------------------------------------------------------------------------

    def run(self) -> int:
        """Until told to stop, and what is in flight has its answer; how many were settled."""
        while self._stop_by is None:
            self._turn(IDLE_SECONDS)
        self._drain()
        return self._desk.settled

    def work_through(self) -> int:
        """Until nothing can be done at present; how many deliveries were settled."""
        before = self._desk.settled
        self._desk.look_soon()
        while self._stop_by is None and (self._turn(TURN_SECONDS) or self._is_busy()):
            if self._desk.shut and not self.pool.busy and not self._hand.news:
                break
        return self._desk.settled - before

    def stop(self) -> None:
        """Finish what is in flight, within 30 seconds; called again, within 2. Safe to call from
        a signal handler."""
        seconds = DRAIN_SECONDS if self._stop_by is None else HURRY_SECONDS
        by = boot_seconds() + seconds
        self._stop_by = by if self._stop_by is None else min(by, self._stop_by)
        self.pool.wake()

    def wake(self) -> None:
        """There may be something to do. Safe to call from any thread."""
        self._desk.look_soon()
        self.pool.wake()

    def close(self) -> None:
        """Give everything back that was not begun, and say goodbye."""
        if self._stop_by is None:
            self._stop_by = boot_seconds() + DRAIN_SECONDS
        self._drain()
        self._end()

    # One turn ----------------------------------------------------------------------------------

    def _turn(self, idle_seconds: float) -> bool:
        """Whether anything moved."""
        tended = self._tend()
        self._hand.wake_slots(now())
        moved = self.pool.turn(self._patience(idle_seconds))
        self._hand.end_turn()
        return tended or moved

    def _patience(self, idle_seconds: float) -> float:
        """How long a turn may wait for something to happen."""
        seconds = min(TURN_SECONDS, idle_seconds) if self._is_busy() else idle_seconds
        if boot_seconds() < self._wait_until:  # for the database
            seconds = min(seconds, self._wait_until - boot_seconds())
        elif self._hand.news:
            seconds = min(seconds, self._desk.patience)
        if (slot := self._hand.lines.next_slot) is not None:
            seconds = min(seconds, max(0.0, slot - now().timestamp()))
        return seconds

    def _is_busy(self) -> bool:
        return self.pool.busy or self._hand.size > 0 or bool(self._hand.news)

    def _tend(self) -> bool:
        """Settle, beat, claim: one transaction at the most; whether there was anything to do."""
        if self._hand.fenced:
            self._start_anew("another worker took over what it held")
        if boot_seconds() < self._wait_until:
            return False
        try:
            did = self._desk.tend(beat=self._needs_beat())
        except DBAPIError as error:
            self._database_failed(error)
            return False
        if did.lost:
            self._start_anew("its lease was over")
            return True
        self._database_works()
        if did.beaten:
            self._last_beat = boot_seconds()
        return did.anything

    def _needs_beat(self) -> bool:
        return boot_seconds() - self._last_beat >= BEAT_SECONDS

    def _is_sure(self) -> bool:
        """Whether what it holds is certainly still its own."""
        return boot_seconds() - self._last_beat < SURE_SECONDS

    def _database_failed(self, error: DBAPIError) -> None:
        """It comes back: what is known stays in hand and in the journal."""
        if not self._failures:
            log.error("the database does not answer (%s): trying again", type(error.orig).__name__)
        pause = DATABASE_PAUSES[min(self._failures, len(DATABASE_PAUSES) - 1)]
        self._failures += 1
        self._wait_until = boot_seconds() + pause

    def _database_works(self) -> None:
        if self._failures:
            log.info("the database answers again")
            self._failures = 0

    # Beginnings and ends -----------------------------------------------------------------------

    def _begin(self) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        with self._services.database.writing() as session:
            leasing.register(session, self.name, journal.boot_id(), now())
            pacing.name_relays(session, self._relays)
        self._last_beat = boot_seconds()
        book = Journal(self._services.settings.data_dir / FOLDER, self.name)
        self._hand = Hand(self._relays, self._filler, book)
        self._hand.may_start = self._is_sure
        self._desk = Desk(self._services, self.name, self._relays, self._hand, self._filler)
        self.pool = Pool(self._relays, self._hand)
        self._hand.wake = self.pool.wake

    def _begin_again(self) -> None:
        """As soon as the database lets it."""
        while True:
            try:
                self._begin()
            except DBAPIError as error:
                self._database_failed(error)
                time.sleep(max(0.0, self._wait_until - boot_seconds()))
            else:
                return

    def _start_anew(self, why: str) -> None:
        """Its lease is gone: what is in flight still gets its answer, the rest is others'."""
        log.warning("worker %s begins anew: %s", self.name, why)
        settled = self._desk.settled
        self._hand.fenced = self._hand.closed = True
        self._drain(DRAIN_SECONDS)
        self._end()
        self._begin_again()
        self._desk.settled = settled

    def _drain(self, seconds: float | None = None) -> None:
        """Take nothing new, wait for the answers to what is in flight, write them down."""
        self._hand.closed = True
        self.pool.wind_down()
        by = boot_seconds() + seconds if seconds is not None else None
        while self.pool.in_flight and boot_seconds() < (by or self._stop_by or 0.0):
            self.pool.turn(0.05)
            self._settle_quietly()
        self.pool.drain(PARTING_SECONDS)
        self._settle_quietly()

    def _settle_quietly(self) -> None:
        """While draining: the journal has it too, if the database does not answer."""
        if boot_seconds() < self._wait_until:
            return
        try:
            self._desk.settle_last()
        except DBAPIError as error:
            self._database_failed(error)

    def _end(self) -> None:
        """The journal goes only when all of it is in the database."""
        self._hand.close()
        self.pool.close()
        try:
            finished = self._desk.leave()
        except DBAPIError as error:
            log.error(
                "the database does not answer (%s): the journal stays", type(error.orig).__name__
            )
            finished = False
        if finished:
            self._hand.journal.delete()
        self._hand.journal.close()
