"""`docket jobs`: the periodic work, when each ran and is due, and running one now."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from app import scheduler
from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.logs import in_a_line
from app.scheduling import claiming, ticking
from app.scheduling.models import Job
from app.scheduling.recurring import Recurring
from app.services import Services

LATE_SECONDS = 60  # more than a worker that lives ever needs


@click.group(
    "jobs",
    invoke_without_command=True,
    help="Periodic work: what is done, how often, when it ran and runs next.",
)
@json_option
@click.pass_context
def jobs(ctx: click.Context, as_json: bool) -> None:
    if ctx.invoked_subcommand is None:
        ctx.invoke(_list, as_json=as_json)


@pass_services
def _list(services: Services, as_json: bool) -> None:
    zone = ZoneInfo(services.settings.default_timezone)
    with services.database.reading() as session:
        rows = claiming.rows(session)
    found = [_told(job, rows.get(job.name), zone, now()) for job in scheduler.JOBS]
    emit(found, "\n".join(_lines(found)), as_json)


@jobs.command("run", help="Run one job now, unless a worker is at it.")
@click.argument("name", metavar="NAME", type=click.Choice([job.name for job in scheduler.JOBS]))
@json_option
@pass_services
def run(services: Services, name: str, as_json: bool) -> None:
    job = next(job for job in scheduler.JOBS if job.name == name)
    try:
        ran = ticking.run_now(services, job)
    except Exception as error:
        raise Failure(f"{name} failed: {in_a_line(error)}") from error
    if not ran:
        raise Failure(f"{name} is being run by a worker. `docket jobs` says until when at most.")
    emit({"name": name, "ran": True}, f"{name} was run.", as_json)


def _told(job: Recurring, row: Job | None, zone: ZoneInfo, at: datetime) -> dict[str, Any]:
    return {
        "name": job.name,
        "purpose": job.purpose,
        "rule": job.rule.words(zone) + (" in each worker" if job.shared else ""),
        "last_run": row and _iso(row.last_ended_at),
        "next_run": row and (None if job.shared else _iso(row.next_run_at)),
        "state": _state(row, at),
        "running_until": row and _iso(row.running_until),
        "runs": row.runs if row else 0,
        "failures": row.failures if row else 0,
        "last_error": row and row.last_error,
    }


def _state(row: Job | None, at: datetime) -> str:
    if row is None:
        return "never ran"
    if row.running_until is not None and row.running_until > at:
        return "running"
    if claiming.overdue_seconds(row, at) > LATE_SECONDS:
        return "late"
    return "failed" if row.last_error else "ok"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _lines(found: list[dict[str, Any]]) -> list[str]:
    """A table; the error of one that failed stands below it."""
    columns = ("name", "rule", "last_run", "next_run", "state")
    table = [tuple(name.replace("_", " ") for name in columns)]
    table += [tuple(str(job[name] or "–") for name in columns) for job in found]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
    return lines + [f"{job['name']}: {job['last_error']}" for job in found if job["last_error"]]
