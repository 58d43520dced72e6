"""Taking over from workers that are gone, wherever they were when it happened."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import journal, leasing
from app.delivery.journal import Journal
from app.delivery.leasing import Pulse
from app.delivery.models import Cause, DeliveryState, Settlement, WorkerLease
from app.delivery.recovering import LEASE_SECONDS, Recovery, Taken
from app.issues.models import Issue
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    TAKEN,
    attempts,
    chunks,
    in_threads,
    is_finished,
    is_gone,
    lease,
    ledger,
    register,
    retry,
    row,
    rows,
    states,
)
from tests.delivery.taking_over import answer, only, say, settle, silent, snapshot
from tests.mail.working import Clock

# Dead, with a journal ---------------------------------------------------------------------------


def test_what_was_not_begun_goes_back_whole(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 4, size=2)
    lease(session, "a")
    book.close()
    assert only(recovery.run()) == (0, 0, 0)
    assert set(states(database).values()) == {"queued"}
    assert [(c.claimed_by, c.taken_to, c.done_at) for c in chunks(database)] == [(None,) * 3] * 2
    assert is_gone(database, "a")
    assert not book.path.exists()
    assert not is_finished(database, made.issue_id)


def test_only_what_was_in_flight_is_uncertain(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 6)
    lease(session, "a")
    first, second, third, fourth, *rest = made.ids
    settle(session, made, first)
    answer(book, {first: TAKEN, second: TAKEN, third: NEVER})
    say(book, fourth)
    book.close()
    assert only(recovery.run()) == (2, 1, 0)
    assert list(states(database).values()) == ["sent", "sent", "failed", "retry"] + ["queued"] * 2
    uncertain = row(database, fourth)
    assert (uncertain.cause, uncertain.uncertain, uncertain.attempts) == ("uncertain", 1, 1)
    assert attempts(database, fourth) == [(1, "unknown")]
    assert rest
    [chunk] = chunks(database)
    assert (chunk.claimed_by, chunk.done_at) == (None, None)


def test_the_uncertain_is_due_at_once_and_the_next_worker_gets_the_rest(
    session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 3)
    lease(session, "a")
    say(book, made.ids[0])
    book.close()
    recovery.run()
    _, dues = lease(session, "b")
    assert [due.to.delivery_id for due in dues] == list(made.ids[1:])
    uncertain = session.get_one(Settlement, made.ids[0])
    assert uncertain.next_try_at is not None
    [again] = leasing.claim_retries(session, "b", uncertain.next_try_at, 10)
    assert (again.to.delivery_id, again.uncertain) == (made.ids[0], 1)


def test_the_uncertain_waits_for_staff_who_want_that(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 1, when_uncertain="hold")
    lease(session, "a")
    say(book, made.ids[0])
    book.close()
    assert only(recovery.run()) == (0, 1, 0)
    assert row(database, made.ids[0]).state == DeliveryState.UNKNOWN
    assert is_finished(database, made.issue_id)
    [chunk] = chunks(database)
    assert chunk.done_at is not None


def test_all_answered_and_unsettled_ends_the_chunk_and_the_issue(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 3)
    lease(session, "a")
    answer(book, dict.fromkeys(made.ids, TAKEN))
    book.close()
    assert only(recovery.run()) == (3, 0, 0)
    assert set(states(database).values()) == {"sent"}
    [chunk] = chunks(database)
    assert chunk.done_at is not None
    assert is_finished(database, made.issue_id)


def test_all_answered_and_settled_is_left_as_it_is(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 2)
    lease(session, "a")
    answer(book, dict.fromkeys(made.ids, TAKEN))
    settle(session, made, *made.ids)
    before = [row(database, key).settled_at for key in made.ids]
    book.close()
    assert only(recovery.run()) == (0, 0, 0)
    assert [row(database, key).settled_at for key in made.ids] == before
    assert is_finished(database, made.issue_id)


def test_a_retry_in_flight_is_uncertain_and_one_not_begun_is_due_again(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 3)
    retry(session, made, 0, 1, 2)
    leasing.claim_retries(session, "a", AT, 10)
    session.commit()
    answer(book, {made.ids[0]: TAKEN})
    say(book, made.ids[1])
    book.close()
    assert only(recovery.run()) == (1, 1, 0)
    taken, begun, waiting = (row(database, key) for key in made.ids)
    assert (taken.state, taken.attempts, taken.uncertain) == ("sent", 2, 0)
    assert (begun.state, begun.attempts, begun.uncertain) == ("retry", 2, 1)
    assert (waiting.state, waiting.attempts, waiting.uncertain) == ("retry", 1, 0)
    assert {one.claimed_by for one in rows(database).values()} == {None}


def test_a_second_doubt_about_one_member_waits_for_staff(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 1)
    retry(session, made, 0, cause=Cause.UNCERTAIN, uncertain=1)
    leasing.claim_retries(session, "a", AT, 10)
    session.commit()
    say(book, made.ids[0])
    book.close()
    recovery.run()
    assert row(database, made.ids[0]).state == DeliveryState.UNKNOWN
    assert row(database, made.ids[0]).uncertain == 2


def test_others_that_live_keep_what_they_hold(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 6, size=2)
    lease(session, "a")
    theirs, _ = lease(session, "b")
    retry_of = ledger(session, 1)
    retry(session, retry_of, 0)
    leasing.claim_retries(session, "b", AT, 10)
    session.commit()
    say(book, made.ids[0])
    book.close()
    recovery.run()
    owners = {chunk.id: chunk.claimed_by for chunk in chunks(database)}
    assert owners[theirs.chunk_id] == "b"
    assert row(database, retry_of.ids[0]).claimed_by == "b"


def test_a_process_does_not_take_over_from_itself(
    database: Database, session: Session, recovery: Recovery, book: Journal, clock: Clock
) -> None:
    """Whatever its beat: opening its own journal and closing it would let go of its locks."""
    made = ledger(session, 2)
    lease(session, "a")
    say(book, made.ids[0])
    with silent(recovery, clock):
        pass
    assert recovery.run() == []
    assert not is_gone(database, "a")
    say(book, made.ids[1])


# Once, however often ----------------------------------------------------------------------------


def test_a_recovery_that_was_killed_before_the_journal_was_deleted_is_made_again(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 4)
    lease(session, "a")
    answer(book, {made.ids[0]: TAKEN, made.ids[1]: LATER})
    say(book, made.ids[2])
    book.close()
    kept = book.path.read_bytes()
    recovery.run()
    before = snapshot(database)
    book.path.write_bytes(kept)
    assert recovery.run() == []
    assert snapshot(database) == before
    assert not book.path.exists()


def test_two_that_recover_at_once_write_it_down_once(
    database: Database, session: Session, recovery: Recovery, book: Journal, tmp_path: Path
) -> None:
    made = ledger(session, 30)
    lease(session, "a")
    answer(book, dict.fromkeys(made.ids[:10], LATER))
    say(book, *made.ids[10:13])
    book.close()
    others = {f"w{n}": Recovery(database, tmp_path / "journals") for n in range(3)}
    done: list[Taken] = []
    in_threads(3, lambda name: done.extend(others[name].run()))
    assert only(done) == (10, 3, 0)
    assert [len(attempts(database, key)) for key in made.ids] == [1] * 13 + [0] * 17


def test_a_worker_that_said_goodbye_and_left_its_journal_is_no_take_over(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 1)
    lease(session, "a")
    answer(book, {made.ids[0]: TAKEN})
    settle(session, made, *made.ids)
    leasing.say_goodbye(session, "a", AT)
    session.commit()
    book.close()
    assert recovery.run() == []
    assert not book.path.exists()
    with database.reading() as reading:
        assert not reading.get_one(WorkerLease, "a").taken_over


def test_one_journal_that_cannot_be_settled_keeps_no_other_from_it(
    database: Database, session: Session, recovery: Recovery, journals: Callable[..., Journal]
) -> None:
    """Somebody's rubbish in the folder."""
    recovery.folder.mkdir(parents=True)
    (recovery.folder / "0rubbish.journal").write_bytes(b"\0" * 5000)
    (recovery.folder / "1empty.journal").write_bytes(b"")
    register(session, "a")
    made = ledger(session, 1)
    lease(session, "a")
    book = journals("a")
    answer(book, {made.ids[0]: TAKEN})
    book.close()
    assert only(recovery.run()) == (1, 0, 0)
    assert row(database, made.ids[0]).state == "sent"


