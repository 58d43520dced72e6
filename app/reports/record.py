"""What members did after a network's last issue: the numbers that its next one may name."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.issues.models import Issue
from app.reports.counting import issue_report


def last_record(session: Session, issue: Issue, now: datetime) -> dict[str, Any]:
    """Of the issue before this one: its id; members whom it `reached`; of these who `acted`, and
    who are known by more than their word (`evidenced`); `letters` that they told of; `counted_on`.

    Empty where there is none, or it reached nobody.
    """
    last = session.scalars(
        select(Issue)
        .where(Issue.network_id == issue.network_id, Issue.frozen_at.is_not(None))
        .where(Issue.id != issue.id)
        .order_by(Issue.frozen_at.desc(), Issue.id.desc())
        .limit(1)
    ).first()
    report = issue_report(session, last, now) if last else None
    if report is None or not report.deliveries["sent"]:
        return {}
    return {
        "issue": report.issue.id,
        "reached": report.deliveries["sent"],
        "acted": len(set().union(*(ask.acted for ask in report.asks))),
        "evidenced": len(set().union(*(ask.evidenced for ask in report.asks))),
        "letters": report.total.letters,
        "counted_on": now.date().isoformat(),
    }
