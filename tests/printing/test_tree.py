"""Markdown as plain values: nothing of it is lost, and nothing in it is markup."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.printing.tree import breakable, mapped, tree
from newsletters.markdown import MAX_NESTING


def words(nodes: Any) -> str:
    if isinstance(nodes, list):
        return "".join(map(words, nodes))
    if not isinstance(nodes, dict):
        return ""
    return nodes.get("s", "") + "\n".join(nodes.get("lines", ())) + words(nodes.get("c", []))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a **b** *c*", [{"k": "p", "c": [
            {"k": "t", "s": "a "}, {"k": "strong", "c": [{"k": "t", "s": "b"}]},
            {"k": "t", "s": " "}, {"k": "em", "c": [{"k": "t", "s": "c"}]}]}]),
        ("a\nb", [{"k": "p", "c": [{"k": "t", "s": "a"}, {"k": "br"}, {"k": "t", "s": "b"}]}]),
        ("3. a", [{"k": "ol", "n": 3, "c": [
            {"k": "item", "c": [{"k": "p", "c": [{"k": "t", "s": "a"}]}]}]}]),
        ("    #x\n    $y$", [{"k": "pre", "lines": ["#x", "$y$"]}]),
        ("# h\n\n---", [{"k": "h", "c": [{"k": "t", "s": "h"}]}, {"k": "hr"}]),
        ("", []),
    ],
    ids=["emphasis", "lines", "numbers", "code", "heading", "empty"],
)  # fmt: skip
def test_each_kind_of_words_has_its_node(text: str, expected: Any) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[guide](https://a.example/b)", "https://a.example/b"),
        ("<https://a.example/b>", ""),
        ("[a@b.example](mailto:a@b.example)", ""),
    ],
)
def test_a_link_has_its_address_behind_it_unless_its_words_are_the_address(
    text: str, address: str
) -> None:
    (link,) = tree(text)[0]["c"]
    assert (link["k"], link["s"]) == ("link", address)


def test_a_picture_is_what_it_shows() -> None:
    assert words(tree("![a chart](https://a.example/x.png)")) == "[a chart]"


@given(st.text(alphabet="#$@\\`*_[]()<>{}!~-.:;'\"/=+abc \n", max_size=200))
def test_any_text_has_a_tree_of_plain_values(text: str) -> None:
    nodes = tree(text)
    assert mapped(nodes, str) == nodes
    assert set(words(nodes)) <= set(text + "[]")


def test_what_is_nested_too_deeply_does_no_harm() -> None:
    def depth(node: Any) -> int:
        return 1 + max(map(depth, node.get("c", [])), default=0)

    assert max(map(depth, tree("> " * 500 + "a"))) <= 2 * MAX_NESTING


def test_a_long_word_may_be_broken_and_others_stay_whole() -> None:
    assert breakable("a short sentence") == "a short sentence"
    assert breakable("x" * 39) == "x" * 39
    assert breakable("x" * 1000).count("\u200b") == 49
    assert breakable("x" * 1000).replace("\u200b", "") == "x" * 1000
