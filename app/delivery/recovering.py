"""Taking over from workers that are gone, so that only what was in flight is uncertain.

A worker on this machine shows by the lock on its journal whether it lives; one elsewhere by its
beat, which others watch on a clock of their own that nobody can set. What a journal says is
believed; where there is none, all that its worker may have begun is uncertain (ADR 10).
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database, changed
from app.delivery import journal, leasing, settling
from app.delivery.clocks import boot_seconds
from app.delivery.models import Chunk, Delivery, DeliveryState, Settlement, WorkerLease
from app.delivery.settling import Settled
from app.mail.answers import Answer, Outcome, Stage, sort_failure
from app.services import Services

log = logging.getLogger("docket.worker")

LEASE_SECONDS = 120.0  # without a beat for so long, a worker counts as gone
FOLDER = "journals"
MANY = 1000  # ids in one statement
NO_ANSWER = "the worker ended before the answer came"


class Watcher:
    """Remembers since when each worker's beat stands still, by this process's own clock."""

    def __init__(self, clock: Callable[[], float] = boot_seconds) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[int, float]] = {}

    def stands_still(self, worker: WorkerLease) -> bool:
        """Whether it has not grown for as long as a lease lasts."""
        at = self._clock()
        beat, since = self._seen.get(worker.name, (-1, at))
        if beat != worker.beat:
            self._seen[worker.name] = worker.beat, at
            return False
        return at - since >= LEASE_SECONDS


@dataclass
class Taken:
    """What was taken over from one worker: how many deliveries of each kind."""

    worker: str
    settled: int = 0
    uncertain: int = 0
    left_to_owner: int = 0


@dataclass
class Recovery:
    """One process's view of the others."""

    database: Database
    folder: Path
    watcher: Watcher = field(default_factory=Watcher)

    def run(self) -> list[Taken]:
        """Look at every other worker and journal once; what was taken over."""
        done = [taken for path in journal.found(self.folder) if (taken := self._local(path))]
        done += [taken for silent in self._silent() if (taken := self._elsewhere(*silent))]
        journal.sweep(self.folder)
        for taken in done:
            log.warning(
                "took over from worker %s: %s answers settled, %s uncertain, %s left to it",
                taken.worker, taken.settled, taken.uncertain, taken.left_to_owner,
            )  # fmt: skip
        return done

    def _local(self, path: Path) -> Taken | None:
        """A worker of this machine."""
        try:
            found = journal.Found(path)
        except FileNotFoundError:
            return None
        with closing(found):
            if found.owner_is_gone():
                taken = self._take_over(found.read(), alive=False)
                found.delete()
                return taken
            beat = self._beat_if_silent(found.worker)
            if beat is not None and found.fence():
                return self._take_over(found.read(), alive=True, beat=beat)
        return None

    def _beat_if_silent(self, name: str) -> int | None:
        with self.database.reading() as session:
            row = session.get(WorkerLease, name)
        if row is None or row.gone_at is not None or not self.watcher.stands_still(row):
            return None
        return row.beat

    def _silent(self) -> list[tuple[str, int]]:
        """(name, beat) of workers whose journal is not here and whose beat stands still."""
        files = (*journal.found(self.folder), *journal.own)
        here = {path.name.removesuffix(journal.SUFFIX) for path in files}
        with self.database.reading() as session:
            rows = session.scalars(select(WorkerLease).where(WorkerLease.gone_at.is_(None))).all()
        others = [row for row in rows if row.name not in here]
        return [(row.name, row.beat) for row in others if self.watcher.stands_still(row)]

    def _elsewhere(self, worker: str, beat: int) -> Taken | None:
        return self._take_over(journal.Read(worker, trusted=False), alive=False, beat=beat)

    def _take_over(
        self, read: journal.Read, *, alive: bool, beat: int | None = None
    ) -> Taken | None:
        with self.database.writing() as session:
            return take_over(session, read, now(), alive=alive, beat=beat)


def take_over(
    session: Session, read: journal.Read, at: datetime, *, alive: bool, beat: int | None = None
) -> Taken | None:
    """End a worker's lease and settle what its journal knows. None when there was nothing to do.

    `alive`: it was fenced, and its answers to what is in flight may still come: that stays its.
    `beat`: where it was seen to stand still; when it goes on after all, nothing is taken over.
    """
    row = session.get(WorkerLease, read.worker, with_for_update=True)
    if row is not None and beat is not None and row.beat != beat:
        return None
    first = row is not None and row.gone_at is None
    if row is not None and first:
        row.gone_at, row.taken_over = at, True
        session.flush()  # whoever beats now must see it
    taken = Taken(read.worker)
    taken.settled = settle_late(session, read.worker, read.answered, at)
    if alive:
        taken.left_to_owner = _leave(session, read.worker, read.started, at)
    else:
        begun = read.started if read.trusted else read.started | _may_have_begun(session, read)
        answers = {key: _no_answer() for key in begun}
        taken.uncertain = settle_late(session, read.worker, answers, at)
    _free(session, read.worker, read.started if alive else (), at)
    settling.finish_issues(session, at)
    return taken if first or taken.settled or taken.uncertain else None


