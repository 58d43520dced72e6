"""Who holds what: nobody's deliveries are another's, and what is held can be told apart."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery import leasing, settling
from app.delivery.leasing import FURTHEST, Pulse
from app.delivery.models import Cause, Chunk, Delivery, DeliveryState, Settlement, WorkerLease
from app.issues.models import Issue
from app.networks.models import Membership, Suppression
from tests.delivery.cast import (
    AT,
    chunks,
    gone,
    in_threads,
    lease,
    ledger,
    members_of,
    register,
    retry,
    row,
    rows,
    settled,
)

# Chunks -----------------------------------------------------------------------------------------


def test_workers_never_lease_the_same_chunk(database: Database, session: Session) -> None:
    ledger(session, 2000, size=50)
    held: dict[str, list[int]] = {}

    def work(name: str) -> None:
        mine = held.setdefault(name, [])
        while True:
            with database.writing() as own:
                got = leasing.claim(own, name)
                if got is None:
                    return
                dues, _ = leasing.take(own, got, got.first_id - 1, 500)
            mine.extend(due.to.delivery_id for due in dues)

    in_threads(4, work)
    everything = Counter(key for mine in held.values() for key in mine)
    assert len(everything) == 2000
    assert set(everything.values()) == {1}
    assert {chunk.claimed_by for chunk in chunks(database)} <= held.keys()


def test_a_chunk_is_leased_once(session: Session) -> None:
    ledger(session, 3)
    assert leasing.claim(session, "a") is not None
    assert leasing.claim(session, "b") is None


def test_urgent_issues_are_leased_first_and_others_in_order(session: Session) -> None:
    usual = ledger(session, 4, size=2)
    urgent = ledger(session, 2, size=2, urgent=True)
    order = []
    while (got := leasing.claim(session, "a")) is not None:
        order.append((got.issue_id, got.rank, got.first_id))
    assert order == [
        (urgent.issue_id, 0, urgent.ids[0]),
        (usual.issue_id, 1, usual.ids[0]),
        (usual.issue_id, 1, usual.ids[2]),
    ]


@pytest.mark.parametrize("stopped", ["paused_at", "cancelled_at"])
def test_nothing_is_leased_of_an_issue_that_does_not_go_out(session: Session, stopped: str) -> None:
    still, goes = ledger(session, 2, **{stopped: AT}), ledger(session, 2)
    got = leasing.claim(session, "a")
    assert got is not None
    assert got.issue_id == goes.issue_id != still.issue_id
    assert leasing.claim(session, "a") is None


def test_issues_can_be_left_out_and_ranks_too(session: Session) -> None:
    first, second = ledger(session, 1), ledger(session, 1)
    assert leasing.claim(session, "a", most_rank=0) is None
    got = leasing.claim(session, "a", without=[first.issue_id])
    assert got is not None
    assert got.issue_id == second.issue_id


def test_what_is_done_is_not_leased_again(session: Session) -> None:
    ledger(session, 4, size=2)
    first, second = leasing.claim(session, "a"), leasing.claim(session, "a")
    assert first and second
    leasing.finish_chunks(session, "a", [first.chunk_id], AT)
    leasing.release_chunks(session, "a", [second.chunk_id])
    again = leasing.claim(session, "b")
    assert again is not None
    assert again.chunk_id == second.chunk_id
    assert leasing.claim(session, "b") is None


def test_nobody_gives_back_or_finishes_what_another_holds(
    database: Database, session: Session
) -> None:
    """A commit whose end was not seen gave it back already, and another leased it since."""
    ledger(session, 4, size=2)
    ids = [chunk.id for chunk in chunks(database)]
    assert leasing.claim(session, "b") and leasing.claim(session, "b")
    leasing.release_chunks(session, "a", ids)
    leasing.finish_chunks(session, "a", ids, AT)
    leasing.release_others(session, "a", (), (), AT)
    session.commit()
    assert [(chunk.claimed_by, chunk.done_at) for chunk in chunks(database)] == [("b", None)] * 2


# Taking -----------------------------------------------------------------------------------------


def test_a_chunk_is_taken_in_pieces_and_each_is_on_record_first(session: Session) -> None:
    made = ledger(session, 5)
    got = leasing.claim(session, "a")
    assert got is not None
    pieces, after = [], got.first_id - 1
    for limit in (2, 2, 2):
        dues, after = leasing.take(session, got, after, limit)
        pieces.append([due.to.delivery_id for due in dues])
        assert session.get_one(Chunk, got.chunk_id, populate_existing=True).taken_to == after
    assert pieces == [list(made.ids[0:2]), list(made.ids[2:4]), [made.ids[4]]]
    assert after == got.last_id
    assert leasing.take(session, got, after, 2) == ([], got.last_id)


def test_a_piece_that_ends_the_chunk_exactly_leaves_nothing_behind(session: Session) -> None:
    made = ledger(session, 4)
    got = leasing.claim(session, "a")
    assert got is not None
    dues, to = leasing.take(session, got, got.first_id - 1, 4)
    assert ([due.to.delivery_id for due in dues], to) == (list(made.ids), got.last_id)


def test_what_is_settled_already_is_passed_over(session: Session) -> None:
    made = ledger(session, 5)
    settling.settle(session, "a", [settled(key, made.issue_id) for key in made.ids[1:4]], AT)
    got = leasing.claim(session, "a")
    assert got is not None
    dues, to = leasing.take(session, got, got.first_id - 1, 3)
    assert ([due.to.delivery_id for due in dues], to) == ([made.ids[0]], made.ids[2])
    dues, to = leasing.take(session, got, to, 3)
    assert ([due.to.delivery_id for due in dues], to) == ([made.ids[4]], made.ids[4])


def test_who_left_or_is_suppressed_is_taken_and_told_apart(session: Session) -> None:
    made = ledger(session, 4)
    people = members_of(session, made)
    session.execute(
        update(Membership).where(Membership.member_id == people[0].id).values(ended_at=AT)
    )
    for number, lifted in ((1, None), (2, AT)):
        session.add(
            Suppression(
                email_key=people[number].email_key, reason="bounced", created_at=AT,
                lifted_at=lifted,
            )
        )  # fmt: skip
    session.flush()
    _, dues = lease(session, "a")
    assert [due.fits for due in dues] == [False, False, True, True]


def test_deliveries_of_another_edition_between_the_ids_are_not_taken(session: Session) -> None:
    made, other = ledger(session, 4), ledger(session, 1)
    session.execute(
        update(Delivery)
        .where(Delivery.id == made.ids[1])
        .values(edition_id=other.edition_id, issue_id=other.issue_id)
    )
    session.commit()
    _, dues = lease(session, "a")
    assert [due.to.delivery_id for due in dues] == [made.ids[0], *made.ids[2:]]


def test_a_member_whose_row_is_gone_hides_nobody_behind(session: Session) -> None:
    """Nothing deletes members today; whoever does tomorrow must not lose the rest of a chunk."""
    made = ledger(session, 5)
    gone(session, made, 0)
    got = leasing.claim(session, "a")
    assert got is not None
    seen, after = [], got.first_id - 1
    while after < got.last_id:
        dues, after = leasing.take(session, got, after, 2)
        seen += [(due.to.delivery_id, due.fits) for due in dues]
    assert seen == [(made.ids[0], False), *((key, True) for key in made.ids[1:])]


def test_a_retry_whose_member_is_gone_is_not_held_for_ever(session: Session) -> None:
    made = ledger(session, 2)
    retry(session, made, 0, 1)
    gone(session, made, 0)
    dues = leasing.claim_retries(session, "a", AT, 10)
    assert [(due.to.delivery_id, due.fits) for due in dues] == [
        (made.ids[0], False), (made.ids[1], True),
    ]  # fmt: skip


# Retries ----------------------------------------------------------------------------------------


def test_workers_never_lease_the_same_retry(database: Database, session: Session) -> None:
    made = ledger(session, 1000)
    retry(session, made, *range(1000))
    held: dict[str, list[int]] = {}

    def work(name: str) -> None:
        mine = held.setdefault(name, [])
        while True:
            with database.writing() as own:
                dues = leasing.claim_retries(own, name, AT, 40)
            if not dues:
                return
            mine.extend(due.to.delivery_id for due in dues)

    in_threads(4, work)
    everything = Counter(key for mine in held.values() for key in mine)
    assert everything == Counter(made.ids)
    owners = {key: name for name, mine in held.items() for key in mine}
    assert {key: one.claimed_by for key, one in rows(database).items()} == owners


def test_retries_bring_what_was_tried_before(session: Session) -> None:
    made = ledger(session, 2, urgent=True)
    retry(session, made, 0, attempts=3, uncertain=1)
    retry(session, made, 1, cause=Cause.PACED)
    tried, paced = leasing.claim_retries(session, "a", AT, 10)
    assert (tried.fresh, tried.attempts, tried.uncertain, tried.rank) == (False, 3, 1, 0)
    assert (tried.edition_id, tried.issue_id) == (made.edition_id, made.issue_id)
    assert (tried.has_slot, paced.has_slot) == (False, True)
    assert {one.state for one in session.scalars(select(Settlement))} == {DeliveryState.CLAIMED}


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (AT - timedelta(hours=1), True),
        (AT, True),
        (AT + timedelta(seconds=1), False),
        (AT + FURTHEST, False),
        (AT + FURTHEST + timedelta(seconds=1), True),  # the clock was set back since
        (AT + timedelta(days=400), True),
    ],
)
def test_a_retry_is_due_when_its_time_has_come_or_cannot_be_right(
    session: Session, at: object, due: bool
) -> None:
    retry(session, ledger(session, 1), 0, at=at)
    assert bool(leasing.claim_retries(session, "a", AT, 10)) is due


def test_those_that_wait_longest_are_leased_first(session: Session) -> None:
    made = ledger(session, 3)
    for number, minutes in ((0, 1), (1, 3), (2, 2)):
        retry(session, made, number, at=AT - timedelta(minutes=minutes))
    [first] = leasing.claim_retries(session, "a", AT, 1)
    [second] = leasing.claim_retries(session, "a", AT, 1)
    assert (first.to.delivery_id, second.to.delivery_id) == (made.ids[1], made.ids[2])


@pytest.mark.parametrize("stopped", ["paused_at", "cancelled_at"])
def test_no_retry_is_leased_of_an_issue_that_does_not_go_out(
    session: Session, stopped: str
) -> None:
    retry(session, ledger(session, 2, **{stopped: AT}), 0, 1)
    assert leasing.claim_retries(session, "a", AT, 10) == []


@pytest.mark.parametrize("state", [s for s in DeliveryState if s != DeliveryState.RETRY])
def test_nothing_else_is_leased_as_a_retry(session: Session, state: DeliveryState) -> None:
    retry(session, ledger(session, 1), 0, state=state)
    assert leasing.claim_retries(session, "a", AT, 10) == []


def test_only_its_owner_gives_a_retry_back(database: Database, session: Session) -> None:
    made = ledger(session, 2)
    retry(session, made, 0, 1)
    leasing.claim_retries(session, "a", AT, 1)
    leasing.claim_retries(session, "b", AT, 1)
    later = AT + timedelta(minutes=1)
    leasing.release_retries(session, made.ids, "a", later)
    session.commit()
    first, second = (row(database, key) for key in made.ids)
    assert (first.state, first.claimed_by, first.next_try_at) == ("retry", None, later)
    assert (second.state, second.claimed_by) == ("claimed", "b")


def test_release_others_spares_what_is_in_hand(database: Database, session: Session) -> None:
    made, waiting = ledger(session, 4, size=2), ledger(session, 3)
    retry(session, waiting, 0, 1, 2)
    kept, stray = leasing.claim(session, "a"), leasing.claim(session, "a")
    assert kept and stray and made
    leasing.claim_retries(session, "a", AT, 2)
    leasing.claim_retries(session, "b", AT, 1)
    leasing.release_others(session, "a", [kept.chunk_id], [waiting.ids[0]], AT)
    session.commit()
    owners = {chunk.id: chunk.claimed_by for chunk in chunks(database)}
    assert (owners[kept.chunk_id], owners[stray.chunk_id]) == ("a", None)
    assert [one.claimed_by for _, one in sorted(rows(database).items())] == ["a", None, "b"]


# The lease --------------------------------------------------------------------------------------


def test_each_beat_renews_the_lease_and_says_how_it_goes(
    database: Database, session: Session
) -> None:
    register(session, "a", "b")
    assert leasing.beat(session, "a", Pulse(2, 300, {"sent": 300}), AT)
    assert leasing.beat(session, "a", Pulse(1, 400, {"sent": 400}), AT)
    session.commit()
    with database.reading() as reading:
        seen, other = (reading.get_one(WorkerLease, name) for name in ("a", "b"))
    assert (seen.beat, seen.in_flight, seen.sent_last_minute) == (2, 1, 400)
    assert (seen.seen_at, seen.answers, other.beat) == (AT, {"sent": 400}, 0)


def test_a_beat_of_one_that_is_gone_or_never_was_is_refused(session: Session) -> None:
    register(session, "a")
    leasing.say_goodbye(session, "a", AT)
    assert not leasing.beat(session, "a", Pulse(), AT)
    assert not leasing.beat(session, "nobody", Pulse(), AT)


def test_an_issue_paused_meanwhile_is_not_taken_up_again(session: Session) -> None:
    made = ledger(session, 4, size=2)
    lease(session, "a")
    session.get_one(Issue, made.issue_id).paused_at = AT
    session.flush()
    assert leasing.claim(session, "a") is None
