"""A ledger of version 0.1 becomes one of 0.2 and goes back, with whatever became of its mail."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, DateTime, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean

from app import migrating
from app.db import Database, make_engine
from app.delivery import leasing, settling
from app.delivery.models import Attempt, Chunk, Delivery, Settlement
from app.issues.models import Issue
from tests.databases import emptied_postgres_url

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER = AT + timedelta(hours=1)

# What became of a delivery in 0.1: its own columns, and its tries as (outcome, code, answer).
Try = tuple[str | None, int | None, str | None]
CAST: dict[str, tuple[dict[str, Any], list[Try]]] = {
    "queued": ({"state": "queued"}, []),
    "queued again": ({"state": "queued", "attempts": 1}, [("retry", 451, "later")]),
    "claimed": ({"state": "claimed", "claimed_by": "w", "claimed_until": LATER}, []),
    "claimed again": (
        {"state": "claimed", "claimed_by": "w", "claimed_until": LATER, "attempts": 1},
        [("retry", 451, "later")],
    ),
    "begun": (
        {"state": "claimed", "claimed_by": "w", "claimed_until": LATER, "attempts": 1},
        [(None, None, None)],
    ),
    "begun again": (
        {"state": "claimed", "claimed_by": "w", "claimed_until": LATER, "attempts": 2},
        [("retry", 451, "later"), (None, None, None)],
    ),
    "sent": ({"state": "sent", "attempts": 1, "settled_at": AT}, [("sent", 250, "ok")]),
    "sent at last": (
        {"state": "sent", "attempts": 2, "settled_at": AT},
        [("retry", 451, "later"), ("sent", 250, "ok at last")],
    ),
    "retry": (
        {"state": "retry", "attempts": 1, "next_try_at": LATER},
        [("retry", 451, "later")],
    ),
    "refused": (
        {"state": "failed", "cause": "refused", "attempts": 1, "settled_at": AT},
        [("give_up", 550, "nobody")],
    ),
    "left": ({"state": "failed", "cause": "left", "settled_at": AT}, []),
    "unknown": (
        {"state": "unknown", "attempts": 1, "settled_at": AT},
        [("unknown", None, "timed out")],
    ),
    "bounced": ({"state": "bounced", "attempts": 1, "settled_at": AT}, [("sent", 250, "ok")]),
}
WAITING = ("queued", "queued again", "claimed", "claimed again")
UNKNOWN = ("begun", "begun again", "unknown")


@pytest.fixture
def url(database_kind: str, tmp_path: Path) -> str:
    """A database of version 0.1 with a delivery of each kind, each of a member of its own."""
    if database_kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        url = emptied_postgres_url(f"docket_old_{worker}")
    migrating.upgrade(url, "0001")
    with connected(url) as connection:
        _Old(connection).fill()
    return url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


class _Old:
    """Writes rows into whatever tables there are: what must be said and is not, is made up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._metadata = MetaData()
        self._metadata.reflect(connection)

    def fill(self) -> None:
        network = self.add("network", code="legal", timezone="UTC", language="en")
        self.issue = self.add("issue", network_id=network, frozen_at=AT, scheduled_for=AT)
        edition = self.add("edition", issue_id=self.issue, language="en", offers_key="")
        for number, (columns, tries) in enumerate(CAST.values(), 1):
            member = self.add("member", email=f"m{number}@x", email_key=f"m{number}@x")
            membership = self.add("membership", member_id=member, network_id=network)
            place = {"issue_id": self.issue, "edition_id": edition, "member_id": member}
            usual = {"id": number, "next_try_at": AT, "attempts": 0, "membership_id": membership}
            self.add("delivery", **place | usual | columns)
            for count, (outcome, code, answer) in enumerate(tries, 1):
                self.add(
                    "attempt", delivery_id=number, number=count, begun_at=AT, outcome=outcome,
                    ended_at=AT if outcome else None, relay="r:25" if outcome else "",
                    code=code, answer=answer,
                )  # fmt: skip

    def add(self, name: str, **values: Any) -> Any:
        table = self._metadata.tables[name]
        made_up = {
            column.name: _something(column.type)
            for column in table.columns
            if not (column.nullable or column.primary_key or column.name in values)
        }
        row = self._connection.execute(insert(table).values(**made_up | values))
        return row.inserted_primary_key[0]


