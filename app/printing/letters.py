"""What stands in members' letters, as plain values for letter.typ."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.archive import since
from app.archive.keeping import words_of
from app.delivery.models import Delivery, Edition
from app.issues.composing import House, merge_fields
from app.issues.models import Issue
from app.links import Links
from app.media.models import Picture
from app.printing import codes
from app.printing.labels import labels
from app.printing.tree import breakable, mapped, tree
from app.translating import into
from newsletters.content import Addressee, Ask, CaseBlock, Section
from newsletters.content import Issue as Content
from newsletters.markdown import normalise
from newsletters.preparing import prepared
from newsletters.slots import Slots
from newsletters.words import day, direction

Values = dict[str, Any]
_TAG = re.compile(r"([a-z]{2,3})(?:-[a-z]{4})?(?:-([a-z]{2}))?(?:-|$)", re.IGNORECASE)
NOT_PRINTED = (since.Now.STOPPED, since.Now.CLOSED, since.Now.CONFIDENTIAL)


def letters(
    session: Session,
    links: Links,
    issue: Issue,
    deliveries: Sequence[Delivery],
    house: House,
    now: datetime,
    *,
    both_sides: bool,
) -> Values:
    """One for each delivery, in their order."""
    frames: dict[int, Frame] = {}
    for one in deliveries:
        if one.edition_id not in frames:
            words = words_of(session, issue, house, one.edition.language)
            frames[one.edition_id] = Frame(issue, one.edition, words, now)
    made = [
        frames[one.edition_id].letter(links, one, number)
        for number, one in enumerate(deliveries, 1)
    ]
    return {
        "title": f"{issue.network.name}: {issue.title}",
        "both_sides": both_sides,
        "pictures": dict(_pictures(session, issue)),
        "letters": made,
    }


class Frame:
    """A letter of one edition, its merge fields and its members' own links still to be put in."""

    def __init__(self, issue: Issue, edition: Edition, words: Content, now: datetime) -> None:
        self._slots = Slots()
        self._content = prepared(words, self._slots)
        self._language = self._content.language
        self._t = into(self._language)
        self._cases, self._asks = since.cases(issue), since.asks(issue, now)
        self._carried = {str(offer.id) for offer in edition.offers}
        self._numbers: dict[str, int] = {}  # of the asks, by their keys
        self._frame = self._made(now.astimezone(ZoneInfo(issue.network.timezone)))

    def letter(self, links: Links, delivery: Delivery, number: int) -> Values:
        name = normalise(delivery.member.name).strip()
        values = merge_fields(name, delivery.profession, delivery.country, self._language)
        made: Values = mapped(self._frame, lambda text: breakable(self._filled(text, values)))
        for part in made["parts"]:
            for ask in part.get("asks", ()):
                ask |= _own(links, delivery, ask["key"])
        asks = [
            {"number": place, "code": codes.code(links, delivery.id, int(key))}
            for key, place in self._numbers.items()
        ]
        return made | {"name": breakable(name), "number": number, "asks": asks}

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        parts = self._slots.cut(text)
        return "".join(p if isinstance(p, str) else values.get(p.name) or p.fallback for p in parts)

    def _made(self, today: datetime) -> Values:
        content, t = self._content, self._t
        language, region = tag(self._language)
        about = t("You get this because you are a member of this network:")
        return {
            "lang": language,
            "region": region,
            "rtl": direction(self._language) == "rtl",
            "words": labels(t),
            "network": content.network_name,
            "return": self._as_written([content.network_name, *_postal(content.postal_address)]),
            "day": day(today.date(), self._language),
            "title": content.title,
            "greeting": content.greeting,
            "introduction": tree(content.introduction),
            "parts": [self._part(block) for block in content.blocks],
            "closing": tree(content.closing),
            "signed": _lines([content.sender_name, content.network_name]),
            "about": f"{about} {content.network_name}.",
        }

    def _part(self, block: CaseBlock | Section) -> Values:
        if isinstance(block, Section):
            return _section(block)
        standing = self._cases.get(block.key, since.Now.CONFIDENTIAL)
        if standing in NOT_PRINTED:
            return {"kind": "gone", "text": self._t(since.SAID[standing])}
        return {
            "kind": "case",
            "heading": block.heading,
            "place": block.place,
            "restricted": block.restricted or standing is since.Now.RESTRICTED,
            "note": tree(block.note),
            "body": tree(block.body),
            "developments": [
                {"on": day(one.on, self._language), "text": one.text} for one in block.developments
            ],
            "wishes": block.wishes,
            "asks": [self._asked(ask) for ask in block.asks if self._is_asked(ask)],
        }

    def _is_asked(self, ask: Ask) -> bool:
        standing = self._asks.get(ask.key, since.Ask.WITHDRAWN)
        return ask.key in self._carried and standing is not since.Ask.WITHDRAWN

    def _asked(self, ask: Ask) -> Values:
        is_over = self._asks[ask.key] is since.Ask.OVER
        return {
            "key": ask.key,
            "number": self._numbers.setdefault(ask.key, len(self._numbers) + 1),
            "headline": ask.headline,
            "over": self._t("The time for this ask is over.") if is_over else "",
            "why": ask.why,
            "deadline": day(ask.deadline, self._language) if ask.deadline else "",
            "instructions": tree(ask.instructions),
            "addressees": [self._addressee(one) for one in ask.addressees],
            "model": ask.model_text.strip().splitlines(),
        }

    def _addressee(self, one: Addressee) -> Values:
        t = self._t
        more = (
            (t("Fax"), one.fax),
            (t("E-mail"), one.email),
            (t("Salutation"), one.salutation),
            (t("Copies to"), ", ".join(one.copies)),
        )
        return {
            "lines": self._as_written(_lines([one.name, one.title, one.post])),
            "more": [[label, *self._as_written([said])] for label, said in more if said.strip()],
        }

    def _as_written(self, lines: list[str]) -> list[str]:
        """Among lines that run from right to left, an address keeps the order of its own script
        (UAX 9: FSI, PDI)."""
        if direction(self._language) != "rtl":
            return lines
        return [f"\u2068{line}\u2069" for line in lines]


