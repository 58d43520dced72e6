"""Two changes of one text, put together."""

from hypothesis import given
from hypothesis import strategies as st

from app.issues.saving import merge

lines = st.text(st.sampled_from("ab *-é\t"), max_size=6)
texts = st.lists(lines, max_size=8).map("\n".join)


@st.composite
def apart(draw: st.DrawFn) -> tuple[list[str], dict[int, str], dict[int, str]]:
    """Lines, and two people's changes of them with an unchanged line between any two."""
    size = draw(st.integers(3, 20))
    base = [f"line {number} {draw(lines)}" for number in range(size)]
    whose = draw(st.lists(st.sampled_from(["theirs", "mine", ""]), min_size=size, max_size=size))
    changes: dict[str, dict[int, str]] = {"theirs": {}, "mine": {}, "": {}}
    for number in range(0, size, 2):
        new = draw(st.lists(lines, max_size=3))
        said = [f"{whose[number]} {number}.{part} {one}" for part, one in enumerate(new)]
        changes[whose[number]][number] = "\n".join(said)
    return base, changes["theirs"], changes["mine"]


def changed(base: list[str], *changes: dict[int, str]) -> str:
    """The text with these lines replaced; by nothing, where there is nothing."""
    said = {number: text for one in changes for number, text in one.items()}
    return "\n".join(
        said.get(number, line)
        for number, line in enumerate(base)
        if said.get(number, line) or number not in said
    )


@given(apart())
def test_both_changes_of_different_lines_survive(
    case: tuple[list[str], dict[int, str], dict[int, str]],
) -> None:
    base, theirs, mine = case
    merged = merge("\n".join(base), changed(base, theirs), changed(base, mine))
    assert merged == changed(base, theirs, mine)


@given(was=texts, text=texts)
def test_of_one_change_nothing_is_lost(was: str, text: str) -> None:
    assert merge(was, was, text) == text
    assert merge(was, text, was) == text
    assert merge(was, text, text) == text


@given(was=texts, theirs=texts, mine=texts)
def test_what_is_put_together_holds_the_new_lines_of_both(was: str, theirs: str, mine: str) -> None:
    merged = merge(was, theirs, mine)
    if merged is None:
        return
    held, before = merged.split("\n"), was.split("\n")
    for line in (*theirs.split("\n"), *mine.split("\n")):
        assert line in held or line in before


def test_the_same_line_changed_twice_is_for_people_to_put_together() -> None:
    assert merge("a\nb\nc", "a\nB\nc", "a\nβ\nc") is None
    assert merge("a", "b", "c") is None
    assert merge("", "b", "c") is None


def test_a_text_that_both_add_to_at_its_ends_has_both() -> None:
    assert merge("a\nb\nc", "first\na\nb\nc", "a\nb\nc\nlast") == "first\na\nb\nc\nlast"
