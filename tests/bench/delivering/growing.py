"""Whether it stays as fast when there are more: more recipients, and a longer ledger beside."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import leasing, settling
from app.delivery.models import Edition, WorkerLease
from app.mail.answers import Answer, Outcome, Stage
from tests.bench.delivering import stock
from tests.bench.delivering.figures import Office, Plan, Tell, office, send_issue
from tests.bench.sink import Sink

FEW, MANY = 10_000, 1_000_000
BESIDE = 10_000_000  # rows of the ledger
WORKERS = 2
NAME = "bench"  # of who claims and settles, for the figure of a chunk
NOBODY = 2_000_000_000  # ids from here on: members that are none

_FILL = (
    """INSERT INTO delivery (issue_id, edition_id, member_id, membership_id, sector)
    SELECT {issue}, {edition}, n, n, 'legal' FROM {numbers}""",
    """INSERT INTO settlement (delivery_id, issue_id, state, attempts, uncertain, settled_at,
                               relay, code, answer)
    SELECT id, {issue}, 'sent', 1, 0, {now}, '127.0.0.1:25', 250, '2.0.0 Ok' FROM delivery
    WHERE issue_id = {issue} AND member_id BETWEEN :first AND :last""",
    """INSERT INTO chunk (issue_id, edition_id, first_id, last_id, size, rank, done_at)
    SELECT {issue}, {edition}, min(id), max(id), count(*), 1, {now} FROM delivery
    WHERE issue_id = {issue} AND member_id BETWEEN :first AND :last GROUP BY member_id / 500""",
)


def measure(kinds: Sequence[str], many: int, sink: Sink, tell: Tell) -> dict[str, Any]:
    """By database: messages per second of FEW and of `many` recipients, seconds to prepare `many`,
    the most memory of a worker, and what claiming and settling a chunk takes before and after the
    ledger has BESIDE more rows."""
    return {kind: _grow(kind, many, sink, tell) for kind in kinds}


def _grow(kind: str, many: int, sink: Sink, tell: Tell) -> dict[str, Any]:
    plan = Plan([kind], [WORKERS], many, 1, small=True)
    with office(kind, plan, sink) as at:
        few = at.with_members(FEW)
        before = [_send(few, sink, tell).per_second]
        issue_id, prepared = at.freeze_another()
        tell(f"{kind}: {many} prepared in {many / prepared:.2f} s")
        large = send_issue(at, sink, issue_id, WORKERS)
        tell(f"{kind}: {many} sent at {large.per_second:.0f} a second")
        before.append(_send(few, sink, tell).per_second)
        claim = _claim_seconds(few)
        _fill(at, tell)
        after, claim_after = _send(few, sink, tell).per_second, _claim_seconds(few)
    return {
        "few_per_s": round(median(before), 1),
        "many_per_s": round(large.per_second, 1),
        "many_to_few": round(large.per_second / median(before), 3),
        "prepare_seconds": round(many / prepared, 2),
        "peak_rss_mb": round(large.rss_mb, 1),
        "chunk_ms": round(claim * 1000, 2),
        "chunk_ms_beside_ten_million": round(claim_after * 1000, 2),
        "few_per_s_beside_ten_million": round(after, 1),
    }


def _send(few: Office, sink: Sink, tell: Tell) -> Any:
    issue_id, _prepared = few.freeze_another()
    sent = send_issue(few, sink, issue_id, WORKERS)
    tell(f"{few.kind}: {FEW} sent at {sent.per_second:.0f} a second")
    return sent


def _claim_seconds(few: Office) -> float:
    """The median of a chunk's claim, take and settlement, each on disk, with nobody else about."""
    few.freeze_another()
    with few.services.database.writing() as session:
        if session.get(WorkerLease, NAME) is None:
            leasing.register(session, NAME, "", now())
    spans = [_timed(few.services.database.writing, _one_chunk) for _ in range(FEW // 500)]
    return median(spans)


def _timed(writing: Callable[[], Any], work: Callable[[Session], None]) -> float:
    begun = time.perf_counter()
    with writing() as session:
        work(session)
    return time.perf_counter() - begun


def _one_chunk(session: Session) -> None:
    leasing.beat(session, NAME, leasing.Pulse(), now())
    lease = leasing.claim(session, NAME)
    assert lease is not None
    dues, _last = leasing.take(session, lease, lease.first_id - 1, leasing.CHUNK_SIZE)
    taken = Answer(Outcome.SENT, Stage.DOT, "127.0.0.1:25", 250, "2.0.0 Ok")
    sent = [settling.Settled(due.to.delivery_id, due.issue_id, taken, fresh=True) for due in dues]
    settling.settle(session, NAME, sent, now())
    leasing.finish_chunks(session, NAME, [lease.chunk_id], now())
    settling.finish_issues(session, now())


def _fill(at: Office, tell: Tell) -> None:
    """A ledger of BESIDE rows of an issue long gone."""
    begun = time.perf_counter()
    issue_id, _prepared = at.freeze_another()
    with at.services.database.writing() as session:
        edition_id = session.scalar(select(Edition.id).where(Edition.issue_id == issue_id))
        session.execute(text("DELETE FROM delivery WHERE issue_id = :id"), {"id": issue_id})
        session.execute(text("DELETE FROM chunk WHERE issue_id = :id"), {"id": issue_id})
    words = {
        "issue": issue_id,
        "edition": edition_id,
        "numbers": stock.numbers(at.kind),
        "now": stock.sql_now(at.kind),
    }
    for first in range(NOBODY, NOBODY + BESIDE, MANY):
        span = {"first": first, "last": first + MANY - 1}
        for statement in _FILL:
            with at.services.database.writing() as session:
                session.execute(text(statement.format_map(words)), span)
    with at.services.database.writing() as session:
        settling.finish_issues(session, now())
    stock.settle_down(at.services.database)
    tell(f"{at.kind}: {BESIDE} rows more in {time.perf_counter() - begun:.0f} s")
