"""`docket listen`, `docket inbound`, `docket fetch`: the doors for mail that need no provider."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.config import load
from app.inbound import envelopes, mailboxes
from app.inbound.receiving import Arrival, receive
from app.mail.door import SIZE_LIMIT
from app.ports import is_free
from app.services import Services

DOOR = "pipe"
# sysexits.h. A mail server keeps what ends with the first, and bounces what ends otherwise.
TEMPFAIL, DATAERR = 75, 65


@click.command("listen", help="Take mail over SMTP and LMTP, at INBOUND_HOST and INBOUND_PORT.")
def listen() -> None:
    settings = load()
    where = settings.mail_host, settings.mail_port
    try:
        free = is_free(*where)
    except OSError as error:
        raise Failure(f"INBOUND_HOST {where[0]}: {error.strerror}") from None
    if not free:
        raise Failure(f"INBOUND_PORT: port {where[1]} on {where[0]} is taken.")
    arguments = [sys.executable, "-m", "app.inbound.listening"]
    os.execv(arguments[0], arguments)  # noqa: S606 - the commands' memory is of no use there


class _TryLater(click.UsageError):
    exit_code = TEMPFAIL


class _Patient(click.Command):
    """A wrong option in a mail server's settings must not cost mail."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _TryLater(error.message, error.ctx) from None


@click.command("inbound", cls=_Patient, help="Take one mail from stdin: docket inbound < mail.eml")
@click.option("--sender", help="Envelope sender; empty for the null sender ($SENDER).")
@click.option("--recipient", multiple=True, help="Envelope recipient ($ORIGINAL_RECIPIENT …).")
@click.pass_context
def inbound(ctx: click.Context, sender: str | None, recipient: tuple[str, ...]) -> None:
    """Status 0: it is kept. 75: try again later; so whatever goes wrong here loses nothing."""
    try:
        raw = envelopes.without_from_line(sys.stdin.buffer.read(SIZE_LIMIT + 1))
        if 0 < len(raw) <= SIZE_LIMIT:
            _keep(ctx, raw, _arrival(raw, sender, recipient, os.environ))
    except Exception as error:
        _end(TEMPFAIL, f"not kept, try again later: {type(error).__name__}")
    if not raw or len(raw) > SIZE_LIMIT:
        _end(DATAERR, "no mail on stdin" if not raw else "the mail is larger than 64 MB")


def _keep(ctx: click.Context, raw: bytes, arrival: Arrival) -> None:
    services = ctx.find_root().obj or Services.from_environment()
    try:
        with services.database.writing() as session:
            receive(session, services.vault, raw, arrival, now())
    finally:
        if ctx.find_root().obj is None:
            services.database.close()


def _arrival(
    raw: bytes, sender: str | None, recipients: tuple[str, ...], environ: Mapping[str, str]
) -> Arrival:
    """Said by options; else by what delivery agents set; else by the headers they write."""
    written = envelopes.from_headers(raw)
    told = sender if sender is not None else environ.get("SENDER")
    known = written.sender if told is None else envelopes.normal(told)
    return Arrival(DOOR, known, recipients or _recipients(environ) or written.recipients)


def _recipients(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Postfix's local(8) and Exim's pipe."""
    named = [environ.get(name, "") for name in ("ORIGINAL_RECIPIENT", "RECIPIENT")]
    local = environ.get("LOCAL_PART_PREFIX", "") + environ.get("LOCAL_PART", "")
    local += environ.get("LOCAL_PART_SUFFIX", "")
    if environ.get("LOCAL_PART") and environ.get("DOMAIN"):
        named.append(f"{local}@{environ['DOMAIN']}")
    return tuple(dict.fromkeys(name for name in named if name))


def _end(status: int, words: str) -> NoReturn:
    click.echo(words, err=True)
    raise click.exceptions.Exit(status)


@click.command("fetch", help="Fetch what is new in the mailboxes of IMAP_URL.")
@click.option("--from-the-start", is_flag=True, help="Also what was fetched, or left out, before.")
@json_option
@pass_services
def fetch(services: Services, from_the_start: bool, as_json: bool) -> None:
    if not services.settings.mailboxes:
        raise Failure("IMAP_URL is not set.")
    if from_the_start:
        mailboxes.start_over(services)
    found = mailboxes.fetch_all(services)
    lines = [f"{one.mailbox}: {one.count} fetched. {one.trouble or ''}".rstrip() for one in found]
    emit([vars(one) for one in found], "\n".join(lines), as_json)
    if any(one.trouble for one in found):
        raise click.exceptions.Exit(1)
