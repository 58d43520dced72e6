"""Somebody pressed "this is spam": RFC 5965 reports and the dialects of those who send them."""

import re
from email.message import Message
from typing import NamedTuple

from app.inbound.sorting import parsing, recipients, structure
from app.inbound.sorting.bounces import addresses_inside
from app.inbound.sorting.delivery_status import address_in

# RFC 5965 and 6430. Not: auth-failure (RFC 6591), which no person wrote, and not-spam.
_COMPLAINTS = frozenset("abuse fraud virus other opt-out opt-out-list miscategorized".split())
_FIELD = re.compile(r"^[ \t]{0,4}([A-Za-z][A-Za-z0-9-]{1,40})[ \t]{0,4}:[ \t]*(.*)$", re.MULTILINE)
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "x-rcpt-to", "original-recipient")
_IN_THE_MAIL = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "x-rcpt-to", "to")
_JUNK_REPORTER = re.compile(
    r"^(?:staff@hotmail\.com|scomp@aol\.net|feedback@arf\.mail\.yahoo\.com|fbl[\w.-]{0,40}@"
    r"|complaints?@|feedback(?:loop|-loop)?@|abuse-feedback@)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"complaint about message|e-?mail (?:feedback|abuse) report|feedback report for"
    r"|\babuse report\b|spam (?:report|complaint)|fbl report",
    re.IGNORECASE,
)
_REDACTED = re.compile(
    r"redacted|removed|hidden|undisclosed|xxx|\*\*|@example|^unknown@|^nobody@|^[0-9a-f]{24,}@",
    re.I,
)


class Complaint(NamedTuple):
    recipient: str | None  # who complained, in lower case; None where the report hides it
    feedback: str  # Feedback-Type: abuse, fraud, opt-out...
    addresses: tuple[str, ...]  # in which one of ours may stand: see bounces.addresses_inside


def read(message: Message) -> Complaint | None:
    """The complaint that a mail is; None when it is none, or says that a mail is not spam."""
    fields = _report(message)
    returned = structure.returned(message)
    if fields is None:
        return _without_report(message, returned)
    feedback = _feedback(fields)
    if feedback not in _COMPLAINTS:
        return None
    return Complaint(_recipient(fields, returned), feedback, tuple(addresses_inside(message)))


def _report(message: Message) -> dict[str, str] | None:
    """The fields of its feedback report; None where it has no such part."""
    for part in structure.own(message, "message/feedback-report", "text/feedback-report"):
        return _fields(structure.raw_text(part))
    if "feedback-report" in parsing.header(message, "content-type").lower():
        fields = _fields(structure.body_of(message).notice)
        return fields if "feedback-type" in fields else None
    return None


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(text[: parsing.LONGEST_LINE]):
        fields.setdefault(found[1].lower(), found[2].strip()[:1_000])
    return fields


def _feedback(fields: dict[str, str]) -> str:
    """Its type; a report that names none is of abuse."""
    word = re.sub(r"[^a-z-].*", "", fields.get("feedback-type", "abuse").lower().strip())
    return word or "abuse"


def _without_report(message: Message, returned: Message | None) -> Complaint | None:
    """Microsoft's, and others': the mail that somebody marked, attached to a few words."""
    if returned is None or not structure.has_returned_part(message):
        return None
    sender = next((a for _n, a in parsing.addresses(message, "from")), "")
    marked = bool(parsing.header(returned, "x-hmxmroriginalrecipient"))
    if not marked and not (
        _JUNK_REPORTER.match(sender) and _SUBJECT.search(parsing.header(message, "subject"))
    ):
        return None
    return Complaint(_recipient({}, returned), "abuse", tuple(addresses_inside(message)))


def _recipient(fields: dict[str, str], returned: Message | None) -> str | None:
    named = [address_in(fields.get(name, "")) for name in _RECIPIENTS]
    if returned is not None:
        for name in _IN_THE_MAIL:
            named += [address for _name, address in parsing.addresses(returned, name)]
    return next((one for one in named if one and _is_said(one)), None)


def _is_said(address: str) -> bool:
    return recipients.acceptable(address) and not _REDACTED.search(address)
