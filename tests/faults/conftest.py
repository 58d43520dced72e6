"""An issue that is about to go out through a gate, and workers as processes of their own."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from app.delivery.models import STATE, Delivery, Settlement
from app.delivery.worker import Worker
from app.issues.models import Issue
from app.services import Services
from tests.bench.delivering import stock
from tests.faults.gate import Gate
from tests.processes import Process, process

RECIPIENTS = 40
AT_ONCE = 12  # answered before the gate closes
CONNECTIONS = 4


@dataclass(frozen=True)
class Sending:
    services: Services
    gate: Gate
    issue_id: int
    environ: dict[str, str]

    def worker(self) -> AbstractContextManager[Process]:
        """`docket worker`, as an operator starts it."""
        return process(sys.executable, "-m", "app.cli", "worker", **self.environ)

    def work_here(self) -> None:
        """Another worker, in this process, until nothing can be done."""
        worker = Worker(self.services)
        try:
            worker.work_through()
        finally:
            worker.close()

    def states(self) -> Counter[str]:
        with self.services.database.reading() as session:
            rows = session.execute(
                select(STATE, func.count())
                .select_from(Delivery)
                .outerjoin(Settlement, Settlement.delivery_id == Delivery.id)
                .group_by(STATE)
            )
            return Counter(dict(iter(rows)))

    def uncertain(self) -> int:
        with self.services.database.reading() as session:
            return session.scalar(select(func.count()).where(Settlement.uncertain > 0)) or 0

    def is_finished(self) -> bool:
        with self.services.database.reading() as session:
            return session.get_one(Issue, self.issue_id).finished_at is not None

    def journals(self) -> list[str]:
        return [path.name for path in (self.services.settings.data_dir / "journals").glob("*")]

    def assert_each_got_it_once(self) -> None:
        assert self.states() == {"sent": RECIPIENTS}
        assert self.gate.taken.total() == len(self.gate.taken) == RECIPIENTS
        assert self.is_finished()


@pytest.fixture
def gate() -> Iterator[Gate]:
    relay = Gate(AT_ONCE)
    yield relay
    relay.close()


@pytest.fixture
def sending(services: Services, gate: Gate) -> Sending:
    return prepared(services, gate)


@pytest.fixture
def prepare(gate: Gate) -> Callable[[Services], Sending]:
    """The same on another database."""
    return lambda services: prepared(services, gate)


def prepared(services: Services, gate: Gate) -> Sending:
    settings = replace(services.settings, relays=(gate.relay,))
    services = replace(services, settings=settings)
    with services.database.writing() as session:
        stock.members(session, 1, RECIPIENTS)
        network = stock.network(session, "legal", 1, RECIPIENTS)
        issue = stock.issue(session, network, small=True)
        assert stock.freeze(session, issue) == RECIPIENTS
    environ = {
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "BASE_URL": settings.base_url,
        "SECRET_KEYS": ",".join(settings.secret_keys),
        "MAIL_DOMAIN": settings.mail_domain,
        "SMTP_URL": gate.url,
        "PYTHONPATH": ".",
    }
    return Sending(services, gate, issue.id, environ)
