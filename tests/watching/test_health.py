"""/healthz and /readyz: the process answers; the database does, with this version's schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import migrating
from app.config import Settings


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    from app.config import load

    return load({"DATA_DIR": str(tmp_path), "SECRET_KEYS": "k" * 40})


@contextmanager
def client_of(settings: Settings) -> Iterator[FlaskClient]:
    from app.factory import create_app

    app = create_app(settings)
    try:
        yield app.test_client()
    finally:
        app.extensions["docket"].database.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The databases whose schema was looked at."""
    asked: list[str] = []
    real: Callable[[str], bool] = migrating.is_current

    def is_current(url: str) -> bool:
        asked.append(url)
        return real(url)

    monkeypatch.setattr(migrating, "is_current", is_current)
    return asked


def test_a_database_of_this_version_is_ready_and_looked_at_once(
    plain: Settings, counted: list[str]
) -> None:
    migrating.upgrade(plain.database_url)
    with client_of(plain) as client:
        for _ in range(3):
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert len(counted) == 1


def test_an_older_database_is_not_ready_until_it_is_brought_up(
    plain: Settings, counted: list[str]
) -> None:
    with client_of(plain) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "docket db upgrade" in answer.text
        migrating.upgrade(plain.database_url)
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all.db", "postgresql+psycopg://127.0.0.1:1/none"],
    ids=["sqlite", "postgresql"],
)
def test_a_database_that_is_away_is_said_in_words(plain: Settings, url: str) -> None:
    with client_of(replace(plain, database_url=url)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json == {"status": "the database does not answer"}
        assert client.get("/healthz").json == {"status": "ok"}


def test_a_database_that_goes_away_later_is_noticed(plain: Settings) -> None:
    migrating.upgrade(plain.database_url)
    with client_of(plain) as client:
        assert client.get("/readyz").status_code == 200
        services = client.application.extensions["docket"]
        services.database.close()
        away = replace(plain, database_url="sqlite:////nowhere/at/all.db")
        client.application.extensions["docket"] = type(services).of(away)
        assert client.get("/readyz").status_code == 503
