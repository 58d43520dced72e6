"""What staff do to an issue on its way: allowed, audited, and never more mail than may go out."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import tallies
from app.delivery.models import Chunk, Delivery, Settlement
from app.errors import InvalidInput, Refused
from app.issues import steering
from app.issues.models import Issue
from app.staff.models import AuditEntry
from tests import personas, under_way


@pytest.fixture
def on_its_way(session: Session) -> tuple[Issue, list[Delivery]]:
    return under_way.begun(session, personas.network(session))


def actions(session: Session) -> list[tuple[str, object]]:
    session.flush()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.action, entry.detail.get("members")) for entry in entries]


def test_pausing_twice_is_one_pause(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    issue, _rows = on_its_way
    assert steering.pause(session, issue, "x", None, now())
    assert not steering.pause(session, issue, "y", None, now())
    assert issue.paused_why == "x"
    assert steering.resume(session, issue, None, now())
    assert not steering.resume(session, issue, None, now())
    assert actions(session) == [("issue.paused", None), ("issue.resumed", None)]


def test_the_reason_of_a_pause_is_not_in_the_audit_trail(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    steering.pause(session, on_its_way[0], "ada@example.org asked", None, now())
    session.flush()
    assert session.scalars(select(AuditEntry)).one().detail == {}


def test_a_draft_can_be_neither_paused_nor_stopped(session: Session) -> None:
    draft = personas.issue(session, personas.network(session), [])
    with pytest.raises(Refused):
        steering.pause(session, draft, "", None, now())
    with pytest.raises(Refused):
        steering.stop(session, draft, None, now())


def test_stopping_says_how_many_it_leaves_out_and_sending_to_them_after_all_reaches_them(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    issue, rows = on_its_way
    under_way.settle(session, rows[0])
    under_way.settle(session, rows[1], "retry", cause="put off")
    assert steering.stop(session, issue, None, now()) == 5
    session.refresh(issue)
    assert issue.finished_at is not None
    assert tallies.counts(session, issue.id)["failed"] == 5
    assert steering.try_again(session, issue, None, now(), ["stopped"]) == 5
    assert tallies.counts(session, issue.id)["retry"] == 5
    session.flush()
    session.refresh(issue)
    assert (issue.finished_at, issue.cancelled_at) == (None, None)
    assert actions(session) == [("issue.stopped", 5), ("issue.tried_again", 5)]


def test_only_the_causes_that_are_named_are_tried_again(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    issue, rows = on_its_way
    for row, cause in zip(rows, ("refused", "refused", "gave up", "left"), strict=False):
        under_way.settle(session, row, "failed", cause=cause)
    assert steering.try_again(session, issue, None, now(), ["refused"]) == 2
    assert steering.try_again(session, issue, None, now()) == 1  # who left stays left
    assert steering.try_again(session, issue, None, now()) == 0
    assert actions(session) == [("issue.tried_again", 2), ("issue.tried_again", 1)]


def test_what_nobody_knows_is_sent_again_or_counted(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    issue, rows = on_its_way
    row = under_way.settle(session, rows[0], "unknown", uncertain=1)
    assert steering.resend_unknown(session, issue, None, now()) == 1
    session.refresh(row)
    assert row.state == "retry"
    under_way.settle(session, rows[1], "unknown", uncertain=1)
    assert steering.count_unknown_as_sent(session, issue, None, now()) == 1
    assert tallies.counts(session, issue.id)["sent"] == 1
    assert steering.count_unknown_as_sent(session, issue, None, now()) == 0
    assert actions(session) == [
        *(("issue.unknown_resent", 1), ("issue.unknown_counted_as_sent", 1))
    ]


@pytest.mark.parametrize("do", ["resume", "try_again", "resend_unknown"])
def test_nothing_more_goes_out_for_a_case_that_was_stopped(
    session: Session, on_its_way: tuple[Issue, list[Delivery]], do: str
) -> None:
    issue, rows = on_its_way
    under_way.settle(session, rows[0], "failed", cause="refused")
    under_way.settle(session, rows[1], "unknown", uncertain=1)
    steering.pause(session, issue, "", None, now())
    issue.cases[0].status = "stopped"
    with pytest.raises(InvalidInput, match="closed or stopped"):
        getattr(steering, do)(session, issue, None, now())
    assert issue.paused_at is not None
    assert {row.state for row in session.scalars(select(Settlement))} == {"failed", "unknown"}


def test_a_new_pace_moves_what_waits_and_an_unchanged_one_is_no_event(
    session: Session, on_its_way: tuple[Issue, list[Delivery]]
) -> None:
    issue, _rows = on_its_way
    same = {"per_minute": None, "urgent": False, "when_uncertain": "resend"}
    steering.set_pace(session, issue, None, **same)  # type: ignore[arg-type]
    assert actions(session) == []
    steering.set_pace(session, issue, None, per_minute=60, urgent=True, when_uncertain="hold")
    session.flush()
    session.expire_all()
    assert (issue.rate_per_minute, issue.urgent, issue.when_uncertain) == (60, True, "hold")
    assert session.scalars(select(Chunk.rank)).all() == [0]
    assert actions(session) == [("issue.paced", None)]


@pytest.mark.parametrize("rate", [0, -1, 100_001])
def test_a_rate_out_of_bounds_changes_nothing(
    session: Session, on_its_way: tuple[Issue, list[Delivery]], rate: int
) -> None:
    issue, _rows = on_its_way
    with pytest.raises(InvalidInput):
        steering.set_pace(
            session, issue, None, per_minute=rate, urgent=True, when_uncertain="resend"
        )
    assert (issue.rate_per_minute, issue.urgent) == (None, False)
