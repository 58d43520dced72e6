"""The arithmetic of the report, against published values and by its properties."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.arithmetic import (
    ANSWERS,
    EVIDENCE,
    Proportion,
    Said,
    Standing,
    Tally,
    Window,
    standing,
    tally,
    wilson,
)

SENT = datetime(2031, 11, 3, 9, 0, tzinfo=UTC)
WINDOW = Window.of(SENT, None)
HOUR = timedelta(hours=1)


def at(days: float) -> datetime:
    return SENT + timedelta(days=days)


def stands(*history: Said) -> Standing:
    return standing(history, WINDOW)


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


def test_the_window_ends_with_the_deadline() -> None:
    assert Window.of(SENT, at(10)) == Window(SENT, at(10))


@pytest.mark.parametrize("deadline", [None, at(-1), SENT])
def test_without_a_deadline_to_come_the_window_is_28_days(deadline: datetime | None) -> None:
    assert Window.of(SENT, deadline) == Window(SENT, at(28))


def test_who_said_nothing_is_silent() -> None:
    assert stands() == Standing("silent")


@pytest.mark.parametrize("answer", ["will_do", "could_not", "cannot", "already"])
def test_a_single_answer_is_the_class_it_counts_in(answer: str) -> None:
    assert stands(Said(answer, at(1))).counts_as == answer


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_done_counts_by_how_it_is_known(evidence: str) -> None:
    member = stands(Said("done", at(1), evidence=evidence))
    assert (member.counts_as, member.acted) == (evidence, True)


def test_the_newest_answer_counts_in_whatever_order_the_rows_come() -> None:
    rows = [Said("cannot", at(1)), Said("will_do", at(2)), Said("done", at(3))]
    assert {stands(*order).counts_as for order in permutations(rows)} == {"reported"}


def test_of_two_answers_in_the_same_instant_the_later_row_counts() -> None:
    assert stands(Said("done", at(1)), Said("cannot", at(1))).counts_as == "cannot"


def test_undo_returns_to_silence_and_not_to_the_answer_before() -> None:
    member = stands(Said("cannot", at(1)), Said("done", at(2)), Said("undone", at(3)))
    assert member == Standing("silent")


def test_an_answer_after_an_undo_counts_again() -> None:
    assert stands(Said("undone", at(1)), Said("done", at(2))).counts_as == "reported"


def test_saying_done_again_keeps_the_letter_that_proved_it() -> None:
    member = stands(Said("done", at(1), evidence="evidenced", letters=2), Said("done", at(2)))
    assert (member.counts_as, member.letters) == ("evidenced", 2)


def test_proof_does_not_outlive_the_answer_it_belonged_to() -> None:
    rows = Said("done", at(1), evidence="verified"), Said("undone", at(2)), Said("done", at(3))
    assert stands(*rows).counts_as == "reported"


def test_the_number_of_letters_told_last_replaces_the_one_before() -> None:
    assert stands(Said("done", at(1), letters=1), Said("done", at(2), letters=3)).letters == 3


def test_letters_of_somebody_who_took_done_back_are_not_counted() -> None:
    assert stands(Said("done", at(1), letters=4), Said("could_not", at(2), letters=4)).letters == 0


def test_a_suspect_answer_is_shown_and_not_counted() -> None:
    assert stands(Said("done", at(1), suspect=True)) == Standing("silent", suspect=True)


def test_a_suspect_answer_does_not_push_out_the_sound_one_before_it() -> None:
    member = stands(Said("done", at(1)), Said("undone", at(2), suspect=True))
    assert member == Standing("reported", suspect=True)


def test_the_members_next_answer_settles_the_suspicion() -> None:
    member = stands(Said("cannot", at(1), suspect=True), Said("done", at(2)))
    assert member == Standing("reported", suspect=False)


@pytest.mark.parametrize("evidence", ["evidenced", "verified"])
def test_evidence_settles_the_suspicion(evidence: str) -> None:
    member = stands(Said("done", at(1), suspect=True, evidence=evidence))
    assert member == Standing(evidence, suspect=False)


def test_the_last_moment_of_the_window_belongs_to_it() -> None:
    assert stands(Said("done", WINDOW.closes)) == Standing("reported")


def test_an_answer_after_the_window_is_late_and_not_in_the_rate() -> None:
    member = stands(Said("will_do", at(1)), Said("done", at(29), letters=2))
    assert member == Standing("will_do", promised=True, late="reported", letters=0)


def test_a_late_answer_that_was_undone_leaves_what_stood_in_time() -> None:
    rows = Said("done", at(1)), Said("cannot", at(29)), Said("undone", at(30))
    assert stands(*rows) == Standing("reported")


def test_an_undo_after_the_window_still_takes_back_what_it_undoes() -> None:
    assert stands(Said("done", at(27.9)), Said("undone", at(28.1))) == Standing("silent")


def test_a_promise_is_remembered_when_it_was_kept() -> None:
    member = stands(Said("will_do", at(1)), Said("done", at(5)))
    assert (member.promised, member.acted) == (True, True)


def test_a_promise_made_after_the_window_is_no_promise_of_this_window() -> None:
    assert not stands(Said("will_do", at(29))).promised


def test_a_promise_taken_back_at_once_was_never_made() -> None:
    assert not stands(Said("will_do", at(1)), Said("undone", at(2))).promised


def test_undoing_something_later_does_not_make_a_promise_unsaid() -> None:
    rows = Said("will_do", at(1)), Said("done", at(2)), Said("undone", at(3))
    assert stands(*rows) == Standing("silent", promised=True)


def test_an_answer_or_evidence_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such answer: 'clicked'"):
        Said("clicked", at(1))
    with pytest.raises(ValueError, match="no such evidence: 'rumoured'"):
        Said("done", at(1), evidence="rumoured")


sayings = st.builds(
    Said,
    answer=st.sampled_from(sorted(ANSWERS)),
    at=st.integers(0, 40 * 24).map(lambda hours: SENT + hours * HOUR),
    suspect=st.booleans(),
    evidence=st.sampled_from(EVIDENCE),
    letters=st.none() | st.integers(0, 9),
)
histories = st.lists(sayings, max_size=6)


@given(histories, sayings)
def test_a_robot_moves_nobody_out_of_the_class_they_count_in(
    history: list[Said], robot: Said
) -> None:
    visit = Said(robot.answer, robot.at, suspect=True)
    before, after = stands(*history), stands(*history, visit)
    assert (before.counts_as, before.letters, before.late, before.promised) == (
        after.counts_as,
        after.letters,
        after.late,
        after.promised,
    )


@given(histories, sayings)
def test_a_late_answer_leaves_the_rate_as_it_was(history: list[Said], last: Said) -> None:
    in_time = [said for said in history if said.at <= WINDOW.closes]
    if last.answer != "undone":
        late = Said(last.answer, at(35), evidence=last.evidence)
        assert stands(*in_time).counts_as == stands(*in_time, late).counts_as


@given(st.lists(histories, max_size=12), st.integers(0, 5))
def test_every_member_counts_once_and_the_classes_add_up(
    people: list[list[Said]], more: int
) -> None:
    standings = [stands(*history) for history in people]
    count = tally(standings, delivered=len(people) + more, visited=0)
    silent = sum(member.counts_as == "silent" for member in standings)
    assert count.answered + count.will_do + silent + more == count.delivered
    assert count.verified <= count.evidenced <= count.reported


@given(st.lists(histories, max_size=12), st.integers(0, 12))
def test_groups_add_up_to_the_whole(people: list[list[Said]], cut: int) -> None:
    def counted(some: list[list[Said]]) -> Tally:
        return tally([stands(*h) for h in some], delivered=len(some), visited=len(some))

    assert counted(people[:cut]) + counted(people[cut:]) == counted(people)


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
