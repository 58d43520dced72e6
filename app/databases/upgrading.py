"""A database brought to this version: its schema, and the catalogue that comes with it."""

from datetime import datetime

from app import migrating
from app.catalogue import seeding
from app.db import Database


def upgrade(database_url: str, now: datetime) -> None:
    """New or old; where it is current already, nothing is written."""
    migrating.upgrade(database_url)
    database = Database(database_url)
    try:
        with database.writing() as session:
            seeding.seed(session, now)
    finally:
        database.close()
