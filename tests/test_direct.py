"""Statements by the driver itself, alike on both databases."""

from datetime import UTC, date, datetime
from threading import Thread

import pytest
from sqlalchemy import bindparam, select

from app import direct
from app.cases.models import Ask
from app.db import Database
from app.direct import Busy, Statement
from tests import personas

AT = datetime(2026, 11, 24, 12, 30, 1, 250_000, tzinfo=UTC)


def ask_of(database: Database) -> int:
    with database.writing() as session:
        asked = personas.ask(
            session, personas.case(session), withdrawn_at=AT, deadline=date(2027, 1, 2)
        )
        return int(asked.id)


def by_id(kind: str) -> Statement:
    columns = (Ask.headline, Ask.withdrawn_at, Ask.deadline, Ask.withdrawn_at.is_(None))
    return Statement(select(*columns).where(Ask.id == bindparam("ask")), kind)


def headline_of(database: Database, ask: int) -> str:
    with database.reading() as session:
        return session.get_one(Ask, ask).headline


def test_a_row_comes_back_in_the_types_of_its_columns(
    database: Database, database_kind: str
) -> None:
    ask = ask_of(database)
    with database.direct.reading() as connection:
        row = by_id(database_kind).first(connection, ask=ask)
        assert by_id(database_kind).first(connection, ask=ask + 1) is None
    assert row is not None
    assert row[1:] == [AT, date(2027, 1, 2), False]


def test_what_a_reader_sees_is_what_was_committed_just_before(
    database: Database, database_kind: str
) -> None:
    ask = ask_of(database)
    statement = by_id(database_kind)
    for headline in ("first", "second"):
        with database.writing() as session:
            session.get_one(Ask, ask).headline = headline
        with database.direct.reading() as connection:
            assert (statement.first(connection, ask=ask) or [""])[0] == headline


def test_what_a_writer_wrote_is_there_when_its_block_ends(database: Database) -> None:
    ask = ask_of(database)
    with database.direct.writing() as connection:
        connection.execute("UPDATE ask SET headline = 'written'")
    assert headline_of(database, ask) == "written"
    written = database.direct.write(
        lambda connection: connection.execute("UPDATE ask SET headline = 'again'").rowcount
    )
    assert written == 1
    assert headline_of(database, ask) == "again"


def test_a_block_that_raises_leaves_nothing_and_a_connection_that_works(
    database: Database,
) -> None:
    ask = ask_of(database)

    def change_and_fail() -> None:
        with database.direct.writing() as connection:
            connection.execute("UPDATE ask SET headline = 'undone'")
            raise ValueError

    for _time in range(6):
        with pytest.raises(ValueError):
            change_and_fail()
    with pytest.raises(database.direct.errors), database.direct.reading() as connection:
        connection.execute("SELECT what FROM nowhere")
    assert headline_of(database, ask) != "undone"
    with database.direct.writing() as connection:
        connection.execute("UPDATE ask SET headline = 'done'")
    assert headline_of(database, ask) == "done"


def test_a_connection_that_is_gone_fails_once_and_is_opened_anew(database: Database) -> None:
    turns = direct.Turns(database.engine, 1)
    with turns.one() as connection:
        connection.close()
    with pytest.raises(database.direct.errors), turns.one() as connection:
        connection.execute("SELECT 1")
    with turns.one() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    turns.close()


def test_what_is_at_work_when_all_is_closed_is_closed_at_its_end(database: Database) -> None:
    turns = direct.Turns(database.engine, 1)
    with turns.one() as connection:
        turns.close()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(database.direct.errors):
        connection.execute("SELECT 1")
    with turns.one() as another:
        assert another is not connection
    turns.close()


def test_nobody_waits_for_a_turn_for_ever(database: Database) -> None:
    turns = direct.Turns(database.engine, 1)
    with turns.one(), pytest.raises(Busy), turns.one(0.001):
        pytest.fail("there was one turn")
    with turns.one(0.001) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    turns.close()


def test_no_more_are_at_work_than_there_are_turns(database: Database) -> None:
    turns, at_work, most = direct.Turns(database.engine, 2), [], []

    def work() -> None:
        for _time in range(50):
            with turns.one() as connection:
                at_work.append(connection)
                connection.execute("SELECT 1")
                most.append(len(at_work))
                at_work.remove(connection)

    threads = [Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 300
    assert max(most) <= 2
    turns.close()


def test_who_may_not_wait_is_told_so_while_another_writes(
    database: Database, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    monkeypatch.setattr(direct, "HURRY", 0.001)
    ask = ask_of(database)
    with database.writing() as session:
        session.get_one(Ask, ask).headline = "first"
        session.flush()  # the other must find it being written
        with pytest.raises(database.direct.unavailable), database.direct.writing_if_free():
            pytest.fail("somebody else was writing")
    with database.direct.writing_if_free() as connection:
        connection.execute("UPDATE ask SET headline = 'second'")
    assert headline_of(database, ask) == "second"


def test_a_writer_in_a_hurry_leaves_a_patient_one_patient(
    database: Database, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("a busy timeout is SQLite's")
    with database.direct.writing_if_free():
        pass
    with database.direct.writing() as connection:
        row = connection.execute("PRAGMA busy_timeout").fetchone()
    assert row == (direct.SQLITE_BUSY_MS,)


def test_every_commit_waits_for_the_disk(database: Database, database_kind: str) -> None:
    """As the rest of the service does: an answer that was confirmed is not lost."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL is told by its own settings")
    with database.direct.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
