"""Rounds in turns, their medians, and the ratios between them."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from app.clock import now
from app.delivery.filling import Addressed, Filler, masthead
from app.issues.composing import content_of
from app.issues.models import Issue
from app.mail.letter import Letter
from app.services import Services
from app.translating import into
from newsletters import wire
from tests.bench import canned, naive
from tests.bench.delivering import databases, naively, sending, stock
from tests.bench.sink import Sink

FILLS = 5_000
COMPOSED, NAIVELY_SENT = 100, 200
Kept = dict[tuple[str, ...], list[float]]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be measured."""

    kinds: Sequence[str]
    workers: Sequence[int]
    recipients: int
    rounds: int
    small: bool = False
    more: Mapping[str, str] = field(default_factory=dict)  # settings


@dataclass
class Office:
    """A database with members and an issue, and how to reach it."""

    kind: str
    services: Services
    environ: Mapping[str, str]
    issue: Issue

    def freeze_another(self) -> tuple[int, float]:
        """(the id of an issue ready to be sent, deliveries written per second)."""
        with self.services.database.writing() as session:
            made = stock.another(session, session.merge(self.issue))
        begun = time.perf_counter()
        with self.services.database.writing() as session:
            count = stock.freeze(session, session.merge(made))
        return made.id, count / (time.perf_counter() - begun)

    def with_members(self, count: int) -> "Office":
        """The same with a network of so many of its members, and an issue of that."""
        with self.services.database.writing() as session:
            network = stock.network(session, f"first{count}", 1, count)
            issue = stock.another(session, session.merge(self.issue), network)
        return replace(self, issue=issue)

    def letters(self) -> Callable[[int], Letter]:
        """What makes the letter to the member of a number, as a worker makes it."""
        filler = Filler(self.services.links, self.services.dkim)
        with self.services.database.reading() as session:
            issue = session.merge(self.issue)
            compiled = wire.compile(content_of(issue, issue.offers), into(issue.language))
            loaded = filler.ready(compiled, masthead(self.services.links, issue))
        at = now()

        def letter(number: int) -> Letter:
            address = f"member{number}@members.example"
            to = Addressed(number, f"Ada Quill {number}", address, "avocate", "FR")
            return filler.letter(loaded, to, at)

        return letter


@contextmanager
def office(kind: str, plan: Plan, sink: Sink) -> Iterator[Office]:
    with databases.durable(kind) as (url, folder):
        environ = sending.environment(url, folder, sink, **plan.more)
        services = sending.services_for(environ)
        try:
            with services.database.writing() as session:
                stock.members(session, 1, plan.recipients)
                network = stock.network(session, "legal", 1, plan.recipients)
                issue = stock.issue(session, network, small=plan.small)
            stock.settle_down(services.database)
            yield Office(kind, services, environ, issue)
        finally:
            services.database.close()


def measure(plan: Plan, sink: Sink, tell: Tell) -> dict[str, Any]:
    """The figures by their names; see `bin/bench delivery --help`."""
    kept: Kept = defaultdict(list)
    with ExitStack() as stack:
        offices = [stack.enter_context(office(kind, plan, sink)) for kind in plan.kinds]
        for number in range(plan.rounds):
            tell(f"round {number + 1} of {plan.rounds}")
            _round(plan, sink, offices, kept, tell)
    return _figures(plan, kept)


def _round(plan: Plan, sink: Sink, offices: Sequence[Office], kept: Kept, tell: Tell) -> None:
    letter = offices[0].letters()
    kept["limit",].append(limit(sink, len(letter(1).message), plan.recipients))
    kept["naive",].append(naively.send(sink, NAIVELY_SENT))
    kept["composed",].append(_rate(COMPOSED, _compose_naively))
    kept["fill",].append(_rate(FILLS, letter))
    for at in offices:
        for workers in plan.workers:
            issue_id, prepared = at.freeze_another()
            kept["prepare", at.kind].append(prepared)
            sent = send_issue(at, sink, issue_id, workers)
            kept["docket", at.kind, str(workers)].append(sent.per_second)
            kept["rss",].append(sent.rss_mb)
            tell(f"{at.kind}, {workers} workers: {sent.per_second:.0f} a second")


def limit(sink: Sink, size: int, messages: int) -> float:
    """The best of one process and two."""
    return max(canned.rate(sink.host, sink.port, n, messages, size) for n in (1, 2))


def send_issue(at: Office, sink: Sink, issue_id: int, workers: int) -> sending.Sent:
    """RuntimeError when the sink saw another number of messages than the ledger says."""
    before = sink.messages
    sent = sending.send(at.services, at.environ, issue_id, workers)
    after = sink.messages
    if before is not None and after is not None and after - before != sent.recipients:
        raise RuntimeError(f"{sent.recipients} are sent, {after - before} came")
    return sent


def _compose_naively(number: int) -> object:
    address = f"member{number}@members.example"
    return naive.compose(number, f"Ada Quill {number}", address, "avocate", now())


def _rate(count: int, work: Callable[[int], object]) -> float:
    begun = time.perf_counter()
    for number in range(1, count + 1):
        work(number)
    return count / (time.perf_counter() - begun)


def _figures(plan: Plan, kept: Kept) -> dict[str, Any]:
    limit, slow = median(kept["limit",]), median(kept["naive",])
    fill, composed = median(kept["fill",]), median(kept["composed",])

    def each(by: float) -> dict[str, dict[str, float]]:
        return {
            kind: {str(n): _short(median(kept["docket", kind, str(n)]) / by) for n in plan.workers}
            for kind in plan.kinds
        }

    return {
        "limit_per_s": _short(limit),
        "naive_per_s": _short(slow),
        "docket_per_s": each(1.0),
        "share_of_limit": each(limit),
        "ratio_to_naive": each(slow),
        "fill_per_s": _short(fill),
        "fill_ratio_to_naive": _short(fill / composed),
        "peak_rss_mb": _short(max(kept["rss",])),
        "prepare_per_s": {kind: _short(median(kept["prepare", kind])) for kind in plan.kinds},
    }


def _short(number: float) -> float:
    """Three places where they say something."""
    return round(number, 3 if number < 10 else 1)
