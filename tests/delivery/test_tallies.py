"""The figures of an issue on its way are those that counting row by row gives."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import control, leasing, settling, status, tallies
from app.delivery.models import Cause, Chunk, Delivery, DeliveryState, Settlement
from app.errors import Refused
from app.issues.models import Issue
from tests.delivery.cast import (
    AT,
    LATER,
    NEVER,
    OPEN,
    TAKEN,
    Ledger,
    lease,
    ledger,
    register,
    retry,
    settled,
)


def by_hand(session: Session, issue_id: int) -> dict[str, int]:
    """Row by row: what is not settled is claimed when its chunk is leased, and else queued."""
    rows = session.execute(
        select(Settlement.state, Chunk.claimed_by, Chunk.done_at)
        .select_from(Delivery)
        .join(
            Chunk,
            (Chunk.edition_id == Delivery.edition_id)
            & Delivery.id.between(Chunk.first_id, Chunk.last_id),
        )
        .outerjoin(Settlement, Settlement.delivery_id == Delivery.id)
        .where(Delivery.issue_id == issue_id)
    )
    found = Counter(
        state or (DeliveryState.CLAIMED if owner else DeliveryState.QUEUED)
        for state, owner, _done in rows
    )
    return {state.value: found[state] for state in DeliveryState}


def agree(session: Session, *ledgers: Ledger) -> None:
    for made in ledgers:
        assert tallies.counts(session, made.issue_id) == by_hand(session, made.issue_id)


class History:
    """What happens to an issue, at random; everything is committed by the caller."""

    def __init__(self, session: Session, seed: int, made: Ledger) -> None:
        self._session, self._made = session, made
        self._random = random.Random(seed)
        self._held: dict[int, leasing.Lease] = {}

    def goes_on(self) -> None:
        moves = [
            self._lease, self._lease, self._settle, self._settle, self._release, self._finish,
            self._retries, self._park, self._bounce, self._stop, self._again, self._decide,
        ]  # fmt: skip
        self._random.choice(moves)()

    def _lease(self) -> None:
        got = leasing.claim(self._session, "a")
        if got is not None:
            self._held[got.chunk_id] = got

    def _unsettled(self) -> list[leasing.Due]:
        if not self._held:
            return []
        got = self._random.choice(list(self._held.values()))
        return leasing.take(self._session, got, got.first_id - 1, 500)[0]

    def _settle(self) -> None:
        dues = self._unsettled()
        hold = self._random.random() < 0.5
        answers = (TAKEN, TAKEN, TAKEN, LATER, NEVER, OPEN)
        given = [
            settled(due.to.delivery_id, due.issue_id, self._random.choice(answers), hold=hold)
            for due in self._random.sample(dues, self._random.randint(0, len(dues)))
        ]
        settling.settle(self._session, "a", given, AT)

    def _release(self) -> None:
        if self._held:
            key = self._random.choice(list(self._held))
            del self._held[key]
            self._session.execute(update(Chunk).where(Chunk.id == key).values(claimed_by=None))

    def _finish(self) -> None:
        for key, got in list(self._held.items()):
            dues, _ = leasing.take(self._session, got, got.first_id - 1, 500)
            if not dues:
                del self._held[key]
                self._session.execute(
                    update(Chunk).where(Chunk.id == key).values(claimed_by=None, done_at=AT)
                )

    def _retries(self) -> None:
        limit = self._random.randint(1, 5)
        dues = leasing.claim_retries(self._session, "a", AT + leasing.HORIZON, limit)
        keep = self._random.randint(0, len(dues))
        answers = [
            settled(
                due.to.delivery_id, due.issue_id, self._random.choice((TAKEN, LATER, OPEN)),
                fresh=False, attempts=due.attempts, uncertain=due.uncertain,
            )
            for due in dues[keep:]
        ]  # fmt: skip
        settling.settle(self._session, "a", answers, AT)

    def _park(self) -> None:
        for due in self._unsettled()[:2]:
            settling.park(self._session, "a", (due.to.delivery_id, due.issue_id, True), AT, AT)

    def _bounce(self) -> None:
        sent = select(Settlement.delivery_id).where(Settlement.state == "sent").limit(1)
        self._session.execute(
            update(Settlement)
            .where(Settlement.delivery_id == sent.scalar_subquery())
            .values(state="bounced")
        )

    def _issue(self) -> Issue:
        return self._session.get_one(Issue, self._made.issue_id, populate_existing=True)

    def _stop(self) -> None:
        issue = self._issue()
        if self._random.random() < 0.2 and issue.finished_at is None:
            control.stop(self._session, issue, AT)

    def _again(self) -> None:
        issue = self._issue()
        if issue.cancelled_at is None or issue.finished_at is not None:
            control.try_again(self._session, issue, AT)

    def _decide(self) -> None:
        decide: Callable[[Session, Issue, object], int] = self._random.choice(
            (control.resend_unknown, control.count_unknown_as_sent)  # type: ignore[arg-type]
        )
        with suppress(Refused):  # the rest is being stopped
            decide(self._session, self._issue(), AT)


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_are_right_whatever_happened(session: Session, seed: int) -> None:
    made, other = ledger(session, 23, size=4), ledger(session, 5)
    history = History(session, seed, made)
    for _ in range(30):
        history.goes_on()
        session.flush()
        agree(session, made, other)


def test_every_state_is_named(session: Session) -> None:
    made = ledger(session, 0)
    assert tallies.counts(session, made.issue_id) == dict.fromkeys(map(str, DeliveryState), 0)


def test_deliveries_of_another_issue_between_the_ids_are_not_counted(session: Session) -> None:
    """The ledgers of version 0.1 are like that: a chunk for each edition, over all its ids."""
    made, other = ledger(session, 4), ledger(session, 2)
    place = {"issue_id": other.issue_id, "edition_id": other.edition_id}
    session.execute(update(Delivery).where(Delivery.id.in_(made.ids[1:3])).values(place))
    session.execute(update(Chunk).where(Chunk.issue_id == made.issue_id).values(size=2))
    session.execute(
        update(Chunk).where(Chunk.issue_id == other.issue_id).values(size=4, first_id=made.ids[1])
    )
    settling.settle(session, "a", [settled(key, other.issue_id) for key in made.ids[1:3]], AT)
    agree(session, made, other)


# Doubts -----------------------------------------------------------------------------------------


def test_who_may_have_got_it_twice_is_counted(session: Session) -> None:
    made = ledger(session, 4)
    retry(session, made, 0, state="sent", attempts=2, uncertain=1)
    retry(session, made, 1, cause=Cause.UNCERTAIN, attempts=1, uncertain=1)
    retry(session, made, 2, state="sent", attempts=2)
    retry(session, made, 3, state="unknown", attempts=2, uncertain=2)
    assert tallies.uncertain(session, made.issue_id) == 2


def test_what_relays_said_is_told_most_frequent_first(session: Session) -> None:
    made = ledger(session, 7)
    quota, nobody = NEVER._replace(text="5.2.2 full"), NEVER
    answers = [nobody, quota, quota, TAKEN, quota, nobody, LATER]
    settling.settle(
        session,
        "a",
        [settled(key, made.issue_id, a) for key, a in zip(made.ids, answers, strict=True)],
        AT,
    )
    assert tallies.troubles(session, made.issue_id, limit=2) == [
        ("5.2.2 full", 3),
        ("5.1.1 nobody", 2),
    ]


# The queue as a whole ---------------------------------------------------------------------------


def test_the_figures_of_the_queue_are_those_of_its_issues(
    database: Database, session: Session
) -> None:
    first, second = ledger(session, 9, size=3), ledger(session, 5)
    over = ledger(session, 2)
    register(session, "a")
    lease(session, "a")
    settling.settle(session, "a", [settled(first.ids[0], first.issue_id)], AT)
    retry(session, second, *range(5))
    session.execute(update(Chunk).where(Chunk.issue_id == over.issue_id).values(done_at=AT))
    session.execute(update(Issue).where(Issue.id == over.issue_id).values(finished_at=AT))
    session.commit()
    with database.reading() as reading:
        figures = status.figures(reading, AT)
        waiting = Counter[str]()
        for made in (first, second):
            waiting.update(by_hand(reading, made.issue_id))
        assert [issue.id for issue in status.running(reading)] == [first.issue_id, second.issue_id]
    assert (figures.queued, figures.claimed, figures.retrying) == (
        waiting["queued"], waiting["claimed"], waiting["retry"],
    )  # fmt: skip
    assert figures.oldest_queued_seconds == 0.0
    assert [worker.name for worker in figures.workers] == ["a"]
