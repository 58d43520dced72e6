"""Why people leave, as far as they say: asked, never required."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.networks.models import Membership, Network

REASONS = {
    "too much": _l("Too much mail"),
    "no time": _l("No time for it at present"),
    "not mine": _l("What is asked does not fit my work"),
    "not asked for": _l("I never asked for it"),
    "another address": _l("I get it at another address"),
    "other": _l("Something else"),
}


def parted(note: str) -> tuple[str, str]:
    """A Membership's leaving_note as (key of REASONS or nothing, the person's own words)."""
    first, _line, rest = note.partition("\n")
    return (first, rest.strip()) if first in REASONS else ("", note.strip())


def count(session: Session, network: Network) -> dict[str, int]:
    """How many left the network for each reason, without those that nobody gave, and without
    who came back."""
    columns = [
        func.count().filter(Membership.leaving_note.startswith(key, autoescape=True)).label(key)
        for key in REASONS
    ]
    left = select(*columns).where(
        Membership.network_id == network.id, Membership.leaving_note != "", ~came_back()
    )
    counts = dict(zip(REASONS, session.execute(left).one(), strict=True))
    return {key: number for key, number in counts.items() if number}


def count_left(session: Session, network: Network) -> int:
    """How many ended their membership of the network, without who came back."""
    left = select(func.count()).where(
        Membership.network_id == network.id,
        Membership.end_reason == "unsubscribed",
        ~came_back(),
    )
    return session.scalar(left) or 0


def came_back() -> ColumnElement[bool]:
    """Of a Membership: that the member has a later one of the same network."""
    later = aliased(Membership)
    return exists().where(
        later.member_id == Membership.member_id,
        later.network_id == Membership.network_id,
        later.id > Membership.id,
    )
