"""`docket networks`."""

import click
from email_validator import EmailNotValidError

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.networks import managing
from app.networks.addresses import check_address
from app.sectors import SECTORS
from app.services import Services
from app.staff import audit


@click.group("networks", help="Networks of members.")
def networks() -> None:
    pass


@networks.command("add", help="Add a network. CODE is short: it stands in addresses and commands.")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--sector", required=True, type=click.Choice(list(SECTORS)))
@click.option("--from-name", required=True, help="What members see as the sender.")
@click.option("--from-email", required=True, help="The sender's address.")
@json_option
@pass_services
def add_network(
    services: Services,
    code: str,
    name: str,
    sector: str,
    from_name: str,
    from_email: str,
    as_json: bool,
) -> None:
    if not code.replace("-", "").isalnum() or code != code.lower() or len(code) > 40:
        raise Failure(f"CODE: {code!r} is not of lower-case letters, digits and hyphens.")
    try:
        address = check_address(from_email).email
    except EmailNotValidError as error:
        raise Failure(f"--from-email: {error}") from error
    with services.database.writing() as session:
        network = managing.add_network(
            session,
            now(),
            code=code,
            name=name,
            sector=sector,
            from_name=from_name,
            from_address=address,
            timezone=services.settings.default_timezone,
        )
        audit.record(session, "network.added", network, None)
    emit({"code": code, "id": network.id}, f"Network {code} is there.", as_json)
