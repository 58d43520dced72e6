"""Real sends: composed issues, workers that speak SMTP, and a kill without a word."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.delivery.models import Chunk, Settlement
from app.delivery.worker import Worker
from app.mail.relay import Relay
from app.services import Services
from tests import personas
from tests.delivery.cast import PATIENCE, address, numbers, states
from tests.mail.faulty import Faulty, Reply


def with_relays(services: Services, *relays: Relay, **settings: Any) -> Services:
    return replace(services, settings=replace(services.settings, relays=relays, **settings))


def frozen(
    services: Services, members: int = 3, *, to: Callable[[int], str] = address, **values: Any
) -> int:
    """A composed issue whose ledger is written; its id."""
    with services.database.writing() as session:
        network = personas.network(session, f"net{next(numbers)}")
        for number in range(members):
            personas.member(session, network, f"Member {number}", to(number))
        ask = personas.ask(session, personas.case(session))
        issue = personas.issue(session, network, [ask], **values)
        assert preparing.schedule(session, issue, now(), None, now())
    with services.database.writing() as session:
        assert preparing.freeze(session, issue.id, now()) == members
    return issue.id


@contextmanager
def working(services: Services) -> Iterator[Worker]:
    worker = Worker(services)
    try:
        yield worker
    finally:
        worker.close()


def turning(worker: Worker, until: Callable[[], object]) -> None:
    """Turn until something is so; AssertionError when it never comes to pass."""
    end = monotonic() + PATIENCE
    while not until():
        assert monotonic() < end, "it never came to pass"
        worker._turn(0.05)


def turns(worker: Worker, count: int = 300) -> None:
    """So many turns, of which none waits for long."""
    for _ in range(count):
        worker._turn(0.01)


def works_through(worker: Worker, most: int = 600) -> int:
    """`work_through`; AssertionError when it takes more turns than that."""
    turn, left = worker.pool.turn, iter(range(most))

    def bounded(seconds: float) -> bool:
        if next(left, None) is None:
            raise AssertionError("it does not end by itself")
        return turn(min(seconds, 0.01))

    worker.pool.turn = bounded  # type: ignore[method-assign]
    try:
        return worker.work_through()
    finally:
        worker.pool.turn = turn  # type: ignore[method-assign]


class Gated(Faulty):
    """Waits before it answers the final dot, until the gate is opened."""

    def __init__(self, answer: str = "250 2.0.0 taken", *, after: int = 0) -> None:
        """`after`: so many are answered at once."""
        super().__init__()
        self.reached, self.gate = threading.Event(), threading.Event()
        self._answer, self._free = answer, after

    def reply(self, stage: str, command: str = "") -> Reply:
        if stage != "DOT":
            return super().reply(stage, command)
        if self._free > 0:
            self._free -= 1
            return super().reply(stage, command)
        self.reached.set()
        self.gate.wait(PATIENCE)
        return Reply(self._answer)

    def __exit__(self, *how: object) -> None:
        self.gate.set()
        super().__exit__(*how)


class _Deaf:
    """Work for a pool whose process is no more."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def kill(worker: Worker) -> None:
    """As kill -9 does it: its sockets and its lock are gone, and nothing is said to anybody."""
    for lane in worker.pool._all:
        lane._work = _Deaf()  # type: ignore[assignment]
    worker.pool.work = _Deaf()  # type: ignore[assignment]
    worker.pool.close()
    worker._hand.journal.close()


def recipients(server: Faulty) -> list[str]:
    """Whom it was asked to take mail for, as often as it was."""
    return sorted(line.partition("<")[2].partition(">")[0] for line in server.said_to("RCPT"))


def gone_to(*numbers: int) -> list[str]:
    return sorted(address(number) for number in numbers)


def counted(services: Services) -> Counter[str]:
    return Counter(states(services.database).values())


class Lost(OperationalError):
    def __init__(self) -> None:
        super().__init__("COMMIT", {}, Exception("the connection was lost"))


@contextmanager
def losing(
    monkeypatch: pytest.MonkeyPatch,
    *,
    after: bool,
    when: Callable[[Session], object] = lambda _session: True,
) -> Iterator[list[bool]]:
    """The first transaction of which `when` holds is lost: before its commit, or after it."""
    lost, writing = list[bool](), Database.writing

    @contextmanager
    def breaking(self: Database) -> Iterator[Session]:
        with writing(self) as session:
            yield session
            lose = not lost and bool(when(session))
            if lose:
                lost.append(after)
                if not after:
                    raise Lost
        if lose:
            raise Lost

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", breaking)
        yield lost


def put_off_before(services: Services, issue_id: int) -> None:
    """All of an issue was tried before, and is due again."""
    ids = list(states(services.database, issue_id))
    with services.database.writing() as session:
        session.add_all(
            Settlement(
                delivery_id=key, issue_id=issue_id, state="retry", cause="put off", attempts=1,
                next_try_at=now(), settled_at=now(), relay="r:25", code=451, answer="later",
            )
            for key in ids
        )  # fmt: skip
        session.execute(update(Chunk).where(Chunk.issue_id == issue_id).values(done_at=now()))