def _something(kind: Any) -> Any:
    for of, value in ((DateTime, AT), (Boolean, False), (JSON, []), (Integer, 0)):
        if isinstance(kind, of):
            return value
    return b"" if kind.python_type is bytes else "x"


def _rows(url: str, name: str) -> list[dict[str, Any]]:
    with connected(url) as connection:
        table = Table(name, MetaData(), autoload_with=connection)
        found = connection.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


def _settled(url: str) -> dict[str, Settlement]:
    database = Database(url)
    with database.reading() as session:
        rows = {row.delivery_id: row for row in session.scalars(select(Settlement))}
    database.close()
    return {name: rows[n] for n, name in enumerate(CAST, 1) if n in rows}


# Up ---------------------------------------------------------------------------------------------


def test_what_had_become_of_each_stands_in_its_settlement(url: str) -> None:
    migrating.upgrade(url)
    found = _settled(url)
    assert found.keys() == CAST.keys() - set(WAITING)
    states = {
        name: (row.state, row.cause, row.attempts, row.uncertain) for name, row in found.items()
    }
    assert states == {
        "begun": ("unknown", None, 1, 1),
        "begun again": ("unknown", None, 2, 1),
        "sent": ("sent", None, 1, 0),
        "sent at last": ("sent", None, 2, 0),
        "retry": ("retry", None, 1, 0),
        "refused": ("failed", "refused", 1, 0),
        "left": ("failed", "left", 0, 0),
        "unknown": ("unknown", None, 1, 1),
        "bounced": ("bounced", None, 1, 0),
    }
    assert {row.claimed_by for row in found.values()} == {None}
    assert {row.settled_at for name, row in found.items() if name != "retry"} == {AT}
    assert {name: row.next_try_at for name, row in found.items() if row.next_try_at} == {
        "retry": LATER
    }


def test_the_relays_last_words_are_kept(url: str) -> None:
    migrating.upgrade(url)
    words = {name: (row.relay, row.code, row.answer) for name, row in _settled(url).items()}
    assert words["sent at last"] == ("r:25", 250, "ok at last")
    assert words["refused"] == ("r:25", 550, "nobody")
    assert words["retry"] == ("r:25", 451, "later")
    assert words["left"] == (None, None, None)


def test_tries_that_did_not_end_the_matter_stay_on_record(url: str) -> None:
    migrating.upgrade(url)
    database = Database(url)
    names = dict(enumerate(CAST, 1))
    with database.reading() as session:
        tries = [
            (names[t.delivery_id], t.number, t.outcome) for t in session.scalars(select(Attempt))
        ]
    database.close()
    assert sorted(tries) == [
        ("begun again", 1, "retry"),
        ("claimed again", 1, "retry"),
        ("queued again", 1, "retry"),
        ("retry", 1, "retry"),
        ("sent at last", 1, "retry"),
        ("unknown", 1, "unknown"),
    ]


def test_what_waits_goes_out_after_the_migration_and_nothing_else(url: str) -> None:
    migrating.upgrade(url)
    database = Database(url)
    with database.writing() as session:
        held = leasing.claim(session, "w")
        assert held is not None
        dues, to = leasing.take(session, held, held.first_id - 1, 500)
        names = dict(enumerate(CAST, 1))
        assert [names[due.to.delivery_id] for due in dues] == list(WAITING)
        assert to == held.last_id
        assert leasing.claim(session, "w") is None
        again = leasing.claim_retries(session, "w", LATER, 10)
        assert [(names[due.to.delivery_id], due.attempts) for due in again] == [("retry", 1)]
    database.close()


