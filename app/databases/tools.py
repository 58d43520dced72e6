"""PostgreSQL's own pg_dump and pg_restore, run as processes."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import make_url

from app.errors import Refused

INSTALL = (
    "Install PostgreSQL's client programs (Debian: postgresql-client), of the server's version "
    "or newer, or run this where they are."
)


def dump(database_url: str, path: Path) -> None:
    """The whole database in PostgreSQL's custom format (compressed), read in one snapshot."""
    _run("pg_dump", database_url, "--format=custom", f"--file={path}")
    check_dump(path)


def check_dump(path: Path) -> None:
    """Refused when the file is no dump, or its table of contents cannot be read."""
    _call([_find("pg_restore"), "--list", str(path)], {})


def load(path: Path, database_url: str) -> None:
    """Load a dump, all of it or nothing; its owner is whoever loads it."""
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run("pg_restore", database_url, *options, str(path))


def _run(program: str, database_url: str, *arguments: str) -> None:
    url = make_url(database_url)
    # Others on this machine see a command line, and not an environment.
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    shown = url._replace(drivername="postgresql", password=None)
    address = shown.render_as_string(hide_password=False)
    _call([_find(program), "--no-password", f"--dbname={address}", *arguments], secret)


def _call(command: list[str], environ: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments, and no shell
        command,
        check=False,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        words = done.stderr.strip().partition("\n")[0] or f"status {done.returncode}"
        hint = f" {INSTALL}" if "version" in done.stderr else ""
        raise Refused(f"{words}.{hint}")


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Refused(f"{program} is not on PATH. {INSTALL}")
    return found
