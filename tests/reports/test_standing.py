"""Where a member stands after all they said, in time or late, sound or suspect."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.arithmetic import (
    ANSWERS,
    EVIDENCE,
    Said,
    Standing,
    Tally,
    Window,
    standing,
    tally,
)

SENT = datetime(2031, 11, 3, 9, 0, tzinfo=UTC)
WINDOW = Window.of(SENT, None)
HOUR = timedelta(hours=1)


def at(days: float) -> datetime:
    return SENT + timedelta(days=days)


def stands(*history: Said) -> Standing:
    return standing(history, WINDOW)


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