def settle_late(session: Session, worker: str, answers: dict[int, Answer], at: datetime) -> int:
    """Write down answers of a worker whose lease may be over, each only where nothing newer
    stands; how many were."""
    keys = sorted(answers)
    parts = (keys[n : n + MANY] for n in range(0, len(keys), MANY))
    return sum(
        _settle_late(session, worker, {key: answers[key] for key in part}, at) for part in parts
    )


def _settle_late(session: Session, worker: str, answers: dict[int, Answer], at: datetime) -> int:
    held = _settlements(session, answers)
    issues = settling.issues_of(session, answers)
    holding = {key for key in set(issues.values()) if settling.holds_uncertain(session, key)}
    late = []
    for delivery_id, answer in answers.items():
        row = held.get(delivery_id)
        if delivery_id in issues and (row is None or _is_open_for(row, worker, answer)):
            one = _late(delivery_id, issues[delivery_id], answer, row, at)
            late.append(one._replace(hold=one.issue_id in holding))
    for one in late:
        if not one.fresh:
            _claim_back(session, one.delivery_id, worker)
    settling.settle(session, worker, late, at)
    return len(late)


def _is_open_for(row: Settlement, worker: str, answer: Answer) -> bool:
    """Whether an answer that comes late is news: it was this worker's to settle, or nobody knew."""
    if row.claimed_by is not None:
        return row.claimed_by == worker
    in_doubt = row.state in (DeliveryState.UNKNOWN, DeliveryState.RETRY) and row.uncertain > 0
    return in_doubt and answer.outcome is Outcome.SENT


def _late(
    delivery_id: int,
    issue_id: int,
    answer: Answer,
    row: Settlement | None,
    at: datetime,
) -> Settled:
    attempts, uncertain = (0, 0) if row is None else (row.attempts, row.uncertain)
    if row is not None and row.claimed_by is None:  # the doubt was about this very try
        attempts, uncertain = max(0, attempts - 1), max(0, uncertain - 1)
    return Settled(
        delivery_id,
        issue_id,
        answer,
        fresh=row is None,
        attempts=attempts,
        uncertain=uncertain,
        not_before=at,  # no relay is to blame, so none needs a pause
    )


def _settlements(session: Session, ids: Iterable[int]) -> dict[int, Settlement]:
    rows = session.scalars(
        select(Settlement).where(Settlement.delivery_id.in_(list(ids))).with_for_update()
    )
    return {row.delivery_id: row for row in rows}


def _claim_back(session: Session, delivery_id: int, worker: str) -> None:
    session.execute(
        update(Settlement)
        .where(Settlement.delivery_id == delivery_id)
        .values(state=DeliveryState.CLAIMED, claimed_by=worker)
        .execution_options(synchronize_session=False)
    )


def _leave(session: Session, worker: str, started: Iterable[int], at: datetime) -> int:
    """What a fenced worker has in flight stays claimed by it, one by one."""
    held = _settlements(session, started)
    issues = settling.issues_of(session, started)
    session.add_all(
        Settlement(
            delivery_id=delivery_id,
            issue_id=issue_id,
            state=DeliveryState.CLAIMED,
            settled_at=at,
            claimed_by=worker,
        )
        for delivery_id, issue_id in issues.items()
        if delivery_id not in held
    )
    session.flush()  # the chunks are looked at next
    return len(issues)


def _may_have_begun(session: Session, read: journal.Read) -> set[int]:
    """Without a journal that can be believed to its end: all that the worker had taken."""
    behind = (
        select(Delivery.id)
        .join(
            Chunk,
            (Chunk.edition_id == Delivery.edition_id)
            & Delivery.id.between(Chunk.first_id, Chunk.taken_to),
        )
        .where(
            Chunk.claimed_by == read.worker,
            ~exists().where(Settlement.delivery_id == Delivery.id),
        )
    )
    again = select(Settlement.delivery_id).where(Settlement.claimed_by == read.worker)
    return set(session.scalars(behind)) | set(session.scalars(again))


def _free(session: Session, worker: str, left: Iterable[int], at: datetime) -> None:
    """Everything it held and had not begun is anybody's again."""
    retries = update(Settlement).where(
        Settlement.claimed_by == worker, Settlement.delivery_id.not_in(list(left))
    )
    changed(
        session,
        retries.values(state=DeliveryState.RETRY, claimed_by=None, next_try_at=at),
    )
    mine = session.scalars(select(Chunk.id).where(Chunk.claimed_by == worker)).all()
    done = [chunk_id for chunk_id in mine if not _has_rest(session, chunk_id)]
    leasing.finish_chunks(session, worker, done, at)
    leasing.release_chunks(session, worker, [key for key in mine if key not in done])


def _has_rest(session: Session, chunk_id: int) -> bool:
    rest = (
        exists()
        .where(Chunk.id == chunk_id, Delivery.edition_id == Chunk.edition_id)
        .where(Delivery.id.between(Chunk.first_id, Chunk.last_id))
        .where(~exists().where(Settlement.delivery_id == Delivery.id))
    )
    return bool(session.scalar(select(rest)))


def _no_answer() -> Answer:
    return sort_failure(Stage.DOT, NO_ANSWER, "")


@lru_cache(maxsize=8)
def _recovery(database: Database, folder: Path) -> Recovery:
    return Recovery(database, folder)


def recover(services: Services) -> list[Taken]:
    """What every worker does every few seconds, and at its start."""
    return _recovery(services.database, services.settings.data_dir / FOLDER).run()