def tag(language: str) -> tuple[str, str | None]:
    """A language (BCP 47) as typst takes it: a code of ISO 639 and one of ISO 3166."""
    found = _TAG.match(language)
    if found is None:
        return "en", None
    return found[1].lower(), found[2].upper() if found[2] else None


def picture_name(address: str) -> str:
    """As its address names it, and as no text of anybody's does."""
    return urlsplit(address).path.rpartition("/")[2]


def _section(block: Section) -> Values:
    link, picture = block.link, block.picture
    return {
        "kind": "section",
        "divider": block.kind == "divider",
        "heading": block.heading,
        "picture": picture_name(picture.address) if picture else None,
        "alt": picture.alt if picture else "",
        "facts": [[fact.label, fact.text] for fact in block.facts],
        "body": tree(block.body),
        "link": _lines([link.label, link.address]) if link else [],
    }


def _own(links: Links, delivery: Delivery, key: str) -> Values:
    """The link of this member for this ask, the same as in the mail; below the code, as one would
    type it."""
    address = links.answer_url(delivery.id, int(key))
    return {"address": address, "link": address.partition("://")[2]}


def _pictures(session: Session, issue: Issue) -> Iterator[tuple[str, str]]:
    """Those of the issue's blocks, each as SVG around it, since that is text."""
    ids = [block.picture_id for block in issue.blocks if block.picture_id]
    wanted = select(Picture).where(Picture.id.in_(ids)).options(undefer(Picture.content))
    for one in session.scalars(wanted) if ids else ():
        content = base64.b64encode(one.content).decode()
        size = f'width="{one.width}" height="{one.height}"'
        source = f"data:{one.media_type};base64,{content}"
        drawn = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image href="{source}" {size}/></svg>'
        )
        yield f"{one.token}.{one.suffix}", drawn


def _postal(address: str) -> list[str]:
    """One line in the network's settings; several on an envelope."""
    lines = _lines([address])
    return (
        lines if len(lines) > 1 else [part.strip() for part in address.split(",") if part.strip()]
    )


def _lines(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in text.splitlines() if line.strip()]
