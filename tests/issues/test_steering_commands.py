"""`docket issues` on an issue that goes out: the same as the pages, for scripts and operators."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.db import Database
from app.delivery.models import Delivery
from app.staff.models import AuditEntry
from tests import personas, under_way

Runner = Callable[..., Any]


@pytest.fixture
def rows(database: Database) -> list[Delivery]:
    """Issue 1 goes out to six members."""
    with database.writing() as session:
        return under_way.begun(session, personas.network(session))[1]


def told(runner: Runner, *arguments: str) -> dict[str, Any]:
    ran = runner("issues", *arguments, "--json")
    assert ran.exit_code == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def test_the_status_says_state_pace_and_counts(
    runner: Runner, database: Database, rows: list[Delivery]
) -> None:
    with database.writing() as session:
        under_way.settle(session, rows[0])
        under_way.worker(session, sent_last_minute=5)
    status = told(runner, "status", "1")
    assert (status["state"], status["per_minute"], status["sent_last_minute"]) == (
        "sending",
        None,
        5,
    )
    assert status["deliveries"]["queued"] == 5
    assert status["ends_at"] > status["started_at"]
    words = runner("issues", "status", "1").stdout
    assert "Issue 1 is sending. Pace: no limit." in words
    assert "5 mails a minute: it ends about" in words
    assert "      5  queued" in words


def test_pause_and_resume(runner: Runner, rows: list[Delivery]) -> None:
    paused = told(runner, "pause", "1", "--why", "a wrong date")
    assert (paused["state"], paused["paused_why"]) == ("paused", "a wrong date")
    again = runner("issues", "pause", "1").stdout
    assert "It was paused before." in again
    assert "a wrong date" in again
    assert told(runner, "resume", "1")["state"] == "sending"
    assert "It was not paused." in runner("issues", "resume", "1").stdout


def test_stop_and_retry(runner: Runner, rows: list[Delivery]) -> None:
    assert "Stopped: 6 members had not got it." in runner("issues", "stop", "1").stdout
    assert told(runner, "status", "1")["state"] == "stopped"
    assert runner("issues", "stop", "1").exit_code == 2
    assert "0 members" in runner("issues", "retry", "1", "--cause", "refused").stdout
    status = told(runner, "retry", "1", "--cause", "stopped")
    assert (status["state"], status["deliveries"]["retry"]) == ("sending", 6)


def test_what_nobody_knows_is_sent_again_or_counted(
    runner: Runner, database: Database, rows: list[Delivery]
) -> None:
    with database.writing() as session:
        under_way.settle(session, rows[0], "unknown", uncertain=1)
    assert "0 members" in runner("issues", "retry", "1").stdout
    assert told(runner, "retry", "1", "--unknown")["deliveries"]["retry"] == 1
    with database.writing() as session:
        under_way.settle(session, rows[1], "unknown", uncertain=1)
    assert told(runner, "count-sent", "1")["deliveries"]["sent"] == 1
    assert runner("issues", "retry", "1", "--unknown", "--cause", "refused").exit_code == 2


def test_the_pace_changes_where_something_is_said(runner: Runner, rows: list[Delivery]) -> None:
    first = told(runner, "pace", "1", "--per-minute", "60", "--urgent", "--uncertain", "hold")
    assert (first["per_minute"], first["urgent"], first["when_uncertain"]) == (60, True, "hold")
    second = told(runner, "pace", "1", "--not-urgent")
    assert (second["per_minute"], second["urgent"], second["when_uncertain"]) == (60, False, "hold")
    assert told(runner, "pace", "1", "--per-minute", "0")["per_minute"] is None
    assert runner("issues", "pace", "1", "--per-minute", "100001").exit_code == 2
    assert "uncertain mail is held" in runner("issues", "status", "1").stdout


def test_the_command_line_stands_in_the_audit_trail_without_a_name(
    runner: Runner, database: Database, rows: list[Delivery]
) -> None:
    runner("issues", "pause", "1", "--why", "ada@example.org asked")
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.staff_id, entry.detail) == ("issue.paused", None, {})


@pytest.mark.parametrize(
    "name", ["status", "pause", "resume", "stop", "retry", "count-sent", "pace"]
)
def test_an_issue_that_is_not_there_is_said_and_ends_with_two(runner: Runner, name: str) -> None:
    ran = runner("issues", name, "7")
    assert ran.exit_code == 2
    assert "There is no issue 7." in ran.stderr
