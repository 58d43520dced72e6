"""A person's address over time, for staff: what mail systems said, what people did."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.networks import histories
from app.networks.models import AddressEvent, AddressEventKind, Member, Membership, Suppression


class Entry(NamedTuple):
    """`kind`: of AddressEventKind, or "joined" or "left", which name a network."""

    at: datetime
    kind: str
    source: str
    status: str = ""
    text: str = ""
    network: str = ""


class Timeline(NamedTuple):
    """`hard_left`: so many more hard bounces would stop mail."""

    entries: list[Entry]
    score: float
    hard_left: int
    suppressions: Sequence[Suppression]  # in force


def timeline(
    session: Session, member: Member, networks: Collection[int], now: datetime
) -> Timeline:
    """The newest first. `networks`: the ids of those whose comings and goings may be seen."""
    events = histories.of(session, member.email_key)
    shown = [held for held in member.memberships if held.network_id in networks]
    entries = [*_events(events), *_comings_and_goings(shown, events)]
    score = histories.score(events, now)
    return Timeline(
        sorted(entries, key=lambda entry: entry.at, reverse=True),
        score,
        histories.hard_bounces_left(score),
        histories.suppressions(session, member.email_key),
    )


def _events(events: Sequence[AddressEvent]) -> Iterator[Entry]:
    """But for leaving, which the memberships tell."""
    for event in events:
        if event.kind != AddressEventKind.UNSUBSCRIBED:
            yield Entry(event.at, event.kind, event.source, event.status or "", event.text)


def _comings_and_goings(
    memberships: Sequence[Membership], events: Sequence[AddressEvent]
) -> Iterator[Entry]:
    ways = {
        (event.text, event.at): event.source
        for event in events
        if event.kind == AddressEventKind.UNSUBSCRIBED
    }
    for held in memberships:
        name = held.network.name
        yield Entry(held.started_at, "joined", held.consent_source, network=name)
        if held.ended_at is not None:
            way = ways.get((held.network.code, held.ended_at))
            source = way or ("page" if held.end_reason == "unsubscribed" else "staff")
            yield Entry(held.ended_at, "left", source, network=name)
