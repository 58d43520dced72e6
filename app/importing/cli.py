"""`docket members`."""

import sys
from pathlib import Path
from typing import Any

import click

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.importing import applying, runs, staging
from app.importing.models import ImportRow, ImportRun, ImportState, Verdict
from app.networks import managing
from app.services import Services
from app.spreadsheets import csv_lines
from app.staff import audit

SHOWN = 20  # problems printed; the file given with --refused holds them all


@click.group("members", help="Members of a network.")
def members() -> None:
    pass


@members.command("import", help="Import a list: CSV, TSV or XLSX. Shows what it does, and why not.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--network", "code", required=True, help="The network's code.")
@click.option("--consent", help="Where the people agreed, for example 'sign-up sheet 2026'.")
@click.option("--invite", is_flag=True, help="Ask each new person by mail to confirm.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="Rows to mend.")
@json_option
@pass_services
def import_members(
    services: Services,
    file: Path,
    code: str,
    consent: str | None,
    invite: bool,
    dry_run: bool,
    refused: Path | None,
    as_json: bool,
) -> None:
    if bool(consent) == invite:
        raise Failure('Give either --consent "where they agreed" or --invite.')
    run = _started(services, file, code, None if invite else consent)
    counts = _planned(services, run, as_json)
    if refused is not None:
        _write_refused(services, run, refused)
    if dry_run:
        problems = _problems(services, run)
        with services.database.writing() as session:
            runs.forget(session, run.id)
    else:
        _applied(services, run, counts, as_json)
        problems = _problems(services, run)
    if counts[Verdict.REFUSED] and not any(counts[verdict] for verdict in staging.TAKEN):
        raise Failure(f"{file.name}: every row was refused, for example: {problems[0]['reason']}")
    data = {"import": run.id, "applied": not dry_run, "counts": counts, "problems": problems}
    emit(data, _words(data, refused), as_json)


def _started(services: Services, file: Path, code: str, consent: str | None) -> ImportRun:
    found = runs.look(file.name, file.read_bytes())
    with services.database.writing() as session:
        network = managing.network_by_code(session, code)
        run = runs.start(session, network, None, found, consent)
        mapping = {int(column): field for column, field in run.mapping.items()}
        runs.choose_columns(run, mapping)
        run.state = ImportState.READING
        run.claimed_until = now() + staging.LEASE
    return run


def _planned(services: Services, run: ImportRun, quiet: bool) -> dict[str, int]:
    with _bar(run.rows_total, "Reading", quiet) as bar:
        staging.read(services.database, run.id, _towards(bar))
    with services.database.writing() as session:
        found = session.get_one(ImportRun, run.id)
        failed = found.state == ImportState.FAILED
        if failed:
            runs.forget(session, run.id)
    if failed:
        raise Failure(f"{run.filename}: {found.error}")
    return dict(found.counts)


def _applied(services: Services, run: ImportRun, counts: dict[str, int], quiet: bool) -> None:
    total = counts[Verdict.NEW] + counts[Verdict.CHANGED]
    with services.database.writing() as session, _bar(total, "Importing", quiet) as bar:
        held = session.get_one(ImportRun, run.id)
        applying.apply(session, held, now(), _towards(bar))
        audit.record(session, "import.applied", held, None, **counts)


def _write_refused(services: Services, run: ImportRun, path: Path) -> None:
    with (
        services.database.reading() as session,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        file.writelines(csv_lines(runs.refused_rows(session, session.get_one(ImportRun, run.id))))


def _problems(services: Services, run: ImportRun) -> list[dict[str, Any]]:
    with services.database.reading() as session:
        rows: list[ImportRow] = runs.rows_with_problems(session, run.id)
        return [
            {"line": row.line, "verdict": row.verdict} | problem
            for row in rows
            for problem in row.problems
        ]


def _words(data: dict[str, Any], refused: Path | None) -> str:
    done = "imported" if data["applied"] else "would be imported; nothing was changed"
    lines = [f"{count:>7}  {verdict}" for verdict, count in data["counts"].items()]
    problems = data["problems"]
    for problem in problems[:SHOWN]:
        what = f"{problem['column']} {problem['value']!r}: " if problem["column"] else ""
        lines.append(f"  line {problem['line']}: {what}{problem['reason']}")
    if len(problems) > SHOWN:
        where = str(refused) if refused else "--refused FILE"
        lines.append(f"  … and {len(problems) - SHOWN} more: see {where}")
    return "\n".join([f"The file was read; {done}:", *lines])


def _bar(total: int, label: str, quiet: bool) -> Any:
    # On stderr, so that what is printed stays one answer.
    file = sys.stderr
    return click.progressbar(length=max(total, 1), label=label, file=file, hidden=quiet)


def _towards(bar: Any) -> staging.Progress:
    def progress(rows: int) -> None:
        bar.update(rows - bar.pos)

    return progress
