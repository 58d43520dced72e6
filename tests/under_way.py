"""An issue on its way, as the ledger has it, without a worker that sends."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.models import Chunk, Delivery, Settlement, WorkerLease
from app.issues.models import Issue
from app.networks.models import Network
from tests import personas


def begun(
    session: Session,
    network: Network,
    members: int = 6,
    *,
    ago: timedelta = timedelta(minutes=5),
    **values: Any,
) -> tuple[Issue, list[Delivery]]:
    """Frozen, and nothing of it settled."""
    for _number in range(members):
        personas.member(session, network)
    asked = personas.ask(session, personas.case(session))
    issue = personas.issue(session, network, [asked], **values)
    deliveries = personas.delivered(session, issue, at=now() - ago, state="queued")
    issue.finished_at = None
    session.flush()  # what counts them reads the database
    return issue, deliveries


def settle(session: Session, delivery: Delivery, state: str = "sent", **values: Any) -> Settlement:
    defaults: dict[str, Any] = {
        "attempts": 1,
        "settled_at": now(),
        "relay": "mail.example.org:587",
        "next_try_at": now() if state == "retry" else None,
    }
    row = Settlement(
        delivery_id=delivery.id, issue_id=delivery.issue_id, state=state, **defaults | values
    )
    session.add(row)
    session.flush()  # what counts them reads the database
    return row


def finish(session: Session, issue: Issue) -> None:
    """Nothing of it waits any more."""
    session.execute(update(Chunk).where(Chunk.issue_id == issue.id).values(done_at=now()))
    issue.finished_at = now()
    session.flush()  # what counts them reads the database


def worker(
    session: Session, name: str = "host:1", seen: datetime | None = None, **values: Any
) -> WorkerLease:
    seen = seen or now()
    defaults: dict[str, Any] = {"boot": "b", "answers": {}}
    row = WorkerLease(name=name, started_at=seen, seen_at=seen, **defaults | values)
    session.add(row)
    session.flush()  # what counts them reads the database
    return row
