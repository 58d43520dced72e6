"""When an issue goes out, by everybody's clock; and "send now" can be taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import now
from app.issues.clocks import clocks
from app.issues.models import Issue
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import Draft
from tests.issues.desk import Desk

AT = datetime(2031, 7, 1, 6, 0, tzinfo=UTC)


def told(session: Session, issue: Issue, staff: Staff) -> list[tuple[str, str, str, int]]:
    found = clocks(session, issue, staff)
    return [(one.whose, one.zone, f"{one.at:%H:%M}", one.members) for one in found]


def test_each_clock_shows_its_own_time(session: Session, issue: Issue, somebody: Staff) -> None:
    issue.network.timezone, somebody.timezone = "Europe/Paris", "Asia/Kolkata"
    for zone in ("America/Lima", "America/Lima", "Asia/Tokyo"):
        personas.member(session, issue.network, timezone=zone)
    issue.scheduled_for = AT
    session.flush()  # members are counted by the database
    assert told(session, issue, somebody) == [
        ("network", "Europe/Paris", "08:00", 0),
        ("you", "Asia/Kolkata", "11:30", 0),
        ("members", "America/Lima", "01:00", 2),
        ("members", "Asia/Tokyo", "15:00", 1),
    ]


def test_one_zone_for_all_is_told_once(session: Session, issue: Issue, somebody: Staff) -> None:
    issue.network.timezone = somebody.timezone = "Europe/Paris"
    issue.scheduled_for = AT
    assert [one[0] for one in told(session, issue, somebody)] == ["network"]


def test_a_draft_has_no_time(session: Session, issue: Issue, somebody: Staff) -> None:
    assert told(session, issue, somebody) == []


def test_send_now_waits_a_moment_in_which_it_can_be_taken_back(desk: Desk, draft: Draft) -> None:
    services = desk.client.application.extensions["docket"]
    patient = replace(services.settings, send_delay=60)
    desk.client.application.extensions["docket"] = replace(services, settings=patient)
    before = now()
    desk.client.post(f"/issues/{desk.issue_id}/send", data={})
    scheduled = draft.issue.scheduled_for
    assert scheduled is not None
    assert timedelta(seconds=59) < scheduled - before < timedelta(seconds=70)
    page = desk.client.get(f"/issues/{desk.issue_id}").text
    assert "For the network" in page
    assert "Take it back to draft" in page
    desk.client.post(f"/issues/{desk.issue_id}/unschedule")
    assert draft.issue.scheduled_for is None
