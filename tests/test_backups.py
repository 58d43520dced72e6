"""Backups and their restoring, rehearsed: whole or not there, and nothing is mailed twice after."""

import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, insert, select, text, update

from app import migrating
from app.cli import main
from app.config import load
from app.databases import backing_up, restoring
from app.databases.restoring import GAP, restore
from app.db import Database
from app.delivery.models import Delivery
from app.errors import Refused
from app.factory import create_app
from app.issues.models import Issue
from app.networks.models import Member
from tests import wholesale
from tests.conftest import KEY
from tests.databases import emptied_postgres_url, postgres_programs
from tests.wholesale import filled, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FACTS = dict.fromkeys(
    ("scheduled_for", "frozen_at", "finished_at", "cancelled_at", "paused_at", "paused_why")
)


def unwatched(_label: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _count: None)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite database with rows in every table."""
    return filled(f"sqlite:///{tmp_path / 'docket.db'}", under_way)


@pytest.fixture
def client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the server's own version are on PATH."""
    monkeypatch.setenv("PATH", f"{postgres_programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def grown_url(client_programs: None) -> str:
    return filled(new_postgres("backup"), under_way)


def new_postgres(name: str) -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return emptied_postgres_url(f"docket_{name}_{worker}")


def under_way(connection: Connection) -> None:
    """Issue 1 is being sent, 2 waits for its time, 3 is done; the others are drafts."""
    for number, facts in {
        1: {"scheduled_for": NOW, "frozen_at": NOW},
        2: {"scheduled_for": NOW + timedelta(hours=1)},
        3: {"scheduled_for": NOW, "frozen_at": NOW, "finished_at": NOW},
    }.items():
        mine = update(Issue).where(Issue.id == number)
        connection.execute(mine.values(FACTS | facts))
    connection.execute(update(Issue).where(Issue.id > 3).values(FACTS))


def everything(url: str) -> dict[str, Any]:
    """But for what restoring changes: the issues' pauses."""
    with opened(url) as connection:
        rows = wholesale.everything(connection)
        kept = [c for c in Issue.__table__.c if not c.name.startswith("paused_")]
        rows["issue"] = [tuple(row) for row in connection.execute(select(*kept).order_by(Issue.id))]
    return rows


def paused(url: str) -> dict[int, str | None]:
    with opened(url) as connection:
        found = connection.execute(
            select(Issue.id, Issue.paused_why).where(Issue.paused_at.is_not(None))
        )
        return {row.id: row.paused_why for row in found}


def back_up(url: str, path: Path) -> Path:
    backing_up.back_up(url, path, unwatched)
    return path


def answers_ready(url: str, folder: Path) -> bool:
    settings = load({"DATABASE_URL": url, "SECRET_KEYS": KEY, "DATA_DIR": str(folder)})
    app = create_app(settings)
    try:
        return app.test_client().get("/readyz").status_code == 200
    finally:
        app.extensions["docket"].database.close()


def test_a_backup_taken_while_others_write_is_one_moment_of_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "PAGES", 1)  # somebody writes between any two pages
    before = everything(url)
    other, written = Database(url), []

    def write() -> None:
        with other.writing() as session:
            session.execute(update(Member).values(name=f"changed {len(written)} times"))
        written.append(1)

    with ThreadPoolExecutor(1) as thread:

        def busy(_label: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
            return nullcontext(lambda _count: thread.submit(write).result())

        backing_up.back_up(url, tmp_path / "backup.db", busy)
    other.close()
    assert len(written) > 100
    assert everything(url) != before

    new = f"sqlite:///{tmp_path / 'restored' / 'docket.db'}"
    (tmp_path / "restored").mkdir()
    restore(tmp_path / "backup.db", new, NOW, unwatched)
    assert everything(new) == before
    assert migrating.is_current(new)
    assert answers_ready(new, tmp_path / "restored")


def test_a_dump_of_postgresql_is_restored_the_same(grown_url: str, tmp_path: Path) -> None:
    back_up(grown_url, tmp_path / "backup.dump")
    new = new_postgres("restored")
    restore(tmp_path / "backup.dump", new, NOW, unwatched)
    assert everything(new) == everything(grown_url)
    assert migrating.is_current(new)
    assert answers_ready(new, tmp_path)


def test_what_was_under_way_rests_until_somebody_has_looked(url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "backup.db")
    new = f"sqlite:///{tmp_path / 'new.db'}"
    assert restore(tmp_path / "backup.db", new, NOW, unwatched) == 2
    assert paused(new) == {1: restoring.WHY, 2: restoring.WHY}
    assert paused(url) == {}


def test_numbers_given_after_the_backup_do_not_come_again(grown_url: str, tmp_path: Path) -> None:
    back_up(grown_url, tmp_path / "backup.dump")
    new = new_postgres("restored")
    restore(tmp_path / "backup.dump", new, NOW, unwatched)
    values = {c.name: wholesale._value(c, 900) for c in Delivery.__table__.c if c.name != "id"}
    with opened(new) as connection:
        made = connection.execute(insert(Delivery).values(values).returning(Delivery.id)).scalar()
    assert made == wholesale.ROWS + GAP + 1


def test_a_backup_of_an_older_version_is_brought_to_this_one(tmp_path: Path) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    migrating.upgrade(old, "0001")
    back_up(old, tmp_path / "backup.db")
    restore(tmp_path / "backup.db", new := f"sqlite:///{tmp_path / 'new.db'}", NOW, unwatched)
    assert migrating.is_current(new)


def test_a_backup_is_one_file_that_its_owner_alone_may_read(url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    path = back_up(url, tmp_path / "backups" / "docket.db")
    assert os.listdir(path.parent) == ["docket.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_backup_that_fails_leaves_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backups").mkdir()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backing_up, "copy_pages", full)
    with pytest.raises(Refused, match="full"):
        back_up(url, tmp_path / "backups" / "docket.db")
    assert os.listdir(tmp_path / "backups") == []


def test_a_restore_that_fails_leaves_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(url, tmp_path / "backup.db")
    (tmp_path / "new").mkdir()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(restoring, "_fold_in", full)
    with pytest.raises(Refused, match="full"):
        restore(tmp_path / "backup.db", f"sqlite:///{tmp_path / 'new/docket.db'}", NOW, unwatched)
    assert os.listdir(tmp_path / "new") == []


def test_a_backup_is_never_written_over(url: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_text("kept")
    with pytest.raises(Refused, match="exists"):
        back_up(url, path)
    assert path.read_text() == "kept"


def test_a_folder_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        back_up(url, tmp_path / "none" / "docket.db")


def test_a_damaged_backup_is_not_restored(url: str, tmp_path: Path) -> None:
    path = back_up(url, tmp_path / "backup.db")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(content)
    with pytest.raises(Refused, match="damaged"):
        restore(path, f"sqlite:///{tmp_path / 'new.db'}", NOW, unwatched)
    assert not (tmp_path / "new.db").exists()


def test_a_dump_that_was_cut_off_is_not_restored(grown_url: str, tmp_path: Path) -> None:
    path = back_up(grown_url, tmp_path / "backup.dump")
    path.write_bytes(path.read_bytes()[:200])
    new = new_postgres("restored")
    with pytest.raises(Refused, match="pg_restore"):
        restore(path, new, NOW, unwatched)
    assert is_bare(new)


def is_bare(url: str) -> bool:
    with opened(url) as connection:
        tables = text("SELECT count(*) FROM information_schema.tables WHERE table_schema='public'")
        return not connection.scalar(tables)


@pytest.mark.parametrize("beside", ["", "-wal", "-journal"])
def test_nothing_is_restored_over_a_database(url: str, tmp_path: Path, beside: str) -> None:
    path = back_up(url, tmp_path / "backup.db")
    taken = tmp_path / f"new.db{beside}"
    taken.write_bytes(b"somebody's")
    with pytest.raises(Refused, match="exists"):
        restore(path, f"sqlite:///{tmp_path / 'new.db'}", NOW, unwatched)
    assert taken.read_bytes() == b"somebody's"


def test_nothing_is_restored_into_a_postgresql_that_is_in_use(
    grown_url: str, tmp_path: Path
) -> None:
    path = back_up(grown_url, tmp_path / "backup.dump")
    before = everything(grown_url)
    with pytest.raises(Refused, match="not empty"):
        restore(path, grown_url, NOW, unwatched)
    assert everything(grown_url) == before


def test_a_backup_of_the_other_kind_says_which_way_to_go(url: str, tmp_path: Path) -> None:
    path = back_up(url, tmp_path / "backup.db")
    with pytest.raises(Refused, match="db copy"):
        restore(path, "postgresql://127.0.0.1:1/none", NOW, unwatched)


@pytest.mark.parametrize("content", [b"", b"name,email\n"])
def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match="not a backup"):
        restore(path, f"sqlite:///{tmp_path / 'new.db'}", NOW, unwatched)


@pytest.mark.parametrize(
    "change", ["UPDATE alembic_version SET version_num = '9999'", "DROP TABLE alembic_version"]
)
def test_a_backup_of_a_newer_version_or_of_something_else_is_refused(
    url: str, tmp_path: Path, change: str
) -> None:
    with opened(url) as connection:
        connection.execute(text(change))
    path = back_up(url, tmp_path / "backup.db")
    with pytest.raises(Refused, match="newer version"):
        restore(path, f"sqlite:///{tmp_path / 'new.db'}", NOW, unwatched)
    assert not (tmp_path / "new.db").exists()


def test_a_machine_without_pg_dump_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"pg_dump is not on PATH.*postgresql-client"):
        back_up("postgresql://127.0.0.1:1/none", tmp_path / "backup.dump")
    assert os.listdir(tmp_path) == []


