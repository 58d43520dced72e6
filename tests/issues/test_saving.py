"""The words of a draft, saved field by field: of two people, neither loses one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import Refused
from app.issues import arranging
from app.issues.models import Issue
from app.issues.saving import Change, Clash, Saved, save
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import BODY, add_block, write_draft

LATER = now() + timedelta(hours=1)


@pytest.fixture
def text(issue: Issue) -> str:
    """The name of the field of the text's words."""
    return f"block{issue.blocks[1].id}-body"


def said(issue: Issue) -> str:
    return str(issue.blocks[1].words["en"]["body"])


def put(session: Session, issue: Issue, *changes: tuple[str, str, str]) -> Saved:
    """As one request."""
    saved = save(session, issue, [Change(*one) for one in changes], None, LATER)
    session.flush()  # the next request reads what it wrote
    return saved


def test_only_what_was_changed_is_written(session: Session, issue: Issue) -> None:
    before, issue.subject = issue.updated_at, "Theirs"
    session.flush()  # somebody else's, written
    saved = put(session, issue, ("subject", "Mine before", "Mine before"))
    assert (saved.changed, saved.is_whole) == ({}, True)
    assert (issue.subject, issue.updated_at) == ("Theirs", before)


def test_who_saved_last_is_known(session: Session, issue: Issue, somebody: Staff) -> None:
    save(session, issue, [Change("subject", issue.subject, "A letter")], somebody.id, LATER)
    session.flush()
    assert (issue.subject, issue.updated_at) == ("A letter", LATER)
    assert issue.changed_by == somebody.id


def test_two_people_in_different_fields_both_keep_theirs(
    session: Session, issue: Issue, text: str
) -> None:
    heading = text.replace("body", "heading")
    put(session, issue, ("subject", issue.subject, "Mine"), (heading, "Heading", "Mine too"))
    saved = put(session, issue, ("preview", issue.preview, "Theirs"), (text, BODY, "Theirs too"))
    assert saved.is_whole
    assert (issue.subject, issue.preview) == ("Mine", "Theirs")
    assert issue.blocks[1].words == {"en": {"heading": "Mine too", "body": "Theirs too"}}


def test_two_people_in_different_lines_of_one_text_both_keep_theirs(
    session: Session, issue: Issue, text: str
) -> None:
    put(session, issue, (text, BODY, BODY.replace("first", "very first")))
    saved = put(session, issue, (text, BODY, BODY.replace("third", "very last")))
    merged = "The very first line.\nThe second line.\nThe very last line."
    assert said(issue) == merged
    assert (saved.changed, saved.merged, saved.is_whole) == ({text: merged}, [text], True)


def test_of_two_people_in_the_same_line_neither_loses_a_word(
    session: Session, issue: Issue, text: str
) -> None:
    theirs, mine = BODY.replace("second", "their"), BODY.replace("second", "my")
    put(session, issue, (text, BODY, theirs))
    saved = put(session, issue, (text, BODY, mine), ("subject", issue.subject, "Another field"))
    assert saved.clashes == [Clash(text, theirs, mine)]
    assert (said(issue), issue.subject) == (theirs, "Another field")
    assert saved.changed == {"subject": "Another field"}
    assert not saved.is_whole


def test_who_has_seen_the_other_words_may_write_over_them(
    session: Session, issue: Issue, text: str
) -> None:
    theirs, mine = BODY.replace("second", "their"), BODY.replace("second", "my")
    put(session, issue, (text, BODY, theirs))
    saved = put(session, issue, (text, theirs, mine))
    assert (said(issue), saved.is_whole) == (mine, True)


def test_two_who_write_the_same_do_not_clash(session: Session, issue: Issue, text: str) -> None:
    for _person in range(2):
        saved = put(session, issue, (text, BODY, "Both"), ("subject", issue.subject, "Both"))
        assert saved.is_whole
    assert (said(issue), issue.subject) == ("Both", "Both")


def test_a_single_line_is_never_put_together_of_two(session: Session, issue: Issue) -> None:
    was = issue.subject
    put(session, issue, ("subject", was, f"{was}!"))
    saved = put(session, issue, ("subject", was, f"So: {was}"))
    assert saved.clashes == [Clash("subject", f"{was}!", f"So: {was}")]
    assert issue.subject == f"{was}!"


def test_words_for_a_block_that_was_taken_out_are_given_back(
    session: Session, issue: Issue, text: str
) -> None:
    arranging.take_out(issue, issue.blocks[1], LATER)
    session.flush()  # somebody else did it
    saved = put(session, issue, (text, BODY, "Many words"), ("subject", issue.subject, "Kept"))
    assert (saved.gone, saved.is_whole) == ({text: "Many words"}, False)
    assert issue.subject == "Kept"
    arranging.put_back(session, issue, int(text[5:-5]), LATER)
    assert said(issue) == BODY


