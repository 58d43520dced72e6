"""The sample issue as it was last looked at; DOCKET_GOLDEN=write writes it anew."""

import os
from pathlib import Path

from tests.newsletters.samples import ISSUE, filled, rendered

GOLDEN = Path(__file__).with_name("golden")


def same_as_golden(name: str, content: bytes) -> None:
    path = GOLDEN / name
    if os.environ.get("DOCKET_GOLDEN") == "write":
        path.write_bytes(content)
    assert content.decode() == path.read_bytes().decode()


def test_the_page_is_as_it_was() -> None:
    same_as_golden("issue.html", rendered(ISSUE).html.encode())


def test_the_text_is_as_it_was() -> None:
    same_as_golden("issue.txt", rendered(ISSUE).text.encode())


def test_the_message_is_as_it_was_byte_for_byte() -> None:
    same_as_golden("issue.eml", filled())


def test_the_subject_names_the_member() -> None:
    assert rendered(ISSUE).subject == "Zoë Pemberwick, two letters before the 16th – Vardania"


def test_only_the_restricted_case_is_not_for_publication() -> None:
    shown = rendered(ISSUE)
    for form in (shown.text, shown.html):
        assert form.count("Not for publication.") == 1
        assert form.index("kept from her lawyer") < form.index("Not for publication.")


def test_nothing_is_left_unfilled() -> None:
    shown = rendered(ISSUE)
    for form in (shown.subject, shown.text, shown.html):
        assert not {"\ue000", "\ue001"} & set(form)
        assert "{{" not in form
        assert "{%" not in form
