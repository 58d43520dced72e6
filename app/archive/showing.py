"""An issue as nobody in particular reads it on the web: no member's name, no link that answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.archive import since
from app.archive.keeping import words_of
from app.issues.composing import House
from app.issues.models import Archived, Issue
from app.networks.models import Network
from newsletters import markdown
from newsletters.content import Ask, CaseBlock, Section
from newsletters.content import Issue as Content
from newsletters.preparing import filled
from newsletters.words import Translate, day

_PICTURE = re.compile(r'<img(?: (?:src|alt)="[^"]*")*>')
_ALT = re.compile(r'alt="([^"]*)"')


class Audience(NamedTuple):
    """For whom asks are: everybody, members of some sectors, or a few whom nothing names."""

    sectors: tuple[str, ...]
    is_everybody: bool


@dataclass(frozen=True)
class Asked:
    ask: Ask
    standing: since.Ask


@dataclass(frozen=True)
class Part:
    """One block. `case` or `section`, or `why` a case is not shown; `groups`: a case's asks, those
    for everybody first."""

    case: CaseBlock | None = None
    section: Section | None = None
    why: str = ""
    groups: Sequence[tuple[Audience, Sequence[Asked]]] = ()


@dataclass(frozen=True)
class Shown:
    content: Content
    day: str
    parts: Sequence[Part]


def shown(session: Session, issue: Issue, house: House, now: datetime) -> Shown:
    content = filled(words_of(session, issue, house), {})
    parts = _Parts(issue, now)
    zone = ZoneInfo(issue.network.timezone)
    sent = (issue.frozen_at or now).astimezone(zone).date()
    return Shown(content, day(sent, content.language), list(parts.of(content)))


def public_issues(session: Session, network: Network) -> Sequence[Issue]:
    """Those that anybody may read, the newest first."""
    return session.scalars(
        select(Issue)
        .where(
            Issue.network_id == network.id,
            Issue.archive == Archived.PUBLIC.value,
            Issue.frozen_at.is_not(None),
        )
        .order_by(Issue.frozen_at.desc(), Issue.id.desc())
    ).all()


def to_html(text: str, base_url: str, translate: Translate) -> str:
    """Markdown as a page shows it. Pictures of ours are shown; of others, what they show is said:
    a page that a link alone opens tells no other site who reads it."""

    def put(found: re.Match[str]) -> str:
        if f'src="{base_url}/p/' in found[0]:
            return found[0].replace(f'"{base_url}/p/', '"/p/')
        alt = _ALT.search(found[0])
        return f"<em>[{translate('Picture')}: {alt[1] if alt else ''}]</em>"

    return _PICTURE.sub(put, markdown.to_html(text))


def path_of(address: str) -> str:
    """Where a picture of ours is found, by whatever name the service goes today."""
    return urlsplit(address).path


class _Parts:
    def __init__(self, issue: Issue, now: datetime) -> None:
        self._cases, self._asks = since.cases(issue), since.asks(issue, now)
        self._audiences = _audiences(issue)

    def of(self, content: Content) -> Iterator[Part]:
        for block in content.blocks:
            yield self._case(block) if isinstance(block, CaseBlock) else Part(section=block)

    def _case(self, case: CaseBlock) -> Part:
        standing = self._cases.get(case.key, since.Now.CONFIDENTIAL)
        if standing is since.Now.OPEN and case.restricted:
            standing = since.Now.RESTRICTED  # as it was on the day it was mailed
        if standing is not since.Now.OPEN:
            return Part(why=since.SAID[standing])
        return Part(case=case, groups=list(self._grouped(case.asks)))

    def _grouped(self, asks: Sequence[Ask]) -> Iterator[tuple[Audience, Sequence[Asked]]]:
        groups: dict[Audience, list[Asked]] = {}
        for ask in asks:
            if ask.key in self._audiences:
                one = Asked(ask, self._asks[ask.key])
                groups.setdefault(self._audiences[ask.key], []).append(one)
        yield from sorted(groups.items(), key=lambda group: not group[0].is_everybody)


def _audiences(issue: Issue) -> Mapping[str, Audience]:
    """By the keys of newsletters/."""
    found = {}
    for offer in issue.offers:
        ask = offer.ask
        narrower = ask.sectors or ask.countries or ask.specialties or ask.languages
        found[str(offer.id)] = Audience(tuple(ask.sectors), not narrower)
    return found