def longest(issue: Issue, kind: str) -> Iterable[tuple[str, int]]:
    block = next(block for block in issue.blocks if block.kind == kind)
    yield from ((f"block{block.id}-{name}", most) for name, most in LIMITS[kind].items())


LIMITS = {
    "case": {"note": 20_000},
    "text": {"heading": 200, "body": 20_000},
    "event": {"when": 200, "where": 200, "address": 1_000, "label": 200},
}


def test_what_is_too_long_is_not_saved_and_all_else_is(session: Session, issue: Issue) -> None:
    add_block(session, issue, "event")
    limits = dict.fromkeys(("subject", "preview", "title", "greeting", "sender_name"), 200)
    limits |= dict.fromkeys(("introduction", "closing"), 20_000)
    for kind in LIMITS:
        limits |= dict(longest(issue, kind))
    held = {name: getattr(issue, name, "") for name in limits} | dict(words_of(issue))
    longer = [(name, held[name], "é" * (most + 1)) for name, most in limits.items()]
    saved = put(session, issue, *longer)
    assert saved.problems.keys() == limits.keys()
    assert all("Shorten it" in problem for problem in saved.problems.values())
    assert not saved.changed
    just = [(name, held[name], "é" * most) for name, most in limits.items()]
    assert put(session, issue, *just).changed.keys() == limits.keys()


def words_of(issue: Issue) -> Iterable[tuple[str, str]]:
    for block in issue.blocks:
        for name, text in block.words.get("en", {}).items():
            yield f"block{block.id}-{name}", text


def test_a_title_cannot_be_emptied_and_other_lines_can(session: Session, issue: Issue) -> None:
    saved = put(session, issue, ("title", "November", "  "), ("preview", issue.preview, ""))
    assert (issue.title, issue.preview) == ("November", "")
    assert "Give the issue a title" in saved.problems["title"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\n\n"])
def test_a_line_that_was_pasted_in_two_becomes_one(
    session: Session, issue: Issue, end: str
) -> None:
    saved = put(session, issue, ("subject", issue.subject, f" a{end}Bcc: all@members.example "))
    assert issue.subject == "a Bcc: all@members.example"
    assert saved.changed == {"subject": issue.subject}


def test_a_text_keeps_its_lines_and_blanks(session: Session, issue: Issue, text: str) -> None:
    written = "\n\n  - one\n\n  two  \n"
    put(session, issue, (text, BODY, written), ("closing", issue.closing, written))
    assert (said(issue), issue.closing) == (written, written)


UNKNOWN = ("network_id", "scheduled_for", "language", "reference", "changed_by", "id", "__class__")


def test_what_is_no_field_is_left_alone(session: Session, issue: Issue) -> None:
    block = issue.blocks[1].id
    of_blocks = ("kind", "position", "when", "words", "removed", "case")
    names = [*UNKNOWN, *(f"block{block}-{name}" for name in of_blocks), f"xblock{block}-body"]
    names += ["block-body", "block99999999999999-body", f"block{block}-body\n", "was:subject"]
    before = everything(issue)
    saved = put(session, issue, *((name, "", "1") for name in names))
    assert not saved.changed
    assert everything(issue) == before


def test_a_block_of_another_issue_is_out_of_reach(session: Session, issue: Issue) -> None:
    other = write_draft(session, personas.network(session, "medical"))
    saved = put(session, issue, (f"block{other.blocks[1].id}-body", BODY, "Mine"))
    assert (said(other), saved.changed) == (BODY, {})


def everything(issue: Issue) -> list[Any]:
    columns = [getattr(issue, column.key) for column in Issue.__table__.columns]
    return [*columns, *((b.id, b.kind, b.position, b.words, b.removed_at) for b in issue.blocks)]


def test_a_scheduled_issue_keeps_its_words(session: Session, issue: Issue) -> None:
    issue.scheduled_for = now()
    session.flush()  # somebody else did it
    with pytest.raises(Refused, match="its words are fixed"):
        put(session, issue, ("subject", issue.subject, "Too late"))
    assert issue.subject == "Two letters this month"


def test_words_are_written_in_the_language_of_the_issue(
    session: Session, issue: Issue, text: str
) -> None:
    issue.language = "fr"
    session.flush()  # so it is
    put(session, issue, (text, "", "Bonjour"))
    assert issue.blocks[1].words == {
        "en": {"heading": "Heading", "body": BODY},
        "fr": {"body": "Bonjour"},
    }
