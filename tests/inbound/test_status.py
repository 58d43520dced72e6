"""What /metrics says of mail that came in."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import now
from app.inbound.models import InboundArrival, InboundMail, Mailbox
from app.inbound.status import figures
from app.watching import metrics


def mail(session: Session, mark: str, state: str, age: int, *doors: str) -> None:
    at = now() - timedelta(seconds=age)
    kept = InboundMail(fingerprint=mark, received_at=at, size=1, state=state, next_try_at=at)
    session.add(kept)
    session.flush()  # its id
    for number, door in enumerate(doors):
        session.add(InboundArrival(mail_id=kept.id, door=door, recipient=f"{number}", at=at))


def test_what_came_and_what_waits_is_counted(session: Session) -> None:
    mail(session, "a", "received", 500, "smtp", "imap")
    mail(session, "b", "received", 5, "smtp")
    mail(session, "c", "quarantined", 9000, "pipe")
    mail(session, "d", "sorted", 9000, "smtp")
    for name, trouble in (("one", None), ("two", "it does not answer")):
        session.add(
            Mailbox(name=name, uid_validity=1, last_uid=1, tries=0, seen_at=now(), trouble=trouble)
        )
    session.flush()  # what is counted
    found = figures(session, now())
    assert found.arrivals == {"smtp": 3, "imap": 1, "pipe": 1}
    assert (found.waiting, found.quarantined, found.mailboxes_in_trouble) == (2, 1, 1)
    assert 500 <= found.oldest_waiting_seconds < 560


def test_nothing_came_yet(session: Session) -> None:
    found = figures(session, now())
    assert (found.arrivals, found.waiting, found.oldest_waiting_seconds) == ({}, 0, 0.0)
    text = metrics.exposition(session, now(), "")[0].decode()
    assert 'docket_mail_arrivals_total{door="http"} 0.0' in text
    assert "docket_mail_waiting 0.0" in text
