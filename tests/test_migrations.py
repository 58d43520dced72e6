"""The migrations make exactly what the models say, and can be undone."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

from app import migrating
from app.db import make_engine
from app.tables import metadata
from tests.databases import postgres_url


@pytest.fixture
def fresh_url(database_kind: str, tmp_path: Path) -> str:
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    import os

    return postgres_url(f"fresh_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")


def test_every_table_comes_with_the_migrations_and_goes_with_them(fresh_url: str) -> None:
    migrating.upgrade(fresh_url)
    assert migrating.is_current(fresh_url)
    assert _tables(fresh_url) == set(metadata.tables) | {"alembic_version"}

    migrating.downgrade(fresh_url)
    assert _tables(fresh_url) == {"alembic_version"}
    assert not migrating.is_current(fresh_url)

    migrating.upgrade(fresh_url)
    assert migrating.is_current(fresh_url)


def test_models_and_migrations_agree(fresh_url: str) -> None:
    migrating.upgrade(fresh_url)
    migrating.check(fresh_url)


def _tables(url: str) -> set[str]:
    engine = make_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()
