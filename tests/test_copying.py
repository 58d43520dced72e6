"""`docket db copy`: between both kinds, whole and the same, or not at all."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    select,
    text,
    update,
)

from app import migrating
from app.cases.models import Case
from app.databases import copying, numbering
from app.databases.cli import progress
from app.databases.copying import Copy
from app.databases.travelling import batch_size, kind_of
from app.db import Database
from app.delivery.models import Delivery, Edition, WorkerLease
from app.errors import Refused
from app.networks.models import Member, Suppression
from app.responses.models import Visit
from app.tables import metadata
from tests import wholesale
from tests.databases import emptied_postgres_url
from tests.wholesale import filled, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KINDS = ("sqlite", "postgresql")
PAIRS = [(source, target) for source in KINDS for target in KINDS]
Place = Callable[[str], str]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """place(kind) is the address of a new empty database."""
    numbers = count()

    def make(kind: str) -> str:
        number = next(numbers)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{number}.db'}"
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        return emptied_postgres_url(f"docket_copy_{number}_{worker}")

    return make


def unwatched(_label: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _count: None)


def copy(source: str, target: str) -> Copy:
    return copying.copy(
        source, target, NOW, lambda _label, _total: nullcontext(lambda _count: None)
    )


def everything(url: str) -> dict[str, Any]:
    with opened(url) as connection:
        return wholesale.everything(connection)


def is_empty(url: str) -> bool:
    with opened(url) as connection:
        return not any(wholesale.counts(connection).values())


@pytest.mark.parametrize(("source_kind", "target_kind"), PAIRS)
def test_a_copy_reads_the_same_in_every_table(
    place: Place, source_kind: str, target_kind: str
) -> None:
    source, target = filled(place(source_kind)), place(target_kind)
    done = copy(source, target)
    assert everything(target) == everything(source)
    assert {table.table: table.rows for table in done.tables} == dict.fromkeys(
        metadata.tables, wholesale.ROWS
    )
    assert not done.disturbed
    assert migrating.is_current(target)


def test_there_and_back_again_has_the_same_digests(place: Place) -> None:
    first = copy(filled(place("sqlite")), grown := place("postgresql"))
    second = copy(grown, place("sqlite"))
    assert first.tables == second.tables


@pytest.mark.parametrize(("source_kind", "target_kind"), PAIRS)
def test_a_new_row_gets_a_number_that_none_had_before(
    place: Place, source_kind: str, target_kind: str
) -> None:
    source, target = filled(place(source_kind)), place(target_kind)
    copy(source, target)
    with opened(target) as connection:
        values = {c.name: wholesale._value(c, 1000) for c in Delivery.__table__.c if c.name != "id"}
        made = connection.execute(insert(Delivery).values(values).returning(Delivery.id)).scalar()
    assert made == wholesale.ROWS + 1


def test_a_number_of_a_row_that_was_deleted_does_not_come_again(place: Place) -> None:
    source, target = filled(place("postgresql")), place("postgresql")
    with opened(source) as connection:
        connection.execute(text("SELECT setval(pg_get_serial_sequence('delivery', 'id'), 5000)"))
    copy(source, target)
    with opened(target) as connection:
        assert numbering.last_given(connection, Delivery.__table__) == 5000


def test_an_empty_database_can_be_copied(place: Place) -> None:
    migrating.upgrade(source := place("sqlite"))
    done = copy(source, place("postgresql"))
    assert {table.rows for table in done.tables} == {0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_with_a_row_in_it_is_refused_and_left_alone(place: Place, kind: str) -> None:
    source, target = filled(place("sqlite")), filled(place(kind))
    before = everything(target)
    with pytest.raises(Refused, match="not empty"):
        copy(source, target)
    assert everything(target) == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_target_of_an_older_version_is_brought_to_this_one(
    place: Place, kind: str
) -> None:
    source, target = filled(place("sqlite")), place(kind)
    migrating.upgrade(target, "0001")
    copy(source, target)
    assert migrating.is_current(target)
    assert everything(target) == everything(source)


def test_a_database_of_something_else_is_refused(place: Place) -> None:
    source, target = filled(place("sqlite")), place("postgresql")
    with opened(target) as connection:
        connection.execute(text("CREATE TABLE orders (id integer)"))
    with pytest.raises(Refused, match="something else"):
        copy(source, target)


def test_a_source_of_another_version_is_refused(place: Place) -> None:
    source, target = place("sqlite"), place("sqlite")
    migrating.upgrade(source, "0001")
    with opened(source) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(Refused, match="db upgrade"):
        copy(source, target)
    assert not Path(target.removeprefix("sqlite:///")).exists()


def test_a_source_that_is_not_there_is_not_made(place: Place) -> None:
    source = place("sqlite")
    with pytest.raises(Refused, match="no database"):
        copy(source, place("sqlite"))
    assert not Path(source.removeprefix("sqlite:///")).exists()


def test_a_database_is_not_copied_onto_itself(place: Place) -> None:
    source = filled(place("sqlite"))
    with pytest.raises(Refused, match="same database"):
        copy(source, source)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_copied_while_a_worker_is_at_work(place: Place, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    at_work = {"gone_at": None, "seen_at": NOW - timedelta(seconds=5)}
    with opened(source) as connection:
        one = select(WorkerLease.name).limit(1).scalar_subquery()
        connection.execute(update(WorkerLease).where(WorkerLease.name == one).values(at_work))
    with pytest.raises(Refused, match=r"stop every worker.*12:04 UTC"):
        copy(source, target)
    assert not Path(target.removeprefix("sqlite:///")).exists()


def test_a_worker_that_was_killed_long_ago_is_in_nobodys_way(place: Place) -> None:
    source = filled(place("sqlite"))
    with opened(source) as connection:
        connection.execute(
            update(WorkerLease).values(gone_at=None, seen_at=NOW - timedelta(days=1))
        )
    assert copy(source, place("sqlite")).tables


def test_what_is_written_meanwhile_is_not_in_the_copy_and_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(place("sqlite")), place("postgresql")
    before = everything(source)
    compare = copying.compare

    def meanwhile(*arguments: Any) -> Any:
        other = Database(source)
        with other.writing() as session:
            session.execute(update(Member).values(name="changed meanwhile"))
        other.close()
        return compare(*arguments)

    monkeypatch.setattr(copying, "compare", meanwhile)
    assert copy(source, target).disturbed
    assert everything(target) == before


CHANGES = [
    (delete(Visit).where(Visit.id == 7), r"visit 7: missing in the copy"),
    (
        update(Visit).where(Visit.id == 9).values(id=900),
        r"visit 9: missing in the copy\n.*visit 900: only in the copy",
    ),
    (
        update(Suppression).where(Suppression.id == 3).values(reason="x"),
        r"suppression 3: not the same in reason",
    ),
    (
        update(Edition).where(Edition.id == 4).values(compiled=b"x", size=0),
        r"edition 4: not the same in compiled, size",
    ),
    (update(Case).where(Case.id == 5).values(concerns=["x"]), r"case 5: .* in concerns"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("change", "words"), CHANGES, ids=[words for _, words in CHANGES])
def test_a_copy_that_differs_is_named_and_not_kept(
    place: Place, kind: str, change: Executable, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(place("sqlite")), place(kind)
    compare = copying.compare
    changed = False

    def spoiled(reading: Connection, writing: Connection, *arguments: Any) -> Any:
        nonlocal changed
        if not changed:
            changed = True
            writing.execute(change)
        return compare(reading, writing, *arguments)

    monkeypatch.setattr(copying, "compare", spoiled)
    with pytest.raises(Refused, match=words):
        copy(source, target)
    assert is_empty(target)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("name", "a\0b", r"member 11: PostgreSQL cannot store .*NUL"),
        ("created_at", "yesterday-ish", r"member 11: .* in created_at \(InvalidDatetimeFormat"),
        ("smtputf8", 7, r"member 11: .* in smtputf8"),
    ],
)
def test_what_postgresql_cannot_store_is_named_without_its_value(
    place: Place, column: str, value: object, words: str
) -> None:
    source, target = filled(place("sqlite")), place("postgresql")
    with opened(source) as connection:
        statement = text(f"UPDATE member SET {column} = :value WHERE id = 11")
        connection.execute(statement, {"value": value})
    with pytest.raises(Refused, match=words) as refused:
        copy(source, target)
    assert str(value) not in str(refused.value)
    assert is_empty(target)


def test_times_written_without_a_fraction_are_the_same_time(place: Place) -> None:
    source = filled(place("sqlite"))
    with opened(source) as connection:
        connection.execute(text("UPDATE member SET created_at = '2026-03-04 05:06:07'"))
    first, second = copy(source, place("postgresql")), copy(source, place("sqlite"))
    assert first.tables == second.tables


def test_rows_with_files_are_moved_one_by_one() -> None:
    assert batch_size(Edition.__table__) == 1
    assert batch_size(Delivery.__table__) > 1000


def test_a_type_that_nobody_knows_to_carry_is_refused_and_none_is_in_use() -> None:
    from sqlalchemy import Column, Interval

    with pytest.raises(TypeError, match="does not know"):
        kind_of(Column("lasted", Interval()))
    for table in metadata.sorted_tables:
        for column in table.c:
            assert kind_of(column), column


def test_the_command_says_what_it_copied(place: Place, runner: Callable[..., Any]) -> None:
    source, target = filled(place("sqlite")), place("postgresql")
    ran = runner("db", "copy", "--from", source, "--to", target)
    assert ran.exit_code == 0, ran.stderr
    assert "is the same" in ran.stdout
    assert f"copying member: {wholesale.ROWS} of {wholesale.ROWS}" in ran.stderr
    assert everything(target) == everything(source)
    again = runner("db", "copy", "--from", source, "--to", target, "--json")
    assert again.exit_code == 2
    assert "not empty" in again.stderr


def test_an_address_that_is_none_is_refused_by_its_option(runner: Callable[..., Any]) -> None:
    ran = runner("db", "copy", "--to", "mysql://127.0.0.1/docket")
    assert ran.exit_code == 2
    assert "--to: mysql" in ran.stderr


def test_sqlite_remembers_numbers_where_a_table_asks_for_it(place: Place) -> None:
    table = Table("counted", MetaData(), Column("id", Integer, primary_key=True))
    table.dialect_options["sqlite"]["autoincrement"] = True
    with opened(place("sqlite")) as connection:
        table.create(connection)
        assert numbering.last_given(connection, table) == 0
        numbering.go_on_after(connection, table, 41)
        assert connection.execute(insert(table).returning(table.c.id)).scalar() == 42
        connection.execute(table.delete())
        assert numbering.last_given(connection, table) == 42
        numbering.go_on_after(connection, table, 50)
        assert connection.execute(insert(table).returning(table.c.id)).scalar() == 51


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_who_looks_on_sees_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress("copying member", 10) as advance:
        advance(10)
    assert "copying member" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("copying member", 10) as advance:
        for _ in range(10):
            advance(1)
    assert capsys.readouterr().err == "copying member: 10 of 10\n"
