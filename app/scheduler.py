"""Periodic work: a table a person can read, run by APScheduler in every worker.

`docket jobs` shows it with when each ran last. docs/adr/0013-time.md says how a tick runs once.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from time import monotonic

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from app.clock import now
from app.delivery import control, preparing, recovering, settling
from app.importing import runs
from app.inbound import filing, mailboxes
from app.issues.composing import House
from app.letters import keeping
from app.networks import inviting
from app.notices import posting
from app.outside import watching as outside
from app.preferences import changing
from app.scheduling import ticking
from app.scheduling.recurring import Daily, Every, Recurring
from app.scheduling.ticking import Ticker
from app.services import Services

log = logging.getLogger("docket.scheduler")

STOP_SECONDS = 8.0  # what jobs under way may still take when the worker is told to end
WATCH_SECONDS = 1.0


def freeze_due_issues(services: Services) -> None:
    with services.database.reading() as session:
        ids = preparing.due(session, now())
    for issue_id in ids:
        with services.database.writing() as session:
            house = House.of(services.settings)
            count = preparing.freeze(session, issue_id, now(), house)
            settling.finish_issues(session, now())  # one whose audience is empty
        log.info("issue frozen", extra={"issue": issue_id, "deliveries": count})


def heed_stops(services: Services) -> None:
    with services.database.reading() as session:
        waiting = control.has_stops(session) or settling.is_any_over(session)
    if waiting:
        with services.database.writing() as session:
            control.stop_the_rest(session, now())
            control.pause_for_stopped_cases(session, now())
            settling.finish_issues(session, now())


def take_over_from_the_gone(services: Services) -> None:
    recovering.recover(services)


def read_imports(services: Services) -> None:
    with services.database.reading() as session:
        waiting = runs.is_waiting(session, now())
    if waiting:
        runs.work_through(services.database, services.settings.data_dir)


def mail_invitations(services: Services) -> None:
    with services.database.reading() as session:
        waiting = inviting.is_due(session, now())
    if waiting:
        inviting.mail_due(services)


def sort_mail(services: Services) -> None:
    with services.database.reading() as session:
        waiting = filing.is_waiting(session, now())
    if waiting:
        filing.file_due(services)


def mail_notices(services: Services) -> None:
    with services.database.reading() as session:
        waiting = posting.is_due(session, now())
    if waiting:
        posting.mail_due(services)


def fetch_mail(services: Services) -> None:
    mailboxes.fetch_or_say(services)


def look_outside(services: Services) -> None:
    outside.look_outside(services)


def forget_what_expired(services: Services) -> None:
    with services.database.writing() as session:
        runs.forget_old(session, now())
        inviting.forget_expired(session, now())
        filing.forget_old(session, services.settings.mail_days, now())
        keeping.forget_expired(session, now())
        posting.forget_old(session, now())
        changing.forget_old(session, now())
        outside.forget_old(session, now())


JOBS = (
    Recurring(
        "freeze_due_issues",
        freeze_due_issues,
        Every(2),
        "write the ledger of issues whose time has come",
        shared=True,  # freezing locks the issue's row, and does nothing the second time
    ),
    Recurring(
        "heed_stops",
        heed_stops,
        Every(2),
        "end what staff stopped, and pause issues of which a case was stopped",
        shared=True,  # what is done once is not there to be done again
    ),
    Recurring(
        "take_over_from_the_gone",
        take_over_from_the_gone,
        Every(5),
        "give back what workers held that are gone",
        shared=True,  # each looks at its own machine, and takes over under a lock on the row
    ),
    Recurring(
        "read_imports",
        read_imports,
        Every(1),
        "read uploaded lists, and apply those that were approved",
        shared=True,  # each list is claimed by itself
    ),
    Recurring(
        "mail_invitations",
        mail_invitations,
        Every(5),
        "mail the confirmations that people asked for",
        shared=True,  # each invitation is claimed by itself
    ),
    Recurring(
        "sort_mail",
        sort_mail,
        Every(2),
        "sort mail that came in",
        shared=True,  # each mail is claimed by itself
    ),
    Recurring(
        "mail_notices",
        mail_notices,
        Every(5),
        "mail what people asked for, and answers of staff",
        shared=True,  # each notice is claimed by itself
    ),
    Recurring(
        "fetch_mail",
        fetch_mail,
        Every(60),
        "fetch what is new in the mailboxes of IMAP_URL",
        lease=timedelta(minutes=10),
    ),
    Recurring(
        "look_outside",
        look_outside,
        Every(30),
        "see whether links of drafts answer, and what the DNS says of senders' domains",
        lease=timedelta(minutes=10),
    ),
    Recurring(
        "forget_what_expired",
        forget_what_expired,
        Daily(time(3, 30)),
        "delete what is too old: uploads, unconfirmed addresses, mail, letters",
        lease=timedelta(minutes=15),
    ),
)


def run_all_once(services: Services) -> None:
    """Every job, due or not, one after the other: what `docket worker --once` does."""
    for job in JOBS:
        ticking.run_now(services, job)


def run_due(services: Services) -> None:
    """Every job whose tick is due: for a loop that is a worker for a while."""
    for job in JOBS:
        ticking.run_if_due(services, job)


@contextmanager
def running(services: Services, jobs: Sequence[Recurring] = JOBS) -> Iterator[None]:
    """The jobs tick in background threads for as long as the block lasts.

    At its end those under way may finish, for STOP_SECONDS together; another worker runs the tick
    of one that does not, once its lease is over.
    """
    tickers = [Ticker(services, job) for job in jobs]
    scheduler = _scheduler(tickers)
    scheduler.start()
    stopped = threading.Event()
    watch = threading.Thread(target=_watch, args=(scheduler, stopped), daemon=True)
    watch.start()
    try:
        yield
    finally:
        stopped.set()
        watch.join()
        scheduler.shutdown()
        _finish(tickers)


class _Gap(BaseTrigger):  # type: ignore[misc]
    """So long after now. The library's own interval makes a list of every tick that a sleep
    missed: a laptop closed for a month would wake with millions."""

    def __init__(self, seconds: float) -> None:
        self.length = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, at: datetime) -> datetime:
        return at + self.length


def _scheduler(tickers: Sequence[Ticker]) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(timezone="UTC")
    for ticker in tickers:
        scheduler.add_job(
            ticker.start,
            _Gap(ticker.job.rule.look_seconds),
            id=ticker.job.name,
            next_run_time=now(),
            misfire_grace_time=None,  # late is better than never
        )
    return scheduler


def _watch(scheduler: BackgroundScheduler, stopped: threading.Event) -> None:
    while not stopped.wait(WATCH_SECONDS):
        follow_the_clock(scheduler)


def follow_the_clock(scheduler: BackgroundScheduler) -> None:
    """APScheduler sleeps until a time on the wall: after a clock was set back by two days it would
    sleep for two days. Wake it where a look lies further ahead than looks are apart."""
    for job in scheduler.get_jobs():
        if job.next_run_time > now() + job.trigger.length:
            job.reschedule(job.trigger)


def _finish(tickers: Sequence[Ticker]) -> None:
    end = monotonic() + STOP_SECONDS
    for ticker in tickers:
        ticker.join(end - monotonic())
    if slow := [ticker.job.name for ticker in tickers if ticker.is_busy()]:
        log.warning("jobs are left unfinished", extra={"jobs": ",".join(slow)})
