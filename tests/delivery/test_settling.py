"""What an answer makes of a delivery, and that it is written down once."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import leasing, settling
from app.delivery.models import Attempt, Cause, Chunk, DeliveryState, Settlement
from app.delivery.settling import HORIZON, RESEND_AFTER, Fate, fate
from app.issues.models import Issue
from app.mail.answers import GROWING, Answer, Outcome, Stage, unsendable
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    OPEN,
    RELAY,
    TAKEN,
    TROUBLE,
    Ledger,
    attempts,
    is_finished,
    ledger,
    retry,
    row,
    settled,
    states,
)

SOON = AT + timedelta(minutes=40)  # when a domain that is held back may be used again


def became(answer: Answer, **values: object) -> Fate:
    return fate(settled(1, 1, answer, **values), AT)  # type: ignore[arg-type]


# Fate -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 1, 9])
@pytest.mark.parametrize("uncertain", [0, 1])
def test_what_a_relay_took_is_sent(before: int, uncertain: int) -> None:
    assert became(TAKEN, attempts=before, uncertain=uncertain) == Fate(
        DeliveryState.SENT, uncertain=uncertain
    )


@pytest.mark.parametrize("before", [0, 3, 30])
def test_what_is_refused_for_good_failed(before: int) -> None:
    assert became(NEVER, attempts=before) == Fate(DeliveryState.FAILED, Cause.REFUSED)


def test_what_never_reached_a_relay_cannot_be_sent() -> None:
    told = unsendable("no name for the greeting")
    assert became(told) == Fate(DeliveryState.FAILED, Cause.UNSENDABLE)


@pytest.mark.parametrize("before", range(len(GROWING)))
def test_what_is_put_off_waits_longer_each_time(before: int) -> None:
    assert became(LATER, attempts=before) == Fate(
        DeliveryState.RETRY, Cause.PUT_OFF, AT + GROWING[before]
    )


def test_after_the_last_of_them_it_is_given_up() -> None:
    assert became(LATER, attempts=len(GROWING)) == Fate(DeliveryState.FAILED, Cause.GAVE_UP)


def test_a_try_of_which_nobody_knows_does_not_bring_giving_up_nearer() -> None:
    last = became(LATER, attempts=len(GROWING), uncertain=1)
    assert (last.state, last.next_try_at) == (DeliveryState.RETRY, AT + GROWING[-1])


@pytest.mark.parametrize(
    ("before", "not_before", "due"),
    [(0, SOON, SOON), (4, SOON, AT + GROWING[4]), (0, None, AT + GROWING[0])],
)
def test_a_domain_that_is_held_back_is_not_asked_before(
    before: int, not_before: datetime | None, due: datetime
) -> None:
    assert became(LATER, attempts=before, not_before=not_before).next_try_at == due


@pytest.mark.parametrize("before", [0, 5, 10, 100])
def test_trouble_of_a_relay_never_gives_a_member_up(before: int) -> None:
    assert became(TROUBLE, attempts=before) == Fate(
        DeliveryState.RETRY, Cause.PUT_OFF, AT + RESEND_AFTER
    )


def test_what_may_have_been_taken_is_sent_again_once() -> None:
    first = became(OPEN)
    assert first == Fate(DeliveryState.RETRY, Cause.UNCERTAIN, AT + RESEND_AFTER, 1)
    assert became(OPEN, attempts=1, uncertain=1) == Fate(DeliveryState.UNKNOWN, uncertain=2)


def test_what_may_have_been_taken_waits_for_staff_who_want_that() -> None:
    assert became(OPEN, hold=True) == Fate(DeliveryState.UNKNOWN, uncertain=1)


@pytest.mark.parametrize("answer", [TAKEN, LATER, NEVER, TROUBLE])
def test_doubts_about_an_earlier_try_stay_on_record(answer: Answer) -> None:
    assert became(answer, attempts=1, uncertain=1).uncertain == 1


@pytest.mark.parametrize("outcome", Outcome)
def test_every_answer_has_a_fate_that_can_be_acted_upon(outcome: Outcome) -> None:
    for stage, code, tries in product(Stage, (None, 250, 421, 550), (0, 1, 40)):
        after = became(Answer(outcome, stage, RELAY, code, ""), attempts=tries)
        assert (after.state == DeliveryState.RETRY) == (after.next_try_at is not None)
        assert (after.state == DeliveryState.FAILED) <= (after.cause is not None)
        assert after.next_try_at is None or AT < after.next_try_at <= AT + leasing.FURTHEST


# Writing it down --------------------------------------------------------------------------------


def settle(session: Session, made: Ledger, *answers: Answer, worker: str = "a") -> None:
    """The first deliveries get these answers; committed."""
    pairs = zip(made.ids, answers, strict=False)
    settling.settle(session, worker, [settled(key, made.issue_id, a) for key, a in pairs], AT)
    session.commit()


def all_rows(session: Session) -> list[tuple[object, ...]]:
    """Everything that settling writes, as values."""
    found: list[tuple[object, ...]] = []
    for model in (Settlement, Attempt):
        found += [tuple(each) for each in session.execute(select(*model.__table__.columns))]
    return sorted(found, key=str)


def test_all_answers_of_a_batch_are_written_down(database: Database, session: Session) -> None:
    made = ledger(session, 7)
    settle(session, made, TAKEN, LATER, NEVER, OPEN, unsendable("no way"), TAKEN)
    assert list(states(database).values()) == [
        "sent", "retry", "failed", "retry", "failed", "sent", "queued",
    ]  # fmt: skip
    for key, answer in zip(made.ids, (TAKEN, LATER, NEVER, OPEN), strict=False):
        one = row(database, key)
        assert (one.relay, one.code, one.answer) == (answer.relay, answer.code, answer.text)
        assert (one.attempts, one.settled_at, one.issue_id) == (1, AT, made.issue_id)
        assert one.claimed_by is None
    assert [attempts(database, key) for key in made.ids[:5]] == [
        [], [(1, "retry")], [], [(1, "unknown")], [],
    ]  # fmt: skip


def test_in_bulk_and_one_by_one_write_the_same(database: Database, session: Session) -> None:
    bulk, single = ledger(session, 3), ledger(session, 3)
    odd = TAKEN._replace(text="2.0.0 ok \u2013 it's 100% \\ taken", code=251)
    settle(session, bulk, TAKEN, odd, TAKEN._replace(relay="[::1]:25", text=""))
    for key, answer in zip(
        single.ids, (TAKEN, odd, TAKEN._replace(relay="[::1]:25", text="")), strict=True
    ):
        settling._settle_one(session, "a", settled(key, single.issue_id, answer), AT)
    session.commit()
    columns = [c.name for c in Settlement.__table__.columns if c.name not in _OWN]
    first, second = (
        [[getattr(row(database, key), name) for name in columns] for key in made.ids]
        for made in (bulk, single)
    )
    assert first == second


_OWN = ("delivery_id", "issue_id")


def test_settling_twice_changes_nothing(session: Session) -> None:
    made = ledger(session, 4)
    settle(session, made, TAKEN, LATER, NEVER, OPEN)
    before = all_rows(session)
    settle(session, made, TAKEN, LATER, NEVER, OPEN)
    settle(session, made, NEVER, TAKEN, TAKEN, LATER)
    assert all_rows(session) == before


def test_a_second_try_is_settled_in_the_row_of_the_first(
    database: Database, session: Session
) -> None:
    made = ledger(session, 2)
    retry(session, made, 0, 1)
    dues = leasing.claim_retries(session, "a", AT, 10)
    again = [
        settled(due.to.delivery_id, due.issue_id, answer, fresh=False, attempts=due.attempts)
        for due, answer in zip(dues, (TAKEN, LATER), strict=True)
    ]
    settling.settle(session, "a", again, AT)
    settling.settle(session, "a", again, AT)
    session.commit()
    first, second = (row(database, key) for key in made.ids)
    assert (first.state, first.attempts, first.claimed_by, first.cause) == ("sent", 2, None, None)
    assert (second.state, second.attempts, second.next_try_at) == ("retry", 2, AT + GROWING[1])
    assert (attempts(database, made.ids[0]), attempts(database, made.ids[1])) == (
        [], [(2, "retry")],
    )  # fmt: skip


def test_a_row_that_another_holds_is_left_alone(session: Session) -> None:
    made = ledger(session, 1)
    retry(session, made, 0)
    leasing.claim_retries(session, "b", AT, 10)
    session.commit()
    before = all_rows(session)
    settling.settle(
        session, "a", [settled(made.ids[0], made.issue_id, LATER, fresh=False, attempts=1)], AT
    )
    settling.fail(session, "a", (made.ids[0], made.issue_id, False), Cause.LEFT, AT)
    settling.park(session, "a", (made.ids[0], made.issue_id, False), SOON, AT)
    assert all_rows(session) == before


def test_what_is_settled_already_is_neither_parked_nor_failed(session: Session) -> None:
    made = ledger(session, 1)
    settle(session, made, TAKEN)
    before = all_rows(session)
    settling.fail(session, "a", (made.ids[0], made.issue_id, True), Cause.LEFT, AT)
    settling.park(session, "a", (made.ids[0], made.issue_id, True), SOON, AT)
    assert all_rows(session) == before


def test_who_left_gets_nothing_and_the_row_says_so(database: Database, session: Session) -> None:
    made = ledger(session, 2)
    retry(session, made, 1, attempts=2)
    leasing.claim_retries(session, "a", AT, 1)
    for key, fresh in zip(made.ids, (True, False), strict=True):
        settling.fail(session, "a", (key, made.issue_id, fresh), Cause.LEFT, AT)
    session.commit()
    first, second = (row(database, key) for key in made.ids)
    assert {first.state, second.state} == {"failed"}
    assert {first.cause, second.cause} == {"left"}
    assert (first.attempts, second.attempts) == (0, 2)
    assert second.claimed_by is None


@pytest.mark.parametrize(
    ("until", "cause", "due"),
    [
        (SOON, Cause.PACED, SOON),
        (AT + HORIZON, Cause.PACED, AT + HORIZON),
        (AT + HORIZON + timedelta(seconds=1), Cause.PUT_OFF, AT + HORIZON),
    ],
)
def test_what_is_parked_waits_for_its_place(
    database: Database, session: Session, until: datetime, cause: Cause, due: datetime
) -> None:
    made = ledger(session, 1)
    settling.park(session, "a", (made.ids[0], made.issue_id, True), until, AT)
    session.commit()
    one = row(database, made.ids[0])
    assert (one.state, one.cause, one.next_try_at) == ("retry", cause, due)
    assert (one.attempts, one.claimed_by) == (0, None)
    assert leasing.claim_retries(session, "a", due, 1)


def test_parking_keeps_what_was_tried_before(database: Database, session: Session) -> None:
    made = ledger(session, 1)
    retry(session, made, 0, attempts=3, uncertain=1, relay=RELAY, answer="later")
    leasing.claim_retries(session, "a", AT, 1)
    settling.park(session, "a", (made.ids[0], made.issue_id, False), SOON, AT)
    session.commit()
    one = row(database, made.ids[0])
    assert (one.attempts, one.uncertain, one.answer) == (3, 1, "later")


# The end of an issue ----------------------------------------------------------------------------


def finish_chunks(session: Session, made: Ledger) -> None:
    session.execute(update(Chunk).where(Chunk.issue_id == made.issue_id).values(done_at=AT))


def test_an_issue_ends_with_its_last_delivery(database: Database, session: Session) -> None:
    made, other = ledger(session, 3), ledger(session, 1)
    settle(session, made, TAKEN, NEVER)
    assert settling.finish_issues(session, AT) == 0
    settle(session, made, TAKEN, NEVER, OPEN._replace(outcome=Outcome.SENT, code=250))
    finish_chunks(session, made)
    assert settling.finish_issues(session, AT) == 1
    assert settling.finish_issues(session, AT) == 0
    session.commit()
    assert is_finished(database, made.issue_id)
    assert not is_finished(database, other.issue_id)


@pytest.mark.parametrize("state", DeliveryState)
def test_an_issue_goes_on_while_one_waits(session: Session, state: DeliveryState) -> None:
    made = ledger(session, 2)
    settle(session, made, TAKEN)
    retry(session, made, 1, state=state)
    waits = state in ("queued", "claimed", "retry")
    assert settling.finish_issues(session, AT) == (0 if waits else 1)


def test_an_issue_without_an_audience_ends_at_once(database: Database, session: Session) -> None:
    made = ledger(session, 0)
    assert settling.finish_issues(session, AT) == 1
    session.commit()
    assert is_finished(database, made.issue_id)


def test_a_draft_does_not_end(session: Session) -> None:
    made = ledger(session, 0)
    session.get_one(Issue, made.issue_id).frozen_at = None
    session.flush()
    assert settling.finish_issues(session, AT) == 0


def test_a_thousand_answers_are_settled_as_they_came(database: Database, session: Session) -> None:
    made = ledger(session, 1000)
    answers = [(TAKEN, LATER, NEVER)[n % 3] if n % 10 == 0 else TAKEN for n in range(1000)]
    settle(session, made, *answers)
    expected = Counter(answer.outcome for answer in answers)
    assert Counter(states(database).values()) == {
        "sent": expected[Outcome.SENT],
        "retry": expected[Outcome.RETRY],
        "failed": expected[Outcome.GIVE_UP],
    }
    assert session.scalar(select(func.count(Attempt.id))) == expected[Outcome.RETRY]
