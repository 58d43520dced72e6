"""The arithmetic of the report, against published values and by its properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.arithmetic import (
    Proportion,
    Standing,
    Tally,
    tally,
    wilson,
)


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_bounds_that_newcombe_printed_in_1998(
    numerator: int, denominator: int, low: float, high: float
) -> None:
    share = wilson(numerator, denominator)
    assert share.low is not None
    assert share.high is not None
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("numerator", "denominator", "percents"), [(20, 100, (13, 20, 29)), (5, 25, (9, 20, 39))]
)
def test_wilson_gives_the_whole_percents_that_our_pages_print(
    numerator: int, denominator: int, percents: tuple[int, int, int]
) -> None:
    share = wilson(numerator, denominator)
    assert percents == tuple(round(100 * (x or 0)) for x in (share.low, share.value, share.high))


def test_of_nothing_there_is_no_share_and_too_few_to_tell() -> None:
    assert wilson(0, 0) == Proportion(0, 0, None, None, None, too_few=True)


def test_nine_are_too_few_and_ten_are_enough() -> None:
    assert (wilson(3, 9).too_few, wilson(3, 10).too_few) == (True, False)


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 5), (6, 5), (0, -1), (1, 0)])
def test_impossible_counts_are_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(numerator, denominator)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 5, confidence)


counts = st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def bounds(
    numerator: int, denominator: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    share = wilson(numerator, denominator, confidence)
    assert share.low is not None
    assert share.value is not None
    assert share.high is not None
    return share.low, share.value, share.high


@given(counts)
def test_the_interval_holds_its_value_and_stays_within_0_and_1(count: tuple[int, int]) -> None:
    low, value, high = bounds(*count)
    assert 0 <= low <= value <= high <= 1


@given(counts)
def test_those_who_did_not_have_the_mirrored_interval(count: tuple[int, int]) -> None:
    did, n = count
    low, _, high = bounds(did, n)
    mirrored_low, _, mirrored_high = bounds(n - did, n)
    assert (low, high) == pytest.approx((1 - mirrored_high, 1 - mirrored_low), abs=1e-12)


@given(counts, st.integers(2, 50))
def test_the_same_share_of_more_people_is_known_more_narrowly(
    count: tuple[int, int], times: int
) -> None:
    low, _, high = bounds(*count)
    narrower_low, _, narrower_high = bounds(count[0] * times, count[1] * times)
    assert narrower_high - narrower_low < high - low


@given(counts)
def test_more_confidence_needs_a_wider_interval(count: tuple[int, int]) -> None:
    low, _, high = bounds(*count, 0.8)
    wider_low, _, wider_high = bounds(*count, 0.99)
    assert wider_high - wider_low > high - low


@given(st.integers(1, 10**9))
def test_nobody_and_everybody_have_exact_ends(n: int) -> None:
    assert bounds(0, n)[0] == 0.0
    assert bounds(n, n)[2] == 1.0


ASK = Tally(
    delivered=100,
    visited=40,
    will_do=6,
    reported=20,
    evidenced=8,
    verified=3,
    could_not=4,
    cannot=5,
    already=7,
    promised=12,
    kept=5,
)


def fraction(share: Proportion) -> tuple[int, int]:
    return share.numerator, share.denominator


def test_every_rate_has_the_numerator_and_denominator_it_is_named_for() -> None:
    assert fraction(ASK.action_rate) == (20, 100)
    assert fraction(ASK.answer_rate) == (36, 100)
    assert fraction(ASK.completion) == (5, 12)
    assert fraction(ASK.evidence_rate) == (8, 20)
    assert fraction(ASK.floor) == (20, 100)
    assert fraction(ASK.optimistic) == (20, 36)


def test_who_acted_before_we_asked_answers_but_is_not_in_the_action_rate() -> None:
    count = tally([Standing("already")] * 3, delivered=10, visited=3)
    assert fraction(count.action_rate) == (0, 10)
    assert fraction(count.answer_rate) == (3, 10)
    assert count.already == 3


def test_a_promise_alone_is_neither_an_answer_nor_an_action() -> None:
    count = tally([Standing("will_do", promised=True)], delivered=10, visited=1)
    assert (count.answered, count.reported, fraction(count.completion)) == (0, 0, (0, 1))


def test_letters_suspects_and_late_answers_stand_apart_from_members() -> None:
    people = [Standing("reported", letters=9), Standing(suspect=True), Standing(late="reported")]
    count = tally(people, delivered=10, visited=2)
    assert (count.reported, count.letters, count.suspect, count.late) == (1, 9, 1, 1)


@pytest.mark.parametrize(
    "counts",
    [
        {"delivered": 5, "reported": 6},
        {"delivered": 5, "reported": 3, "will_do": 3},
        {"delivered": 5, "reported": 1, "evidenced": 2},
        {"delivered": 5, "reported": 2, "evidenced": 1, "verified": 2},
        {"delivered": 5, "promised": 1, "reported": 2, "kept": 2},
        {"delivered": 5, "promised": 2, "reported": 1, "kept": 2},
    ],
)
def test_counts_that_cannot_all_be_true_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="cannot all be true"):
        Tally(**counts)
