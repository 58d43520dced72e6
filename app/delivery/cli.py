"""`docket worker`: sends what is due, until told to stop."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app import scheduler
from app.cli_support import emit, json_option, pass_services
from app.delivery.recovering import recover
from app.delivery.waking import listening
from app.delivery.worker import Worker
from app.logs import set_up as set_up_logs
from app.services import Services
from app.supervisor import GaveUp, Program, Supervisor

STOP_SECONDS = 42.0  # a process drains within 30, its jobs within 8


@click.command("worker", help="Send what is due. Ctrl-C or SIGTERM ends it cleanly, twice at once.")
@click.option("--once", is_flag=True, help="Work through what is due now, then end.")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many at once (WORKER_PROCESSES, or 1)."
)
@json_option
@pass_services
def worker(services: Services, once: bool, processes: int | None, as_json: bool) -> None:
    set_up_logs(services.settings)
    count = processes or services.settings.worker_processes
    if count > 1 and not once:
        _supervise(count)
        return
    sender = Worker(services)
    with _stopped_by_signals(sender):
        try:
            done = _once(services, sender) if once else _until_stopped(services, sender)
        finally:
            sender.close()
    emit({"worked_on": done}, f"{done} deliveries worked on.", as_json)


def _once(services: Services, sender: Worker) -> int:
    scheduler.run_all_once(services)
    recover(services)
    return sender.work_through()


def _until_stopped(services: Services, sender: Worker) -> int:
    recover(services)
    with scheduler.running(services), listening(services.database, sender.wake):
        return sender.run()


@contextmanager
def _stopped_by_signals(sender: Worker) -> Iterator[None]:
    names = (signal.SIGTERM, signal.SIGINT)
    before = {name: signal.signal(name, lambda *_: sender.stop()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _supervise(count: int) -> None:
    """The processes claim for themselves: nothing is shared but the database."""
    command = (sys.executable, "-m", "app.cli", "worker", "--processes", "1")
    programs = [Program(f"worker-{n + 1}", command, STOP_SECONDS) for n in range(count)]
    try:
        Supervisor(programs, os.environ, click.echo).run(lambda: True, lambda: None)
    except GaveUp as error:
        raise click.ClickException(f"{error.name} ends as often as it is started.") from None
