"""The page that shows staff how mail goes out, in words and pictures."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from babel import Locale
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.delivery import drawing, pacing
from app.delivery.drawing import Bar, draw
from app.scheduling.models import Job
from app.staff.models import AuditEntry, Staff
from tests import personas, under_way

RELAY, OTHER = "relay:mail.example.org:587", "relay:other.example.org:25"
DOMAIN = "domain:adaquill.example"


def look(client: FlaskClient, path: str = "/sending/") -> str:
    """What a reader reads there."""
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


def test_with_nothing_to_do_it_says_so_and_what_to_start(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    page = look(client)
    for words in (
        *(
            "No mail waits",
            "Nothing goes out",
            "None is at work.",
            "no mail has been sent from here",
        ),
        *("No worker has been seen yet: nothing goes out.", "bin/docket worker"),
        *("No worker has used one yet.", "None has run yet"),
    ):
        assert words in page


def test_it_shows_the_queue_the_pace_and_the_answers(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        _issue, rows = under_way.begun(session, personas.network(session))
        under_way.settle(session, rows[0])
        under_way.settle(session, rows[1], "retry", cause="put off")
        answers = {"sent": 1_234_567, "give_up": 2}
        under_way.worker(session, sent_last_minute=1200, in_flight=3, answers=answers)
    sign_in(client)
    page = look(client)
    assert "5 mails wait; 1,200 were taken in the last minute." in page
    assert "The oldest has waited for 5 minutes." in page
    assert "Taken: 1,234,567. Put off: 0. Refused for good: 2." in page
    assert "Queued: 4. In a worker's hands: 0. Put off, to be tried again: 1." in page
    assert "3 mails in flight" in page
    assert "1 of 6" in page
    assert "No worker has been seen" not in page


def test_a_worker_that_stands_still_is_told_from_one_at_work(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        under_way.worker(session, "here:1")
        under_way.worker(session, "there:2", seen=now() - timedelta(minutes=20))
        under_way.worker(session, "gone:3", gone_at=now(), taken_over=True)
    sign_in(client)
    page = look(client)
    assert "here:1 at work" in page
    assert "there:2 stands still Last seen 20 minutes ago." in page
    assert "gone:3" not in page
    assert "1 worker ended without a goodbye" in page


def test_when_no_relay_may_be_used_it_says_until_when_and_why(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        under_way.worker(session)
        pacing.hold(session, RELAY, "connect: 421 <too> busy", now())
        pacing.let_go(session, OTHER)
    sign_in(client)
    page = look(client)
    assert "No mail server may be used until" in page
    assert "421 <too> busy" in page
    assert "<too>" not in client.get("/sending/").text
    with database.writing() as session:
        pacing.hold(session, OTHER, "x", now())
        pacing.let_go(session, OTHER)
    page = look(client)
    assert "other.example.org:25 works" in page
    assert "No mail server may be used" not in page


def test_an_admin_may_use_a_relay_again_now(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        pacing.hold(session, RELAY, "gone", now())
    sign_in(client)
    assert "Use it again now" in look(client)
    assert client.post("/sending/let-go", data={"key": RELAY}).status_code == 302
    assert "mail.example.org:587 works" in look(client)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.detail) == ("sending.let_go", {"relay": "mail.example.org:587"})
    assert client.post("/sending/let-go", data={"key": RELAY}).status_code == 409
    assert client.post("/sending/let-go").status_code == 409


def test_a_domain_is_named_to_admins_alone_and_in_no_audit_entry(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        pacing.hold(session, DOMAIN, "421 slow down", now())
    sign_in(client, "coordinator", [network])
    page = look(client)
    assert "1 mail provider asked for patience" in page
    assert "adaquill" not in page
    assert client.post("/sending/let-go", data={"key": DOMAIN}).status_code == 403
    sign_in(client)
    assert "adaquill.example" in look(client)
    assert client.post("/sending/let-go", data={"key": DOMAIN}).status_code == 302
    with database.reading() as session:
        assert pacing.holds(session, now()) == {}
        assert session.scalars(select(AuditEntry)).one().detail == {"what": "domain"}


def test_issues_of_other_networks_are_a_number(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        mine, theirs = personas.network(session), personas.network(session, "medical")
        under_way.begun(session, mine, title="Mine", urgent=True)
        under_way.begun(session, theirs, title="Theirs")
    sign_in(client, "coordinator", [mine])
    for path in ("/sending/", "/sending/now"):
        page = look(client, path)
        assert "Mine Sending Urgent Legal Network" in page
        assert "Theirs" not in page
        assert "1 issue of another network is on its way." in page


def test_a_job_that_is_late_or_failed_stands_out(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        ago = now() - timedelta(minutes=10)
        for name, due, error in (
            *(("read_imports", ago, None), ("forget_what_expired", now(), "disk full")),
            ("freeze_due_issues", now(), None),
        ):
            session.add(Job(name=name, rule="", next_run_at=due, last_error=error))
    sign_in(client)
    page = look(client)
    assert "Read and apply lists of members 10 minutes late" in page
    assert "Delete what is too old failed disk full" in page
    assert "Begin issues whose time has come on time" in page


def test_it_moves_by_itself_with_and_without_script_unless_held_still(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    moving, still = client.get("/sending/").text, client.get("/sending/?still=1").text
    assert 'hx-trigger="every 2s"' in moving and "http-equiv" in moving
    assert "hx-trigger" not in still and "http-equiv" not in still
    assert "<h1" not in client.get("/sending/now").text


def widths(svg: str, variant: str) -> list[float]:
    drawn = svg.partition(variant)[2].partition("</svg>")[0]
    return [float(w) for w in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]


@pytest.mark.parametrize("variant", ["chart-wide", "chart-narrow"])
def test_bars_are_as_long_as_their_counts_and_fit_with_their_numbers(
    client: FlaskClient, variant: str
) -> None:
    with client.application.test_request_context():
        svg = draw([Bar("a", 100, "chart-ok"), Bar("b", 50, "chart-wait"), Bar("c", 0, "x")], "T")
    long, half = widths(svg, variant)
    assert long == pytest.approx(2 * half, abs=0.2)
    assert "a: 100. b: 50. c: 0." in svg
    drawn = svg.partition(variant)[2].partition("</svg>")[0]
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', drawn)[1])  # type: ignore[index]
    ends = [float(x) for x in re.findall(r'chart-figure"[^>]* x="([\d.]+)"', drawn)]
    assert max(ends) + 3 * 8.3 <= width  # three digits behind where the longest bar ends


def test_bars_begin_at_the_right_where_reading_does(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "get_locale", lambda: Locale("ar"))
    with client.application.test_request_context():
        svg = drawing.draw([Bar("a", 100, "chart-ok"), Bar("b", 50, "chart-wait")], "T")
    rects = re.findall(r'<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', svg)
    ends = [float(x) + float(width) for x, width in rects]
    assert ends[0] == pytest.approx(ends[1], abs=0.2)
    assert 'direction="rtl"' in svg
