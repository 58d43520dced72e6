"""Merge fields: found, filled, missed."""

from dataclasses import replace

import pytest

from newsletters import personalise
from newsletters.checking import check
from newsletters.content import CompositionError, Recipient
from newsletters.personalise import MergeField
from newsletters.wire import compile
from tests.newsletters.samples import SMALL, rendered

NOBODY = Recipient("", "nobody@members.example")


def test_fields_are_found_in_the_order_they_stand() -> None:
    found = personalise.find("{{ name }} of {{country|somewhere }} and {{NAME|}}")
    assert found == [
        MergeField("name", None),
        MergeField("country", "somewhere"),
        MergeField("name", ""),
    ]


@pytest.mark.parametrize("text", ["{name}", "{{}}", "{{ }}", "{{a b}}", "{{name", "{{na-me}}"])
def test_what_only_looks_like_a_field_is_none(text: str) -> None:
    assert personalise.find(text) == []


def test_unknown_fields_are_listed_once_each() -> None:
    texts = ["{{name}} {{shoe_size|42}}", "{{colour}} {{Shoe_Size}}"]
    assert personalise.unknown(texts) == ["shoe_size", "colour"]


def test_only_fields_with_neither_value_nor_fallback_are_missing() -> None:
    texts = ["{{name}} {{profession|friend}} {{country}}", "{{country}}"]
    assert personalise.missing(texts, {"name": "Ada", "country": " "}) == ["country"]


def test_an_issue_with_an_unknown_field_is_no_mail() -> None:
    with pytest.raises(CompositionError, match=r"shoe_size.*is not a merge field"):
        compile(replace(SMALL, closing="{{shoe_size|42}}"))


def test_a_field_without_fallback_is_a_warning() -> None:
    problems = [p for p in check(replace(SMALL, greeting="Dear {{name}}")) if "fallback" in p.what]
    assert [p.stops for p in problems] == [False]


@pytest.mark.parametrize(
    "field",
    ["title", "subject", "network_name", "sender_name", "preview", "greeting", "introduction"],
)
def test_a_field_is_filled_wherever_it_stands(field: str) -> None:
    issue = replace(SMALL, **{field: "so {{name|friend}} it"})
    shown = rendered(issue)
    assert "so Zoë Pemberwick it" in shown.html
    assert "so friend it" in rendered(issue, NOBODY).html
    if field not in ("subject", "preview"):
        assert "so Zoë Pemberwick it" in shown.text


def test_a_value_that_looks_like_a_field_stays_what_it_is() -> None:
    sly = Recipient("x", "x@members.example", {"name": "{{country}}", "country": "Vardania"})
    shown = rendered(replace(SMALL, greeting="Dear {{name}}"), sly)
    assert "Dear {{country}}" in shown.text
    assert "Dear {{country}}" in shown.html


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://example.org/{{name|a}})",
        "[x](https://{{name|a}}.example/)",
        "[x](mailto:{{name|a}}@example.org)",
        "![x](https://example.org/{{name|a}}.png)",
    ],
)
def test_a_field_inside_an_address_is_refused(text: str) -> None:
    with pytest.raises(CompositionError, match="inside the address of a link"):
        compile(replace(SMALL, introduction=text))
