"""What keeps an issue from being mailed, and what is worth a second look."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletters import markdown, personalise
from newsletters.content import Ask, CaseBlock, Issue, Link, Section
from newsletters.preparing import texts
from newsletters.words import Translate, same

LONG_SUBJECT = 60  # characters that a phone shows
SAFE = ("https://", "http://", "mailto:")
SINGLE_LINES = {
    "subject": same("Subject"),
    "preview": same("Preview line"),
    "greeting": same("Greeting"),
    "title": same("Title"),
    "sender_name": same("Signed by"),
    "network_name": same("Network"),
}


@dataclass(frozen=True)
class Problem:
    """`field`: where to mend it, as "subject", "block7-body" or "offer3-why". `what` is a template
    for `values`, so that both can be translated."""

    field: str
    where: str
    what: str
    stops: bool
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def words(self, translate: Translate = same) -> tuple[str, str]:
        """Where it is and what is wrong, for people."""
        return translate(self.where), translate(self.what) % dict(self.values)


def check(issue: Issue) -> list[Problem]:
    """In the order of the mail."""
    return [*_stops(issue), *_warnings(issue)]


def without_bad_links(issue: Issue) -> Issue:
    """As a draft is looked at, in which one may still stand."""
    kept = tuple(
        dataclasses.replace(block, link=None)
        if isinstance(block, Section) and _is_bad(block.link)
        else block
        for block in issue.blocks
    )
    return dataclasses.replace(issue, blocks=kept)


def _stops(issue: Issue) -> Iterator[Problem]:
    if not issue.subject.strip():
        what = same("is empty; write what the mail is about")
        yield Problem("subject", SINGLE_LINES["subject"], what, True)
    for name, where in SINGLE_LINES.items():
        if any(c in getattr(issue, name) for c in "\r\n\0"):
            yield Problem(name, where, same("holds a line break; write it on one line"), True)
    for field, where, text in _markdown_texts(issue):
        for what, values in markdown.problems(text):
            yield Problem(field, where, what, True, values)
    for block in issue.blocks:
        yield from _of_case(block) if isinstance(block, CaseBlock) else _of_section(block)
    for name in personalise.unknown(texts(issue)):
        what = same("is not a merge field; there are %(known)s")
        known = {"known": ", ".join(personalise.KNOWN)}
        yield Problem("", f"{{{{{name}}}}}", what, True, known)


def _of_case(case: CaseBlock) -> Iterator[Problem]:
    for ask in case.asks:
        if not ask.why.strip():
            what = same("has no reason; say why this member")
            yield Problem(_of(ask, "why"), ask.headline, what, True)


def _of_section(block: Section) -> Iterator[Problem]:
    where = block.heading or _NAMES[block.kind]
    if _is_bad(block.link):
        what = same("has an address that is no link; it begins with https://")
        yield Problem(f"{block.key}-address", where, what, True)
    if block.kind == "picture" and block.picture is None:
        yield Problem(f"{block.key}-picture", where, same("has no picture yet; choose one"), True)
    elif block.picture and not block.picture.alt.strip():
        what = same("has no alt text; say what the picture shows")
        yield Problem(f"{block.key}-picture", where, what, True)
    if block.kind not in ("picture", "divider") and not (block.body.strip() or block.facts):
        what = same("has no words yet; write some or take the block out")
        yield Problem(f"{block.key}-body", where, what, True)


def _warnings(issue: Issue) -> Iterator[Problem]:
    subject = SINGLE_LINES["subject"]
    if len(issue.subject) > LONG_SUBJECT:
        what = same("has %(length)s characters; a phone shows about %(shown)s")
        values = {"length": len(issue.subject), "shown": LONG_SUBJECT}
        yield Problem("subject", subject, what, False, values)
    if not issue.preview.strip():
        what = same("is empty; inboxes show the first words instead")
        yield Problem("preview", SINGLE_LINES["preview"], what, False)
    for name in _without_fallback(issue):
        what = same("has no fallback; write {{%(name)s|…}} for members without one")
        yield Problem("", f"{{{{{name}}}}}", what, False, {"name": name})


def _without_fallback(issue: Issue) -> list[str]:
    found = (wanted for text in texts(issue) for wanted in personalise.find(text))
    names = (w.name for w in found if w.fallback is None and w.name in personalise.KNOWN)
    return list(dict.fromkeys(names))


def _markdown_texts(issue: Issue) -> Iterator[tuple[str, str, str]]:
    """Where to mend it, where it stands, the text."""
    yield "introduction", same("Introduction"), issue.introduction
    for block in issue.blocks:
        where = block.heading or _NAMES.get(getattr(block, "kind", ""), "")
        yield f"{block.key}-body", where, block.body
        if isinstance(block, CaseBlock):
            yield f"{block.key}-note", where, block.note
            yield from (
                (_of(ask, "instructions"), ask.headline, ask.instructions) for ask in block.asks
            )
    yield "closing", same("Closing"), issue.closing


def _of(ask: Ask, part: str) -> str:
    return f"offer{ask.key}-{part}"


def _is_bad(link: Link | None) -> bool:
    """An address with a merge field in it would carry what is known of a member elsewhere."""
    address = link.address if link else SAFE[0]
    return not address.startswith(SAFE) or any(c.isspace() or c in "\"'<>\\{}" for c in address)


_NAMES = {
    "text": same("Text"),
    "news": same("Good news"),
    "event": same("Event"),
    "picture": same("Picture"),
    "divider": same("Dividing line"),
    "colleagues": same("Call to colleagues"),
    "thanks": same("Thanks"),
}
