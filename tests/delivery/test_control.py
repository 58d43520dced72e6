"""What staff do to an issue that goes out, while it goes out."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import control, leasing, pacing, preparing, settling
from app.delivery.models import Cause, Chunk, Pace, Settlement
from app.errors import InvalidInput, Refused
from app.issues.models import Issue, IssueState
from app.mail.answers import Answer
from app.services import Services
from tests import personas
from tests.delivery.at_work import (
    Gated,
    frozen,
    turning,
    turns,
    with_relays,
    working,
    works_through,
)
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    OPEN,
    TAKEN,
    Ledger,
    attempts,
    chunks,
    is_finished,
    lease,
    ledger,
    row,
    rows,
    settled,
    states,
)
from tests.mail.faulty import Faulty


def issue_of(session: Session, made: Ledger) -> Issue:
    return session.get_one(Issue, made.issue_id)


def settle(session: Session, made: Ledger, *answers: Answer, hold: bool = True) -> None:
    """All of its first deliveries get these answers, and its chunks are done; committed."""
    pairs = zip(made.ids, answers, strict=False)
    given = [settled(key, made.issue_id, answer, hold=hold) for key, answer in pairs]
    settling.settle(session, "a", given, AT)
    session.execute(update(Chunk).where(Chunk.issue_id == made.issue_id).values(done_at=AT))
    settling.finish_issues(session, AT)
    session.commit()


def sent_to(server: Faulty) -> int:
    return len(server.said_to("RCPT"))


# Pause and resume -------------------------------------------------------------------------------


def test_a_paused_issue_rests_and_goes_on_where_it_was(services: Services) -> None:
    with Gated(after=3) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 10)
        with working(one) as worker:
            turning(worker, server.reached.is_set)
            with one.database.writing() as session:
                assert control.pause(session.get_one(Issue, issue_id), "A typing error.", now())
            worker.wake()
            server.gate.set()
            turning(worker, lambda: not worker._is_busy())
            turns(worker, 20)
            heard = sent_to(server)
            assert heard < 10
            assert [chunk.claimed_by for chunk in chunks(one.database)] == [None]
            with one.database.writing() as session:
                assert control.resume(session.get_one(Issue, issue_id))
            worker.wake()
            turning(worker, lambda: is_finished(one.database, issue_id))
        assert sent_to(server) == 10


def test_pausing_twice_and_resuming_twice_say_so(session: Session) -> None:
    issue = issue_of(session, ledger(session, 1))
    assert control.pause(issue, "first", AT)
    assert not control.pause(issue, "second", AT)
    assert (issue.paused_why, issue.state) == ("first", IssueState.PAUSED)
    assert control.resume(issue)
    assert not control.resume(issue)
    assert (issue.paused_why, issue.state) == (None, IssueState.SENDING)


def test_neither_a_draft_nor_what_has_gone_out_is_paused_or_stopped(session: Session) -> None:
    issue = issue_of(session, ledger(session, 1))
    issue.finished_at = AT
    draft = issue_of(session, ledger(session, 1))
    draft.scheduled_for = draft.frozen_at = None
    for one in (issue, draft):
        with pytest.raises(Refused):
            control.pause(one, "late", AT)
        with pytest.raises(Refused):
            control.stop(session, one, AT)


def test_everything_on_its_way_is_paused_and_nothing_else(session: Session) -> None:
    running, paused, over, draft, scheduled = (
        issue_of(session, ledger(session, 1)) for _ in range(5)
    )
    paused.paused_at, paused.paused_why = AT, "by staff"
    over.finished_at = AT
    draft.scheduled_for = draft.frozen_at = None
    scheduled.frozen_at = None
    session.flush()
    assert control.pause_all(session, "restored", AT) == 2
    session.expire_all()
    whys = [one.paused_why for one in (running, paused, over, draft, scheduled)]
    assert whys == ["restored", "by staff", None, None, "restored"]
    assert preparing.due(session, AT + timedelta(days=1)) == []


# Stop -------------------------------------------------------------------------------------------


def test_stopping_fails_all_that_waits_and_ends_the_issue(
    database: Database, session: Session
) -> None:
    made, other = ledger(session, 6, size=2), ledger(session, 2)
    two = zip(made.ids, (TAKEN, LATER), strict=False)
    settling.settle(session, "a", [settled(key, made.issue_id, a) for key, a in two], AT)
    control.stop(session, issue_of(session, made), AT)
    session.commit()
    assert list(states(database, made.issue_id).values()) == ["sent"] + ["failed"] * 5
    found = [row(database, key) for key in made.ids[1:]]
    assert {(one.cause, one.settled_at) for one in found} == {("stopped", AT)}
    assert set(states(database, other.issue_id).values()) == {"queued"}
    assert is_finished(database, made.issue_id)
    assert not is_finished(database, other.issue_id)
    assert not control.has_stops(session)


def test_what_a_worker_holds_is_stopped_once_it_gave_it_back(
    database: Database, session: Session
) -> None:
    made = ledger(session, 6, size=2)
    lease(session, "a")
    control.stop(session, issue_of(session, made), AT)
    session.commit()
    assert list(states(database).values()) == ["queued"] * 2 + ["failed"] * 4
    assert not is_finished(database, made.issue_id)
    assert control.has_stops(session)
    assert control.stop_the_rest(session, AT) == 0
    session.execute(update(Chunk).values(claimed_by=None))
    assert control.stop_the_rest(session, AT) == 2
    assert control.stop_the_rest(session, AT) == 0
    session.commit()
    assert set(states(database).values()) == {"failed"}
    assert is_finished(database, made.issue_id)


def test_a_worker_gives_back_what_was_stopped(services: Services) -> None:
    with Gated(after=2) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 10)
        with working(one) as worker:
            turning(worker, server.reached.is_set)
            with one.database.writing() as session:
                control.stop(session, session.get_one(Issue, issue_id), now())
            worker.wake()
            server.gate.set()
            turning(worker, lambda: not worker._is_busy())
            turns(worker, 20)
            with one.database.writing() as session:
                control.stop_the_rest(session, now())
        heard = sent_to(server)
    assert heard < 10
    found = list(states(one.database).values())
    assert (found.count("sent"), found.count("failed")) == (heard, 10 - heard)
    assert is_finished(one.database, issue_id)


def test_nothing_is_stopped_before_anything_went_out(session: Session) -> None:
    issue = issue_of(session, ledger(session, 1))
    issue.frozen_at = None
    with pytest.raises(Refused, match="back to draft"):
        control.stop(session, issue, AT)


# Again ------------------------------------------------------------------------------------------


def test_those_who_failed_get_it_once_more(database: Database, session: Session) -> None:
    made = ledger(session, 4)
    settle(session, made, TAKEN, NEVER, OPEN, NEVER)
    assert is_finished(database, made.issue_id)
    assert control.try_again(session, issue_of(session, made), AT) == 2
    session.commit()
    assert list(states(database).values()) == ["sent", "retry", "unknown", "retry"]
    assert not is_finished(database, made.issue_id)
    again = leasing.claim_retries(session, "a", AT, 10)
    assert [(due.to.delivery_id, due.attempts) for due in again] == [
        (made.ids[1], 0), (made.ids[3], 0),
    ]  # fmt: skip
    assert attempts(database, made.ids[1]) == [(1, "give_up")]


def test_some_causes_can_be_chosen_and_who_left_stays_left(
    database: Database, session: Session
) -> None:
    made = ledger(session, 3)
    for key, cause in zip(made.ids, (Cause.REFUSED, Cause.STOPPED, Cause.LEFT), strict=True):
        settling.fail(session, "a", (key, made.issue_id, True), cause, AT)
    session.execute(update(Chunk).values(done_at=AT))
    issue = issue_of(session, made)
    assert control.try_again(session, issue, AT, [Cause.REFUSED]) == 1
    assert control.try_again(session, issue, AT) == 1
    assert control.try_again(session, issue, AT) == 0
    session.commit()
    assert list(states(database).values()) == ["retry", "retry", "failed"]


def test_a_try_that_was_stopped_is_not_put_on_record_a_second_time(
    database: Database, session: Session
) -> None:
    """It was put off, then stopped: nobody gave it up."""
    made = ledger(session, 1)
    settle(session, made, LATER)
    control.stop(session, issue_of(session, made), AT)
    control.try_again(session, issue_of(session, made), AT)
    session.commit()
    assert attempts(database, made.ids[0]) == [(1, "retry")]


def test_sending_again_to_the_refused_does_not_undo_the_stop(
    database: Database, session: Session
) -> None:
    """A worker still holds some of what staff stopped a moment ago."""
    made = ledger(session, 4, size=2)
    settling.settle(session, "a", [settled(made.ids[0], made.issue_id, NEVER)], AT)
    lease(session, "a")
    control.stop(session, issue_of(session, made), AT)
    session.commit()
    try:
        control.try_again(session, issue_of(session, made), AT, [Cause.REFUSED])
    except Refused:
        session.rollback()
    else:
        session.commit()
    session.execute(update(Chunk).values(claimed_by=None))
    control.stop_the_rest(session, AT)
    session.commit()
    assert leasing.claim(session, "b") is None
    assert row(database, made.ids[1]).cause == Cause.STOPPED


def test_the_unknown_are_sent_again_when_staff_say_so(database: Database, session: Session) -> None:
    made = ledger(session, 2)
    settle(session, made, OPEN, TAKEN)
    assert control.resend_unknown(session, issue_of(session, made), AT) == 1
    session.commit()
    [due] = leasing.claim_retries(session, "a", AT, 10)
    assert (due.to.delivery_id, due.attempts, due.uncertain) == (made.ids[0], 1, 1)
    assert attempts(database, made.ids[0]) == [(1, "unknown")]


def test_the_unknown_count_as_sent_when_staff_found_out(
    database: Database, session: Session
) -> None:
    made = ledger(session, 2)
    settle(session, made, OPEN, NEVER)
    assert control.count_unknown_as_sent(session, issue_of(session, made), AT) == 1
    assert control.count_unknown_as_sent(session, issue_of(session, made), AT) == 0
    session.commit()
    assert list(states(database).values()) == ["sent", "failed"]
    assert row(database, made.ids[0]).uncertain == 1


def test_another_issues_rows_are_left_alone(database: Database, session: Session) -> None:
    made, other = ledger(session, 2), ledger(session, 2)
    settle(session, made, OPEN, NEVER)
    settle(session, other, OPEN, NEVER)
    before = {key: states(database)[key] for key in other.ids}
    issue = issue_of(session, made)
    control.try_again(session, issue, AT)
    control.resend_unknown(session, issue, AT)
    session.commit()
    assert {key: states(database)[key] for key in other.ids} == before


def test_those_who_failed_are_really_mailed_again(services: Services) -> None:
    with Faulty({"RCPT": ["550 5.1.1 nobody", "250 ok"]}) as server:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 3)
        with working(one) as worker:
            works_through(worker)
        assert sorted(states(one.database).values()) == ["failed", "sent", "sent"]
        with one.database.writing() as session:
            control.try_again(session, session.get_one(Issue, issue_id), now())
        with working(one) as worker:
            works_through(worker)
        assert len(server.taken) == 3
    assert is_finished(one.database, issue_id)


# Pace -------------------------------------------------------------------------------------------


def set_pace(session: Session, issue: Issue, **values: object) -> None:
    usual: dict[str, object] = {"per_minute": None, "urgent": False, "when_uncertain": "resend"}
    control.set_pace(session, issue, **usual | values)  # type: ignore[arg-type]


def test_an_issue_that_becomes_urgent_overtakes(database: Database, session: Session) -> None:
    first, second = ledger(session, 4, size=2), ledger(session, 4, size=2)
    set_pace(session, issue_of(session, second), urgent=True)
    session.commit()
    got = leasing.claim(session, "a")
    assert got is not None
    assert (got.issue_id, got.rank) == (second.issue_id, 0)
    set_pace(session, issue_of(session, second), urgent=False)
    again = leasing.claim(session, "a")
    assert again is not None
    assert again.issue_id == first.issue_id


@pytest.mark.parametrize("per_minute", [0, -1, control.FASTEST + 1])
def test_a_pace_that_makes_no_sense_is_refused(session: Session, per_minute: int) -> None:
    issue = issue_of(session, ledger(session, 1))
    with pytest.raises(InvalidInput):
        set_pace(session, issue, per_minute=per_minute)
    assert issue.rate_per_minute is None


def test_places_at_the_old_pace_are_forgotten(session: Session) -> None:
    issue = issue_of(session, ledger(session, 1))
    key = pacing.issue_key(issue.id)
    session.add(Pace(key=key, next_slot_at=AT + timedelta(hours=1), holds=0))
    session.flush()
    set_pace(session, issue, per_minute=60)
    assert pacing.next_slot(session, key) is None
    assert issue.rate_per_minute == 60


def test_an_issue_with_a_pace_keeps_to_it_over_the_wire(services: Services) -> None:
    with Faulty() as server, time_machine.travel(AT, tick=False) as clock:
        one = with_relays(services, server.relay)
        issue_id = frozen(one, 4, rate_per_minute=60)
        heard = []
        with working(one) as worker:
            while not is_finished(one.database, issue_id):
                assert len(heard) < 60, "it never came to pass"
                worker.wake()
                turns(worker, 6)
                heard.append(sent_to(server))
                clock.shift(timedelta(seconds=0.25))
    assert all(count <= 1 + number // 4 for number, count in enumerate(heard))
    assert sent_to(server) == 4


def test_a_pace_is_set_in_the_order_in_which_workers_lock(
    database: Database, session: Session
) -> None:
    """A worker holds its chunks and retries before it asks for a place."""
    issue, touched = issue_of(session, ledger(session, 1)), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words = statement.replace('"', "").split()
        if words[0] in ("UPDATE", "DELETE"):
            touched.append(words[1 if words[0] == "UPDATE" else 2])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        set_pace(session, issue, per_minute=60)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert touched[-1] == "pace"
    assert {"chunk", "settlement"} <= set(touched)


# Stopped cases ----------------------------------------------------------------------------------


def _with_case(session: Session, status: str) -> Issue:
    network = personas.network(session, f"of-{status}")
    personas.member(session, network)
    case = personas.case(session)
    issue = personas.issue(session, network, [personas.ask(session, case)])
    personas.delivered(session, issue, state="queued")
    issue.finished_at = None
    case.status = status
    session.flush()
    return issue


def test_an_issue_with_a_stopped_case_is_paused_and_staff_decide(session: Session) -> None:
    stopped, going = _with_case(session, "stopped"), _with_case(session, "open")
    assert control.has_stops(session)
    assert control.pause_for_stopped_cases(session, AT) == 1
    session.expire_all()
    assert stopped.paused_why and "stopped" in stopped.paused_why
    assert going.paused_at is None
    assert control.pause_for_stopped_cases(session, AT) == 0
    assert not control.has_stops(session)
    assert leasing.claim(session, "a") is not None
    assert leasing.claim(session, "a") is None


def test_an_issue_that_has_gone_out_is_not_paused_for_its_case(session: Session) -> None:
    issue = _with_case(session, "stopped")
    issue.finished_at = AT
    session.flush()
    assert control.pause_for_stopped_cases(session, AT) == 0
    assert not session.scalars(select(Settlement)).all()


def test_what_was_stopped_says_nothing_of_a_next_try(database: Database, session: Session) -> None:
    made = ledger(session, 1)
    settling.settle(session, "a", [settled(made.ids[0], made.issue_id, LATER)], AT)
    control.stop(session, issue_of(session, made), AT)
    session.commit()
    [one] = rows(database).values()
    assert (one.state, one.next_try_at) == ("failed", None)
