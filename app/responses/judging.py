"""Whether an answer may be a robot's: times in, a reason out (ADR 14). No clock, no database.

Mail scanners open links, and some press what they find there. What they do differently from people
is when they do it; what they say of themselves is no help.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.links import FormSeal

GLANCE = timedelta(seconds=1)  # nobody reads a page and taps in less
JUST_SENT = timedelta(minutes=1)  # scanners come within seconds, one was seen after 22
SWEEP = timedelta(seconds=10)
MANY = 3  # links of one mail within SWEEP
SITTING = timedelta(hours=1)  # in which a person may go back to a form and use it again
LEAVING = 0  # stands for the page for leaving where an offer's id would stand
EVERY_LINK = 2  # what opening it weighs: it and an ask are every link of a mail with one ask


class Suspicion(StrEnum):
    WITHOUT_FORM = "no-form"  # posted by something that never opened the page
    FAST = "fast"  # under a second after its page was opened
    SOON = "soon"  # its page was opened when the mail had only just been sent
    SWEEP = "sweep"  # its page was opened together with others of the mail
    REPLAY = "replay"  # an old form, and something newer was said since


class Tap(NamedTuple):
    """A form that came back. `form` is None when nothing proves that its page was opened."""

    form: FormSeal | None
    at: datetime


class Around(NamedTuple):
    """What else is known of a tap."""

    sent_at: datetime | None  # a relay took the mail; None: not that anybody noted
    openings: list[tuple[int, datetime]]  # of the mail's other pages: offer id or LEAVING, and when
    doubted: Suspicion | None  # why an answer from this very form is a suspect
    answered_at: datetime | None  # the newest answer that counts


def judge(tap: Tap, around: Around) -> Suspicion | None:
    """None: a person's, as far as anybody can tell.

    Whoever tapped on a page that came in answer to a post was here before, so that it is no matter
    how soon after sending that was: a person is asked for one more tap, and not for a third.
    """
    form = tap.form
    if form is None:
        return Suspicion.WITHOUT_FORM
    if around.doubted is not None:
        return around.doubted
    if tap.at - form.opened_at < GLANCE:
        return Suspicion.FAST
    if not form.follows and _just_sent(form.opened_at, around.sent_at):
        return Suspicion.SOON
    if _in_sweep(form.opened_at, around.openings):
        return Suspicion.SWEEP
    return Suspicion.REPLAY if _is_old(tap.at, form.opened_at, around.answered_at) else None


def _just_sent(opened_at: datetime, sent_at: datetime | None) -> bool:
    """Either way, since what a relay said is noted a little after it was said."""
    return sent_at is None or abs(opened_at - sent_at) < JUST_SENT


def _in_sweep(opened_at: datetime, openings: Iterable[tuple[int, datetime]]) -> bool:
    """Whether any SWEEP of time that this page was opened in holds many more."""
    near = [(link, at) for link, at in openings if abs(at - opened_at) <= SWEEP]
    starts = [opened_at, *(at for _link, at in near if at < opened_at)]
    return any(1 + sum(_weights(near, start)) >= MANY for start in starts)


def _weights(openings: Iterable[tuple[int, datetime]], start: datetime) -> Iterator[int]:
    """Of each other link that was opened within SWEEP from `start`."""
    for link in {link for link, at in openings if start <= at <= start + SWEEP}:
        yield EVERY_LINK if link == LEAVING else 1


def _is_old(at: datetime, opened_at: datetime, answered_at: datetime | None) -> bool:
    """Something was said after the page was opened, and not in the same sitting: it may be a form
    that was kept and sent again. GLANCE, since no answer comes from a page younger than that."""
    if answered_at is None or answered_at - opened_at < GLANCE:
        return False
    return at - answered_at > SITTING
