"""An edition: compiled once, kept as text, read back as it was."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletters.content import CompositionError
from newsletters.wire import Edition, compile
from tests.newsletters.samples import EDITION, ISSUE, SMALL

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)


def test_an_edition_read_back_is_the_same_edition() -> None:
    again = Edition.loads(EDITION.dumps())
    assert again == EDITION
    assert again.content_hash == EDITION.content_hash


@settings(max_examples=20)
@given(text=words)
def test_any_edition_read_back_is_the_same_edition(text: str) -> None:
    try:
        edition = compile(replace(SMALL, title=text, subject="s" + text, introduction=text))
    except CompositionError:
        return
    assert Edition.loads(edition.dumps()) == edition


def test_an_edition_of_a_later_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99 cannot"):
        Edition.loads(EDITION.dumps().replace(b'"version":3', b'"version":99'))


def test_an_edition_from_before_copies_came_in_is_read_as_it_was() -> None:
    before = EDITION.dumps().replace(b'"version":3', b'"version":2')
    assert Edition.loads(before) == EDITION


def test_an_edition_whose_lines_begin_with_dots_is_read_without_them() -> None:
    before = EDITION.dumps().replace(b'"version":3', b'"version":1')
    dotted = before.replace(b"\\r\\n=2E", b"\\r\\n.")
    assert dotted != before
    assert Edition.loads(dotted) == EDITION


def test_the_same_issue_makes_the_same_edition_and_another_does_not() -> None:
    assert compile(ISSUE).content_hash == EDITION.content_hash
    assert compile(replace(ISSUE, closing="Bye")).content_hash != EDITION.content_hash
