"""Issues as JSON, and the commands that import, preview and send them."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.interchange import import_cases
from app.clock import now
from app.delivery.models import Delivery
from app.errors import InvalidInput
from app.issues.interchange import import_issues
from app.issues.models import Issue
from app.services import Services
from tests import personas
from tests.outside import Outside, outside

DOCS = Path(__file__).parents[2] / "docs/examples"
CASES = json.loads((DOCS / "cases.json").read_text())
ISSUES = json.loads((DOCS / "issues.json").read_text())


@pytest.fixture
def document(session: Session) -> dict[str, Any]:
    """An issues document whose network and cases are there."""
    personas.network(session, "lawyers", sector="legal")
    import_cases(session, CASES, None)
    session.commit()
    return copy.deepcopy(ISSUES)


def test_a_draft_is_made_and_the_same_again_changes_nothing(
    session: Session, document: dict[str, Any]
) -> None:
    [(issue, verdict)] = import_issues(session, document, None)
    assert verdict == "new"
    assert [case.reference for case in issue.cases] == ["CAR-2026-001", "LAN-2026-002"]
    assert [o.ask.reference for o in issue.offers] == ["colleague-letter", "tell-colleagues"]
    assert import_issues(session, document, None) == [(issue, "unchanged")]
    document["issues"][0]["subject"] = "Other words"
    document["issues"][0]["cases"].reverse()
    assert import_issues(session, document, None) == [(issue, "changed")]
    assert [case.reference for case in issue.cases] == ["LAN-2026-002", "CAR-2026-001"]
    session.flush()
    assert session.scalar(select(func.count(Issue.id))) == 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"network": "nobody"}, "issues[0].network"),
        ({"subject": "two\nlines"}, "issues[0].subject"),
        ({"cases": [{"case": "NO-1"}]}, "issues[0].cases[0]"),
        ({"cases": [{"case": "CAR-2026-001", "asks": ["no"]}]}, "issues[0].cases[0].asks"),
        ({"cases": [{"case": "CAR-2026-001"}] * 2}, "issues[0].cases[1]"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(
    session: Session, document: dict[str, Any], change: dict[str, Any], where: str
) -> None:
    document["issues"][0] |= change
    with pytest.raises(InvalidInput) as error:
        import_issues(session, document, None)
    assert where in [place for place, _what in error.value.problems]
    assert session.scalar(select(func.count(Issue.id))) == 0


def test_an_issue_that_is_scheduled_keeps_its_words(
    session: Session, document: dict[str, Any]
) -> None:
    [(issue, _verdict)] = import_issues(session, document, None)
    issue.scheduled_for = now()
    session.flush()
    with pytest.raises(InvalidInput, match="does not fit"):
        import_issues(session, document, None)


@pytest.fixture
def elsewhere() -> Iterator[Outside]:
    with outside() as server:
        yield server


@pytest.fixture
def run(
    runner: Callable[..., Any], services: Services, elsewhere: Outside, session: Session
) -> Callable[..., Any]:
    """A runner whose mail goes to the server outside; two members, the cases, the draft."""
    from click.testing import CliRunner

    from app.cli import main
    from app.mail.relay import parse_relays

    network = personas.network(session, "lawyers", sector="legal")
    personas.member(session, network, "Ada Quill", "ada@example.org")
    personas.member(session, network, "", "bo@example.org")
    import_cases(session, CASES, None)
    import_issues(session, ISSUES, None)
    session.commit()
    settings = replace(services.settings, relays=parse_relays(elsewhere.url))
    there = replace(services, settings=settings)
    return lambda *words: CliRunner().invoke(main, list(map(str, words)), obj=there)


def test_the_preview_is_what_is_sent_but_for_its_links(
    run: Callable[..., Any], elsewhere: Outside
) -> None:
    preview = run("issues", "preview", 1, "--member", "ada@example.org", "--format", "eml")
    shown = message_from_string(preview.stdout, policy=policy.default)
    assert "Dear Ada Quill," in run("issues", "preview", 1, "--member", "ADA@example.org").stdout
    assert run("issues", "send", 1, "--wait").exit_code == 0
    sent = elsewhere.messages()["ada@example.org"]
    assert sent["Subject"] == shown["Subject"]
    assert sent["From"] == shown["From"]
    assert "Dear colleague," in run("issues", "preview", 1, "--member", "bo@example.org").stdout


def test_a_preview_for_somebody_who_does_not_get_it_says_so(run: Callable[..., Any]) -> None:
    ran = run("issues", "preview", 1, "--member", "nobody@example.org")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "No member has this address" in ran.stderr


def test_sending_twice_sends_once(
    run: Callable[..., Any], elsewhere: Outside, session: Session
) -> None:
    first = json.loads(run("issues", "send", 1, "--wait", "--json").stdout)
    again = json.loads(run("issues", "send", 1, "--wait", "--json").stdout)
    assert (first["scheduled_now"], again["scheduled_now"]) == (True, False)
    assert first["deliveries"]["sent"] == again["deliveries"]["sent"] == 2
    assert len(elsewhere.messages()) == 2


def test_a_moment_without_a_zone_is_the_networks_own(
    run: Callable[..., Any], session: Session
) -> None:
    issue = session.scalars(select(Issue)).one()
    issue.network.timezone = "Europe/Paris"
    session.commit()
    said = json.loads(run("issues", "send", 1, "--at", "2099-07-01T08:00", "--json").stdout)
    assert said["scheduled_for"] == "2099-07-01T06:00:00+00:00"
    assert session.scalar(select(func.count(Delivery.id))) == 0
    session.commit()  # on SQLite an open session keeps others from writing
    wrong = run("issues", "send", 1, "--at", "tomorrow")
    assert wrong.exit_code == 2
    assert "is not a time such as" in wrong.stderr


def test_a_worker_once_sends_what_is_due(run: Callable[..., Any], elsewhere: Outside) -> None:
    assert run("issues", "send", 1).exit_code == 0
    assert elsewhere.mails == []
    assert json.loads(run("worker", "--once", "--json").stdout) == {"worked_on": 2}
    assert len(elsewhere.messages()) == 2


def test_an_issue_that_would_hurt_is_not_sent(
    run: Callable[..., Any], session: Session, elsewhere: Outside
) -> None:
    issue = session.scalars(select(Issue)).one()
    issue.cases[0].status = "stopped"
    session.commit()
    ran = run("issues", "send", 1, "--wait")
    assert ran.exit_code == 2
    assert "closed or stopped" in ran.stderr
    assert elsewhere.mails == []
