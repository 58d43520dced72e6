"""`docket issues`: import, export, preview, send. steering_cli.py has the rest."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from app import interchange, scheduler
from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.delivery import tallies
from app.delivery.models import WAITING
from app.delivery.worker import Worker
from app.errors import NotFound
from app.issues import sending
from app.issues.interchange import export_issues, import_issues
from app.issues.models import Issue
from app.issues.preview import member_by_address, preview
from app.services import Services
from app.staff import audit
from newsletters.content import CompositionError

PAUSE = 0.2  # seconds between two looks at what waits


@click.group("issues", help="Issues of the newsletters.")
def issues() -> None:
    pass


@issues.command("import", help="Add or update drafts; prints each issue's id. docs/interchange.md.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@pass_services
def import_command(services: Services, file: Path, as_json: bool) -> None:
    document = interchange.parse(file.read_bytes())
    with services.database.writing() as session:
        done = import_issues(session, document, None)
        data = [
            {"id": issue.id, "reference": issue.reference, "verdict": verdict}
            for issue, verdict in done
        ]
    emit({"issues": data}, "\n".join(str(one["id"]) for one in data), as_json)


@issues.command("preview", help="Print issue ID as a member gets it.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option("--member", "address", required=True, metavar="EMAIL", help="As this member.")
@click.option("--format", "form", type=click.Choice(["html", "text", "eml"]), default="text")
@json_option
@pass_services
def preview_command(
    services: Services, issue_id: int, address: str, form: str, as_json: bool
) -> None:
    with services.database.reading() as session:
        issue = issue_of(session, issue_id)
        member = member_by_address(session, address)
        try:
            shown = preview(session, services, issue, member, now())
        except CompositionError as error:
            raise Failure(str(error)) from error
    if as_json:
        emit({"subject": shown.subject, "html": shown.html, "text": shown.text}, "", as_json)
    else:
        click.echo(shown.eml if form == "eml" else getattr(shown, form), nl=form != "eml")


@issues.command("send", help="Send issue ID now or at a time. Sending again sends nothing twice.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option("--at", "moment", metavar="ISO", help="When, for example 2026-12-01T08:00+01:00.")
@click.option("--wait", is_flag=True, help="Send from here, and end when nothing waits.")
@json_option
@pass_services
def send_command(
    services: Services, issue_id: int, moment: str | None, wait: bool, as_json: bool
) -> None:
    with services.database.writing() as session:
        issue = issue_of(session, issue_id)
        at = _moment(moment, issue.network.timezone) if moment else now()
        first = sending.send(session, services, issue, at, None, now())
        if first:
            audit.record(session, "issue.scheduled", issue, None, at=at.isoformat())
        at = issue.scheduled_for or at
    if wait:
        _send_all(services, issue_id, quiet=as_json)
    data = {"id": issue_id, "scheduled_for": at.isoformat(), "scheduled_now": first}
    with services.database.reading() as session:
        data["deliveries"] = tallies.counts(session, issue_id)
    emit(data, _words(data, first), as_json)


@issues.command("export", help="Print issue ID as JSON, to be imported elsewhere.")
@click.argument("issue_id", metavar="ID", type=int)
@pass_services
def export_command(services: Services, issue_id: int) -> None:
    with services.database.reading() as session:
        document = export_issues([issue_of(session, issue_id)])
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _send_all(services: Services, issue_id: int, *, quiet: bool) -> None:
    """Be a worker until the issue is through; retries are waited for."""
    worker = Worker(services)
    file = sys.stderr
    try:
        with click.progressbar(length=1, label="Sending", file=file, hidden=quiet) as bar:
            while not _is_through(services, issue_id, _shown_on(bar)):
                scheduler.run_due(services)
                if not worker.work_through():
                    time.sleep(PAUSE)
    finally:
        worker.close()


def _is_through(services: Services, issue_id: int, show: Callable[[int, int], None]) -> bool:
    with services.database.reading() as session:
        issue = session.get_one(Issue, issue_id)
        if issue.scheduled_for is None:
            raise Failure(f"The issue was not sent and is a draft again: {issue.stopped_why}")
        counts = tallies.counts(session, issue_id)
        waiting = sum(counts[state] for state in WAITING)
        show(sum(counts.values()) - waiting, sum(counts.values()))
        return issue.finished_at is not None


def _shown_on(bar: Any) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar.length = max(total, 1)
        bar.update(done - bar.pos)

    return show


def _moment(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(f"--at: {text!r} is not a time such as 2026-12-01T08:00+01:00") from None
    # A time without a zone is meant as the network's own.
    return moment.replace(tzinfo=moment.tzinfo or ZoneInfo(zone)).astimezone(UTC)


def _words(data: dict[str, object], first: bool) -> str:
    counts = data["deliveries"]
    if not first:
        head = f"Issue {data['id']} was scheduled before: nothing is sent twice."
    else:
        head = f"Issue {data['id']} is scheduled for {data['scheduled_for']}."
    shown = [f"{count:>7}  {state}" for state, count in dict(counts).items() if count]  # type: ignore[call-overload]
    return "\n".join([head, *shown])


def issue_of(session: Session, issue_id: int) -> Issue:
    """NotFound when there is none of that id."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise NotFound(f"There is no issue {issue_id}.")
    return issue
