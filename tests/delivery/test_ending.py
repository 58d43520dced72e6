"""Workers that are stopped, fenced, killed, or told to end; and several at once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import journal
from app.delivery.models import Chunk, WorkerLease
from app.delivery.recovering import LEASE_SECONDS, Recovery, Watcher
from app.delivery.worker import Worker
from app.services import Services
from tests.delivery.at_work import (
    Gated,
    Lost,
    counted,
    frozen,
    gone_to,
    kill,
    recipients,
    turning,
    turns,
    with_relays,
    working,
)
from tests.delivery.cast import attempts, chunks, in_threads, is_finished, row, rows
from tests.mail.faulty import Faulty
from tests.mail.working import Clock

# Fenced -----------------------------------------------------------------------------------------


def fence(worker: Worker, services: Services, folder: Path) -> None:
    """As another process does it when this one was stopped for too long."""
    clock = Clock()
    recovery = Recovery(services.database, folder, Watcher(clock))
    journal.own.discard(worker._hand.journal.path)
    recovery.run()
    clock.at += LEASE_SECONDS
    [taken] = recovery.run()
    assert (taken.worker, taken.left_to_owner) == (worker.name, 1)


@pytest.fixture
def folder(services: Services) -> Path:
    return services.settings.data_dir / "journals"


def test_a_worker_that_wakes_behind_the_fence_says_what_became_of_its_last(
    services: Services, folder: Path
) -> None:
    with Gated() as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 1)
        with working(one) as worker:
            turning(worker, server.reached.is_set)
            before = worker.name
            fence(worker, one, folder)
            assert counted(one) == {"claimed": 1}
            server.gate.set()
            turning(worker, lambda: counted(one) == {"sent": 1})
            turns(worker, 20)
            assert worker.name != before
            assert is_finished(one.database, issue_id)
        assert len(server.taken) == 1


def test_the_rest_of_a_fenced_workers_chunk_is_sent_once(services: Services, folder: Path) -> None:
    with Gated(after=2) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 10)
        with working(one) as worker:
            turning(worker, server.reached.is_set)
            fence(worker, one, folder)
            server.gate.set()
            turning(worker, lambda: is_finished(one.database, issue_id))
        assert recipients(server) == gone_to(*range(10))
    assert counted(one) == {"sent": 10}


def test_what_a_fenced_worker_could_not_hand_over_is_anybodys_again(
    services: Services, folder: Path
) -> None:
    """The relay was in trouble: nothing became of it, so nobody need wait for the sleeper."""
    with Gated("421 4.3.2 closing") as server:
        one = with_relays(services, server.relay)
        frozen(one, 1)
        with working(one) as worker:
            turning(worker, server.reached.is_set)
            before = worker.name
            fence(worker, one, folder)
            server.gate.set()
            turning(worker, lambda: worker.name != before)
        [only] = rows(one.database).values()
        assert (only.state, only.claimed_by) == ("retry", None)


# Killed -----------------------------------------------------------------------------------------


def test_after_a_kill_the_next_sends_the_rest_and_doubts_what_was_in_flight(
    services: Services, folder: Path
) -> None:
    with Gated(after=3) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 8)
        worker = Worker(one)
        turning(worker, server.reached.is_set)
        kill(worker)
        [taken] = Recovery(one.database, folder).run()
        assert taken.uncertain == 1
        server.gate.set()
        with time_machine.travel(now() + timedelta(minutes=2)), working(one) as following:
            turning(following, lambda: is_finished(one.database, issue_id))
        often = Counter(recipients(server))
    assert counted(one) == {"sent": 8}
    [doubted] = [k for k, each in rows(one.database).items() if each.uncertain]
    assert sum(often.values()) == 9
    assert attempts(one.database, doubted) == [(1, "unknown")]
    assert row(one.database, doubted).attempts == 2


def test_an_answer_that_the_database_did_not_take_is_in_the_journal(
    services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went away while the worker was told to end."""
    with Gated() as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 1)
        worker = Worker(one)
        turning(worker, server.reached.is_set)
        server.gate.set()
        with monkeypatch.context() as away:

            def gone(_self: Database) -> None:
                raise Lost

            away.setattr(Database, "writing", gone)
            worker.close()
        assert counted(one) == {"queued": 1}
        [taken] = Recovery(one.database, folder).run()
        assert (taken.settled, taken.uncertain) == (1, 0)
        assert len(server.taken) == 1
    assert counted(one) == {"sent": 1}
    assert is_finished(one.database, issue_id)


# Several at once, and their end -----------------------------------------------------------------


def test_two_workers_send_to_everybody_once(sending: Services, relay: Faulty) -> None:
    issue_id = frozen(sending, 150)
    with sending.database.writing() as session:
        _cut_anew(session, 10)

    def work(_name: str) -> None:
        with working(sending) as worker:
            turning(worker, lambda: is_finished(sending.database, issue_id))

    in_threads(2, work)
    assert recipients(relay) == gone_to(*range(150))
    assert counted(sending) == {"sent": 150}
    with sending.database.reading() as session:
        assert len(session.scalars(select(WorkerLease)).all()) == 2


def _cut_anew(session: Session, size: int) -> None:
    """Smaller chunks, so that each worker gets several."""
    whole = session.scalars(select(Chunk)).one()
    place = {"issue_id": whole.issue_id, "edition_id": whole.edition_id}
    for first in range(whole.first_id, whole.last_id + 1, size):
        last = min(first + size - 1, whole.last_id)
        session.add(Chunk(first_id=first, last_id=last, size=last - first + 1, **place))
    session.delete(whole)


def test_a_worker_that_is_told_to_end_leaves_no_doubt(services: Services, folder: Path) -> None:
    with Gated(after=2) as server:
        one = with_relays(services, server.relay)
        frozen(one, 10)
        worker = Worker(one)
        turning(worker, server.reached.is_set)
        worker.stop()
        server.gate.set()
        worker.run()
        worker.close()
        assert len(server.taken) == 3
    assert counted(one) == {"sent": 3, "queued": 7}
    assert {each.uncertain for each in rows(one.database).values()} == {0}
    assert [chunk.claimed_by for chunk in chunks(one.database)] == [None]
    assert list(folder.iterdir()) == []
    with one.database.reading() as session:
        [lease] = session.scalars(select(WorkerLease))
        assert lease.gone_at is not None
        assert not lease.taken_over


def test_a_full_disk_lets_nothing_out_and_then_all(
    sending: Services, relay: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_id = frozen(sending, 5)
    with working(sending) as worker:
        with monkeypatch.context() as full:
            full.setattr("os.pwrite", lambda *_: 0)
            turns(worker, 100)
            assert relay.bodies == []
        turning(worker, lambda: is_finished(sending.database, issue_id))
    assert len(relay.taken) == 5
    assert counted(sending) == {"sent": 5}
