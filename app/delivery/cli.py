"""`docket worker`: sends what is due, until told to stop."""

import logging
import signal

import click

from app import scheduler
from app.cli_support import emit, json_option, pass_services
from app.delivery.worker import Worker
from app.services import Services


@click.command("worker", help="Send what is due. Ctrl-C or SIGTERM ends it cleanly.")
@click.option("--once", is_flag=True, help="Work through what is due now, then end.")
@json_option
@pass_services
def worker(services: Services, once: bool, as_json: bool) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    sender = Worker(services.database, services.settings, services.links)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: sender.stopping.set())
    try:
        done = _once(services, sender) if once else _until_stopped(services, sender)
    finally:
        sender.close()
    emit({"worked_on": done}, f"{done} deliveries worked on.", as_json)


def _once(services: Services, sender: Worker) -> int:
    scheduler.run_all_once(services)
    done = 0
    while count := sender.work_once():
        done += count
    return done


def _until_stopped(services: Services, sender: Worker) -> int:
    with scheduler.running(services):
        return sender.run()
