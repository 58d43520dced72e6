"""The office that imports."""

import pytest

from app.db import Database
from tests import personas
from tests.networks.office import Office


@pytest.fixture
def office(database: Database) -> Office:
    with database.writing() as session:
        network = personas.network(session)
    return Office(database, network)
