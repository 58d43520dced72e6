"""The one history of an address, and when it gets no more mail.

A score with decay decides: bounces add to it and fade by half in HALF_LIFE. A complaint suppresses
at once, a full mailbox never, and who writes to us from an address proves that it works. What a
mail tells without showing anything signed of ours is written down and has no effect: anybody can
send one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.db import changed, insert_ignoring
from app.inbound.sorting.shapes import Hardness
from app.networks.models import AddressEvent, AddressEventKind, Suppression

HALF_LIFE = timedelta(days=60)
ENOUGH = 5.0  # of the score: two hard bounces within some weeks, or six soft ones
KINDS = {
    Hardness.HARD: AddressEventKind.HARD_BOUNCE,
    Hardness.SOFT: AddressEventKind.SOFT_BOUNCE,
    Hardness.FULL: AddressEventKind.MAILBOX_FULL,
}
WEIGHTS = {
    AddressEventKind.HARD_BOUNCE: 3.0,
    AddressEventKind.SOFT_BOUNCE: 1.0,
    AddressEventKind.MAILBOX_FULL: 0.0,
}
# After these, what was before says nothing any more.
WORKS = (AddressEventKind.ANSWERED, AddressEventKind.LIFTED)
# Why an address was suppressed, where its owner may ask anew all the same; for any other, not.
MAY_ASK_ANEW = ("unsubscribed", "bounced")
UNSIGNED = "unsigned mail"  # a source that is not believed: see above
LONGEST_TEXT = 500
SHOWN = 200  # of an address
FROM_HERE, TO_HERE = "from here", "to here"  # the text of CHANGED: where the member moved


@dataclass(frozen=True)
class Happened:
    """`mark`: the same for the same event, however often it is told."""

    kind: AddressEventKind
    source: str
    status: str | None = None
    text: str = ""
    delivery_id: int | None = None
    mark: str | None = None


def note(session: Session, email_key: str, happened: Happened, now: datetime) -> bool:
    """Write it down and suppress the address where that follows. False when it was told before."""
    if happened.source == UNSIGNED and _has_unsigned(session, email_key, happened.kind, now):
        return False
    written = changed(
        session,
        insert_ignoring(session, AddressEvent).values(
            email_key=email_key,
            at=now,
            kind=happened.kind.value,
            source=happened.source,
            status=happened.status,
            text=happened.text[:LONGEST_TEXT],
            delivery_id=happened.delivery_id,
            mark=happened.mark,
        ),
    )
    if not written:
        return False
    if happened.source == UNSIGNED:
        return True
    if happened.kind is AddressEventKind.COMPLAINT:
        suppress(session, email_key, "complained", happened.source, now)
    elif WEIGHTS.get(happened.kind) and score(of(session, email_key), now) >= ENOUGH:
        suppress(session, email_key, "bounced", happened.source, now)
    return True


def of(session: Session, email_key: str) -> list[AddressEvent]:
    """The newest first."""
    rows = select(AddressEvent).where(AddressEvent.email_key == email_key)
    newest = rows.order_by(AddressEvent.at.desc(), AddressEvent.id.desc()).limit(SHOWN)
    return list(session.scalars(newest))


def score(events: Iterable[AddressEvent], now: datetime) -> float:
    """Of an address, from its events, the newest first. One delivery counts once, by its worst."""
    worst: dict[object, float] = {}
    for event in events:
        if event.kind in WORKS:
            break
        believed = event.source != UNSIGNED
        weight = WEIGHTS.get(AddressEventKind(event.kind), 0.0) if believed else 0.0
        faded = weight * 0.5 ** (max(now - event.at, timedelta()) / HALF_LIFE)
        what = event.delivery_id or f"event {event.id}"
        worst[what] = max(worst.get(what, 0.0), faded)
    return sum(worst.values())


def hard_bounces_left(score: float) -> int:
    """How many more hard bounces, at once, would suppress an address of this score."""
    return max(1, ceil((ENOUGH - score) / WEIGHTS[AddressEventKind.HARD_BOUNCE]))


def suppress(
    session: Session, email_key: str, reason: str, source: str, now: datetime, why: str = ""
) -> bool:
    """No mail to this address from any network, until lifted. False when it was so already, for a
    reason that weighs as much: who left may ask anew, and not who complained as well."""
    if wants_none(session, email_key):
        return False
    if reason in MAY_ASK_ANEW and is_suppressed(session, email_key):
        return False
    session.add(Suppression(email_key=email_key, reason=reason, created_at=now))
    _append(session, email_key, AddressEventKind.SUPPRESSED, source, why or reason, now)
    return True


def lift(
    session: Session,
    email_key: str,
    source: str,
    why: str,
    now: datetime,
    but: Collection[str] = (),
) -> bool:
    """Mail may go there again, unless it is suppressed for a reason in `but`: that stays. False
    when nothing was lifted."""
    standing = _standing(email_key).where(Suppression.reason.not_in(but)).with_for_update()
    held = session.scalars(standing).all()
    for suppression in held:
        suppression.lifted_at = now
    if held:
        _append(session, email_key, AddressEventKind.LIFTED, source, why, now)
    return bool(held)


def is_suppressed(session: Session, email_key: str) -> bool:
    return bool(session.scalar(select(exists(_standing(email_key)))))


def wants_none(session: Session, email_key: str) -> bool:
    """They complained, or staff said so; who unsubscribed or bounced may ask anew."""
    for_good = _standing(email_key).where(Suppression.reason.not_in(MAY_ASK_ANEW))
    return bool(session.scalar(select(exists(for_good))))


def moved(session: Session, old_key: str, new_key: str, source: str, now: datetime) -> None:
    """A member's mail goes from one address to the other; neither history names the other."""
    _append(session, old_key, AddressEventKind.CHANGED, source, FROM_HERE, now)
    _append(session, new_key, AddressEventKind.CHANGED, source, TO_HERE, now)


def suppressions(session: Session, email_key: str) -> Sequence[Suppression]:
    """Those in force."""
    return session.scalars(_standing(email_key)).all()


def _has_unsigned(session: Session, email_key: str, kind: AddressEventKind, now: datetime) -> bool:
    """One of a kind in a day is enough: a flood of them must not hide what counts."""
    lately = AddressEvent.source == UNSIGNED, AddressEvent.at > now - timedelta(days=1)
    same = AddressEvent.email_key == email_key, AddressEvent.kind == kind.value
    return bool(session.scalar(select(exists().where(*same, *lately))))


def _standing(email_key: str) -> Select[Suppression]:
    return select(Suppression).where(
        Suppression.email_key == email_key, Suppression.lifted_at.is_(None)
    )


def _append(
    session: Session, email_key: str, kind: AddressEventKind, source: str, why: str, now: datetime
) -> None:
    words = why[:LONGEST_TEXT]
    event = AddressEvent(email_key=email_key, at=now, kind=kind.value, source=source, text=words)
    session.add(event)
    session.flush()  # the next look at the history sees it
