"""What is checked of a draft, live: what stops the sending, what is worth a look, what is fine.

Each finding names the field where it can be mended.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.delivery.audience import Resting, chosen, recipients, resting
from app.delivery.models import Chunk, Delivery
from app.issues import approving
from app.issues.approving import Standing
from app.issues.composing import NOWHERE, House, content_of, stops
from app.issues.models import Issue
from app.networks.models import Member
from app.outside.findings import findings_of
from app.translating import into
from newsletters import personalise, wire
from newsletters.checking import check
from newsletters.content import CompositionError
from newsletters.content import Issue as Content
from newsletters.links import addresses
from newsletters.preparing import texts

CLIP_WARNING = 90_000  # bytes
CLIP = 102_000  # where Gmail cuts a mail off
MOST_ASKS = 3  # that one member can do in the time between two issues
OFTEN, LATELY = 4, timedelta(days=30)  # so many issues in so long are many


class Kind(StrEnum):
    STOPS = "stop"
    WARNS = "wait"
    FINE = "ok"


@dataclass(frozen=True)
class Finding:
    """`field`: where to mend it, as "subject" or "block7-body"; empty where nothing is to do."""

    kind: Kind
    where: str
    what: str
    field: str = ""


@dataclass(frozen=True)
class Reach:
    """Members whom the issue goes to: all, by the offers they get, by sector and offers."""

    by_sector: Mapping[str, Mapping[tuple[int, ...], int]]

    @property
    def by_edition(self) -> dict[tuple[int, ...], int]:
        total: Counter[tuple[int, ...]] = Counter()
        for editions in self.by_sector.values():
            total.update(editions)
        return dict(sorted(total.items()))

    @property
    def recipients(self) -> int:
        return sum(self.by_edition.values())

    @property
    def idle(self) -> int:
        return self.by_edition.get((), 0)

    @property
    def crowded(self) -> int:
        """Who gets more asks than a member can do."""
        return sum(n for ids, n in self.by_edition.items() if len(ids) > MOST_ASKS)


def findings(
    session: Session, issue: Issue, reach: Reach, house: House, now: datetime
) -> list[Finding]:
    """Those that stop first, then those that warn, then what is fine; none twice."""
    found = [
        *_of_cases(issue, now),
        *_of_approval(approving.standing(session, issue)),
        *_of_audience(session, issue, reach, now),
        *_of_words(issue, reach, house),
        *_of_merge_fields(session, issue),
        *_of_links(issue, house),
        *_of_outside(session, issue, now),
    ]
    order, elsewhere = list(Kind), _elsewhere(issue)
    shown = [replace(one, field=elsewhere.get(one.field, one.field)) for one in found]
    return sorted(dict.fromkeys(shown), key=lambda one: order.index(one.kind))


def _elsewhere(issue: Issue) -> dict[str, str]:
    """The words of cases, asks and the network are written on other pages: where the desk leads
    to those."""
    cases = {f"block{block.id}-body": f"block-{block.id}" for block in issue.blocks if block.case}
    parts = ("why", "instructions")
    asks = (f"offer{offer.id}-{part}" for offer in issue.offers for part in parts)
    return {"network_name": "", **cases, **dict.fromkeys(asks, "asks")}


def _of_cases(issue: Issue, now: datetime) -> Iterator[Finding]:
    problems = stops(issue, now)
    for where, what in problems:
        yield Finding(Kind.STOPS, where, what, "asks")
    if issue.cases and not problems:
        yield Finding(Kind.FINE, _("Cases"), _("are all open, and no deadline is past."))


def _of_approval(stands: Standing) -> Iterator[Finding]:
    if stands.stops:
        yield Finding(Kind.STOPS, *map(str, approving.MISSING))
    elif stands.holds:
        yield Finding(Kind.FINE, _("Approval"), _("A second person approved it as it is now."))


def _of_audience(session: Session, issue: Issue, reach: Reach, now: datetime) -> Iterator[Finding]:
    if not reach.recipients:
        what = _("This network has no member who may be mailed.")
        yield Finding(Kind.STOPS, _("Recipients"), what)
        return
    if not issue.offers:
        what = _("There is none. Add a case, and choose what members can do.")
        yield Finding(Kind.STOPS, _("Asks"), what, "asks")
    else:
        yield from _of_asks(issue, reach)
    yield from _of_numbers(session, issue, reach)
    yield from _of_rest(resting(session, issue))
    if often := _asked_often(session, issue, now):
        what = ngettext(
            "%(num)s member got four issues or more in the last 30 days.",
            "%(num)s members got four issues or more in the last 30 days.",
            often,
        )
        yield Finding(Kind.WARNS, _("Often"), what)


def _of_asks(issue: Issue, reach: Reach) -> Iterator[Finding]:
    reached = {offer for ids in reach.by_edition for offer in ids}
    for offer in issue.offers:
        if offer.id not in reached:
            what = _("fits no member of this network.")
            yield Finding(Kind.WARNS, offer.ask.headline, what, "asks")
    if reach.idle:
        what = ngettext("%(num)s member gets none.", "%(num)s members get none.", reach.idle)
        yield Finding(Kind.WARNS, _("Asks"), what, "asks")
    else:
        yield Finding(Kind.FINE, _("Asks"), _("Every member gets one."))
    if reach.crowded:
        what = ngettext(
            "%(num)s member gets more than %(most)s.",
            "%(num)s members get more than %(most)s.",
            reach.crowded,
            most=MOST_ASKS,
        )
        yield Finding(Kind.WARNS, _("Asks"), what, "asks")


def _of_numbers(session: Session, issue: Issue, reach: Reach) -> Iterator[Finding]:
    last = (
        select(func.sum(Chunk.size))
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(Issue.network_id == issue.network_id)
        .group_by(Issue.id, Issue.frozen_at)
        .order_by(Issue.frozen_at.desc(), Issue.id.desc())
        .limit(1)
    )
    before = session.scalar(last)
    if before is None:
        what = ngettext("%(num)s member.", "%(num)s members.", reach.recipients)
        yield Finding(Kind.FINE, _("Recipients"), what)
        return
    what = _(
        "%(now)s; the last issue went to %(before)s.", now=reach.recipients, before=int(before)
    )
    differs = abs(reach.recipients - before) > max(10, before / 5)
    yield Finding(Kind.WARNS if differs else Kind.FINE, _("Recipients"), what)


def _of_rest(rests: Resting) -> Iterator[Finding]:
    if rests.paused:
        what = ngettext(
            "%(num)s member is on a pause.", "%(num)s members are on a pause.", rests.paused
        )
        yield Finding(Kind.FINE, _("Paused"), what)
    if rests.had_enough:
        what = ngettext(
            "%(num)s member wants mail now and then only, and had some lately.",
            "%(num)s members want mail now and then only, and had some lately.",
            rests.had_enough,
        )
        yield Finding(Kind.FINE, _("Paused"), what)


def _asked_often(session: Session, issue: Issue, now: datetime) -> int:
    """Members of this issue who got so many lately, of any network."""
    lately = select(Issue.id).where(Issue.frozen_at > now - LATELY, Issue.id != issue.id)
    if len(session.scalars(lately.limit(OFTEN)).all()) < OFTEN:
        return 0
    here = recipients(issue).with_only_columns(Member.id)
    often = (
        select(Delivery.member_id)
        .where(Delivery.issue_id.in_(lately), Delivery.member_id.in_(here))
        .group_by(Delivery.member_id)
        .having(func.count() >= OFTEN)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(often)) or 0


def _of_words(issue: Issue, reach: Reach, house: House) -> Iterator[Finding]:
    """What the editions say, and what only the finished mail shows."""
    largest = 0
    for ids in reach.by_edition or {tuple(offer.id for offer in issue.offers): 0}:
        edition = content_of(issue, chosen(issue, ids), house)
        problems = check(edition)
        for problem in problems:
            kind = Kind.STOPS if problem.stops else Kind.WARNS
            yield Finding(kind, *problem.words(_), field=problem.field)
        if not any(problem.stops for problem in problems):
            try:
                largest = max(largest, wire.compile(edition, into(edition.language)).size)
            except CompositionError as error:
                yield Finding(Kind.STOPS, _("Words"), str(error))
    yield from _of_size(largest)


def _of_size(size: int) -> Iterator[Finding]:
    kilobytes = size // 1000
    if size > CLIP_WARNING:
        text = _("has %(size)s KB; near 102 KB Gmail cuts it off. Shorten it.", size=kilobytes)
        yield Finding(Kind.WARNS, _("The mail"), text)
    elif size:
        text = _("has %(size)s KB; Gmail shows up to 102.", size=kilobytes)
        yield Finding(Kind.FINE, _("The mail"), text)
        yield Finding(Kind.FINE, _("Leaving"), _("Every mail has its link for it."))


def _of_merge_fields(session: Session, issue: Issue) -> Iterator[Finding]:
    """Of fields without a fallback: for how many members the place stays empty."""
    found = [w for text in texts(_whole(issue)) for w in personalise.find(text)]
    columns = {"name": Member.name, "profession": Member.profession, "country": Member.country}
    for name in dict.fromkeys(w.name for w in found if w.fallback is None and w.name in columns):
        column = columns[name]
        empty = recipients(issue).where(or_(column.is_(None), column == ""))
        count = session.scalar(empty.with_only_columns(func.count())) or 0
        if count:
            what = ngettext(
                "stays empty for %(num)s member; write {{%(name)s|…}} for them.",
                "stays empty for %(num)s members; write {{%(name)s|…}} for them.",
                count,
                name=name,
            )
            yield Finding(Kind.WARNS, f"{{{{{name}}}}}", what)


def _of_links(issue: Issue, house: House) -> Iterator[Finding]:
    for address, count in Counter(addresses(_whole(issue, house))).items():
        if count > 1:
            what = ngettext("stands there %(num)s time.", "stands there %(num)s times.", count)
            yield Finding(Kind.WARNS, address, what)


def _of_outside(session: Session, issue: Issue, now: datetime) -> Iterator[Finding]:
    """What a worker saw of its links and of the domain that it comes from."""
    for kind, where, what, field in findings_of(session, _whole(issue), issue.network, now):
        yield Finding(Kind(kind), where, what, field)


def _whole(issue: Issue, house: House = NOWHERE) -> Content:
    """With every ask, as nobody may get it."""
    return content_of(issue, issue.offers, house)
