"""/metrics: what a scraper reads, who may, and that nobody is named in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from app.clock import now
from app.config import Settings
from app.db import Database
from app.scheduling import claiming, ticking
from app.scheduling.recurring import Every, Recurring
from app.services import Services
from app.watching import metrics
from app.watching.figures import DomainFigure, Figures, RelayFigure, WorkerFigure

TOKEN = "a-token-of-some-length"
QUIET = Figures(0, 0, 0, 0.0, 0, {}, (), (), 0, ())
SOON, PAST = now() + timedelta(days=1), now() - timedelta(days=1)
BUSY = Figures(
    queued=1000,
    claimed=500,
    retrying=3,
    oldest_queued_seconds=12.5,
    sent_last_minute=240,
    answers={"sent": 9000, "retry": 40, "give_up": 2},
    relays=[
        RelayFigure("mail.example.org:587", None, ""),
        RelayFigure("other.example.org:25", SOON, "421 too many"),
        RelayFigure("third.example.org:25", PAST, "it was away"),
    ],
    domains=[
        DomainFigure("adaquill.example", SOON),
        DomainFigure("gmail.example", SOON),
        DomainFigure("back.example", PAST),
        DomainFigure("fine.example", None),
    ],
    takeovers=4,
    workers=[],
)

Sample = dict[tuple[str, ...], float]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Callable[[Figures], None]:
    def say(figures: Figures) -> None:
        monkeypatch.setattr(metrics, "gather", lambda _session, _at: figures)

    say(QUIET)
    return say


def read(session: Session) -> Sample:
    """(name, labels' values …) -> value of each sample."""
    text, media_type = metrics.exposition(session, now(), "text/plain")
    assert media_type.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@contextmanager
def client_with(settings: Settings, **values: object) -> Iterator[FlaskClient]:
    from app.factory import create_app

    app = create_app(replace(settings, **values))  # type: ignore[arg-type]
    try:
        yield app.test_client()
    finally:
        app.extensions["docket"].database.close()


def test_every_figure_is_a_sample(session: Session, figures: Callable[[Figures], None]) -> None:
    figures(BUSY)
    found = read(session)
    assert found["docket_deliveries_waiting", "queued"] == 1000
    assert found["docket_deliveries_waiting", "claimed"] == 500
    assert found["docket_deliveries_waiting", "retry"] == 3
    assert found["docket_oldest_queued_seconds",] == 12.5
    assert found["docket_sent_last_minute",] == 240
    assert found["docket_answers_total", "sent"] == 9000
    assert found["docket_answers_total", "give_up"] == 2
    assert found["docket_lease_takeovers_total",] == 4
    assert found["docket_domains_held",] == 2


def test_an_answer_that_never_came_is_a_zero(
    session: Session, figures: Callable[[Figures], None]
) -> None:
    found = read(session)
    for outcome in ("sent", "retry", "give_up", "relay_trouble", "unknown"):
        assert found["docket_answers_total", outcome] == 0


def test_a_relay_is_down_until_its_time_has_come(
    session: Session, figures: Callable[[Figures], None]
) -> None:
    figures(BUSY)
    found = read(session)
    assert found["docket_relay_up", "mail.example.org:587"] == 1
    assert found["docket_relay_up", "other.example.org:25"] == 0
    assert found["docket_relay_up", "third.example.org:25"] == 1
    assert 80_000 < found["docket_relay_held_seconds", "other.example.org:25"] <= 86_400
    assert found["docket_relay_held_seconds", "third.example.org:25"] == 0


def test_a_worker_that_was_not_seen_for_long_is_not_alive(
    session: Session, figures: Callable[[Figures], None]
) -> None:
    workers = [
        WorkerFigure("one:1", now(), in_flight=4, paused=False),
        WorkerFigure("two:2", now(), in_flight=2, paused=True),
        WorkerFigure("gone:3", now() - timedelta(minutes=5), in_flight=8, paused=True),
    ]
    figures(replace(QUIET, workers=workers))
    found = read(session)
    assert found["docket_workers_alive",] == 2
    assert found["docket_workers_paused",] == 1
    assert found["docket_in_flight",] == 6


def test_a_job_that_nobody_runs_lags(
    services: Services, database: Database, figures: Callable[[Figures], None]
) -> None:
    def fail(_services: Services) -> None:
        raise ValueError

    job = Recurring("hourly", lambda _services: None, Every(3600), "a test")
    assert ticking.run_now(services, job)
    with pytest.raises(ValueError):
        ticking.run_now(services, replace(job, run=fail))
    with database.writing() as session:
        claiming.rows(session)["hourly"].next_run_at = now() - timedelta(minutes=5)
    with database.reading() as session:
        found = read(session)
    assert found["docket_job_runs_total", "hourly"] == 2
    assert found["docket_job_failures_total", "hourly"] == 1
    assert 300 <= found["docket_job_lag_seconds", "hourly"] < 3600


def test_no_domain_and_no_worker_is_named(
    session: Session, figures: Callable[[Figures], None]
) -> None:
    figures(replace(BUSY, workers=[WorkerFigure("host-7:1", now(), 1, False)]))
    text = metrics.exposition(session, now(), "")[0].decode()
    for name in ("adaquill", "gmail", "host-7", "421"):
        assert name not in text


def test_a_scraper_on_this_machine_reads_it(
    client: FlaskClient, figures: Callable[[Figures], None]
) -> None:
    for address in ("127.0.0.1", "127.8.8.8", "::1"):
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200
        assert answer.content_type.startswith("text/plain")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "docket_workers_alive 0.0" in answer.text


def test_openmetrics_is_spoken_where_it_is_asked_for(
    client: FlaskClient, figures: Callable[[Figures], None]
) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = client.get("/metrics", headers=accept)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_others_do_not_learn_that_it_is_there(
    client: FlaskClient, figures: Callable[[Figures], None]
) -> None:
    for address in ("192.0.2.7", "10.0.0.7", ""):
        assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 404


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"]
)
def test_what_a_proxy_brings_is_not_from_this_machine(
    client: FlaskClient, figures: Callable[[Figures], None], header: str
) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_a_believed_proxy_cannot_make_somebody_local(
    settings: Settings, database: Database, figures: Callable[[Figures], None]
) -> None:
    with client_with(settings, trusted_proxies=1) as client:
        headers = {"X-Forwarded-For": "127.0.0.1"}
        assert client.get("/metrics", headers=headers).status_code == 404
        assert client.get("/metrics").status_code == 200


def test_with_a_token_only_its_bearer_reads_it(
    settings: Settings, database: Database, figures: Callable[[Figures], None]
) -> None:
    with client_with(settings, metrics_token=TOKEN) as client:
        outside = {"REMOTE_ADDR": "192.0.2.7"}
        for words, status in (
            (f"Bearer {TOKEN}", 200),
            (f"Bearer {TOKEN}x", 404),
            (f"Basic {TOKEN}", 404),
            (TOKEN, 404),
            ("Bearer \u00e9", 404),
            ("", 404),
        ):
            headers = {"Authorization": words}
            answer = client.get("/metrics", headers=headers, environ_base=outside)
            assert answer.status_code == status, words
        assert client.get("/metrics").status_code == 404, "not even for this machine"


def test_a_scrape_changes_nothing(
    app: Flask, client: FlaskClient, figures: Callable[[Figures], None]
) -> None:
    assert client.post("/metrics").status_code == 405
