"""How an issue goes out, in figures: who waits, who was not reached and why, when it ends."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.issues import course, steering
from app.issues.models import Issue
from app.networks.models import Network
from tests import personas, under_way

LATER = timedelta(seconds=1)


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session)


def test_an_issue_has_the_phase_that_its_facts_say(session: Session, network: Network) -> None:
    issue = personas.issue(session, network, [])
    assert course.phase(issue) == "draft"
    issue.scheduled_for = now()
    assert course.phase(issue) == "scheduled"
    issue.paused_at = now()
    assert course.phase(issue) == "paused"
    issue.paused_at, issue.frozen_at = None, now()
    assert course.phase(issue) == "sending"
    issue.paused_at = now()
    assert course.phase(issue) == "paused"
    issue.cancelled_at = now()
    assert course.phase(issue) == "stopping"
    issue.finished_at = now()
    assert course.phase(issue) == "stopped"
    issue.cancelled_at = None
    assert course.phase(issue) == "sent"


def test_who_was_not_reached_stands_by_cause_with_the_words_of_mail_servers(
    session: Session, network: Network
) -> None:
    issue, rows = under_way.begun(session, network, 8)
    under_way.settle(session, rows[0])
    for row in rows[1:3]:
        under_way.settle(session, row, "failed", cause="refused", answer="5.1.1 nobody here")
    under_way.settle(session, rows[3], "failed", cause="refused", answer="5.7.1 not you")
    under_way.settle(session, rows[4], "failed", cause="left")
    under_way.settle(session, rows[5], "unknown", uncertain=1, answer="the line went dead")
    under_way.settle(session, rows[6], "bounced")
    under_way.settle(session, rows[7], "retry", answer="4.2.0 later")
    lost = course.missed(session, issue)
    assert [(one.cause, one.count) for one in lost] == [
        *(("unknown", 1), ("refused", 3), ("bounced", 1), ("left", 1))
    ]
    assert lost[1].words == [("5.1.1 nobody here", 2), ("5.7.1 not you", 1)]
    assert [one.cause for one in lost if one.can_be_tried] == ["refused"]


def test_everybody_reached_means_nobody_missed(session: Session, network: Network) -> None:
    issue, rows = under_way.begun(session, network, 1)
    under_way.settle(session, rows[0])
    assert course.missed(session, issue) == []


def ends_in(session: Session, issue: Issue) -> timedelta | None:
    at = now()
    ends_at = course.course(session, issue, at).ends_at
    return None if ends_at is None else ends_at - at


def test_the_end_is_told_from_what_waits_and_the_pace_of_the_last_minute(
    session: Session, network: Network
) -> None:
    issue, _rows = under_way.begun(session, network, 6)
    assert ends_in(session, issue) is None  # nothing moves
    under_way.worker(session, sent_last_minute=2)
    under_way.worker(session, "host:2", sent_last_minute=1)
    assert ends_in(session, issue) == timedelta(minutes=2)
    issue.paused_at = now()
    assert ends_in(session, issue) is None


def test_a_rate_of_its_own_and_issues_before_it_put_the_end_off(
    session: Session, network: Network
) -> None:
    issue, _rows = under_way.begun(session, network, 6)
    under_way.worker(session, sent_last_minute=6)
    issue.rate_per_minute = 1
    assert ends_in(session, issue) == timedelta(minutes=6)
    issue.rate_per_minute = None
    other = personas.network(session, "medical")
    urgent, _rows = under_way.begun(session, other, 6, ago=timedelta(minutes=2), urgent=True)
    assert ends_in(session, urgent) == timedelta(minutes=1)
    assert ends_in(session, issue) == timedelta(minutes=2)


def test_in_its_first_minute_an_issue_promises_no_end(session: Session, network: Network) -> None:
    issue, _rows = under_way.begun(session, network, 6, ago=timedelta(seconds=20))
    under_way.worker(session, sent_last_minute=2)
    assert ends_in(session, issue) is None


def test_a_worker_that_said_goodbye_or_stands_still_does_not_count(
    session: Session, network: Network
) -> None:
    issue, _rows = under_way.begun(session, network, 2)
    assert course.course(session, issue, now()).life.seen_at is None
    at = now()
    under_way.worker(session, "host:1", seen=at, gone_at=at, sent_last_minute=50)
    under_way.worker(session, "host:2", seen=at - timedelta(minutes=5), sent_last_minute=50)
    life = course.course(session, issue, at).life
    assert (life.lives, life.per_minute, life.seen_at) == (False, 0, at)


def test_a_pause_says_who_made_it(session: Session, network: Network) -> None:
    issue, _rows = under_way.begun(session, network, 1)
    assert course.halt(session, issue) is None
    ilse = personas.staff(session, name="Ilse Marrow")
    assert steering.pause(session, issue, "a wrong date", ilse, now())
    session.flush()
    held = course.halt(session, issue)
    assert held and held.by and (held.by.name, held.why) == ("Ilse Marrow", "a wrong date")
    assert not held.sender_refused


def test_a_pause_that_nobody_made_for_a_refused_sender_is_a_workers(
    session: Session, network: Network
) -> None:
    issue, _rows = under_way.begun(session, network, 1)
    steering.pause(session, issue, "555 is what I say", personas.staff(session), now())
    steering.resume(session, issue, None, now())
    issue.paused_at, issue.paused_why = now() + LATER, "553 5.1.8 sender address rejected"
    held = course.halt(session, issue)
    assert held and held.sender_refused and held.by is None
