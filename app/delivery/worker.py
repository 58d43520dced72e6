"""The worker: claims deliveries, sends them over SMTP, writes down what the relays say.

No transaction is open while it speaks SMTP. Killed at any point, it leaves rows that say so.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from app.clock import now
from app.config import Settings
from app.db import Database
from app.delivery import ledger
from app.delivery.filling import Filler
from app.delivery.ledger import Begun
from app.links import Links
from app.mail.answers import Answer, Outcome, unsendable
from app.mail.relay import Relay
from app.mail.smtp import Client

log = logging.getLogger("docket.worker")

BATCH = 50
IDLE_SECONDS = 1.0
PAUSE_AFTER_TROUBLE = timedelta(seconds=30)


class Relays:
    """The relays in turn, leaving out for a while the ones that are in trouble."""

    def __init__(
        self, relays: Sequence[Relay], connect: Callable[[Relay], Client] = Client
    ) -> None:
        self._clients = [connect(relay) for relay in relays]
        self._paused_until: dict[Client, datetime] = {}

    def pick(self, at: datetime) -> Client | None:
        """The next relay that is not paused; None when all are."""
        for client in self._clients:
            if self._paused_until.get(client, at) <= at:
                self._clients.remove(client)
                self._clients.append(client)
                return client
        return None

    def pause(self, client: Client, at: datetime) -> None:
        self._paused_until[client] = at + PAUSE_AFTER_TROUBLE

    def available(self, at: datetime) -> bool:
        return any(self._paused_until.get(client, at) <= at for client in self._clients)

    def close(self) -> None:
        for client in self._clients:
            client.close()


class Worker:
    """Sends until told to stop. `name` stands in the ledger beside what it holds."""

    def __init__(
        self, database: Database, settings: Settings, links: Links, relays: Relays | None = None
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"
        self._database = database
        self._relays = relays or Relays(settings.relays)
        self._filler = Filler(links)
        self.stopping = threading.Event()

    def run(self) -> int:
        """Until `stopping` is set, the message in hand finished first; how many were claimed."""
        done = 0
        while not self.stopping.is_set():
            try:
                count = self.work_once()
            except OperationalError as error:  # the database is busy or away: it comes back
                log.warning("the database does not answer (%s); trying again", type(error).__name__)
                count = 0
            done += count
            if not count:
                self.stopping.wait(IDLE_SECONDS)
        return done

    def work_once(self, issue_id: int | None = None) -> int:
        """Claim one batch and send it; how many deliveries were claimed."""
        if not self._relays.available(now()):
            return 0
        with self._database.writing() as session:
            ids = ledger.claim(session, self.name, now(), BATCH, issue_id)
        try:
            self._send_all(ids)
        finally:
            self._tidy(ids)
        return len(ids)

    def close(self) -> None:
        self._relays.close()

    def _send_all(self, ids: Sequence[int]) -> None:
        for delivery_id in ids:
            client = self._relays.pick(now())
            if self.stopping.is_set() or client is None:
                return
            try:
                self._send(delivery_id, client)
            except Exception:  # one poisoned row must not stop the others
                log.exception("delivery %s could not be worked on", delivery_id)

    def _send(self, delivery_id: int, client: Client) -> None:
        with self._database.writing() as session:
            begun = ledger.begin(session, delivery_id, self.name, now())
        if begun is None:
            return
        answer = self._speak(begun, client)
        if answer.outcome is Outcome.RELAY_TROUBLE:
            self._relays.pause(client, now())
            log.warning("relay %s is in trouble: %s %s", answer.relay, answer.stage, answer.code)
        with self._database.writing() as session:
            ledger.settle(session, begun, answer, now())

    def _speak(self, begun: Begun, client: Client) -> Answer:
        """Compose and send. A message that cannot be composed is an answer too: give up."""
        try:
            with self._database.reading() as session:
                letter = self._filler.fill(session, begun, now())
        except ValueError as error:
            return unsendable(str(error))
        return client.send(letter.sender, letter.recipient, letter.message)

    def _tidy(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        with self._database.writing() as session:
            ledger.release(session, ids, self.name)
            ledger.finish(session, now())