def test_a_server_that_does_not_answer_is_told_without_its_password(
    client_programs: None, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1") as refused:
        back_up("postgresql+psycopg://u:secret-word@127.0.0.1:1/none", tmp_path / "backup.dump")
    assert "secret-word" not in str(refused.value)


def test_the_password_is_not_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    for name in ("pg_dump", "pg_restore"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "$@" "[$PGPASSWORD]" >>{told}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    back_up("postgresql+psycopg://u:pa%40ss@db.example/docket", tmp_path / "backup.dump")
    dump = told.read_text().splitlines()[0]
    assert "--dbname=postgresql://u@db.example/docket" in dump
    assert dump.endswith("[pa@ss]")
    assert dump.count("pa@ss") == 1


def test_the_command_keeps_the_newest_in_a_folder(
    database_kind: str, runner: Callable[..., Any], client_programs: None, tmp_path: Path
) -> None:
    suffix = {"sqlite": ".db", "postgresql": ".dump"}[database_kind]
    old = [f"docket-2026010{day}T000000Z{suffix}" for day in (1, 2, 3)]
    others = ["notes.txt", f"docket-of-mine{suffix}"]
    for name in old + others:
        (tmp_path / name).touch()
    ran = runner("db", "backup", tmp_path, "--keep", "2")
    assert ran.exit_code == 0, ran.stderr
    assert "whole and checked" in ran.stdout
    left = set(os.listdir(tmp_path)) - set(others) - {"data"}
    assert old[-1] in left
    assert len(left) == 2


def test_the_command_restores_into_a_new_place_and_warns(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = back_up(url, tmp_path / "backup.db")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "new"))
    ran = CliRunner().invoke(main, ["db", "restore", str(path)])
    assert ran.exit_code == 0, ran.stderr
    assert "paused now: 2" in ran.stdout
    assert "would be mailed again" in ran.stdout
    assert everything(f"sqlite:///{tmp_path / 'new/docket.db'}") == everything(url)
    again = CliRunner().invoke(main, ["db", "restore", str(path)])
    assert again.exit_code == 2
    assert "exists" in again.stderr


def test_keeping_goes_with_a_folder(runner: Callable[..., Any], tmp_path: Path) -> None:
    ran = runner("db", "backup", tmp_path / "one.db", "--keep", "3")
    assert ran.exit_code == 2
    assert "folder" in ran.stderr