# Without its row --------------------------------------------------------------------------------


def test_a_journal_without_a_worker_settles_what_relays_took(
    database: Database, session: Session, recovery: Recovery, journals: Callable[..., Journal]
) -> None:
    """Its row is gone (an older copy of the database): its answers are true all the same."""
    made = ledger(session, 2)
    book = journals("a")
    answer(book, {made.ids[0]: TAKEN})
    book.close()
    recovery.run()
    assert states(database)[made.ids[0]] == "sent"


def test_answers_to_deliveries_that_are_not_in_the_ledger_are_passed_over(
    database: Database, recovery: Recovery, book: Journal
) -> None:
    answer(book, {10**9: TAKEN})
    say(book, 10**9 + 1)
    book.close()
    assert only(recovery.run()) == (0, 0, 0)
    assert rows(database) == {}


# Elsewhere --------------------------------------------------------------------------------------


def test_a_worker_elsewhere_is_gone_when_its_beat_stands_still(
    database: Database, session: Session, recovery: Recovery, clock: Clock
) -> None:
    register(session, "a", "b")
    made = ledger(session, 10)
    lease(session, "a", taken=3)
    settle(session, made, made.ids[0])
    with silent(recovery, clock), database.writing() as other:
        leasing.beat(other, "b", Pulse(), AT)
    assert only(recovery.run()) == (0, 2, 0)
    assert list(states(database).values()) == ["sent", "retry", "retry"] + ["queued"] * 7
    assert not is_gone(database, "b")


