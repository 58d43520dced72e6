"""What a file is, by its content; what may be kept of it, and what is told to whoever sent another.

Pure: bytes in, bytes out. What is kept is never shown in a page: it is a download.
"""

import re
import zipfile
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO

import filetype
from flask_babel import gettext as _

from app.errors import InvalidInput
from app.inbound import receiving
from app.inbound.sorting import parsing
from app.letters import pictures

MAIL = "message/rfc822"
TEXT = "text/plain"
PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
SUFFIXES = {
    PDF: "pdf",
    pictures.KEPT_AS: "jpg",
    MAIL: "eml",
    TEXT: "txt",
    OFFICE: "docx",
    ODT: "odt",
}
ACCEPTED = ".pdf,.jpg,.jpeg,.png,.webp,.txt,.eml,.docx,.odt,image/jpeg,image/png,image/webp"

MOST_ENTRIES = 2_000  # of a word processor's file, which is a ZIP archive
LARGEST_UNPACKED = 200_000_000  # bytes that such a file says it holds
_WORDS_AND_MORE = {"application/rtf", "application/postscript"}
_PARTS = {OFFICE: "word/document.xml", ODT: "content.xml"}
_MACROS = re.compile(r"vbaproject|(^|/)basic/", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<(?:[a-z!?/]|$)", re.IGNORECASE)
_MAIL_FIELDS = ("from", "date", "message-id", "received", "to", "subject")
_FEWEST_FIELDS = 3  # of those, for a text to be a mail
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class File:
    media_type: str
    content: bytes
    mark: str = ""  # the same for the same upload


def check(upload: bytes, limit_mb: int) -> File:
    """What is to be kept of an upload. InvalidInput says why it cannot be, and what to do."""
    if not upload:
        raise InvalidInput(
            _("The file is empty, or none was chosen. Choose one and send it again.")
        )
    if len(upload) > limit_mb * 1024 * 1024:
        raise too_large(limit_mb)
    kind = _kind(upload)
    if kind in pictures.READ:
        return File(pictures.KEPT_AS, pictures.rewritten(upload), _mark(upload))
    if kind in _PARTS:
        _check_office(upload, _PARTS[kind])
    if kind == MAIL:
        return File(kind, upload, mark_of_mail(receiving.fingerprint(upload)))
    if kind in SUFFIXES:
        return File(kind, upload, _mark(upload))
    raise InvalidInput(_refusal(kind))


def mark_of_mail(fingerprint: str) -> str:
    """One that is uploaded is the same as the one that comes by mail."""
    return f"mail:{fingerprint}"


def too_large(limit_mb: int) -> InvalidInput:
    return InvalidInput(
        _(
            "The file is larger than %(limit)s MB, and was not kept. Send a smaller picture, or "
            "fewer pages at a time.",
            limit=limit_mb,
        )
    )


def _mark(upload: bytes) -> str:
    return f"file:{blake2b(upload, digest_size=20).hexdigest()}"


def _kind(upload: bytes) -> str:
    """A media type (RFC 6838); empty where nobody can say."""
    found = filetype.guess(upload)
    kind = "" if found is None else str(found.mime)
    if kind in SUFFIXES or kind in pictures.READ or kind in _WORDS_AND_MORE:
        return kind
    # Two letters make a bitmap: words may begin with them as well.
    return _kind_of_text(upload) or kind


def _kind_of_text(upload: bytes) -> str:
    try:
        text = upload.decode("utf-8-sig")
    except UnicodeDecodeError:
        if _is_mail(upload):
            return MAIL
        text = upload.decode("cp1252", "replace")
        if "\ufffd" in text:
            return ""
    if _CONTROL.search(text):
        return ""
    if _MARKUP.match(text):
        return "text/html"
    return MAIL if _is_mail(upload) else TEXT


def _is_mail(upload: bytes) -> bool:
    if b"\0" in upload[:1000]:
        return False
    head = parsing.parse(parsing.head_of(upload))
    return sum(name in head for name in _MAIL_FIELDS) >= _FEWEST_FIELDS


def _check_office(upload: bytes, part: str) -> None:
    """Looked at and never unpacked. Bounded before the list of its entries is read."""
    damaged = InvalidInput(
        _("This document is damaged, or not what it seems. Save it as PDF and send that.")
    )
    if upload.count(b"PK\x01\x02") > MOST_ENTRIES:
        raise damaged
    try:
        with zipfile.ZipFile(BytesIO(upload)) as archive:
            entries = archive.infolist()
    except Exception:  # it trips over what is damaged in many ways
        raise damaged from None
    names = [entry.filename for entry in entries]
    if part not in names or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise damaged
    if any(_MACROS.search(name) for name in names):
        raise InvalidInput(
            _("This document holds macros, and was not kept. Save it as PDF and send that.")
        )


def _refusal(kind: str) -> str:
    if kind in ("image/heic", "image/heif", "image/avif"):
        text = _(
            "This is a picture of a kind that cannot be opened here (%(kind)s). Send it as JPEG: "
            "share it, or take a picture of the screen.",
            kind=kind.rpartition("/")[2].upper(),
        )
    elif kind == "text/html":
        text = _(
            "This is a web page or a drawing, and was not kept. Save it as PDF, or take a picture "
            "of the screen, and send that."
        )
    else:
        text = _(
            "This kind of file cannot be kept. Send a PDF, a picture (JPEG, PNG or WebP), a text, "
            "a mail (.eml), or a document of Word or OpenOffice."
        )
    return str(text)
