"""What became of an issue's cases and asks since it was mailed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from app.cases.models import Case, CaseStatus, Sensitivity
from app.issues.models import Issue
from newsletters.words import same


class Now(StrEnum):
    """Of a case: whether it may still be shown, and to whom."""

    OPEN = "open"
    RESTRICTED = "restricted"  # members may read it, the public may not
    CONFIDENTIAL = "confidential"
    CLOSED = "closed"
    STOPPED = "stopped"


class Ask(StrEnum):
    OPEN = "open"
    OVER = "over"  # its time is
    WITHDRAWN = "withdrawn"


# In the place of a case that is not shown: nothing of it, not even its name.
SAID = {
    Now.RESTRICTED: same("A case stood here that is not for publication."),
    Now.CONFIDENTIAL: same("A case stood here that is not for publication."),
    Now.CLOSED: same("A case stood here that is closed. There is nothing more to do for it."),
    Now.STOPPED: same(
        "A case stood here that was stopped: those who follow it ask that nobody acts any more."
    ),
}


def cases(issue: Issue) -> Mapping[str, Now]:
    """By the keys of their blocks."""
    return {
        f"block{block.id}": _now(block.case) for block in issue.blocks if block.case is not None
    }


def asks(issue: Issue, now: datetime) -> Mapping[str, Ask]:
    """By the keys of newsletters/: ids of offers."""
    found = {}
    for offer in issue.offers:
        is_over = offer.closes_at is not None and offer.closes_at <= now
        standing = Ask.OVER if is_over else Ask.OPEN
        found[str(offer.id)] = Ask.WITHDRAWN if offer.ask.withdrawn_at else standing
    return found


def _now(case: Case) -> Now:
    if case.status == CaseStatus.STOPPED:
        return Now.STOPPED
    if case.sensitivity == Sensitivity.CONFIDENTIAL:
        return Now.CONFIDENTIAL
    if case.status == CaseStatus.CLOSED:
        return Now.CLOSED
    return Now.RESTRICTED if case.sensitivity == Sensitivity.RESTRICTED else Now.OPEN
