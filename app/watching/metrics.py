"""Figures and jobs as Prometheus metrics, read from the database at each scrape.

No label holds an address, a member or a case. Domains of recipients are counted, not named: a
domain of one's own is a name.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app.inbound import status as inbound
from app.inbound.status import InboundFigures
from app.scheduling import claiming
from app.scheduling.models import Job
from app.watching.figures import Figures, RelayFigure, gather

ALIVE = timedelta(minutes=1)  # a worker that was not seen for longer is gone
DOORS = ("smtp", "pipe", "imap", "http")
OUTCOMES = ("sent", "retry", "give_up", "relay_trouble", "unknown")


def exposition(session: Session, at: datetime, accept: str) -> tuple[bytes, str]:
    """What a scraper that accepts `accept` gets: text, and its media type."""
    registry = CollectorRegistry()
    registry.register(DocketCollector(session, at))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class DocketCollector(Collector):
    def __init__(self, session: Session, at: datetime) -> None:
        self._session = session
        self._at = at

    def collect(self) -> Iterator[Metric]:
        figures = gather(self._session, self._at)
        yield from _queue(figures)
        yield from _relays(figures.relays, self._at)
        yield from _workers(figures, self._at)
        yield from _inbound(inbound.figures(self._session, self._at))
        yield from _jobs(claiming.rows(self._session).values(), self._at)


def _queue(figures: Figures) -> Iterator[Metric]:
    waiting = {"queued": figures.queued, "claimed": figures.claimed, "retry": figures.retrying}
    yield _gauges("deliveries_waiting", "Deliveries that wait, by state.", "state", waiting)
    yield _gauge(
        "oldest_queued_seconds",
        "Since when the oldest queued delivery waits.",
        figures.oldest_queued_seconds,
    )
    yield _gauge(
        "sent_last_minute", "Mails a relay took in the last minute.", figures.sent_last_minute
    )
    # All of them from the start: a rate needs the zero before the first.
    answers = dict.fromkeys(OUTCOMES, 0) | dict(figures.answers)
    yield _counters("answers", "What relays answered, by consequence.", "outcome", answers)
    yield CounterMetricFamily(
        "docket_lease_takeovers",
        "Leases of workers that were gone, taken over.",
        value=figures.takeovers,
    )


def _relays(relays: Iterable[RelayFigure], at: datetime) -> Iterator[Metric]:
    up = {relay.name: int(not _is_held(relay.held_until, at)) for relay in relays}
    yield _gauges("relay_up", "1 while mail goes to this relay.", "relay", up)
    held = {relay.name: _seconds_until(relay.held_until, at) for relay in relays}
    yield _gauges("relay_held_seconds", "How long it gets no mail yet.", "relay", held)


def _workers(figures: Figures, at: datetime) -> Iterator[Metric]:
    alive = [worker for worker in figures.workers if at - worker.seen_at < ALIVE]
    yield _gauge("workers_alive", "Workers seen within the last minute.", len(alive))
    yield _gauge("workers_paused", "Those of them that are paused.", sum(w.paused for w in alive))
    yield _gauge(
        "in_flight", "Mails whose answer is awaited.", sum(worker.in_flight for worker in alive)
    )
    held = sum(_is_held(domain.held_until, at) for domain in figures.domains)
    yield _gauge("domains_held", "Recipients' domains that asked for patience.", held)


def _inbound(figures: InboundFigures) -> Iterator[Metric]:
    arrivals = dict.fromkeys(DOORS, 0) | dict(figures.arrivals)
    yield _counters("mail_arrivals", "Mail that came in, by door.", "door", arrivals)
    yield _gauge("mail_waiting", "Mails that came in and are not sorted yet.", figures.waiting)
    yield _gauge(
        "oldest_mail_waiting_seconds",
        "Since when the oldest of them waits.",
        figures.oldest_waiting_seconds,
    )
    yield _gauge(
        "mail_quarantined", "Mails too strange to act upon, for staff.", figures.quarantined
    )
    yield _gauge(
        "mailboxes_in_trouble",
        "Mailboxes that cannot be fetched from.",
        figures.mailboxes_in_trouble,
    )


def _jobs(jobs: Iterable[Job], at: datetime) -> Iterator[Metric]:
    jobs = list(jobs)
    lags = {job.name: claiming.overdue_seconds(job, at) for job in jobs}
    yield _gauges("job_lag_seconds", "By how much a periodic job is late.", "job", lags)
    runs = {job.name: job.runs for job in jobs}
    yield _counters("job_runs", "Runs of a periodic job.", "job", runs)
    failures = {job.name: job.failures for job in jobs}
    yield _counters("job_failures", "Runs of a periodic job that failed.", "job", failures)


def _is_held(until: datetime | None, at: datetime) -> bool:
    return until is not None and until > at


def _seconds_until(moment: datetime | None, at: datetime) -> float:
    return max(0.0, (moment - at).total_seconds()) if moment else 0.0


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"docket_{name}", words, value=value)


def _gauges(name: str, words: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"docket_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counters(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"docket_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
