"""`docket issues`: import, preview, send, and steer what goes out."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app import interchange, scheduler
from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.delivery import tallies
from app.delivery.control import FASTEST, MENDABLE
from app.delivery.models import WAITING
from app.delivery.worker import Worker
from app.errors import NotFound
from app.issues import course, sending, steering
from app.issues.interchange import import_issues
from app.issues.models import Issue, WhenUncertain
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
        issue = _issue(session.get(Issue, issue_id), issue_id)
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
        issue = _issue(session.get(Issue, issue_id), issue_id)
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


@issues.command("status", help="How issue ID goes out: state, counts, pace.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def status_command(services: Services, issue_id: int, as_json: bool) -> None:
    _emit_status(services, issue_id, "", as_json)


@issues.command("pause", help="Nothing more of issue ID goes out until it is resumed.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option("--why", default="", metavar="TEXT", help="For those who see it paused.")
@json_option
@pass_services
def pause_command(services: Services, issue_id: int, why: str, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        done = steering.pause(session, issue, why, None, now())
    _emit_status(services, issue_id, "Paused." if done else "It was paused before.", as_json)


@issues.command("resume", help="Issue ID goes on.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def resume_command(services: Services, issue_id: int, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        done = steering.resume(session, issue, None, now())
    _emit_status(services, issue_id, "It goes on." if done else "It was not paused.", as_json)


@issues.command("stop", help="Nobody more gets issue ID; `retry ID --cause stopped` makes it good.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def stop_command(services: Services, issue_id: int, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        count = steering.stop(session, issue, None, now())
    _emit_status(services, issue_id, f"Stopped: {count} members had not got it.", as_json)


@issues.command("retry", help="Send issue ID once more to those whom it did not reach.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option(
    "--cause",
    "causes",
    multiple=True,
    type=click.Choice([cause.value for cause in MENDABLE]),
    help="Only to those who failed for this cause; may be given several times.",
)
@click.option(
    "--unknown", is_flag=True, help="To those of whom nobody knows, with the same Message-ID."
)
@json_option
@pass_services
def retry_command(
    services: Services, issue_id: int, causes: tuple[str, ...], unknown: bool, as_json: bool
) -> None:
    if causes and unknown:
        raise Failure("Give either --cause or --unknown.")
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        if unknown:
            count = steering.resend_unknown(session, issue, None, now())
        else:
            count = steering.try_again(session, issue, None, now(), causes)
    _emit_status(services, issue_id, f"Sent once more to {count} members.", as_json)


@issues.command("count-sent", help="Count those of issue ID of whom nobody knows as reached.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def count_sent_command(services: Services, issue_id: int, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        count = steering.count_unknown_as_sent(session, issue, None, now())
    _emit_status(services, issue_id, f"{count} members count as reached now.", as_json)


@issues.command("pace", help="Set how fast issue ID goes; what is not given stays as it is.")
@click.argument("issue_id", metavar="ID", type=int)
@click.option(
    "--per-minute",
    type=click.IntRange(0, FASTEST),
    metavar="N",
    help="At most so many mails a minute; 0 for no limit.",
)
@click.option("--urgent/--not-urgent", default=None, help="Whether it overtakes other issues.")
@click.option(
    "--uncertain",
    type=click.Choice([word.value for word in WhenUncertain]),
    help="Send uncertain mail again, or hold it for staff to decide.",
)
@json_option
@pass_services
def pace_command(
    services: Services,
    issue_id: int,
    per_minute: int | None,
    urgent: bool | None,
    uncertain: str | None,
    as_json: bool,
) -> None:
    with services.database.writing() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        steering.set_pace(
            session,
            issue,
            None,
            per_minute=issue.rate_per_minute if per_minute is None else per_minute or None,
            urgent=issue.urgent if urgent is None else urgent,
            when_uncertain=uncertain or issue.when_uncertain,
        )
    _emit_status(services, issue_id, "The pace is set.", as_json)


def _emit_status(services: Services, issue_id: int, done: str, as_json: bool) -> None:
    """What was done, if anything, and how the issue stands after it."""
    with services.database.reading() as session:
        issue = _issue(session.get(Issue, issue_id), issue_id)
        seen = course.course(session, issue, now())
        data = course.as_json(issue, seen)
    lines = [done] if done else []
    lines += [f"Issue {issue_id} is {data['state']}. {_pace_words(issue)}"]
    if issue.paused_at:
        lines.append(f"Paused since {data['paused_at']}: {issue.paused_why or 'no reason given'}")
    if seen.ends_at:
        lines.append(f"{seen.life.per_minute} mails a minute: it ends about {data['ends_at']}.")
    lines += [f"{count:>7}  {state}" for state, count in seen.counts.items() if count]
    emit(data, "\n".join(lines), as_json)


def _pace_words(issue: Issue) -> str:
    rate = issue.rate_per_minute
    words = [f"at most {rate} mails a minute" if rate else "no limit"]
    words += ["urgent"] if issue.urgent else []
    words += ["uncertain mail is held"] if issue.when_uncertain == WhenUncertain.HOLD else []
    return f"Pace: {', '.join(words)}."


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


def _issue(issue: Issue | None, issue_id: int) -> Issue:
    if issue is None:
        raise NotFound(f"There is no issue {issue_id}.")
    return issue
