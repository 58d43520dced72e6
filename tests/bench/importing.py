"""Importing members: ours reads, plans and applies a file; the naive way asks row by row."""

import csv
import io
from itertools import count
from pathlib import Path

from sqlalchemy import select

from app.clock import now
from app.config import load
from app.db import Database
from app.importing import applying, runs, staging
from app.importing.models import ImportRun, ImportState
from app.networks.models import Member, Membership, Network
from app.services import Services
from app.tables import metadata
from tests import personas
from tests.bench.measuring import Figure, compare

ROWS, NAIVE_ROWS = 4000, 300


def figure(folder: Path, rounds: int) -> Figure:
    folder.mkdir()
    services = Services.of(load({"DATA_DIR": str(folder)}))
    metadata.create_all(services.database.engine)
    with services.database.writing() as session:
        network_id = personas.network(session).id
    batch = count()
    found = compare(
        "import",
        "rows/s",
        lambda: _ours(services.database, network_id, next(batch)),
        lambda: _naive(services.database, network_id, next(batch)),
        "a query and a commit for each row",
        rounds,
    )
    services.database.close()
    return found


def _sheet(batch: int, rows: int) -> bytes:
    lines = [
        f"Dr Ada Quill {n};ada{n}.{batch}@example.org;avocate;fr, en;France" for n in range(rows)
    ]
    return "\n".join(["Nom;E-Mail;Métier;Langues;Pays", *lines]).encode()


def _ours(database: Database, network_id: int, batch: int) -> int:
    with database.writing() as session:
        network = session.get_one(Network, network_id)
        found = runs.look("x.csv", _sheet(batch, ROWS))
        run = runs.start(session, network, None, found, "a sheet")
        run.state = ImportState.READING
    staging.read(database, run.id)
    with database.writing() as session:
        counts = applying.apply(session, session.get_one(ImportRun, run.id), now())
    return counts["new"]


def _naive(database: Database, network_id: int, batch: int) -> int:
    rows = csv.DictReader(io.StringIO(_sheet(batch, NAIVE_ROWS).decode()), delimiter=";")
    done = 0
    for row in rows:
        with database.writing() as session:
            email = row["E-Mail"].lower()
            member = session.scalars(select(Member).where(Member.email_key == email)).first()
            if member is None:
                member = personas.member(session, name=row["Nom"], email=email)
            held = select(Membership).where(
                Membership.member_id == member.id, Membership.network_id == network_id
            )
            if session.scalars(held).first() is None:
                network = session.get_one(Network, network_id)
                personas.membership(session, member, network)
        done += 1
    return done
