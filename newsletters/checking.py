"""What keeps an issue from being mailed, and what is worth a second look."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletters import markdown, personalise
from newsletters.content import CaseBlock, Issue
from newsletters.preparing import texts

LONG_SUBJECT = 60  # characters that a phone shows
SINGLE_LINES = ("subject", "preview", "greeting", "title", "sender_name", "network_name")


@dataclass(frozen=True)
class Problem:
    where: str
    what: str
    stops: bool


def check(issue: Issue) -> list[Problem]:
    """In the order of the mail."""
    return [*_stops(issue), *_warnings(issue)]


def _stops(issue: Issue) -> Iterator[Problem]:
    if not issue.subject.strip():
        yield Problem("Subject", "is empty; write what the mail is about", True)
    for name in SINGLE_LINES:
        if any(c in getattr(issue, name) for c in "\r\n\0"):
            yield Problem(name, "holds a line break; write it on one line", True)
    for where, text in _markdown_texts(issue):
        for what in markdown.problems(text):
            yield Problem(where, what, True)
    for case in issue.cases:
        for ask in case.asks:
            if not ask.why.strip():
                yield Problem(ask.headline, "has no reason; say why this member", True)
    for name in personalise.unknown(texts(issue)):
        known = ", ".join(personalise.KNOWN)
        yield Problem(f"{{{{{name}}}}}", f"is not a merge field; there are {known}", True)


def _warnings(issue: Issue) -> Iterator[Problem]:
    if len(issue.subject) > LONG_SUBJECT:
        what = f"has {len(issue.subject)} characters; a phone shows about {LONG_SUBJECT}"
        yield Problem("Subject", what, False)
    if not issue.preview.strip():
        yield Problem("Preview line", "is empty; inboxes show the first words instead", False)
    for where, name in _without_fallback(issue):
        what = f"{{{{{name}}}}} has no fallback; write {{{{{name}|…}}}} for members without one"
        yield Problem(where, what, False)


def _without_fallback(issue: Issue) -> Iterator[tuple[str, str]]:
    for text in texts(issue):
        for wanted in personalise.find(text):
            if wanted.fallback is None and wanted.name in personalise.KNOWN:
                yield "Merge field", wanted.name


def _markdown_texts(issue: Issue) -> Iterator[tuple[str, str]]:
    yield "Introduction", issue.introduction
    yield "Closing", issue.closing
    for case in issue.cases:
        yield from _of_case(case)


def _of_case(case: CaseBlock) -> Iterator[tuple[str, str]]:
    yield case.heading, case.body
    for ask in case.asks:
        yield ask.headline, ask.instructions
