"""What follows from a look: how a link stands, and when to look again."""

from datetime import datetime, timedelta
from enum import Enum, auto

from app.outside.links import Seen
from app.outside.models import LinkLook, Trouble

RETRIES = (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
AGAIN = timedelta(days=1)
SOON = timedelta(hours=1)  # somebody may be mending it
OLD = timedelta(days=8)  # what was seen so long ago says nothing of today
GONE = (404, 410)


class Standing(Enum):
    UNSEEN = auto()
    FINE = auto()
    SHUT = auto()  # it answers, though not to us
    UNSURE = auto()  # it is tried again before anybody calls it broken
    BROKEN = auto()


def standing(look: LinkLook, now: datetime) -> Standing:
    if look.looked_at is None or now - look.looked_at > OLD:
        return Standing.UNSEEN
    if _may_pass(look.status, look.trouble):
        return Standing.BROKEN if look.tries > len(RETRIES) else Standing.UNSURE
    if look.trouble not in (Trouble.NONE, Trouble.ELSEWHERE) or look.status in GONE:
        return Standing.BROKEN
    is_shut = look.trouble == Trouble.ELSEWHERE or (look.status or 0) >= 400
    return Standing.SHUT if is_shut else Standing.FINE


def settle(look: LinkLook, seen: Seen, now: datetime) -> None:
    """Write down what was seen. Trouble that may pass is looked at again soon, then less so."""
    look.looked_at, look.status, look.trouble = now, seen.status, seen.trouble.value
    look.tries = look.tries + 1 if _may_pass(seen.status, seen.trouble) else 0
    if look.tries:
        wait = RETRIES[min(look.tries, len(RETRIES)) - 1]
    else:
        wait = SOON if standing(look, now) is Standing.BROKEN else AGAIN
    look.next_look_at = now + wait


def _may_pass(status: int | None, trouble: str) -> bool:
    return trouble == Trouble.NO_ANSWER or (status or 0) >= 500
