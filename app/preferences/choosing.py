"""What a member chooses: how often, from when on, in which languages, and which networks again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.inbound import leaving
from app.networks import histories, joining
from app.networks.models import Member, Membership, TraitKind
from app.networks.profiles import set_list

LONGEST_PAUSE = timedelta(days=366)
SOURCE = "preferences"


@dataclass(frozen=True)
class Choice:
    """Of one network. `pause`: the first day on which mail may come again, there."""

    leaves: bool
    least_days: int
    pause: date | None


def current(session: Session, member: Member) -> Sequence[Membership]:
    held = select(Membership).where(
        Membership.member_id == member.id, Membership.ended_at.is_(None)
    )
    return session.scalars(held.order_by(Membership.id)).all()


def may_rejoin(session: Session, member: Member) -> list[Membership]:
    """The newest membership of each network that the member left, where they may come back by
    themselves: they left of their own, or anybody may join."""
    every = select(Membership).where(Membership.member_id == member.id).order_by(Membership.id)
    newest = {held.network_id: held for held in session.scalars(every)}
    return [
        held
        for held in newest.values()
        if held.ended_at is not None
        and (held.end_reason == leaving.REASON or held.network.joining_open)
    ]


def choose(session: Session, membership: Membership, choice: Choice, now: datetime) -> bool:
    """Whether anything is other than it was."""
    if choice.leaves:
        return leaving.leave(session, membership, now, SOURCE)
    until = resumes(membership, choice.pause)
    before = membership.least_days, standing_pause(membership, now)
    membership.least_days, membership.paused_until = choice.least_days, until
    return before != (choice.least_days, choice.pause)


def resumes(membership: Membership, day: date | None) -> datetime | None:
    """The beginning of the day in the network's zone."""
    zone = ZoneInfo(membership.network.timezone)
    return None if day is None else datetime.combine(day, time(), zone)


def standing_pause(membership: Membership, now: datetime) -> date | None:
    """The day on which mail comes again; None when it does now."""
    until = membership.paused_until
    if until is None or until <= now:
        return None
    return until.astimezone(ZoneInfo(membership.network.timezone)).date()


def languages_of(member: Member) -> list[str]:
    return [trait.label for trait in member.traits if trait.kind == TraitKind.LANGUAGE]


def set_languages(member: Member, codes: Sequence[str], now: datetime) -> bool:
    """The one liked best first. Whether they are others than before."""
    if languages_of(member) == list(codes):
        return False
    set_list(member, TraitKind.LANGUAGE, list(codes))
    member.updated_at = now
    return True


def rejoin(session: Session, left: Membership, now: datetime) -> Membership:
    """By a consent given now, on a page that only their mailbox opens: mail may go there again,
    unless they complained or staff said no."""
    wording = joining.consent_wording(left.network)
    membership = joining.rejoin(session, left, wording, "preference page", now)
    take_mail_again(session, membership.member, now)
    return membership


def take_mail_again(session: Session, member: Member, now: datetime) -> bool:
    kept = ("complained", "staff")
    return histories.lift(session, member.email_key, SOURCE, "", now, but=kept)
