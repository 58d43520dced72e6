"""Coordinators' Markdown as plain values that a template can set, without a letter of markup."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from markdown_it.tree import SyntaxTreeNode

from newsletters.markdown import parsed

Node = dict[str, Any]  # k: its kind; c: what is in it; s: a text; n: a list's first number
_BLOCKS = {"blockquote": "quote", "list_item": "item"}
_INLINE = {"em": "em", "strong": "strong"}
_OURS = ("k", "n", "key", "kind", "lang", "picture")  # no text of anybody's
# Where a word without a space may be broken, so that it does not run off the page.
_LONG = re.compile(r"[!-~\u00a1-\u024f]{20}(?=[!-~\u00a1-\u024f]{20})")


def tree(text: str) -> list[Node]:
    """Paragraphs, lists and so on, in their order."""
    return list(_blocks(SyntaxTreeNode(parsed(text))))


def breakable(text: str) -> str:
    return _LONG.sub(lambda found: found[0] + "\u200b", text)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The same, every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: part if name in _OURS else mapped(part, change) for name, part in value.items()}


def _blocks(node: SyntaxTreeNode) -> Iterator[Node]:
    for child in node.children:
        yield _block(child)


def _block(node: SyntaxTreeNode) -> Node:
    if node.type in ("paragraph", "heading"):
        return {"k": node.type[0], "c": list(_inline(node.children[0]))}
    if node.type in ("bullet_list", "ordered_list"):
        kind = "ul" if node.type == "bullet_list" else "ol"
        return {"k": kind, "n": int(node.attrs.get("start", 1)), "c": list(_blocks(node))}
    if node.type in ("fence", "code_block"):
        return {"k": "pre", "lines": node.content.rstrip("\n").split("\n")}
    if node.type == "hr":
        return {"k": "hr"}
    return {"k": _BLOCKS.get(node.type, "quote"), "c": list(_blocks(node))}


def _inline(node: SyntaxTreeNode) -> Iterator[Node]:
    for child in node.children:
        if child.type in ("softbreak", "hardbreak"):
            yield {"k": "br"}
        elif child.type == "code_inline":
            yield {"k": "code", "s": child.content}
        elif child.type == "link":
            yield _link(child)
        elif child.type == "image":
            yield {"k": "em", "c": [{"k": "t", "s": f"[{child.content}]"}]}
        elif child.children:
            yield {"k": _INLINE.get(child.type, "span"), "c": list(_inline(child))}
        else:
            yield {"k": "t", "s": child.content}


def _link(node: SyntaxTreeNode) -> Node:
    """With its address behind it, unless its words are the address."""
    address = str(node.attrs.get("href", "")).removeprefix("mailto:")
    words = list(_inline(node))
    shown = "".join(part.get("s", "") for part in words)
    return {"k": "link", "c": words, "s": "" if shown == address else address}
