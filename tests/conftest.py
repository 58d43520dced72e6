"""Fixtures: a clean database of either kind, the application on it, and people signed in."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import exists, literal, select, text
from sqlalchemy.orm import Session

from app.config import Settings, load
from app.db import Database
from app.links import Links
from app.services import Services
from app.staff.models import Staff
from app.tables import metadata
from app.vault import Vault
from tests import personas
from tests.databases import postgres_url
from tests.office import Office

hypothesis_settings.register_profile(
    "docket",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("docket")

KEY = "a-key-for-tests-only-a-key-for-tests-only"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db", choices=("sqlite", "postgresql", "both"), default="both", help="which databases"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("--db")
        kinds = ["sqlite", "postgresql"] if wanted == "both" else [wanted]
        metafunc.parametrize("database_kind", kinds, scope="session")


@pytest.fixture(scope="session")
def schema_url(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the schema in it, made once per kind and worker."""
    if database_kind == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'docket.db'}"
    else:
        url = postgres_url()
    database = Database(url)
    metadata.drop_all(database.engine)
    metadata.create_all(database.engine)
    database.close()
    return url  # type: ignore[return-value]


@pytest.fixture(scope="session")
def shared_database(schema_url: str) -> Iterator[Database]:
    database = Database(schema_url)
    yield database
    database.close()


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """A clean database; the test runs once on SQLite and once on PostgreSQL."""
    yield shared_database
    with shared_database.writing() as session:
        _empty(session)


def _empty(session: Session) -> None:
    """On PostgreSQL all at once, so that rows of the next test lie in the order of their coming."""
    tables = list(reversed(metadata.sorted_tables))
    if session.get_bind().dialect.name == "postgresql":
        quoted = ", ".join(f'"{table.name}"' for table in tables)
        session.execute(text(f"TRUNCATE {quoted} RESTART IDENTITY CASCADE"))
        return
    held = session.execute(select(*(exists(select(literal(1)).select_from(t)) for t in tables)))
    for table, has_rows in zip(tables, held.one(), strict=True):
        if has_rows:
            session.execute(table.delete())


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session that ends with the test; commit to let others see what it wrote."""
    with database.session() as session:
        yield session
        session.rollback()


@pytest.fixture
def settings(schema_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "DATABASE_URL": schema_url,
            "DATA_DIR": str(tmp_path / "data"),
            "BASE_URL": "https://docket.example.org",
            "SECRET_KEYS": KEY,
            "SMTP_URL": "smtp://127.0.0.1:1",
            "MAIL_DOMAIN": "news.example.org",
            "SIGN_IN_LIMIT": "1000 per minute",
            "PUBLIC_LIMIT": "10000 per minute",
            "SEND_DELAY_SECONDS": "0",
        }
    )


@pytest.fixture
def links(settings: Settings) -> Links:
    return Links(settings.secret_keys, settings.base_url, settings.mail_domain)


@pytest.fixture
def services(settings: Settings, database: Database, links: Links) -> Services:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Services(settings, database, links, Vault(settings.secret_keys))


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """So that each test's application need not compile them anew."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(
    settings: Settings, database: Database, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Flask]:
    """The application, without CSRF (tests/test_access.py turns it on) and over https."""
    from app.factory import create_app

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = create_app(settings)
    app.jinja_env.bytecode_cache = compiled_templates
    app.config.update(
        WTF_CSRF_ENABLED=False,
        PREFERRED_URL_SCHEME="https",
        SERVER_NAME="docket.example.org",  # the test client asks there
    )
    yield app
    app.extensions["docket"].database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sign_in(database: Database) -> Callable[..., Staff]:
    """sign_in(client, role="admin", networks=[...]) makes a member of staff and signs them in."""

    def sign_in(client: FlaskClient, role: str = "admin", networks: list[Any] = []) -> Staff:  # noqa: B006
        with database.writing() as session:
            somebody = personas.staff(session, role, networks)
        with client.session_transaction(base_url="https://docket.example.org") as cookie:
            cookie["_user_id"] = f"{somebody.id}.{somebody.session_epoch}"
            cookie["_fresh"] = True
        return somebody

    return sign_in


@pytest.fixture
def office(database: Database) -> Office:
    """A network whose lists are imported."""
    with database.writing() as session:
        network = personas.network(session)
    return Office(database, network)


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def runner(services: Services) -> Callable[..., Ran]:
    """runner("members", "import", ...) runs a command on the test's database."""
    from click.testing import CliRunner

    from app.cli import main

    def run(*arguments: str, stdin: str | None = None) -> Ran:
        result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin, obj=services)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATA_DIR", "BASE_URL", "SECRET_KEYS", "SMTP_URL", "MAIL_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    os.environ.setdefault("TZ", "UTC")
