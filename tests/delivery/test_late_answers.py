"""Workers that were fenced, not dead: their answers come late, or never, or are an old story."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import journal, leasing, settling
from app.delivery.journal import Journal
from app.delivery.models import Cause, Settlement
from app.delivery.recovering import Recovery, settle_late
from app.mail.answers import Answer
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    OPEN,
    TAKEN,
    Ledger,
    chunks,
    is_finished,
    lease,
    ledger,
    register,
    row,
    settled,
    states,
)
from tests.delivery.taking_over import answer, only, say, silent, snapshot
from tests.mail.working import Clock

# Alive, and fenced ------------------------------------------------------------------------------


@pytest.fixture
def asleep(
    database: Database, session: Session, recovery: Recovery, book: Journal, clock: Clock
) -> Ledger:
    """The worker "a" is stopped with one answer not settled and one message in flight; another
    process has put up the fence."""
    made = ledger(session, 4)
    lease(session, "a")
    answer(book, {made.ids[0]: TAKEN})
    say(book, made.ids[1])
    journal.own.discard(book.path)  # as another process sees it
    with silent(recovery, clock):
        pass
    assert only(recovery.run()) == (1, 0, 1)
    assert recovery.run() == []
    return made


def test_what_a_sleeping_worker_has_in_flight_stays_its(database: Database, asleep: Ledger) -> None:
    assert list(states(database).values()) == ["sent", "claimed", "queued", "queued"]
    assert row(database, asleep.ids[1]).claimed_by == "a"
    [chunk] = chunks(database)
    assert (chunk.claimed_by, chunk.done_at) == (None, None)
    assert not is_finished(database, asleep.issue_id)


def test_the_rest_of_it_goes_to_another(session: Session, asleep: Ledger) -> None:
    _, dues = lease(session, "b")
    assert [due.to.delivery_id for due in dues] == list(asleep.ids[2:])


def test_it_starts_nothing_more(asleep: Ledger, book: Journal) -> None:
    book.start(asleep.ids[2])
    with pytest.raises(journal.Fenced):
        book.flush()


@pytest.mark.parametrize(
    ("late", "state"), [(TAKEN, "sent"), (NEVER, "failed"), (LATER, "retry"), (OPEN, "retry")]
)
def test_its_late_answer_is_written_down(
    database: Database, session: Session, asleep: Ledger, late: Answer, state: str
) -> None:
    assert settle_late(session, "a", {asleep.ids[1]: late}, AT) == 1
    session.commit()
    one = row(database, asleep.ids[1])
    assert (one.state, one.attempts, one.claimed_by) == (state, 1, None)


def test_when_it_dies_what_it_had_in_flight_is_uncertain(
    database: Database, recovery: Recovery, asleep: Ledger, book: Journal
) -> None:
    book.close()
    assert only(recovery.run()) == (0, 1, 0)
    one = row(database, asleep.ids[1])
    assert (one.state, one.cause, one.claimed_by) == ("retry", "uncertain", None)
    assert not book.path.exists()


def test_when_it_dies_after_its_answer_came_it_is_settled(
    database: Database, recovery: Recovery, asleep: Ledger, book: Journal
) -> None:
    book.answer(asleep.ids[1], TAKEN)
    book.flush_answers()
    book.close()
    assert only(recovery.run()) == (1, 0, 0)
    assert row(database, asleep.ids[1]).state == "sent"


# Late answers -----------------------------------------------------------------------------------


@pytest.fixture
def given_up(database: Database, session: Session, recovery: Recovery, clock: Clock) -> Ledger:
    """The worker "a" was cut off, on a machine of its own, with three taken up: all uncertain."""
    register(session, "a")
    made = ledger(session, 3)
    lease(session, "a")
    with silent(recovery, clock):
        pass
    assert only(recovery.run()) == (0, 3, 0)
    return made


def late(session: Session, answers: dict[int, Answer]) -> int:
    count = settle_late(session, "a", answers, AT)
    session.commit()
    return count


def test_what_was_sent_after_all_is_not_sent_again(
    database: Database, session: Session, given_up: Ledger
) -> None:
    assert late(session, {given_up.ids[0]: TAKEN}) == 1
    one = row(database, given_up.ids[0])
    assert (one.state, one.cause, one.next_try_at) == ("sent", None, None)
    due = leasing.claim_retries(session, "b", AT + timedelta(days=1), 10)
    assert [again.to.delivery_id for again in due] == list(given_up.ids[1:])


def test_a_late_answer_is_to_the_same_try_and_takes_the_doubt_away(
    database: Database, session: Session, given_up: Ledger
) -> None:
    """It was offered once: the report must not say that this member may have got it twice."""
    late(session, {given_up.ids[0]: TAKEN})
    one = row(database, given_up.ids[0])
    assert (one.attempts, one.uncertain) == (1, 0)


def test_a_late_answer_to_what_another_has_claimed_is_ignored(
    database: Database, session: Session, given_up: Ledger
) -> None:
    leasing.claim_retries(session, "b", AT + timedelta(days=1), 10)
    session.commit()
    before = snapshot(database)
    assert late(session, dict.fromkeys(given_up.ids, TAKEN)) == 0
    assert snapshot(database) == before


def test_a_late_answer_to_what_another_has_sent_is_ignored(
    database: Database, session: Session, given_up: Ledger
) -> None:
    dues = leasing.claim_retries(session, "b", AT + timedelta(days=1), 10)
    again = [
        settled(due.to.delivery_id, due.issue_id, TAKEN, fresh=False, attempts=1, uncertain=1)
        for due in dues
    ]
    settling.settle(session, "b", again, AT)
    session.commit()
    before = snapshot(database)
    assert late(session, dict.fromkeys(given_up.ids, NEVER)) == 0
    assert snapshot(database) == before


def test_a_late_answer_that_is_no_relays_word_betters_nothing(
    database: Database, session: Session, given_up: Ledger
) -> None:
    before = snapshot(database)
    assert late(session, dict.fromkeys(given_up.ids, OPEN)) == 0
    assert snapshot(database) == before


def test_staff_need_not_decide_what_turns_out_to_be_sent(
    database: Database, session: Session, recovery: Recovery, clock: Clock
) -> None:
    register(session, "a")
    made = ledger(session, 1, when_uncertain="hold")
    lease(session, "a")
    with silent(recovery, clock):
        pass
    recovery.run()
    assert row(database, made.ids[0]).state == "unknown"
    late(session, {made.ids[0]: TAKEN})
    assert row(database, made.ids[0]).state == "sent"


def test_what_was_sent_after_all_and_waits_for_its_domains_place_is_not_sent_again(
    database: Database, session: Session, given_up: Ledger
) -> None:
    """Another took it up meanwhile, and parked it."""
    dues = leasing.claim_retries(session, "b", AT + timedelta(days=1), 10)
    for due in dues:
        place = (due.to.delivery_id, due.issue_id, False)
        settling.park(session, "b", place, AT + timedelta(hours=1), AT)
    session.commit()
    assert late(session, dict.fromkeys(given_up.ids, TAKEN)) == 3
    assert set(states(database).values()) == {"sent"}


# Old answers ------------------------------------------------------------------------------------


def test_an_answer_of_an_earlier_try_does_not_undo_what_happened_since(
    database: Database, session: Session, recovery: Recovery, book: Journal
) -> None:
    """A journal holds the answers of the last two thousand messages, settled long ago."""
    made = ledger(session, 1, when_uncertain="hold")
    lease(session, "a")
    answer(book, {made.ids[0]: LATER})
    settling.settle(session, "a", [settled(made.ids[0], made.issue_id, LATER)], AT)
    leasing.claim_retries(session, "b", AT + timedelta(hours=1), 10)
    doubt = settled(made.ids[0], made.issue_id, OPEN, fresh=False, attempts=1, hold=True)
    settling.settle(session, "b", [doubt], AT)
    session.commit()
    assert row(database, made.ids[0]).state == "unknown"
    book.close()
    recovery.run()
    assert row(database, made.ids[0]).state == "unknown"


@pytest.mark.parametrize(
    ("old", "cause"), [(NEVER, Cause.PUT_OFF), (LATER, Cause.PUT_OFF), (OPEN, Cause.UNCERTAIN)]
)
def test_an_answer_of_an_earlier_try_is_not_taken_for_that_of_one_not_begun(
    database: Database, session: Session, recovery: Recovery, book: Journal, old: Answer, cause: str
) -> None:
    """The same worker claimed it once more (staff said "try again", or its time had come), and
    was killed before it began."""
    made = ledger(session, 1)
    lease(session, "a")
    answer(book, {made.ids[0]: old})
    settling.settle(session, "a", [settled(made.ids[0], made.issue_id, old)], AT)
    book.settled()
    book.flush()
    one = session.get_one(Settlement, made.ids[0])
    one.state, one.cause, one.next_try_at = "retry", cause, AT
    session.flush()
    [again] = leasing.claim_retries(session, "a", AT, 10)
    session.commit()
    book.close()
    recovery.run()
    one = row(database, made.ids[0])
    assert (one.state, one.attempts, one.uncertain) == ("retry", again.attempts, again.uncertain)
