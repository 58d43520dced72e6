"""Kill, recover, reconcile."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import func, select

from app.delivery.models import Attempt, Delivery, Settlement
from app.issues.models import Issue
from app.services import Services
from tests.bench.crashing.nursery import Nursery, Order, nursery
from tests.bench.crashing.recording import Log, recording
from tests.bench.crashing.steps import SECOND_STEPS, STEPS
from tests.bench.delivering import databases, resetting, sending, stock

MOST_RUNS = 5  # of workers that nobody kills, until the issue must be out
CLEAN = Order()
KILLED = -9


@dataclass
class Reckoning:
    """What became of the recipients of one trial, by the ledger and by the sink."""

    kills: int = 0
    lost: set[int] = field(default_factory=set)  # neither sent, nor does its row say why
    unseen: set[int] = field(default_factory=set)  # sent, says the ledger; the sink knows nothing
    twice: set[int] = field(default_factory=set)
    uncertain: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)  # uncertain more than once: staff decide
    most_uncertain: int = 0  # after one kill


@dataclass
class Ground:
    """A database with one issue that is sent again and again, and workers to kill."""

    services: Services
    issue_id: int
    workers: Nursery
    log: Log
    message_ids: Mapping[int, str]  # delivery -> Message-ID

    def trial(self, orders: Sequence[Order]) -> Reckoning:
        """Workers one after the other, the last ones unharmed until all is out."""
        self._reset()
        reckoning, uncertain, kills = Reckoning(), 0, 0
        for order in (*orders, *[CLEAN] * MOST_RUNS):
            if order is CLEAN and self._is_finished():
                break
            status = self.workers.work(order)
            known = self._times_uncertain()
            if kills:
                reckoning.most_uncertain = max(
                    reckoning.most_uncertain, -(-(known - uncertain) // kills)
                )
            kills = 0 if known > uncertain else kills
            uncertain = known
            kills += self._count(status)
            reckoning.kills += status == KILLED
        self._reckon(reckoning)
        return reckoning

    def _reset(self) -> None:
        """Journals too: what they tell was true of the trial before."""
        with self.services.database.writing() as session:
            resetting.reset(session)
        for path in (self.services.settings.data_dir / "journals").glob("*"):
            path.unlink()

    def _count(self, status: int) -> int:
        if status not in (0, KILLED):
            raise RuntimeError(f"a worker ended with status {status}")
        return int(status == KILLED)

    def _is_finished(self) -> bool:
        with self.services.database.reading() as session:
            return session.get_one(Issue, self.issue_id).finished_at is not None

    def _times_uncertain(self) -> int:
        with self.services.database.reading() as session:
            unknown = select(func.count()).where(Attempt.outcome == "unknown")
            return session.scalar(unknown) or 0

    def _reckon(self, reckoning: Reckoning) -> None:
        with self.services.database.reading() as session:
            rows = session.execute(
                select(Settlement.delivery_id, Settlement.state, Settlement.uncertain)
            ).all()
        accepted = Counter(self.log.since_last())
        times = {key: accepted[message_id] for key, message_id in self.message_ids.items()}
        sent = {row[0] for row in rows if row[1] == "sent"}
        seen = {key for key, count in times.items() if count}
        reckoning.left = {row[0] for row in rows if row[1] == "unknown"}
        reckoning.lost = times.keys() - (sent & seen) - reckoning.left
        reckoning.unseen = sent - seen
        reckoning.twice = {key for key, count in times.items() if count > 1}
        reckoning.uncertain = {row[0] for row in rows if row[2]}


@contextmanager
def ground(kind: str, recipients: int) -> Iterator[Ground]:
    with databases.durable(kind) as (url, folder), recording(folder) as (taking, log):
        environ = sending.environment(url, folder, taking)
        services = sending.services_for(environ)
        issue_id, keys = _fill(services, recipients)
        ids = {key: services.links.message_id(key) for key in keys}
        try:
            with nursery(environ) as workers:
                yield Ground(services, issue_id, workers, log, ids)
        finally:
            services.database.close()


def _fill(services: Services, recipients: int) -> tuple[int, Sequence[int]]:
    with services.database.writing() as session:
        stock.members(session, 1, recipients)
        issue = stock.issue(session, stock.network(session, "legal", 1, recipients), small=True)
        stock.freeze(session, issue)
        issue_id = issue.id
    with services.database.reading() as session:
        return issue_id, session.scalars(select(Delivery.id)).all()


def orders(numbers: random.Random, trial: int, span: float) -> list[Order]:
    """Every step in its turn, every third kill at some moment of the `span` of a whole run; now
    and then the one that takes over is killed too."""
    names = [name for name in STEPS if name not in SECOND_STEPS]
    first = (
        Order(after=numbers.uniform(0.001, span))
        if trial % 3 == 2
        else _at(numbers, names[(trial - trial // 3) % len(names)])
    )
    if trial % 5 == 4:
        return [first, _at(numbers, numbers.choice([*STEPS]))]
    return [first]


def _at(numbers: random.Random, name: str) -> Order:
    return Order(name, numbers.randint(1, STEPS[name][1]))
