"""Whatever happens, and in whatever order: a relay takes each mail once, or a row says why not.

Workers here have a real hand, desk and journal; the relay is a table of what it took.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import control, journal, leasing
from app.delivery.desk import Desk
from app.delivery.hand import Hand
from app.delivery.journal import Journal
from app.delivery.recovering import LEASE_SECONDS, Recovery, Watcher
from app.issues.models import Issue
from app.mail.relay import Relay
from app.services import Services
from tests.delivery.at_work import Lost, losing
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    OPEN,
    TAKEN,
    TROUBLE,
    Plain,
    is_finished,
    ledger,
    row,
    rows,
    states,
)
from tests.mail.working import Clock

RELAYS = (Relay("smtp", "a.example.net", 25), Relay("smtp", "b.example.net", 25))
WORKERS = 2


@dataclass
class Simulated:
    """A worker without sockets."""

    services: Services
    name: str
    in_flight: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.services.database.writing() as session:
            leasing.register(session, self.name, journal.boot_id(), now())
        self.book = Journal(self.services.settings.data_dir / "journals", self.name)
        self.hand = Hand(RELAYS, Plain(), self.book)  # type: ignore[arg-type]
        self.desk = Desk(self.services, self.name, RELAYS, self.hand, Plain())  # type: ignore[arg-type]

    def tend(self) -> bool:
        """False when its lease is over."""
        self.desk.look_soon()
        self.desk._intake._retried = -1e9
        return not self.desk.tend(beat=True).lost


class History:
    def __init__(self, services: Services, seed: int, issue_id: int) -> None:
        self.services, self.issue_id = services, issue_id
        self.random = random.Random(seed)
        self.took: Counter[int] = Counter()
        self.ever = 0
        self.losing = False
        self.watch = Clock()
        folder = services.settings.data_dir / "journals"
        self.recovery = Recovery(services.database, folder, Watcher(self.watch))
        self.workers = [self._worker() for _ in range(WORKERS)]

    def goes_on(self, clock: time_machine.Traveller) -> None:
        worker = self.random.choice(self.workers)
        moves = {
            self._tend: 6, self._begin: 12, self._answer: 12, self._kill: 0.6, self._sleep: 0.4,
            self._recover: 1, self._lose: 1, self._staff: 0.6,
        }  # fmt: skip
        [move] = self.random.choices(list(moves), list(moves.values()))
        move(worker)
        self.watch.at += 1
        clock.shift(timedelta(seconds=self.random.choice((0.1, 1, 40))))

    def ends(self, clock: time_machine.Traveller) -> None:
        """Staff let it go on, and everything is answered from now on."""
        self.losing = False
        with self.services.database.writing() as session:
            control.resume(session.get_one(Issue, self.issue_id))
        for _ in range(400):
            if is_finished(self.services.database, self.issue_id):
                return
            for worker in list(self.workers):
                self._recover(worker)
                self._tend(worker)
                while self._begin(worker):
                    pass
                while worker.in_flight:
                    self._said(worker, TAKEN, took=True)
            clock.shift(timedelta(minutes=3))
        raise AssertionError(f"it never came to an end: {states(self.services.database)}")

    def close(self) -> None:
        for worker in self.workers:
            worker.book.close()

    # What happens

    def _worker(self) -> Simulated:
        self.ever += 1
        return Simulated(self.services, f"w{self.ever}")

    def _tend(self, worker: Simulated) -> None:
        try:
            alive = worker.tend()
        except Lost:
            return
        if not alive or worker.hand.fenced:
            self._start_anew(worker)

    def _begin(self, worker: Simulated) -> bool:
        parcel = worker.hand.next(self.random.choice(RELAYS))
        parcel = parcel or worker.hand.next(RELAYS[0]) or worker.hand.next(RELAYS[1])
        worker.hand.end_turn()
        if parcel is None:
            return False
        worker.hand.starting(parcel.key)
        if not worker.hand.flush():
            worker.hand.returned(parcel.key)
            return False
        worker.in_flight.append(parcel.key)
        return True

    def _answer(self, worker: Simulated) -> None:
        answers = ((TAKEN, 12), (LATER, 2), (NEVER, 1), (TROUBLE, 0.5), (OPEN, 1))
        [answer] = self.random.choices([a for a, _ in answers], [often for _, often in answers])
        took = answer is TAKEN or (answer is OPEN and self.random.random() < 0.5)
        self._said(worker, answer, took=took)

    def _said(self, worker: Simulated, answer: object, *, took: bool) -> None:
        if worker.in_flight:
            key = worker.in_flight.pop(self.random.randrange(len(worker.in_flight)))
            self.took[key] += took
            relay = self.random.choice(RELAYS).name
            worker.hand.answered(key, answer._replace(relay=relay))  # type: ignore[attr-defined]
            worker.hand.flush()

    def _kill(self, worker: Simulated) -> None:
        """Some of what was in flight had reached the relay, and some had not."""
        for key in worker.in_flight:
            self.took[key] += self.random.random() < 0.5
        worker.book.close()
        self.workers[self.workers.index(worker)] = self._worker()

    def _sleep(self, worker: Simulated) -> None:
        """It is stopped for so long that another takes over; then it wakes."""
        journal.own.discard(worker.book.path)
        self.recovery.run()
        with self.services.database.writing() as session:
            for other in self.workers:
                if other is not worker:
                    leasing.beat(session, other.name, leasing.Pulse(), now())
        self.watch.at += LEASE_SECONDS
        self.recovery.run()
        journal.own.add(worker.book.path)
        worker.hand.flush()

    def _start_anew(self, worker: Simulated) -> None:
        """As Worker._start_anew does it."""
        worker.hand.fenced = worker.hand.closed = True
        while worker.in_flight:
            self._answer(worker)
        losing, self.losing = self.losing, False
        worker.desk.settle_last()
        assert worker.desk.leave()
        self.losing = losing
        worker.book.delete()
        self.workers[self.workers.index(worker)] = self._worker()

    def _recover(self, _worker: Simulated) -> None:
        self.recovery.run()

    def _lose(self, _worker: Simulated) -> None:
        """The next transaction of a worker is lost, before its commit or after it."""
        self.losing = True

    def _staff(self, _worker: Simulated) -> None:
        with self.services.database.writing() as session:
            issue = session.get_one(Issue, self.issue_id)
            if issue.finished_at is not None:
                return
            if not control.resume(issue) and self.random.random() < 0.5:
                control.pause(issue, "for a moment", now())

    @contextmanager
    def losses(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        writing, transact = Database.writing, Desk._transact

        @contextmanager
        def breaking(database: Database) -> Iterator[Session]:
            lose, self.losing = (
                self.losing and self._of_desk,
                False if self._of_desk else self.losing,
            )
            after = self.random.random() < 0.5
            with writing(database) as session:
                yield session
                if lose and not after:
                    raise Lost
            if lose:
                raise Lost

        def noted(desk: Desk, **how: bool) -> object:
            self._of_desk = True
            try:
                return transact(desk, **how)
            finally:
                self._of_desk = False

        self._of_desk = False
        with monkeypatch.context() as patch:
            patch.setattr(Database, "writing", breaking)
            patch.setattr(Desk, "_transact", noted)
            yield


@pytest.mark.parametrize("seed", range(6))
def test_each_mail_is_taken_once_or_a_row_says_why_not(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    made = ledger(session, 40, size=7)
    with time_machine.travel(AT, tick=False) as clock:
        history = History(services, seed, made.issue_id)
        try:
            with history.losses(monkeypatch):
                for _ in range(150):
                    history.goes_on(clock)
            history.ends(clock)
        finally:
            history.close()
    for key, one in rows(services.database).items():
        taken, told = history.took[key], (key, one.state, one.cause, one.uncertain, one.attempts)
        if one.state == "sent":
            assert 1 <= taken <= 1 + one.uncertain, told
        elif one.state == "failed":
            assert taken <= one.uncertain, told
        else:
            assert one.state == "unknown" and one.uncertain > 0, told
    assert len(rows(services.database)) == 40


def test_what_was_settled_and_claimed_unseen_is_not_held_for_ever(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commits in a row whose end was not seen: one put it off, one claimed it again."""
    [key] = ledger(session, 1).ids
    with time_machine.travel(AT, tick=False) as clock:
        worker = Simulated(services, "a")
        assert worker.tend()
        assert worker.hand.next(RELAYS[0])
        worker.hand.starting(key)
        assert worker.hand.flush()
        worker.hand.answered(key, LATER)
        for _ in range(2):
            with losing(monkeypatch, after=True), pytest.raises(Lost):
                worker.tend()
            clock.shift(timedelta(minutes=2))
        worker.desk._may_be_due = False
        assert worker.tend()
        assert worker.desk.leave()
        worker.book.delete()
    assert (row(services.database, key).state, row(services.database, key).claimed_by) == (
        "retry", None,
    )  # fmt: skip
