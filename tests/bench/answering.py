"""The answer page, asked for by four people at once: our server, and a beginner's."""

import http.client
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from app.delivery.models import Delivery, DeliveryState, Settlement
from app.example import load as load_example
from tests.bench.measuring import Figure, compare
from tests.live import ROOT, free_port, live, wait_for

PEOPLE, PAGES, NAIVE_PAGES = 4, 100, 15
NAIVE = """
import sys
from werkzeug.serving import WSGIRequestHandler, run_simple
from sqlalchemy.pool import NullPool
from app import db
from app.factory import create_app
made = db.create_engine
def anew(url, pool_size=0, max_overflow=0, **options):
    return made(url, poolclass=NullPool, **options)
db.create_engine = anew
app = create_app()
app.jinja_env.cache = None
WSGIRequestHandler.log_request = lambda *_: None
run_simple("127.0.0.1", int(sys.argv[1]), app)
"""


def figure(folder: Path, rounds: int) -> Figure:
    with live(folder) as ours:
        load_example(ours.services)
        port = free_port()
        naive = subprocess.Popen(
            [sys.executable, "-c", NAIVE, str(port)],
            cwd=ROOT,
            env={**dict(ours.environ)},
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            with ours.services.database.reading() as session:
                sent = session.scalars(
                    select(Delivery)
                    .join(Settlement, Settlement.delivery_id == Delivery.id)
                    .where(Settlement.state == DeliveryState.SENT)
                ).all()
                links = [
                    ours.services.links.answer_url(one.id, offer.id)
                    for one in sent
                    for offer in one.edition.offers
                ]
            paths = [urlsplit(link).path for link in links]
            return compare(
                "answer page",
                "requests/s",
                lambda: _ask(urlsplit(ours.url).netloc, paths, PAGES),
                lambda: _ask(f"127.0.0.1:{port}", paths, NAIVE_PAGES),
                "the development server; connections and templates made anew",
                rounds,
            )
        finally:
            naive.terminate()
            naive.wait()


def _ask(host: str, paths: list[str], pages: int) -> int:
    with ThreadPoolExecutor(PEOPLE) as people:
        shares = [islice(cycle(paths), n, pages * PEOPLE, PEOPLE) for n in range(PEOPLE)]
        return sum(people.map(lambda share: _one_person(host, list(share)), shares))


def _one_person(host: str, paths: list[str]) -> int:
    connection = http.client.HTTPConnection(host, timeout=60)
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
    connection.close()
    return len(paths)
