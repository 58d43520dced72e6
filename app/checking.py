"""`docket check`: settings, database, mail and clock, each with a word of what to do."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import migrating
from app.cli_support import USAGE_ERROR, emit, json_option, pass_services
from app.config import SettingsError
from app.mail.smtp import Client
from app.services import Services

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # an older clock has never been set


@dataclass(frozen=True)
class Line:
    what: str
    ok: bool
    words: str  # how it is, or what to do


@click.command("check", help="Check settings, database, mail and clock; say what to do.")
@json_option
@pass_services
def check(services: Services, as_json: bool) -> None:
    lines = list(findings(services))
    shown = "\n".join(
        f"{'ok  ' if line.ok else 'MEND'} {line.what}: {line.words}" for line in lines
    )
    emit([asdict(line) for line in lines], shown, as_json)
    if not all(line.ok for line in lines):
        raise click.exceptions.Exit(USAGE_ERROR)


def findings(services: Services) -> Iterator[Line]:
    yield _settings(services)
    yield _database(services)
    yield from _mail(services)
    yield from _signing(services)
    yield _clock()


def _settings(services: Services) -> Line:
    try:
        services.settings.require_real_keys("127.0.0.1")
    except SettingsError as error:
        return Line("settings", False, str(error))
    return Line("settings", True, f"pages at {services.settings.base_url}")


def _database(services: Services) -> Line:
    try:
        with services.database.reading() as session:
            session.execute(text("SELECT 1"))
        current = migrating.is_current(services.settings.database_url)
    except SQLAlchemyError as error:
        return Line("database", False, f"does not answer ({type(error).__name__}): DATABASE_URL")
    if not current:
        return Line("database", False, "is of another version: run `docket db upgrade`")
    return Line("database", True, f"{services.database.engine.dialect.name}, current")


def _mail(services: Services) -> Iterator[Line]:
    for relay in services.settings.relays:
        client = Client(relay)
        try:
            trouble = client.probe()
        finally:
            client.close()
        words = "the local inbox" if services.settings.uses_inbox else "answers"
        yield Line(f"mail {relay.name}", not trouble, trouble or words)


def _signing(services: Services) -> Iterator[Line]:
    signer = services.settings.dkim
    if signer:
        yield Line("DKIM", True, f"publish as TXT at {signer.record_name}: {signer.record}")


def _clock() -> Line:
    at = datetime.now(UTC)
    if at < EARLIEST:
        return Line("clock", False, f"says {at:%Y-%m-%d}: set it, links and schedules need it")
    return Line("clock", True, f"{at:%Y-%m-%d %H:%M} UTC")
