"""Whose answer it may be, told by the times alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import FormSeal
from app.responses.judging import LEAVING, Around, Suspicion, Tap, judge

SENT = datetime(2031, 11, 3, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return SENT + timedelta(seconds=seconds)


def judged(
    opened: float,
    tapped: float,
    *openings: tuple[int, float],
    follows: bool = False,
    sent: datetime | None = SENT,
    answered: float | None = None,
    doubted: Suspicion | None = None,
) -> Suspicion | None:
    tap = Tap(FormSeal(at(opened), "nonce", follows), at(tapped))
    others = [(link, at(seconds)) for link, seconds in openings]
    answered_at = None if answered is None else at(answered)
    return judge(tap, Around(sent, others, doubted, answered_at))


def test_without_a_form_it_is_nobodys() -> None:
    assert judge(Tap(None, SENT), Around(SENT, [], None, None)) is Suspicion.WITHOUT_FORM


@pytest.mark.parametrize(("took", "why"), [(0.999, Suspicion.FAST), (1, None), (86_400 * 31, None)])
def test_nobody_reads_a_page_and_taps_within_a_second(took: float, why: Suspicion | None) -> None:
    assert judged(3600, 3600 + took) is why
    assert judged(3600, 3600 + took, follows=True) is why


@pytest.mark.parametrize(
    ("opened", "why"), [(-59, "soon"), (0, "soon"), (22, "soon"), (59.9, "soon"), (60, None)]
)
def test_a_page_opened_just_after_sending_is_a_scanners_whenever_it_is_posted(
    opened: float, why: str | None
) -> None:
    assert judged(opened, opened + 5) == why
    assert judged(opened, opened + 86_400) == why
    assert judged(opened, opened + 5, follows=True) is None  # the one more tap


def test_a_page_of_a_mail_that_nobody_noted_as_sent_is_a_scanners() -> None:
    assert judged(3600, 3610, sent=None) is Suspicion.SOON
    assert judged(3600, 3610, sent=None, follows=True) is None


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([], None),
        ([(2, 3600)], None),
        ([(2, 3600), (2, 3601), (2, 3602)], None),  # one link, however often
        ([(2, 3601), (3, 3602)], "sweep"),
        ([(2, 3595), (3, 3605)], "sweep"),
        ([(2, 3594), (3, 3605)], None),  # eleven seconds hold all three, ten do not
        ([(2, 3590), (3, 3610)], None),  # one after the other
        ([(2, 22), (3, 23), (4, 24)], None),  # a scanner was here at delivery
        ([(LEAVING, 3605)], "sweep"),  # every link of a mail with one ask
        ([(LEAVING, 3611)], None),
    ],
    ids=str,
)
def test_many_links_at_once_are_a_sweep(others: list[tuple[int, float]], why: str | None) -> None:
    assert judged(3600, 3630, *others) == why
    assert judged(3600, 3630, *others, follows=True) == why


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 40)), max_size=8), st.floats(10, 30))
def test_a_sweep_is_any_ten_seconds_with_the_page_and_two_others(
    others: list[tuple[int, float]], opened: float
) -> None:
    begins = [opened, *(seconds for _link, seconds in others)]
    spans = [(b, b + 10) for b in begins if b <= opened <= b + 10]
    most = max(len({link for link, s in others if low <= s <= high}) for low, high in spans)
    # Times are whole microseconds; what lies that near a border may fall on either side.
    edge = any(abs(abs(a - b) - 10) < 1e-4 for a in begins for b in begins)
    if not edge:
        assert (judged(3600 + opened, 4000, *((n, 3600 + s) for n, s in others)) == "sweep") == (
            most >= 2
        )


@pytest.mark.parametrize(
    ("opened", "answered", "tapped", "why"),
    [
        (3600, 3620, 3620 + 3599, None),  # back to the form in the same sitting
        (3600, 3620, 3620 + 3601, "replay"),
        (3620, 3620, 90_000, None),  # the page that thanked for it
        (7200, 3620, 90_000, None),  # opened anew
    ],
)
def test_an_old_form_is_believed_until_something_newer_was_said_and_an_hour_passed(
    opened: float, answered: float, tapped: float, why: str | None
) -> None:
    assert judged(opened, tapped, answered=answered) == why
    assert judged(opened, tapped, answered=answered, follows=True) == why


def test_a_form_that_brought_a_suspect_is_not_believed_later() -> None:
    assert judged(3600, 90_000, doubted=Suspicion.FAST) is Suspicion.FAST


def test_a_clock_behind_ours_asks_for_one_more_tap_and_no_more() -> None:
    assert judged(3600, 3598) is Suspicion.FAST
