"""Two networks and their coordinators, and pictures to add."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageOps
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.media import keeping
from app.media.models import Picture
from app.networks.managing import network_by_code
from app.networks.models import Network
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.letters.conftest import picture


@dataclass(frozen=True)
class Library:
    database: Database
    legal: Network
    medical: Network

    def add(self, content: bytes = b"", name: str = "vigil.jpg", **alts: str) -> Picture:
        """To the first network; with alt texts where some are named."""
        with self.database.writing() as session:
            added = keeping.add(session, self.legal, None, name, content or picture(), now())
            if alts:
                keeping.describe(added, added.name, alts, now())
            return added

    def pictures(self) -> list[Picture]:
        with self.database.reading() as session:
            return list(session.scalars(select(Picture).order_by(Picture.id)))

    def audited(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def library(database: Database) -> Library:
    with database.writing() as session:
        return Library(database, personas.network(session), personas.network(session, "medical"))


@pytest.fixture
def enter(
    client: FlaskClient, sign_in: Callable[..., Staff], library: Library
) -> Callable[..., Staff]:
    """enter("coordinator", "legal") signs somebody in."""

    def enter(role: str, *codes: str) -> Staff:
        with library.database.reading() as session:
            networks = [network_by_code(session, code) for code in codes]
        return sign_in(client, role, networks)

    return enter


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """What no format makes small."""
    bands = [Image.effect_noise(size, 90) for _band in mode]
    return Image.merge(mode, bands)


def photograph() -> bytes:
    """An evening with lights in it."""
    size = (1600, 1067)
    sky = Image.linear_gradient("L").resize(size)
    drawn = ImageOps.colorize(sky, "#d69476", "#483028")
    pen = ImageDraw.Draw(drawn)
    for number in range(6):
        x, y = 180 + number * 240, 700 + number % 2 * 40
        pen.ellipse((x - 45, y - 190, x + 45, y - 100), fill="#2a211d")
        pen.rectangle((x - 70, y - 90, x + 70, size[1]), fill="#2a211d")
        pen.ellipse((x + 60, y - 40, x + 90, y + 20), fill="#ffd98a")
    written = BytesIO()
    drawn.save(written, "JPEG", quality=90)
    return written.getvalue()


def mark() -> bytes:
    """A drawing that one can see through."""
    drawn = Image.new("RGBA", (500, 640), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((190, 260, 310, 620), fill="#1d1b18")
    pen.ellipse((200, 40, 300, 240), fill="#a63c06")
    written = BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()
