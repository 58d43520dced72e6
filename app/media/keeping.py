"""The library of a network's pictures: what comes in, what is said of it, what is taken out."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import PureWindowsPath

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.db import changed, insert_ignoring
from app.errors import InvalidInput, NotFound
from app.media import shrinking
from app.media.models import Picture
from app.media.shrinking import Shrunk
from app.networks.models import Network
from app.staff import access
from app.staff.models import Staff

LONGEST_NAME = 120
LONGEST_ALT = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Became(StrEnum):
    """What became of a file that was to be added."""

    ADDED = "added"
    RESTORED = "restored"  # it had been taken out
    KNOWN = "known"


def add(
    session: Session,
    network: Network,
    staff: Staff | None,
    filename: str,
    data: bytes,
    now: datetime,
) -> Picture:
    """The same file twice in a network is one picture, back in the library when it was taken out.
    InvalidInput when it is no picture for a mail."""
    return keep(session, network, staff, filename, shrinking.shrunk(data), now)[0]


def keep(
    session: Session,
    network: Network,
    staff: Staff | None,
    filename: str,
    shrunk: Shrunk,
    now: datetime,
) -> tuple[Picture, Became]:
    """`add` for one that was shrunk already, which takes its time: best before a transaction."""
    is_new = changed(session, _insertion(session, network, staff, filename, shrunk, now)) > 0
    same = Picture.network_id == network.id, Picture.mark == shrunk.mark
    picture = session.scalars(select(Picture).where(*same)).one()
    if is_new:
        return picture, Became.ADDED
    became = Became.KNOWN if picture.removed_at is None else Became.RESTORED
    restore(picture)
    return picture, became


def describe(picture: Picture, name: str, alts: Mapping[str, str], now: datetime) -> None:
    """Exactly this: an empty alt text erases. InvalidInput, with each language's problem."""
    name, alts = _clean(name), {language: text.strip() for language, text in alts.items()}
    found = {language: _problem(text) for language, text in alts.items()}
    problems = [(language, problem) for language, problem in found.items() if problem]
    if problems:
        raise InvalidInput(_("Alt texts are one line each. Nothing was changed."), problems)
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(_("A name has 1 to %(most)s characters.", most=LONGEST_NAME))
    picture.name = name
    picture.alts = {language: _clean(text) for language, text in alts.items() if _clean(text)}
    picture.described_at = now


def remove(picture: Picture, now: datetime) -> None:
    """Out of the library; mails that went out show it all the same."""
    picture.removed_at = picture.removed_at or now


def restore(picture: Picture) -> None:
    picture.removed_at = None


def usable(session: Session, network: Network) -> list[Picture]:
    """Those that may stand in an issue."""
    return [picture for picture in of_network(session, network) if picture.usable]


def of_network(
    session: Session, network: Network, text: str = "", *, removed: bool = False
) -> list[Picture]:
    """The library, the newest first; or what was taken out of it. `text`: a part of the name."""
    is_out = Picture.removed_at.is_not(None)
    statement = select(Picture).where(
        Picture.network_id == network.id, is_out if removed else ~is_out
    )
    if text:
        statement = statement.where(Picture.name.icontains(text, autoescape=True))
    return list(session.scalars(statement.order_by(Picture.uploaded_at.desc(), Picture.id.desc())))


def picture_or_404(session: Session, staff: Staff, picture_id: int) -> Picture:
    """A picture of a network that is not theirs does not exist for them."""
    picture = session.get(Picture, picture_id)
    if picture is None or not access.is_theirs(session, staff, picture.network_id):
        raise NotFound(_("There is no such picture, or it belongs to a network that is not yours."))
    return picture


def public_or_404(session: Session, token: str, suffix: str) -> Picture:
    """By its address; also one that was taken out."""
    named = select(Picture).where(Picture.token == token).options(undefer(Picture.content))
    picture = session.scalars(named).first()
    if picture is None or picture.suffix != suffix:
        raise NotFound(_("There is no such picture."))
    return picture


def address(picture: Picture, base_url: str) -> str:
    """Where mails find it."""
    return f"{base_url}/p/{picture.token}.{picture.suffix}"


def _insertion(
    session: Session,
    network: Network,
    staff: Staff | None,
    filename: str,
    shrunk: Shrunk,
    now: datetime,
) -> object:
    return insert_ignoring(session, Picture).values(
        network_id=network.id,
        token=secrets.token_hex(16),
        mark=shrunk.mark,
        name=_clean(PureWindowsPath(filename).stem)[:LONGEST_NAME].strip() or str(_("Picture")),
        alts={},
        media_type=shrunk.media_type,
        width=shrunk.width,
        height=shrunk.height,
        size=len(shrunk.content),
        content=shrunk.content,
        uploaded_at=now,
        uploaded_by=staff.id if staff else None,
    )


def _clean(text: str) -> str:
    """In one line, of what can be printed."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _problem(alt: str) -> str:
    if len(alt.splitlines()) > 1 or "\0" in alt:
        return str(_("This must be a single line."))
    if len(alt) > LONGEST_ALT:
        return str(_("At most %(most)s characters.", most=LONGEST_ALT))
    return ""
