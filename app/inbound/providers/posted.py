"""Raw mail in an HTTP post, byte for byte: as the body, or as a field of a form."""

from binascii import a2b_qp
from collections.abc import Mapping

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from app.inbound.providers import reading
from app.inbound.providers.shapes import Malformed, RawMail

FIELDS = ("email", "body-mime", "RawEmail")  # SendGrid, Mailgun, and those that follow Postmark
MAIL_TYPES = ("message/rfc822", "message/global")  # RFC 2046 5.2.1, RFC 6532
MOST_FIELDS = 1000
_PIECE = 1 << 20


def raw_mails(content_type: str, body: bytes) -> list[RawMail]:
    """Malformed when there is no mail in it."""
    if _type(content_type) in MAIL_TYPES:
        return [_mail(body, {})]
    found = fields(content_type, body)
    return [_mail(next((found[name] for name in FIELDS if name in found), b""), found)]


def fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """A form's fields; of two of a name the last. Malformed when it is no form.

    Flask's own reading would decode the bytes, and a mail is in any charset and in several.
    """
    kind, options = parse_options_header(content_type)
    try:
        if kind == "multipart/form-data" and options.get("boundary"):
            return _multipart(options["boundary"].encode(), body)
        if kind == "application/x-www-form-urlencoded":
            return _urlencoded(body)
    except Malformed:
        raise
    except Exception:
        # A library's parsers of hostile bytes: whatever they stumble over, it is no form.
        raise Malformed("a form is expected") from None
    raise Malformed("a mail or a form is expected")


def _mail(raw: bytes, found: Mapping[str, bytes]) -> RawMail:
    if not raw:
        raise Malformed("no mail is in it")
    envelope = _envelope(found.get("envelope", b""))
    sender = envelope.get("from", _text(found.get("sender")))
    to = envelope.get("to") or (_text(found.get("recipient")) or "").split(",")
    recipients = tuple(filter(None, map(reading.address, reading.listed(to))))
    return RawMail(raw, reading.envelope_sender(sender), recipients)


def _envelope(value: bytes) -> Mapping[str, object]:
    """SendGrid's field: {"to": [addresses], "from": address}."""
    try:
        return reading.mapping(reading.parse(value))
    except Malformed:
        return {}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _type(content_type: str) -> str:
    return parse_options_header(content_type)[0].lower()


def _urlencoded(body: bytes) -> dict[str, bytes]:
    if body.count(b"&") >= MOST_FIELDS:
        raise Malformed("a form of fewer fields is expected")
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return {
        _unquoted(name).decode("utf-8", "replace"): _unquoted(value) for name, _, value in pairs
    }


def _unquoted(quoted: bytes) -> bytes:
    """By way of quoted-printable, which differs in its sign alone: urllib takes 12 s and 4 GB for
    50 MB."""
    return a2b_qp(quoted.replace(b"=", b"%3D").replace(b"+", b" ").replace(b"%", b"="))


def _multipart(boundary: bytes, body: bytes) -> dict[str, bytes]:
    # The bound is on what it holds undecided: a head, or what stands before the first field.
    decoder = MultipartDecoder(boundary, max_form_memory_size=2 * _PIECE, max_parts=MOST_FIELDS)
    found: dict[str, list[bytes]] = {}
    name = ""
    for begin in range(0, len(body) + _PIECE, _PIECE):
        decoder.receive_data(body[begin : begin + _PIECE] or None)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            if isinstance(event, Field | File):
                name = event.name
                found[name] = []
            elif isinstance(event, Data):
                found[name].append(event.data)
        if isinstance(event, Epilogue):
            break
    return {name: b"".join(pieces) for name, pieces in found.items()}
