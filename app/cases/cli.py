"""`docket cases`: in and out as JSON."""

from pathlib import Path

import click
from sqlalchemy import select

from app import interchange
from app.cases.interchange import export_cases, import_cases
from app.cases.models import Case
from app.cli_support import Failure, emit, json_option, pass_services
from app.services import Services


@click.group("cases", help="Cases of people at risk.")
def cases() -> None:
    pass


@cases.command("import", help="Add or update cases; says what changed. docs/interchange.md.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@pass_services
def import_command(services: Services, file: Path, as_json: bool) -> None:
    document = interchange.parse(file.read_bytes())
    with services.database.writing() as session:
        done = import_cases(session, document, None)
    data = [
        {"reference": one.reference, "verdict": one.verdict, "changed": list(one.changed)}
        for one in done
    ]
    lines = [
        f"{one.verdict:>9}  {one.reference}  {', '.join(one.changed)}".rstrip() for one in done
    ]
    emit({"cases": data}, "\n".join(lines), as_json)


@cases.command("export", help="Print cases as JSON: all, or those with the given references.")
@click.argument("references", nargs=-1)
@pass_services
def export_command(services: Services, references: tuple[str, ...]) -> None:
    statement = select(Case).order_by(Case.reference)
    if references:
        statement = statement.where(Case.reference.in_(references))
    with services.database.reading() as session:
        found = session.scalars(statement).all()
        if unknown := set(references) - {case.reference for case in found}:
            raise Failure(f"There is no case {', '.join(sorted(unknown))}.")
        emit(export_cases(found), "", as_json=True)
