"""`docket issues status`, and what steers an issue that goes out."""

import click

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.delivery.control import FASTEST, MENDABLE
from app.issues import course, steering
from app.issues.cli import issue_of, issues
from app.issues.models import Issue, WhenUncertain
from app.services import Services


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
        issue = issue_of(session, issue_id)
        done = steering.pause(session, issue, why, None, now())
    _emit_status(services, issue_id, "Paused." if done else "It was paused before.", as_json)


@issues.command("resume", help="Issue ID goes on.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def resume_command(services: Services, issue_id: int, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = issue_of(session, issue_id)
        done = steering.resume(session, issue, None, now())
    _emit_status(services, issue_id, "It goes on." if done else "It was not paused.", as_json)


@issues.command("stop", help="Nobody more gets issue ID; `retry ID --cause stopped` makes it good.")
@click.argument("issue_id", metavar="ID", type=int)
@json_option
@pass_services
def stop_command(services: Services, issue_id: int, as_json: bool) -> None:
    with services.database.writing() as session:
        issue = issue_of(session, issue_id)
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
        issue = issue_of(session, issue_id)
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
        issue = issue_of(session, issue_id)
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
        issue = issue_of(session, issue_id)
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
        issue = issue_of(session, issue_id)
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


__all__ = ["issues"]
