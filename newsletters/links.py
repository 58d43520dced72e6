"""The addresses of links that a coordinator wrote into an issue."""

from collections.abc import Iterator

from newsletters.content import CaseBlock, Issue
from newsletters.markdown import links_of


def addresses(issue: Issue) -> list[str]:
    """In the order of the mail, as often as they stand there."""
    return [address for _field, address in places(issue)]


def places(issue: Issue) -> list[tuple[str, str]]:
    """The same, each behind the field where it can be mended, as "block7-body"; an empty one where
    a case says it."""
    return [(field, address) for field, address in _places(issue) if address]


def _places(issue: Issue) -> Iterator[tuple[str, str]]:
    yield from _in("introduction", issue.introduction)
    for block in issue.blocks:
        if isinstance(block, CaseBlock):
            yield from _of_case(block)
        else:
            yield from _in(f"{block.key}-body", block.body)
            if block.link:
                yield f"{block.key}-address", block.link.address
    yield from _in("closing", issue.closing)


def _of_case(block: CaseBlock) -> Iterator[tuple[str, str]]:
    yield from _in("", block.body)
    yield from _in(f"{block.key}-note", block.note)
    for ask in block.asks:
        yield from _in("asks", ask.instructions)


def _in(field: str, text: str) -> Iterator[tuple[str, str]]:
    return ((field, address) for address in links_of(text))
