"""A transaction whose end is not seen: before its commit or after it, nobody is lost, and nobody
gets it twice."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import leasing
from app.delivery.models import Chunk, Settlement
from app.issues.models import Issue
from app.services import Services
from tests.delivery.at_work import (
    Lost,
    counted,
    frozen,
    gone_to,
    losing,
    put_off_before,
    recipients,
    turning,
    working,
)
from tests.delivery.cast import chunks, is_finished, rows
from tests.mail.faulty import Faulty


def settles(session: Session) -> object:
    return session.scalar(select(Settlement.delivery_id).where(Settlement.state == "sent"))


def claims(session: Session) -> object:
    chunk = Chunk.claimed_by.is_not(None)
    return session.scalar(select(Chunk.id).where(chunk)) or session.scalar(
        select(Settlement.delivery_id).where(Settlement.claimed_by.is_not(None))
    )


@pytest.mark.parametrize("when", [settles, claims])
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_commit_loses_nobody_and_doubles_nobody(
    sending: Services,
    relay: Faulty,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
    when: Callable[[Session], object],
) -> None:
    issue_id = frozen(sending, 10)
    with losing(monkeypatch, after=after, when=when) as lost, working(sending) as worker:
        turning(worker, lambda: is_finished(sending.database, issue_id))
    assert lost == [after]
    assert recipients(relay) == gone_to(*range(10))
    assert counted(sending) == {"sent": 10}


@pytest.mark.parametrize("when", [settles, claims])
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_commit_of_a_second_try_sends_nothing_a_third_time(
    sending: Services,
    relay: Faulty,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
    when: Callable[[Session], object],
) -> None:
    issue_id = frozen(sending, 3)
    put_off_before(sending, issue_id)
    with losing(monkeypatch, after=after, when=when) as lost, working(sending) as worker:
        turning(worker, lambda: is_finished(sending.database, issue_id))
    assert lost == [after]
    assert recipients(relay) == gone_to(*range(3))
    assert [(one.state, one.attempts) for one in rows(sending.database).values()] == [
        ("sent", 2)
    ] * 3


def test_what_was_given_back_and_leased_by_another_is_not_freed_again(
    sending: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit that gave it back was through, but its end was not seen."""
    issue_id = frozen(sending, 10)
    with working(sending) as worker:
        worker._desk.tend(beat=True)
        _set(sending, issue_id, paused_at=now())
        worker._desk.look_soon()
        with losing(monkeypatch, after=True), pytest.raises(Lost):
            worker._desk.tend(beat=True)
        _set(sending, issue_id, paused_at=None)
        with sending.database.writing() as session:
            assert leasing.claim(session, "another") is not None
        worker._desk.tend(beat=True)
    assert [chunk.claimed_by for chunk in chunks(sending.database)] == ["another"]


def _set(services: Services, issue_id: int, **values: object) -> None:
    with services.database.writing() as session:
        session.execute(update(Issue).where(Issue.id == issue_id).values(**values))
