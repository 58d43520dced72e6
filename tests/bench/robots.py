"""`bin/bench robots`: ten thousand visits of robots and of people to the running service.

Each plays a story of tests/zoo on the pages of a mail of its own, over HTTP, at the times that the
story says (timed.py). One more ask of each mail is answered twice at the same moment.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import click
from sqlalchemy import select

from app.links import Purpose
from app.responses.models import Response
from app.responses.statements import sound
from tests.bench.asking import Asker
from tests.bench.grounds import Ground, ground
from tests.bench.serving import OURS, serving
from tests.zoo import people
from tests.zoo import robots as beasts
from tests.zoo.mail import Mail

VISITS = 10_000  # of robots, and of people
ASKS = 4  # that stories are about, and one more
THREADS = 16
DATABASES = ("sqlite", "postgresql")
APPLICATION = "tests.bench.timed:application"
SENT_AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
COUNTS = ("recorded_without_submitting", "people_lost", "double_posts_recorded_otherwise")
SHARES = ("counted_of_submitting", "people_suspect")
Story = Callable[[Mail], object]


class Visit(NamedTuple):
    delivery_id: int
    mail: Mail
    story: Story
    twice: str  # the path that is answered twice


class Told(NamedTuple):
    """What the database says in the end."""

    counts: dict[str, list[str]]  # path -> the answers that count, oldest first
    rows: Counter[int]  # delivery id -> how many answers it has, suspects too


@click.command("robots", help="Robots and people on the answer page: who is counted, who is lost.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--visits", type=click.IntRange(50), default=VISITS, help="Of each (10000).")
@click.option("--database", type=click.Choice([*DATABASES, "both"]), default="both")
@click.option("--seed", type=int, default=1, show_default=True)
def robots(as_json: bool, visits: int, database: str, seed: int) -> None:
    kinds = DATABASES if database == "both" else (database,)
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as folder:
        Path(folder).chmod(0o755)
        found = {kind: _measure(kind, Path(folder), visits, seed) for kind in kinds}
    data = {"visits": visits, **_worst(list(found.values())), "databases": found}
    click.echo(json.dumps(data, indent=2) if as_json else _table(data))


def _measure(kind: str, folder: Path, visits: int, seed: int) -> dict[str, Any]:
    begun = time.monotonic()
    _say(f"{kind}: a mail to {2 * visits:,} …")
    with (
        ground(kind, folder / kind, 2 * visits, ASKS + 1, SENT_AT) as there,
        serving(OURS, APPLICATION, there.environ | {"TIMED": "1"}) as port,
        closing(Asker(port, SENT_AT, THREADS)) as asker,
    ):
        zoo = list(_zoo(there, asker, seed))
        _say(f"{kind}: {visits:,} robots, {visits:,} people …")
        _all_at_once(lambda visit: visit.story(visit.mail), zoo)
        told = _told(there)
        _say(f"{kind}: {visits:,} double posts …")
        _all_at_once(lambda visit: asker.post_twice(visit.twice), zoo[:visits])
        twice = _twice(_told(there), zoo[:visits])
    return _judged(told, zoo) | twice | {"seconds": round(time.monotonic() - begun)}


def _all_at_once(do: Callable[[Visit], object], zoo: Iterable[Visit]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for _done in pool.map(do, zoo):
            pass


def _zoo(there: Ground, asker: Asker, seed: int) -> Iterator[Visit]:
    """A robot and a person in turns, so that they are under way at the same time."""
    links, stories = there.services.links, [*beasts.LOOKING, *beasts.SUBMITTING]
    for number, start in enumerate(range(0, len(there.paths), ASKS + 1)):
        *asks, twice = there.paths[start : start + ASKS + 1]
        delivery_id = links.read(Purpose.ANSWER, twice.rpartition("/")[2])[0]
        leaving = links.unsubscribe_url(delivery_id).removeprefix(links.base_url)
        chance = Random(f"{seed} {number}")
        pair = number // 2
        story = people.somebody(pair, chance) if number % 2 else stories[pair % len(stories)]
        yield Visit(delivery_id, Mail(asks, leaving, asker.ask, chance), story, twice)


def _told(there: Ground) -> Told:
    links = there.services.links
    counts: dict[str, list[str]] = {}
    with there.services.database.reading() as session:
        for row in session.scalars(select(Response).where(sound()).order_by(Response.id)):
            url = links.answer_url(row.delivery_id, row.offer_id)
            counts.setdefault(url.removeprefix(links.base_url), []).append(row.answer)
        return Told(counts, Counter(session.scalars(select(Response.delivery_id))))


def _judged(told: Told, zoo: Sequence[Visit]) -> dict[str, Any]:
    """Right is what counts when it is what a person said, and nothing else."""
    wrong = {visit.delivery_id for visit in zoo if _held(told, visit) != visit.mail.meant}
    looking, submitting, members = (
        [visit for visit in zoo if visit.story in stories]
        for stories in (beasts.LOOKING, beasts.SUBMITTING, [*people.PEOPLE, *people.HASTY])
    )
    counted = [visit for visit in submitting if visit.delivery_id in wrong]
    lost = [visit for visit in members if visit.delivery_id in wrong]
    asked = [visit for visit in members if visit.mail.asked_again]
    return {
        "recorded_without_submitting": sum(told.rows[visit.delivery_id] > 0 for visit in looking),
        "counted_of_submitting": round(len(counted) / len(submitting), 5),
        "people_lost": len(lost),
        "people_suspect": round(len(asked) / len(members), 5),
        "submitting": len(submitting),
        "suspects_kept": told.rows.total() - sum(map(len, told.counts.values())),
        "robots_counted": _by_story(counted),
        "lost": _by_story(lost),
        "asked_for_one_more_tap": _by_story(asked),
    }


def _held(told: Told, visit: Visit) -> dict[str, str]:
    return {path: told.counts[path][-1] for path in visit.mail.asks if path in told.counts}


def _twice(told: Told, zoo: Sequence[Visit]) -> dict[str, Any]:
    once = sum(told.counts.get(visit.twice) == ["done"] for visit in zoo)
    return {"double_posts": len(zoo), "double_posts_recorded_otherwise": len(zoo) - once}


def _by_story(visits: Iterable[Visit]) -> dict[str, int]:
    return dict(sorted(Counter(visit.story.__name__ for visit in visits).items()))


def _worst(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {name: max(one[name] for one in found) for name in (*COUNTS, *SHARES)}


def _table(data: dict[str, Any]) -> str:
    lines = [f"{name:<32} {data[name]:>10,}" for name in ("visits", *COUNTS, *SHARES)]
    for kind, found in data["databases"].items():
        lines += ["", kind, *(f"  {name:<30} {value}" for name, value in found.items())]
    return "\n".join(lines)


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
