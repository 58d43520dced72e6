"""How fast, and when not at all: shared by all workers through the database.

A *slot* is a moment at which one message to a domain, or of an issue, may go out: slots lie evenly
spaced, and reserving some moves the next free one (the virtual scheduling of ITU-T I.371). A
*quota* is what a relay takes in a second, an hour or a day. A *hold* keeps a relay or a domain
quiet for a while, each time in a row for longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.db import changed, insert_ignoring
from app.delivery.models import Pace, Quota
from app.mail.rates import Rate
from app.mail.relay import Relay

HOLDS = tuple(timedelta(seconds=s) for s in (30, 60, 120, 300, 600, 1200, 1800, 3600))
RELAY_HOLDS = HOLDS[:4]  # a relay that is away for an hour is asked every five minutes
PACING = 0x646F636B6575  # a number of our own for PostgreSQL's advisory lock
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
FORGIVEN_AFTER = timedelta(hours=2)  # quiet for so long, and the next hold is a short one again


@dataclass(frozen=True)
class Hold:
    key: str
    until: datetime
    why: str


def relay_key(name: str) -> str:
    return f"relay:{name}"


def domain_key(domain: str) -> str:
    return f"domain:{domain}"


def issue_key(issue_id: int) -> str:
    return f"issue:{issue_id}"


def hold(session: Session, key: str, why: str, now: datetime) -> datetime:
    """Keep it quiet; until when. Called again while it is held, it changes nothing: many messages
    were under way when the trouble began."""
    row = _locked(session, key)
    if row.held_until is not None and now < row.held_until <= now + max(HOLDS):
        return row.held_until
    quiet = row.held_until is None or not now - FORGIVEN_AFTER < row.held_until <= now
    row.holds = 1 if quiet else row.holds + 1
    steps = RELAY_HOLDS if key.startswith("relay:") else HOLDS
    row.held_until = now + steps[min(row.holds, len(steps)) - 1]
    row.held_why = why[:200]
    return row.held_until


def let_go(session: Session, key: str) -> None:
    """It works again: staff said so, or a message went through."""
    _enter(session)
    session.execute(update(Pace).where(Pace.key == key).values(held_until=None, holds=0))


def holds(session: Session, now: datetime) -> dict[str, Hold]:
    """What is held now. A hold that lies too far ahead was made by a clock that has been set back
    since: it is over."""
    latest = now + max(HOLDS) + timedelta(minutes=1)
    rows = session.execute(
        select(Pace.key, Pace.held_until, Pace.held_why).where(
            Pace.held_until > now, Pace.held_until < latest
        )
    )
    return {key: Hold(key, until, why or "") for key, until, why in rows if until}


def reserve(
    session: Session,
    key: str,
    rate: Rate,
    count: int,
    earliest: datetime,
    latest: datetime = FOR_EVER,
) -> datetime:
    """Reserve `count` slots; when the first of them is. The others follow, `spacing` apart.

    A next free slot behind `latest` cannot be right and is forgotten.
    """
    row = _locked(session, key)
    first = earliest
    if row.next_slot_at is not None and earliest < row.next_slot_at <= latest:
        first = row.next_slot_at
    row.next_slot_at = first + spacing(rate) * count
    session.flush()  # the lock's other holders read it after the commit; later calls here, now
    return first


def spacing(rate: Rate) -> timedelta:
    return timedelta(seconds=rate.seconds / rate.count)


def next_slot(session: Session, key: str) -> datetime | None:
    return session.scalar(select(Pace.next_slot_at).where(Pace.key == key))


def grant(session: Session, relay: Relay, wanted: int, now: datetime) -> tuple[int, datetime]:
    """How many of `wanted` messages the relay may be given, and until when the grant is good."""
    _enter(session)
    granted, until = wanted, FOR_EVER
    for rate in relay.rates:
        used, ends = _used(session, relay, rate.seconds, now)
        granted, until = min(granted, rate.count - used), min(until, ends)
    if granted <= 0:
        return 0, until
    session.execute(
        update(Quota)
        .where(Quota.key == relay_key(relay.name))
        .values(used=Quota.used + granted)
        .execution_options(synchronize_session=False)
    )
    return granted, until


def give_back(
    session: Session, relay: Relay, count: int, granted_at: datetime, now: datetime
) -> None:
    """What was granted and not used, in those windows that have not ended since."""
    _enter(session)
    for rate in relay.rates:
        window = int(now.timestamp()) // rate.seconds
        if int(granted_at.timestamp()) // rate.seconds == window:
            changed(
                session,
                update(Quota)
                .where(Quota.key == relay_key(relay.name), Quota.seconds == rate.seconds)
                .where(Quota.window == window, Quota.used >= count)
                .values(used=Quota.used - count),
            )


def _used(session: Session, relay: Relay, seconds: int, now: datetime) -> tuple[int, datetime]:
    """(messages given in the running window, its end); a new window begins at nothing."""
    window = int(now.timestamp()) // seconds
    key = {"key": relay_key(relay.name), "seconds": seconds}
    session.execute(insert_ignoring(session, Quota).values(**key, window=window, used=0))
    row = session.scalars(
        select(Quota).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    ).one()
    if row.window != window:
        changed(session, update(Quota).filter_by(**key).values(window=window, used=0))
        session.refresh(row)
    return row.used, datetime.fromtimestamp((window + 1) * seconds, UTC)


def name_relays(session: Session, relays: Sequence[Relay]) -> None:
    """So that those that never were in trouble are listed too."""
    for relay in relays:
        key = relay_key(relay.name)
        session.execute(insert_ignoring(session, Pace).values(key=key, holds=0))


def _enter(session: Session) -> None:
    """One worker at a time, until the transaction ends: rows locked in another order by each
    would lock all of them."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(PACING)))


def _locked(session: Session, key: str) -> Pace:
    _enter(session)
    session.execute(insert_ignoring(session, Pace).values(key=key, holds=0))
    return session.scalars(
        select(Pace)
        .where(Pace.key == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
