"""`bin/run`: pages, worker and local inbox in one command; `docket web`: the pages alone."""

import fcntl
import http.client
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util import CommandError
from sqlalchemy import exists, select
from sqlalchemy.exc import DBAPIError

from app import PRODUCT_NAME
from app.announcing import announcement
from app.clock import now
from app.config import Settings, SettingsError, load, with_embedded_defaults
from app.databases.upgrading import upgrade
from app.delivery.cli import STOP_SECONDS as WORKER_STOP_SECONDS
from app.local_inbox import HOST as INBOX_HOST
from app.mail.hosts import is_loopback
from app.networks.models import Network
from app.ports import accepts, first_free, is_wildcard, reachable
from app.ports import is_free as port_is_free
from app.services import Services
from app.staff.models import Staff
from app.supervisor import GaveUp, Program, Supervisor

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PORT = 8000
# One process: writes of SQLite wait for each other anyway, and limits are counted in one place.
# A thread reads its request's body before it takes a connection: many slow lines, few connections.
THREADS = 64
STOP_SECONDS = 8  # what the pages may still finish; the supervisor waits a little longer

port_option = click.option("--port", type=click.IntRange(1, 65535), help=f"Port ({PORT}).")
host_option = click.option("--host", default=HOST, show_default=True, help="Address to listen on.")


class CannotStart(click.ClickException):
    """What is in the way and what to do; ends with status 2, as a wrong option does."""

    exit_code = 2


@click.command("web", help="Serve the pages alone. Ctrl-C or SIGTERM ends it cleanly.")
@host_option
@port_option
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes (1).")
def web_command(host: str, port: int | None, workers: int) -> None:
    load().require_real_keys(host)
    port = port or PORT
    if not _is_free(host, port):
        raise _taken(host, port)
    arguments = web_arguments(host, port, workers)
    os.execv(arguments[0], arguments)  # noqa: S606 - signals then reach the server itself


