"""The history of an address: what is written down, what suppresses, and what counts no more."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.networks import histories
from app.networks.histories import Happened
from app.networks.models import AddressEvent, AddressEventKind

AT = datetime(2030, 3, 1, 9, tzinfo=UTC)
ADA = "ada@example.org"
Kind = AddressEventKind


def note(session: Session, kind: AddressEventKind, at: datetime = AT, **values: object) -> bool:
    return histories.note(session, ADA, Happened(kind, "mail", **values), at)  # type: ignore[arg-type]


def reasons(session: Session) -> list[str]:
    return [held.reason for held in histories.suppressions(session, ADA)]


def test_two_hard_bounces_within_weeks_suppress(session: Session) -> None:
    assert note(session, Kind.HARD_BOUNCE, text="5.1.1 nobody here")
    assert reasons(session) == []
    assert note(session, Kind.HARD_BOUNCE, AT + timedelta(days=14))
    assert reasons(session) == ["bounced"]
    kinds = [event.kind for event in histories.of(session, ADA)]
    assert sorted(kinds) == ["hard bounce", "hard bounce", "suppressed"]


@pytest.mark.parametrize(
    ("kind", "times", "days", "stops"),
    [
        (Kind.HARD_BOUNCE, 2, 60, False),
        (Kind.SOFT_BOUNCE, 4, 1, False),
        (Kind.SOFT_BOUNCE, 6, 1, True),
        (Kind.SOFT_BOUNCE, 9, 30, False),
        (Kind.MAILBOX_FULL, 50, 1, False),
        (Kind.COMPLAINT, 1, 0, True),
    ],
)
def test_a_score_that_fades_decides(
    session: Session, kind: AddressEventKind, times: int, days: int, stops: bool
) -> None:
    for number in range(times):
        note(session, kind, AT + number * timedelta(days=days))
    assert bool(reasons(session)) is stops


def test_a_flood_of_unsigned_mail_hides_nothing_that_counts(session: Session) -> None:
    assert note(session, Kind.HARD_BOUNCE)
    for number in range(histories.SHOWN + 1):
        forged = Happened(Kind.HARD_BOUNCE, histories.UNSIGNED, mark=f"mail:{number}:0")
        assert histories.note(session, ADA, forged, AT) is (number == 0)
    assert histories.score(histories.of(session, ADA), AT) == 3.0
    assert note(session, Kind.HARD_BOUNCE)
    assert reasons(session) == ["bounced"]


def test_who_left_and_complains_may_not_be_asked_anew(session: Session) -> None:
    assert histories.suppress(session, ADA, "unsubscribed", "page", AT)
    assert not histories.wants_none(session, ADA)
    note(session, Kind.COMPLAINT)
    assert histories.wants_none(session, ADA)
    assert not histories.suppress(session, ADA, "bounced", "mail", AT)
    assert sorted(reasons(session)) == ["complained", "unsubscribed"]


def test_one_delivery_counts_once_by_its_worst(session: Session) -> None:
    for kind in (Kind.SOFT_BOUNCE, Kind.HARD_BOUNCE, Kind.HARD_BOUNCE, Kind.HARD_BOUNCE):
        note(session, kind, delivery_id=7)
    assert histories.score(histories.of(session, ADA), AT) == 3.0
    assert reasons(session) == []


def test_the_same_event_told_twice_is_one(session: Session) -> None:
    assert note(session, Kind.HARD_BOUNCE, mark="smtp:7")
    assert not note(session, Kind.HARD_BOUNCE, mark="smtp:7")
    assert len(histories.of(session, ADA)) == 1


@pytest.mark.parametrize("works", ["answered", "lifted"])
def test_what_shows_that_an_address_works_ends_what_was_before(
    session: Session, works: str
) -> None:
    note(session, Kind.HARD_BOUNCE)
    if works == "answered":
        note(session, Kind.ANSWERED, AT + timedelta(hours=1))
    else:
        histories.suppress(session, ADA, "staff", "staff", AT)
        histories.lift(session, ADA, "staff", "they telephoned", AT + timedelta(hours=1))
    note(session, Kind.HARD_BOUNCE, AT + timedelta(hours=2))
    assert reasons(session) == []


def test_suppressing_and_lifting_are_told_once(session: Session) -> None:
    assert histories.suppress(session, ADA, "staff", "staff", AT, "a wrong person")
    assert not histories.suppress(session, ADA, "bounced", "mail", AT)
    assert histories.lift(session, ADA, "staff", "x" * 1_000_000, AT + timedelta(seconds=1))
    assert not histories.lift(session, ADA, "staff", "", AT)
    lifted, suppressed = histories.of(session, ADA)
    assert (suppressed.kind, suppressed.text) == ("suppressed", "a wrong person")
    assert (lifted.kind, len(lifted.text)) == ("lifted", histories.LONGEST_TEXT)


def test_what_must_stay_is_not_lifted(session: Session) -> None:
    histories.suppress(session, ADA, "complained", "mail", AT)
    assert not histories.lift(session, ADA, "page", "", AT, but=("complained", "staff"))
    assert histories.wants_none(session, ADA)
    assert histories.lift(session, ADA, "staff", "by letter", AT)
    assert not histories.wants_none(session, ADA)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Kind)), st.integers(0, 400), st.integers(1, 3)), max_size=30
    )
)
def test_a_score_is_never_negative_and_only_fades(told: list[tuple[Kind, int, int]]) -> None:
    events = [
        AddressEvent(id=n, kind=kind.value, at=AT - timedelta(days=days), delivery_id=delivery)
        for n, (kind, days, delivery) in enumerate(sorted(told, key=lambda one: one[1]))
    ]
    scores = [histories.score(events, AT + timedelta(days=day)) for day in (0, 1, 60, 3000)]
    assert scores == sorted(scores, reverse=True)
    assert all(score >= 0 for score in scores)


@given(st.floats(0, 4.99))
def test_so_many_hard_bounces_more_would_do_it(score: float) -> None:
    left = histories.hard_bounces_left(score)
    assert score + 3 * left >= histories.ENOUGH > score + 3 * (left - 1)
