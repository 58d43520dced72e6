"""One sent issue of two asks, one of another network, and files that people might send."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery.models import Delivery
from app.inbound import receiving
from app.inbound.models import InboundMail
from app.inbound.receiving import Arrival
from app.issues.models import Issue
from app.letters import files, keeping
from app.letters.models import Letter, LetterKind
from app.links import Links
from app.networks.models import Network
from app.reports.arithmetic import Tally
from app.reports.counting import issue_report
from app.responses.models import Evidence, Response
from app.staff.models import Staff
from app.vault import Vault
from tests import personas

DAYS = 365
MAIL = (
    b"From: ada@quill.example\r\nTo: minister@justice.example\r\nSubject: Mira Solenne\r\n"
    b"Date: Mon, 23 Nov 2026 14:02:00 +0100\r\nMessage-ID: <one@quill.example>\r\n\r\n"
    b"Dear Minister,\r\n\r\nplease release her.\r\n"
)


@dataclass(frozen=True)
class Asked:
    """Ids. `other_offer_id` is of the same delivery; `foreign` of another network's."""

    delivery_id: int
    offer_id: int
    other_offer_id: int
    issue_id: int
    case_id: int
    foreign: tuple[int, int]
    path: str  # where the first ask's letter is given
    database: Database

    @property
    def ids(self) -> tuple[int, int]:
        return self.delivery_id, self.offer_id

    def tally(self, session: Session) -> Tally:
        return issue_report(session, session.get_one(Issue, self.issue_id), now()).asks[0].tally


@pytest.fixture
def vault(settings: Any) -> Vault:
    return Vault(settings.secret_keys)


@pytest.fixture
def asked(database: Database, links: Links) -> Asked:
    with database.writing() as session:
        legal, medical = personas.network(session), personas.network(session, "medical")
        case = personas.case(session, "CASE-1")
        issue = _sent(session, legal, case, 2)
        foreign = _sent(session, medical, case, 1)
        delivery = _delivery(session, issue)
        first, second = issue.offers
        place = _delivery(session, foreign).id, foreign.offers[0].id
        path = links.answer_url(delivery.id, first.id).removeprefix(links.base_url)
        path = path.replace("/r/", "/letter/")
        return Asked(delivery.id, first.id, second.id, issue.id, case.id, place, path, database)


def _sent(session: Session, network: Network, case: Any, asks: int) -> Issue:
    personas.member(session, network, name="Ada Quillfeather")
    issue = personas.issue(session, network, [personas.ask(session, case) for _n in range(asks)])
    personas.delivered(session, issue, at=now() - timedelta(hours=1))
    return issue


def _delivery(session: Session, issue: Issue) -> Any:
    return session.scalars(select(Delivery).where(Delivery.issue_id == issue.id)).one()


@pytest.fixture
def officer(session: Session) -> Staff:
    return personas.staff(session)


def mail(session: Session, vault: Vault, raw: bytes = MAIL) -> InboundMail:
    mail_id = receiving.receive(session, vault, raw, Arrival("smtp"), now())
    return session.get_one(InboundMail, mail_id)


def keep(
    session: Session,
    vault: Vault,
    places: list[tuple[int, ...]],
    raw: bytes = MAIL,
    kind: LetterKind = LetterKind.LETTER,
) -> int:
    found = mail(session, vault, raw)
    return keeping.keep_mail(session, vault, found, raw, places, kind, DAYS, now())


def upload(
    session: Session, vault: Vault, ids: tuple[int, int], content: bytes = b"Dear Minister"
) -> Letter:
    file = files.check(content, 10)
    return keeping.keep_upload(session, vault, ids, LetterKind.LETTER, file, DAYS, now())


def letters(session: Session) -> list[Letter]:
    return list(session.scalars(select(Letter).order_by(Letter.id)))


def said(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(select(Response).order_by(Response.id))
    return [(row.answer, row.channel) for row in rows]


def evidence(session: Session) -> list[tuple[str, str, bool]]:
    """(grade, kind, counts) of each row."""
    rows = session.scalars(select(Evidence).order_by(Evidence.id))
    return [(row.grade, row.kind, row.withdrawn_at is None) for row in rows]


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **how: Any) -> bytes:
    """Red on its left, blue on its right."""
    drawn = Image.new(how.pop("mode", "RGB"), size, "red")
    drawn.paste("blue", (size[0] // 2, 0, *size))
    written = BytesIO()
    drawn.save(written, kind, **how)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def huge_png(side: int) -> bytes:
    """One that says how large it is in a few bytes."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(*chunk) for chunk in ((b"IHDR", header), (b"IDAT", lines), (b"IEND", b""))
    )


def _png_chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def short(value: object) -> str | None:
    """The name of a test for a file: its first bytes."""
    return repr(value[:12]) if isinstance(value, bytes) else None


def docx(extra: dict[str, bytes] | None = None, without: str = "") -> bytes:
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        "word/document.xml": b"<document/>",
        **(extra or {}),
    }
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in parts.items():
            if name != without:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def odt() -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        kind = "application/vnd.oasis.opendocument.text"
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        archive.writestr(zipfile.ZipInfo("content.xml"), b"<office/>")
    return written.getvalue()
