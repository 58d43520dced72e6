"""`docket`: the command line. Each capability brings its own commands."""

import sys

import click

from app import PRODUCT_NAME
from app.cases.cli import cases
from app.checking import check
from app.cli_support import Group
from app.databases.cli import db
from app.delivery.cli import worker
from app.importing.cli import members
from app.inbound.cli import fetch, inbound, listen
from app.issues.steering_cli import issues
from app.networks.cli import networks
from app.reports.cli import report
from app.running import web_command
from app.scheduling.cli import jobs
from app.staff.cli import staff


@click.group(cls=Group, help=f"{PRODUCT_NAME}: newsletters of loose networks, and who acted.")
def main() -> None:
    pass


for command in (db, staff, networks, members, cases, issues, worker, jobs, report, check):
    main.add_command(command)
for command in (listen, inbound, fetch):
    main.add_command(command)
main.add_command(web_command)

if __name__ == "__main__":
    sys.exit(main(prog_name="docket"))
