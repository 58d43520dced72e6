"""`docket staff`."""

import click
from email_validator import EmailNotValidError

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.networks.addresses import check_address
from app.networks.managing import network_by_code
from app.services import Services
from app.staff import audit, managing, signin
from app.staff.models import Role


@click.group("staff", help="Who may sign in.")
def staff() -> None:
    pass


@staff.command("add", help="Add somebody, and print a sign-in link that works once.")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--network", "codes", multiple=True, help="A coordinator's network; may be repeated.")
@json_option
@pass_services
def add(
    services: Services, email: str, name: str, role: str, codes: tuple[str, ...], as_json: bool
) -> None:
    try:
        address = check_address(email)
    except EmailNotValidError as error:
        raise Failure(f"EMAIL: {error}") from error
    with services.database.writing() as session:
        networks = [network_by_code(session, code) for code in codes]
        somebody = managing.add(session, address, name, Role(role), networks, now())
        audit.record(session, "staff.added", somebody, None, role=role)
        link = signin.new_link(session, services.links, somebody, now())
    data = {"id": somebody.id, "role": role, "sign_in": link}
    emit(data, f"{name} may sign in, once and within a day, with:\n{link}", as_json)
