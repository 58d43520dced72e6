"""`docket`: the command line. Each capability brings its own commands."""

import sys

import click

from app import PRODUCT_NAME
from app.cases.cli import cases
from app.checking import check
from app.cli_support import Group, emit, json_option, pass_services
from app.delivery.cli import worker
from app.importing.cli import members
from app.issues.cli import issues
from app.migrating import revision, upgrade
from app.networks.cli import networks
from app.reports.cli import report
from app.running import web_command
from app.services import Services
from app.staff.cli import staff


@click.group(cls=Group, help=f"{PRODUCT_NAME}: newsletters of loose networks, and who acted.")
def main() -> None:
    pass


@click.group("db", help="The database.")
def db() -> None:
    pass


@db.command("upgrade", help="Bring the database to the schema of this version.")
@json_option
@pass_services
def db_upgrade(services: Services, as_json: bool) -> None:
    upgrade(services.settings.database_url)
    emit({"upgraded": True}, "The database is at the schema of this version.", as_json)


@db.command("revision", help="For engineers: write a migration from what the models say.")
@click.argument("message")
def db_revision(message: str) -> None:
    click.echo(revision(message))


for command in (db, staff, networks, members, cases, issues, worker, report, check, web_command):
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main(prog_name="docket"))