def test_one_that_beats_is_left_alone_for_ever(
    database: Database, session: Session, recovery: Recovery, clock: Clock
) -> None:
    register(session, "a")
    for _ in range(5):
        assert recovery.run() == []
        with database.writing() as other:
            leasing.beat(other, "a", Pulse(), AT)
        clock.at += LEASE_SECONDS * 0.9
    assert not is_gone(database, "a")


def test_a_watcher_that_just_began_waits_for_as_long_as_a_lease_lasts(
    session: Session, recovery: Recovery, clock: Clock
) -> None:
    register(session, "a")
    assert recovery.run() == []
    clock.at += LEASE_SECONDS - 1
    assert recovery.run() == []
    clock.at += 1
    assert only(recovery.run()) == (0, 0, 0)
    assert recovery.run() == []


def test_one_that_beats_at_the_last_moment_is_not_taken_over(
    database: Database, session: Session, recovery: Recovery, clock: Clock
) -> None:
    """Between the look at its beat and the lock on its row: it sends on, so nothing may go."""
    register(session, "a")
    made = ledger(session, 3)
    lease(session, "a")
    with silent(recovery, clock):
        pass
    look = recovery.watcher.stands_still

    def stands_still(worker: WorkerLease) -> bool:
        still = look(worker)
        with database.writing() as other:
            assert leasing.beat(other, worker.name, Pulse(), AT)
        return still

    recovery.watcher.stands_still = stands_still  # type: ignore[method-assign]
    assert recovery.run() == []
    assert not is_gone(database, "a")
    assert set(states(database, made.issue_id).values()) == {"queued"}


def test_after_another_boot_all_that_was_taken_up_is_uncertain(
    database: Database,
    session: Session,
    recovery: Recovery,
    book: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ledger(session, 10)
    lease(session, "a", taken=4)
    answer(book, {made.ids[0]: TAKEN})
    book.close()
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    assert only(recovery.run()) == (1, 3, 0)
    assert list(states(database).values()) == ["sent"] + ["retry"] * 3 + ["queued"] * 6


def test_a_retry_taken_up_before_another_boot_is_uncertain(
    database: Database,
    session: Session,
    recovery: Recovery,
    book: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ledger(session, 1)
    retry(session, made, 0)
    leasing.claim_retries(session, "a", AT, 1)
    session.commit()
    book.close()
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    assert only(recovery.run()) == (0, 1, 0)
    assert row(database, made.ids[0]).cause == Cause.UNCERTAIN


def test_a_paused_issue_is_taken_over_and_stays_paused(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    made = ledger(session, 2)
    lease(session, "a")
    session.get_one(Issue, made.issue_id).paused_at = AT
    session.commit()
    say(book, made.ids[0])
    book.close()
    recovery.run()
    assert list(states(database).values()) == ["retry", "queued"]
    assert leasing.claim(session, "b") is None
    assert leasing.claim_retries(session, "b", AT + timedelta(days=1), 10) == []