def web_arguments(host: str, port: int, workers: int = 1) -> list[str]:
    """The web server's command line. No access log: addresses hold tokens."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:application"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(THREADS), "--http", "1", "--no-ws"),
        *("--workers-kill-timeout", str(STOP_SECONDS), "--working-dir", str(ROOT)),
        *("--no-access-log", "--log-level", "error"),
    ]


@click.command(help=f"Start {PRODUCT_NAME}: pages, worker and local inbox. Ctrl-C stops it.")
@host_option
@port_option
@click.option("--data", type=click.Path(path_type=Path), help="Where everything is kept.")
@click.option("--empty", is_flag=True, help="Load no example into a new data folder.")
def main(host: str, port: int | None, data: Path | None, empty: bool) -> None:
    try:
        _start(host, port, data, empty)
    except SettingsError as error:
        raise CannotStart(f"These settings are wrong:\n{_indented(str(error))}") from None
    except GaveUp as error:
        tail = _indented("\n".join(error.tail))
        message = f"{error.name} ends as often as it is started. It said last:\n{tail}"
        raise click.ClickException(message) from None


def _start(host: str, port: int | None, data: Path | None, empty: bool) -> None:
    environ = dict(os.environ, PYTHONUNBUFFERED="1")
    if data is not None:
        environ["DATA_DIR"] = str(data)
    settings = load(environ)
    settings.require_real_keys(host)
    with _only_one(settings.data_dir):
        port = _web_port(host, port, fixed=bool(environ.get("BASE_URL", "").strip()))
        environ |= _addresses(environ, host, port, settings)
        settings = with_embedded_defaults(load(environ))
        services = Services.of(settings)
        try:
            _prepare(services, environ, empty)
            _supervise(services, environ, host, port)
        finally:
            services.database.close()
    _say("Stopped.")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the data folder; the system lets go of it even when this process is killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "running.lock").open("w")
    except OSError as error:
        raise CannotStart(f"DATA_DIR: {folder} cannot be used: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"{PRODUCT_NAME} is already running on {folder}. "
                "Stop it first, or give another folder with --data."
            ) from None
        yield


def _web_port(host: str, port: int | None, *, fixed: bool) -> int:
    """`port`, or the first free one. CannotStart when a port that people know is taken."""
    wanted = port or PORT
    if _is_free(host, wanted):
        return wanted
    if port or fixed:
        raise _taken(host, wanted)
    chosen = first_free(host, wanted + 1)
    _say(f"Port {wanted} is taken; the pages are on {chosen}.")
    return chosen


def _is_free(host: str, port: int) -> bool:
    try:
        return port_is_free(host, port)
    except OSError as error:
        raise CannotStart(f"--host {host} --port {port}: {error.strerror}.") from None


def _taken(host: str, port: int) -> CannotStart:
    return CannotStart(f"Port {port} on {host} is taken. Give another with --port.")


def _addresses(
    environ: Mapping[str, str], host: str, port: int, settings: Settings
) -> dict[str, str]:
    """What the children and `bin/docket` must agree on."""
    found = {"DATA_DIR": str(settings.data_dir), "BASE_URL": environ.get("BASE_URL", "").strip()}
    if not found["BASE_URL"]:
        found["BASE_URL"] = _base_url(host, port)
    inbox = _inbox_port(settings.inbox_port) if settings.uses_inbox else 0
    if inbox:
        found["INBOX_PORT"] = str(inbox)
    if settings.takes_mail:
        found["INBOUND_PORT"] = str(_mail_port(settings, inbox))
    return found


def _base_url(host: str, port: int) -> str:
    if not is_wildcard(host) and not is_loopback(host):
        raise SettingsError(f"BASE_URL: the address at which people reach {host} is expected")
    if is_wildcard(host):
        _say("Links in mails lead to this machine only, until BASE_URL is set.")
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _inbox_port(wanted: int) -> int:
    if wanted and _is_free(INBOX_HOST, wanted):
        return wanted
    chosen = first_free(INBOX_HOST, wanted + 1 if wanted else 0)
    if wanted:
        _say(f"Port {wanted} is taken; the local inbox takes mail on {chosen}.")
    return chosen


def _mail_port(settings: Settings, inbox: int) -> int:
    """Where mail comes in. CannotStart where a mail server is told of a port that is taken."""
    host, wanted = settings.mail_host, settings.mail_port
    if wanted and wanted != inbox and _is_free(host, wanted):
        return wanted
    if wanted and not settings.uses_inbox:
        raise CannotStart(f"INBOUND_PORT: port {wanted} on {host} is taken.")
    return first_free(host, max(wanted, inbox) + 1)


def _prepare(services: Services, environ: Mapping[str, str], empty: bool) -> None:
    """What this version brings, and the example where nobody has worked yet."""
    kept = services.settings.data_dir / "addresses"
    try:
        upgrade(services.settings.database_url, now())
        if not kept.exists() and not empty and _is_unused(services):
            _load_example(services)
    except CommandError as error:
        raise CannotStart(f"The database cannot be brought to this version: {error}") from None
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise CannotStart(f"DATABASE_URL: the database does not answer: {reason}") from None
    names = [name for name in ("BASE_URL", "INBOX_PORT", "INBOUND_PORT") if name in environ]
    kept.write_text("".join(f"{name}={environ[name]}\n" for name in names), encoding="utf-8")


def _is_unused(services: Services) -> bool:
    with services.database.reading() as session:
        used = exists(select(Staff.id)) | exists(select(Network.id))
        return not session.scalar(select(used))


def _load_example(services: Services) -> None:
    from app.example.load import load as load_example

    _say("Loading the example: invented networks, members and cases …")
    load_example(services)


def _supervise(services: Services, environ: Mapping[str, str], host: str, port: int) -> None:
    programs = list(_programs(services.settings, host, port))
    supervisor = Supervisor(programs, environ, _say)
    ready = _readiness(services.settings, host, port)
    supervisor.run(ready, lambda: _say(announcement(services)))


def _programs(settings: Settings, host: str, port: int) -> Iterator[Program]:
    python = (sys.executable, "-m")
    if settings.uses_inbox:
        folder, inbox_port = str(settings.inbox_dir), str(settings.inbox_port)
        yield Program("inbox", (*python, "app.local_inbox", folder, inbox_port))
    elif settings.takes_mail:
        yield Program("door", (*python, "app.inbound.listening"))
    yield Program("web", web_arguments(host, port))
    for number in range(1, settings.worker_processes + 1):
        name = "worker" if settings.worker_processes == 1 else f"worker-{number}"
        command = (*python, "app.cli", "worker", "--processes", "1")
        # What it is handing over just now gets its answer first.
        yield Program(name, command, WORKER_STOP_SECONDS, needs=("inbox",))


def _readiness(settings: Settings, host: str, port: int) -> Callable[[], bool]:
    def ready() -> bool:
        inbox = not settings.uses_inbox or accepts(INBOX_HOST, settings.inbox_port)
        where = reachable(settings.mail_host), settings.mail_port
        door = not settings.takes_mail or accepts(*where)
        return inbox and door and _pages_answer(reachable(host), port)

    return ready


def _pages_answer(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _say(text: str) -> None:
    try:
        click.echo(text)
    except BrokenPipeError:  # whoever read along is gone; the service goes on
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


if __name__ == "__main__":
    main(prog_name="bin/run")