def test_an_edition_of_which_nothing_waits_is_done(url: str) -> None:
    with connected(url) as connection:
        connection.execute(
            text("UPDATE delivery SET state = 'sent', settled_at = next_try_at, attempts = 1")
        )
    migrating.upgrade(url)
    database = Database(url)
    with database.writing() as session:
        [chunk] = session.scalars(select(Chunk))
        assert (chunk.done_at is not None, chunk.size, chunk.claimed_by) == (True, len(CAST), None)
        assert settling.finish_issues(session, AT) == 1
    database.close()


def test_issues_get_the_usual_ways(url: str) -> None:
    migrating.upgrade(url)
    database = Database(url)
    with database.reading() as session:
        [issue] = session.scalars(select(Issue))
        assert (issue.urgent, issue.when_uncertain, issue.rate_per_minute) == (
            False,
            "resend",
            None,
        )
        assert (issue.paused_at, issue.cancelled_at) == (None, None)
        assert len(session.scalars(select(Delivery)).all()) == len(CAST)
    database.close()


# Down -------------------------------------------------------------------------------------------


def test_going_back_each_is_what_it_was_or_unknown(url: str) -> None:
    before = {row["id"]: row for row in _rows(url, "delivery")}
    migrating.upgrade(url)
    migrating.downgrade(url, "0001")
    after = {row["id"]: row for row in _rows(url, "delivery")}
    for number, name in enumerate(CAST, 1):
        expected = before[number]["state"]
        expected = "unknown" if name in UNKNOWN else expected
        expected = "queued" if name in WAITING else expected
        assert after[number]["state"] == expected, name
        for column in ("issue_id", "edition_id", "member_id", "membership_id", "sector", "cause"):
            assert after[number][column] == before[number][column], name
        assert after[number]["claimed_by"] is None
        assert after[number]["next_try_at"] is not None
    retry = list(CAST).index("retry") + 1
    assert after[retry]["next_try_at"] == before[retry]["next_try_at"]
    assert after[retry]["attempts"] == 1


def test_going_back_no_delivery_has_two_tries_of_one_number(url: str) -> None:
    """Staff sent again, so that tries were counted anew."""
    migrating.upgrade(url)
    refused = list(CAST).index("refused") + 1
    with connected(url) as connection:
        table = Table("attempt", MetaData(), autoload_with=connection)
        for outcome in ("give_up", "retry"):
            connection.execute(
                insert(table).values(
                    delivery_id=refused, number=1, ended_at=AT, relay="r:25", outcome=outcome
                )
            )
    migrating.downgrade(url, "0001")
    tries = [row for row in _rows(url, "attempt") if row["delivery_id"] == refused]
    assert [(row["number"], row["outcome"]) for row in tries] == [(1, "retry")]


def test_up_and_down_and_up_again_says_the_same(url: str) -> None:
    migrating.upgrade(url)
    once = {name: row.state for name, row in _settled(url).items()}
    migrating.downgrade(url, "0001")
    migrating.upgrade(url)
    assert {name: row.state for name, row in _settled(url).items()} == once
    migrating.check(url)


# References -------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["head", "down again"])
def test_references_are_still_checked(url: str, revision: str) -> None:
    """SQLite makes a table anew to change it: what points to it must not lose its way."""
    migrating.upgrade(url)
    if revision != "head":
        migrating.downgrade(url, "0001")
    with connected(url) as connection:
        writes = _Old(connection)
        case = writes.add("case", reference="C")
        ask = writes.add("ask", case_id=case, reference="a")
        issue = connection.scalar(text("SELECT id FROM issue"))
        offer = writes.add("offer", issue_id=issue, ask_id=ask)
        writes.add("visit", delivery_id=1, offer_id=offer)
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    for table in ("visit", "response", "evidence"):
        with pytest.raises(IntegrityError), connected(url) as connection:
            _Old(connection).add(table, delivery_id=10**6, offer_id=offer)
