"""Plain answers, and what is none."""

import pytest

from app.inbound.sorting import leaving, words
from app.inbound.sorting.shapes import Ours, Purpose, Word
from tests.inbound.sorting import came_in

SCANDINAVIAN = {"da", "no", "sv"}
PLAIN = [
    (language, line, answer)
    for language, lines in came_in.PLAIN_ANSWERS.items()
    for line, answer in lines
]


@pytest.mark.parametrize(("language", "line", "answer"), PLAIN)
def test_a_first_line_that_plainly_says_it_is_read(language: str, line: str, answer: str) -> None:
    for text in (line, f"\n\n {line} \n\nAnna Kovács\nAdvocate", f"Dear Marie,\n\n{line}"):
        found = words.said(text)
        assert found and found.answer == answer
        alike = SCANDINAVIAN if language in SCANDINAVIAN else {language}
        assert found.language in alike


@pytest.mark.parametrize("text", came_in.NO_PLAIN_ANSWERS)
def test_at_any_doubt_a_person_reads_it(text: str) -> None:
    assert words.said(text) is None


def test_emoji_thanks_and_greetings_do_not_matter() -> None:
    for text in (
        "✅ Done 🙏",
        "**Done**",
        "Done :-)",
        "Hello,\nDone.\nBest",
        "Anna,\n\ndone",
        "DONE!!!",
    ):
        assert words.said(text) == Word("done", "en")


@pytest.mark.parametrize("text", came_in.ASK_TO_LEAVE)
def test_asking_to_leave_in_as_many_words_is_leaving(text: str) -> None:
    assert leaving.asked([], "Re: Two letters", text)
    assert words.said(text) is None


@pytest.mark.parametrize("text", [text for text in came_in.ASK_TO_LEAVE if "\n" not in text])
def test_a_subject_can_ask_to_leave(text: str) -> None:
    assert leaving.asked([], text, "")
    assert leaving.asked([], text, "Anna Kovács")
    assert not leaving.asked([], f"Re: {text}", "No, I stay")
    assert not leaving.asked([], text, "How do I tell a colleague to do that?")


@pytest.mark.parametrize("text", came_in.SPEAK_OF_LEAVING)
def test_a_sentence_about_leaving_is_read_by_a_person(text: str) -> None:
    assert not leaving.asked([Ours(Purpose.REPLY, (1,))], "Re: Two letters", text)
