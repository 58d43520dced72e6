"""Who gets an issue, and which of its asks each of them is eligible for: in SQL, by sets.

A member may get an ask when, for each audience list that the ask fills in, the member fits it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from app.cases.models import Ask
from app.clock import now
from app.db import UTCDateTime
from app.delivery.models import Delivery, DeliveryState, Settlement
from app.issues.models import Issue, Offer
from app.networks.models import (
    LEAST_DAYS,
    Member,
    Membership,
    MemberTrait,
    Suppression,
    TraitKind,
)


def recipients(issue: Issue) -> Select[int]:
    """The ids of the memberships that the issue goes to now, as a statement to build upon."""
    at = now()
    going = _of(issue).where(may_be_mailed(at))
    return going if issue.urgent else going.where(~has_had_enough(issue, at))


def may_be_mailed(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Of a Membership joined with its Member: current, no pause, and the address not suppressed."""
    return and_(_is_reachable(), ~_pauses(at))


def has_had_enough(issue: Issue, at: datetime) -> ColumnElement[bool]:
    """Of a Membership: it wants an issue now and then only, and the last one was lately.

    For nearly all members `least_days` is 0 and nothing else is looked at. A tenth of the time is
    let off, so that who wants one a week gets what comes each Monday, be it an hour early.
    """
    got, other = aliased(Delivery), aliased(Issue)
    failed = exists().where(
        Settlement.delivery_id == got.id,
        Settlement.state.in_((DeliveryState.FAILED, DeliveryState.BOUNCED)),
    )
    lately = exists().where(
        got.member_id == Membership.member_id,
        other.id == got.issue_id,
        other.network_id == issue.network_id,
        other.id != issue.id,
        other.frozen_at > _since(at),
        ~failed,
    )
    return and_(Membership.least_days > 0, lately)


@dataclass(frozen=True)
class Resting:
    """Members of a network who may be mailed, and do not get an issue now by their own choice."""

    paused: int
    had_enough: int


def resting(session: Session, issue: Issue) -> Resting:
    at = now()
    reachable = _of(issue).where(_is_reachable()).with_only_columns(func.count())
    paused = session.scalar(reachable.where(_pauses(at))) or 0
    enough = reachable.where(~_pauses(at), has_had_enough(issue, at))
    return Resting(paused, 0 if issue.urgent else session.scalar(enough) or 0)


def _of(issue: Issue) -> Select[int]:
    return (
        select(Membership.id)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.network_id == issue.network_id)
    )


def _is_reachable() -> ColumnElement[bool]:
    suppressed = exists().where(
        Suppression.email_key == Member.email_key, Suppression.lifted_at.is_(None)
    )
    return and_(Membership.ended_at.is_(None), ~suppressed)


def _pauses(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(Membership.paused_until.is_not(None), Membership.paused_until > at)


def _since(at: datetime) -> ColumnElement[datetime]:
    """Of a Membership with `least_days`: who got an issue after this has had enough."""
    ends = [literal(at - 0.9 * timedelta(days=days), UTCDateTime()) for days in LEAST_DAYS]
    steps = zip(LEAST_DAYS[:-1], ends[:-1], strict=True)
    return case(*((Membership.least_days <= days, end) for days, end in steps), else_=ends[-1])


def eligible(ask: Ask, home_language: str) -> ColumnElement[bool]:
    """Whether a Membership joined with its Member fits the ask's audience.

    Who states no language is taken to read the network's own.
    """
    conditions: list[ColumnElement[bool]] = [true()]
    if ask.sectors:
        conditions.append(Membership.sector.in_(ask.sectors))
    if ask.countries:
        conditions.append(Member.country.in_(ask.countries))
    if ask.specialties:
        conditions.append(_has(TraitKind.SPECIALTY, ask.specialties))
    if ask.languages:
        fits = _has(TraitKind.LANGUAGE, ask.languages)
        if home_language in ask.languages:
            fits = or_(fits, ~_has(TraitKind.LANGUAGE))
        conditions.append(fits)
    return and_(*conditions)


def is_for_everybody(ask: Ask) -> bool:
    return not (ask.sectors or ask.countries or ask.specialties or ask.languages)


def offers_key(issue: Issue) -> ColumnElement[str]:
    """The ids of the offers that a member is eligible for, in order, each followed by a comma."""
    key: ColumnElement[str] = literal("")
    constant = ""  # a database that adds it up for each of a million members takes its time
    for offer in issue.offers:
        if is_for_everybody(offer.ask):
            constant += f"{offer.id},"
        else:
            fits = eligible(offer.ask, issue.network.language)
            key = key + case((fits, f"{constant}{offer.id},"), else_=constant)
            constant = ""
    return key + constant if constant else key


def offer_sets(session: Session, issue: Issue) -> list[tuple[int, ...]]:
    """The sets of offers that somebody gets. Members are looked at only where asks differ."""
    if all(is_for_everybody(offer.ask) for offer in issue.offers):
        somebody = session.scalar(select(exists(recipients(issue))))
        return [tuple(offer.id for offer in issue.offers)] if somebody else []
    return list(count_by_edition(session, issue))


def count_by_edition(session: Session, issue: Issue) -> dict[tuple[int, ...], int]:
    """How many members get each set of offers; the empty set are those with nothing to do."""
    key = offers_key(issue).label("key")
    rows = recipients(issue).with_only_columns(key).subquery()
    counted = select(rows.c.key, func.count()).group_by(rows.c.key).order_by(rows.c.key)
    return {offer_ids(key): count for key, count in session.execute(counted)}


def count_by_sector(session: Session, issue: Issue) -> dict[str, dict[tuple[int, ...], int]]:
    """The same for the members of each sector."""
    key = offers_key(issue).label("key")
    rows = recipients(issue).with_only_columns(Membership.sector, key).subquery()
    groups = (rows.c.sector, rows.c.key)
    counts: dict[str, dict[tuple[int, ...], int]] = {}
    for sector, found, count in session.execute(
        select(*groups, func.count()).group_by(*groups).order_by(*groups)
    ):
        counts.setdefault(sector, {})[offer_ids(found)] = count
    return counts


def count_by_offer(issue: Issue, editions: Mapping[tuple[int, ...], int]) -> dict[int, int]:
    """How many members get each offer of the issue."""
    return {
        offer.id: sum(count for ids, count in editions.items() if offer.id in ids)
        for offer in issue.offers
    }


def offer_ids(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.split(",") if part)


def chosen(issue: Issue, ids: Sequence[int]) -> list[Offer]:
    return [offer for offer in issue.offers if offer.id in ids]


def _has(kind: str, values: Sequence[str] = ()) -> ColumnElement[bool]:
    wanted = exists().where(MemberTrait.member_id == Member.id, MemberTrait.kind == kind)
    if values:
        wanted = wanted.where(MemberTrait.value.in_([value.casefold() for value in values]))
    return wanted
