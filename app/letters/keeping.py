"""Letters are kept: sealed, once each, with the evidence that they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, EditionOffer
from app.errors import NotFound, Refused
from app.inbound.models import InboundMail
from app.issues.models import Offer
from app.letters import files
from app.letters.files import File
from app.letters.models import Letter, LetterKind
from app.responses import answering
from app.responses.answering import Details, Ids, Source
from app.responses.models import Answer, Channel, Evidence, Grade
from app.vault import Vault

MOST = 20  # files of one member for one ask
DID = (Answer.DONE, Answer.ALREADY)


@dataclass(frozen=True)
class Came:
    """How a letter reached us, who says by it that it was sent, and for how long it is kept."""

    kind: LetterKind
    source: str  # mail or upload
    said_by: Source
    at: datetime
    days: int
    mail_id: int | None = None


def keep_mail(
    session: Session,
    vault: Vault,
    mail: InboundMail,
    raw: bytes,
    places: Sequence[tuple[int, ...]],
    kind: LetterKind,
    letter_days: int,
    now: datetime,
) -> int:
    """The whole mail, for each place (delivery, offer) whose edition has that ask. How many there
    are; the same mail again is kept once, and counts as kept."""
    came = Came(kind, "mail", Source(Channel.MAIL), now, letter_days, mail.id)
    file = File(files.MAIL, raw, files.mark_of_mail(mail.fingerprint))
    kept = 0
    for ids in dict.fromkeys(_pairs(places)):
        offer = _asked(session, ids)
        if offer is not None:
            _keep(session, vault, ids, offer, file, came)
            kept += 1
    return kept


def keep_upload(
    session: Session,
    vault: Vault,
    ids: Ids,
    kind: LetterKind,
    file: File,
    letter_days: int,
    now: datetime,
    said_by: Source = answering.BY_LINK,
) -> Letter:
    """A file that `files.check` let through. The same for the same ask is one, whoever sends it.

    NotFound when the member was not asked that, Refused when there are too many.
    """
    offer = _asked(session, ids)
    if offer is None:
        raise NotFound(_("This member was not asked that."))
    came = Came(kind, "upload", said_by, now, letter_days)
    return _keep(session, vault, ids, offer, file, came)


def content(vault: Vault, letter: Letter, now: datetime) -> bytes:
    """The letter itself. NotFound when its time is over; Unreadable when its key is gone."""
    if letter.expires_at <= now or letter.content is None:
        raise NotFound(_("The time for which this letter was kept is over. It was deleted."))
    return vault.open(letter.content, _about(letter.mark))


def forget_expired(session: Session, now: datetime) -> int:
    """The letters themselves; that they came, and what staff found, stays."""
    gone = session.execute(
        update(Letter)
        .where(Letter.expires_at <= now, Letter.content.is_not(None))
        .values(content=None)
        .execution_options(synchronize_session=False)
    )
    count: int = gone.rowcount  # type: ignore[attr-defined]
    return count


def _keep(session: Session, vault: Vault, ids: Ids, offer: Offer, file: File, came: Came) -> Letter:
    """Under the delivery's lock, so that the same file twice at once is one."""
    connection = session.connection().connection.driver_connection
    answering.lock(connection, ids)
    mark = f"{file.mark}:{ids[0]}:{ids[1]}"
    known = session.scalars(select(Letter).where(Letter.mark == mark)).first()
    if known is not None:
        return known
    if came.source == "upload":
        _require_room(session, ids)
    letter = _letter(vault, ids, offer, file, came, mark)
    session.add(letter)
    session.flush()  # its evidence names it
    held = answering.newest(connection, ids)
    if held is None or held.answer not in DID:
        answering.record(connection, ids, held, Answer.DONE, Details(), came.at, came.said_by)
    add_evidence(session, letter, Grade.EVIDENCED, came.at, came.said_by.staff_id)
    return letter


def add_evidence(
    session: Session,
    letter: Letter,
    grade: Grade,
    now: datetime,
    staff_id: int | None,
    note: str = "",
) -> None:
    session.add(
        Evidence(
            delivery_id=letter.delivery_id,
            offer_id=letter.offer_id,
            grade=grade.value,
            kind=letter.kind,
            letter_id=letter.id,
            note=note,
            recorded_at=now,
            recorded_by=staff_id,
        )
    )
    session.flush()  # what counts evidence asks the database


def _letter(vault: Vault, ids: Ids, offer: Offer, file: File, came: Came, mark: str) -> Letter:
    stem = "letter" if came.kind is LetterKind.LETTER else "reply"
    return Letter(
        delivery_id=ids[0],
        offer_id=ids[1],
        case_id=offer.ask.case_id,
        kind=came.kind.value,
        source=came.source,
        mail_id=came.mail_id,
        mark=mark,
        received_at=came.at,
        expires_at=came.at + timedelta(days=came.days),
        name=f"{stem}.{files.SUFFIXES[file.media_type]}",
        media_type=file.media_type,
        size=len(file.content),
        content=vault.seal(file.content, _about(mark)),
    )


def _about(mark: str) -> str:
    return f"letter {mark}"


def _require_room(session: Session, ids: Ids) -> None:
    held = select(func.count()).where(Letter.delivery_id == ids[0], Letter.offer_id == ids[1])
    if (session.scalar(held) or 0) >= MOST:
        raise Refused(
            _(
                "There are %(most)s files for this already, and this one was not kept. Answer the "
                "mail itself if there is more to show.",
                most=MOST,
            )
        )


def _pairs(places: Sequence[tuple[int, ...]]) -> list[Ids]:
    return [(place[0], place[1]) for place in places if len(place) == 2]


def _asked(session: Session, ids: Ids) -> Offer | None:
    """The ask, where the delivery's edition has it."""
    return session.scalars(
        select(Offer)
        .join(EditionOffer, EditionOffer.offer_id == Offer.id)
        .join(Delivery, Delivery.edition_id == EditionOffer.edition_id)
        .where(Delivery.id == ids[0], Offer.id == ids[1])
    ).first()
