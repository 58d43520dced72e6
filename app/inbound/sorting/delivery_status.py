"""RFC 3464: what a report says of each recipient, even where the report is damaged."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

from app.inbound.sorting import parsing, structure

MOST_RECIPIENTS = 100

_FIELD = re.compile(r"^[ \t]{0,4}([A-Za-z][A-Za-z0-9-]{1,40})[ \t]?:[ \t]*(.*)$")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.])([2-5][0-5]\d)(?=[ \t:;,#-]|$)")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@\\]{1,128}@[^\s<>()\[\]\",;:@\\]{1,255}")
_TYPED = re.compile(r"^\s*[A-Za-z0-9 _.-]{1,30};\s*")
_TYPES = ("message/delivery-status", "message/global-delivery-status", "text/delivery-status")
_OF_A_RECIPIENT = ("final-recipient", "original-recipient", "action", "x-actual-recipient")
_LONGEST = 4_000


class Report(NamedTuple):
    """Of one recipient."""

    recipients: tuple[str, ...]  # as the report names them, the one that was mailed first
    action: str  # failed, delayed, delivered, relayed, expanded; empty when the report is silent
    status: str | None
    code: int | None
    text: str


def reports(message: Message) -> list[Report]:
    """One for each recipient of each delivery status that is the sender's own."""
    texts = [structure.raw_text(part) for part in structure.own(message, *_TYPES)]
    found = [report for text in texts for report in read_text(text)]
    return found[:MOST_RECIPIENTS]


def read_text(text: str) -> list[Report]:
    """The reports in fields that stand in a text. Fields said once for all hold for each."""
    found = [_report(block) for block in _blocks(text) if any(n in block for n in _OF_A_RECIPIENT)]
    return [one for one in found if one.recipients or one.action][:MOST_RECIPIENTS]


def _report(block: dict[str, str]) -> Report:
    diagnostic = block.get("diagnostic-code", "") or block.get("x-supplementary-info", "")
    said = _TYPED.sub("", diagnostic, count=1) if diagnostic else ""
    status = _STATUS.search(block.get("status", ""))
    reply = _REPLY.search(said[:200])
    return Report(
        tuple(_recipients(block)),
        re.sub(r"[^a-z].*", "", block.get("action", "").strip().lower()[:40], flags=re.DOTALL),
        status[1] if status else None,
        int(reply[1]) if reply else None,
        said,
    )


def _recipients(block: dict[str, str]) -> Iterator[str]:
    """Who was mailed stands in Original-Recipient; Final-Recipient may be an alias' target."""
    seen = set()
    for name in ("original-recipient", "final-recipient", "x-actual-recipient", "x-rcpt-to"):
        found = address_in(block.get(name, ""))
        if found and found not in seen:
            seen.add(found)
            yield found


def address_in(value: str) -> str | None:
    """The address in `rfc822;<a@b>` and its variants, in lower case; None when there is none."""
    value = value[:_LONGEST].replace("=2B", "+").replace("+2B", "+").replace("\\@", "@")
    found = _ADDRESS.search(_TYPED.sub("", value, count=1))
    return found[0].strip("'`.").lower() if found else None


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Fields between blank lines; a second recipient begins a block of its own."""
    block: dict[str, str] = {}
    last = ""
    for line in text[: parsing.LONGEST_TEXT].split("\n"):
        field = _FIELD.match(line[:_LONGEST])
        if not line.strip() or (field and _begins_another(field[1].lower(), block)):
            if block:
                yield block
            block, last = {}, ""
        if field:
            last = field[1].lower()
            block.setdefault(last, field[2][:_LONGEST])
        elif last and line.strip() and len(block[last]) < _LONGEST:
            block[last] += " " + line.strip()[:_LONGEST]
    if block:
        yield block


def _begins_another(name: str, block: dict[str, str]) -> bool:
    return name in block and name in ("final-recipient", "original-recipient")


def is_mail_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text)) and parsing.one_line(text) == text
