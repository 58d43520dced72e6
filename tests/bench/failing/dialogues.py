"""A real worker against a relay that does wrong, until nothing waits any more."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import String, cast, func, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.models import STATE, Delivery, Pace, Settlement
from app.delivery.worker import Worker
from app.issues.models import Issue
from app.mail.relay import Relay
from app.mail.timeouts import Timeouts
from app.networks.models import Member, Suppression
from app.services import Services
from tests.bench.delivering import databases, resetting, sending, stock
from tests.bench.failing import truth as truths
from tests.bench.failing.relay import FaultyRelay
from tests.bench.failing.travelling import Clock, travelling
from tests.bench.failing.truth import Row, Truth
from tests.bench.sink import Sink
from tests.mail.certificates import certificate, server_context

RECIPIENTS = 200
BEHIND_TLS = 20  # of them, one in so many goes to the relay that insists upon TLS
BRISK = Timeouts(*[0.5] * 5)
TURN_SECONDS = 0.02
STILL_TURNS = 3  # in which nothing moves, before time does
MOST_TURNS = 200_000
LEAST_JUMP = 1.1  # seconds: the worker looks at the ledger once a second
DOMAINS = 16


@dataclass
class Reckoning:
    met: Counter[str]
    lost: set[int]
    wrongly_suppressed: set[int]
    twice_outside: set[int]
    twice: set[int]
    stories: dict[int, str]  # of those that are no credit to us


@dataclass
class Stage:
    """A database with one issue, and the services that see it."""

    services: Services
    issue_id: int
    folder: Path

    def play(self, numbers: random.Random) -> Reckoning:
        """Every delivery once, each with its own troubles."""
        with self.services.database.writing() as session:
            resetting.reset(session)
            keys = session.scalars(select(Delivery.id)).all()
        truth = Truth(numbers)
        truth.plan(keys)
        with _relays(truth, self.folder) as relays, travelling(BRISK) as clock:
            self._work(replace(self.services, settings=_with(self.services, relays)), clock)
        return self._reckon(truth)

    def _work(self, services: Services, clock: Clock) -> None:
        """Whenever nothing moves, time does."""
        worker = Worker(services)
        still = 0
        try:
            for _ in range(MOST_TURNS):
                moved = worker._turn(TURN_SECONDS)
                still = 0 if moved or worker.pool.busy else still + 1
                if still < STILL_TURNS:
                    continue
                if self._is_finished():
                    return
                self._resume()
                clock.jump(self._seconds_until_next())
        finally:
            worker.close()
        raise RuntimeError("it does not come to an end")

    def _is_finished(self) -> bool:
        with self.services.database.reading() as session:
            return session.get_one(Issue, self.issue_id).finished_at is not None

    def _resume(self) -> None:
        """A sender that was refused pauses its issue: staff say that it is mended."""
        with self.services.database.writing() as session:
            session.execute(update(Issue).values(paused_at=None, paused_why=None))

    def _seconds_until_next(self) -> float:
        """Until a retry is due or a hold is over."""
        due = select(func.min(Settlement.next_try_at)).where(Settlement.state == "retry")
        held = select(func.min(Pace.held_until)).where(Pace.held_until > now())
        with self.services.database.reading() as session:
            moments = [session.scalar(due), session.scalar(held)]
        ahead = [(moment - now()).total_seconds() for moment in moments if moment is not None]
        return max(LEAST_JUMP, min(ahead, default=0.0) + 0.01)

    def _reckon(self, truth: Truth) -> Reckoning:
        with self.services.database.reading() as session:
            rows = session.execute(
                select(
                    Delivery.id,
                    STATE,
                    func.coalesce(Settlement.uncertain, 0),
                    Settlement.cause,
                    Settlement.answer,
                ).outerjoin(Settlement, Settlement.delivery_id == Delivery.id)
            ).all()
            suppressed = session.scalars(
                select(Delivery.id)
                .join(Member, Member.id == Delivery.member_id)
                .join(Suppression, Suppression.email_key == Member.email_key)
            ).all()
        ledger = {row[0]: Row(*row[1:]) for row in rows}
        lost = truths.lost(truth, ledger)
        given_up = truths.wrongly_given_up(truth, ledger) | (set(suppressed) - truth.refused)
        outside = truths.twice_outside(truth, ledger)
        return Reckoning(
            met=truth.met,
            lost=lost,
            wrongly_suppressed=given_up,
            twice_outside=outside,
            twice={key for key, taken in truth.taken.items() if len(taken) > 1},
            stories={
                key: f"{ledger[key]} after {truth.stories.get(key)}"
                for key in lost | given_up | outside
            },
        )


@contextmanager
def _relays(truth: Truth, folder: Path) -> Iterator[Sequence[Relay]]:
    right, wrong = certificate(folder), certificate(folder, "127.0.0.2")
    plain = FaultyRelay(truth)
    secured = FaultyRelay(truth, server_context(right), server_context(wrong))
    try:
        yield (
            Relay("smtp", "127.0.0.1", plain.port, barred=("tls.example",)),
            Relay(
                "smtp+starttls",
                "127.0.0.1",
                secured.port,
                ca=right,
                connections=2,
                domains=("tls.example",),
            ),
        )
    finally:
        plain.close()
        secured.close()


def _with(services: Services, relays: Sequence[Relay]) -> object:
    return replace(services.settings, relays=tuple(relays))


@contextmanager
def stage(kind: str, recipients: int = RECIPIENTS) -> Iterator[Stage]:
    with databases.durable(kind) as (url, folder):
        services = sending.services_for(sending.environment(url, folder, Sink("127.0.0.1", 1)))
        with services.database.writing() as session:
            stock.members(session, 1, recipients)
            _spread(session)
            issue = stock.issue(session, stock.network(session, "legal", 1, recipients), small=True)
            stock.freeze(session, issue)
            issue_id = issue.id
        try:
            yield Stage(services, issue_id, folder)
        finally:
            services.database.close()


def _spread(session: Session) -> None:
    """Over several domains, and some over to the relay that insists upon TLS."""
    number = cast(Member.id % DOMAINS, String)
    elsewhere = func.replace(Member.email, "members", "d" + number)
    session.execute(update(Member).values(email=elsewhere))
    secured = update(Member).where(Member.id % BEHIND_TLS == 0)
    name = func.replace(Member.email_key, "members", "tls")
    session.execute(secured.values(email=name))


def total(reckonings: Sequence[Reckoning]) -> Mapping[str, int]:
    return {
        "cases": sum(one.met.total() for one in reckonings),
        "lost": sum(len(one.lost) for one in reckonings),
        "wrongly_suppressed": sum(len(one.wrongly_suppressed) for one in reckonings),
        "duplicates_outside_after_dot": sum(len(one.twice_outside) for one in reckonings),
        "duplicates": sum(len(one.twice) for one in reckonings),
    }
