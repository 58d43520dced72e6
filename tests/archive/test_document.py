"""Content of an issue becomes JSON and comes back whole."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from app.archive.document import from_document, to_document
from newsletters.content import Development, Fact, Issue, Link, Picture, Section
from tests.newsletters.samples import ARKWELL, ISSUE

SECTION = Section(
    key="block7",
    kind="event",
    heading="A meeting",
    facts=(Fact("When", "Tuesday"),),
    link=Link("https://meet.example.org", "Sign up"),
    picture=Picture("https://docket.example.org/p/abc.jpg", "Candles", 600, 400),
)
CASE = replace(ARKWELL, developments=(Development(date(2026, 11, 3), "Arrested."),))


def there_and_back(issue: Issue) -> Issue:
    return from_document(json.loads(json.dumps(to_document(issue))))


def test_an_issue_comes_back_as_it_was() -> None:
    issue = replace(ISSUE, blocks=(*ISSUE.blocks, SECTION, CASE, Section("block9", "divider")))
    assert there_and_back(issue) == issue


def test_any_text_comes_back_as_it_was() -> None:
    text = "{{name|you}} \u202e\u0645\u0631 \U0001f600 \\ \" ' </script>\n\t#{}"
    issue = replace(ISSUE, title=text, blocks=(replace(SECTION, body=text),))
    assert there_and_back(issue) == issue


def test_what_a_later_version_adds_is_passed_over_and_what_it_lacks_has_its_default() -> None:
    document: dict[str, Any] = to_document(replace(ISSUE, blocks=(SECTION,)))
    document["invented"] = "later"
    document["blocks"][0]["invented"] = {"a": 1}
    del document["postal_address"]
    assert from_document(document) == replace(ISSUE, blocks=(SECTION,), postal_address="")
