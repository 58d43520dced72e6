"""Whether a mail is a bounce, whose, and how hard. Pure; never an exception, for any mail."""

from collections.abc import Iterator, Sequence
from email.message import Message

from app.inbound.sorting import delivery_status, parsing, recipients, structure
from app.inbound.sorting.delivery_status import Report
from app.inbound.sorting.detectors import detect
from app.inbound.sorting.dialects import ENDED, LATE
from app.inbound.sorting.hardness import code_in, hardness, meaning, status_in
from app.inbound.sorting.shapes import Failure, Hardness, Ours, Purpose
from app.inbound.sorting.signs import Signs, is_bounce, is_for_return_path, signs
from app.inbound.sorting.structure import Body

LONGEST_TEXT = 500  # characters of Failure.text
_MOST = 100  # failures
_AROUND = 900  # characters after an address that may be about it

_FAILED = ("fail", "error", "undeliver", "bounce", "reject")
_LATE = ("delay", "defer", "warn")


def read(
    message: Message, ours: Sequence[Ours] = (), null_sender: bool = False
) -> tuple[Failure, ...]:
    """Whom it says it did not reach; empty when it is no bounce.

    `ours`: our addresses that it came to. One that came to a return path is a bounce unless it is
    plainly something else; its failure may have no recipient, since the return path says whose.
    `null_sender`: its envelope had no sender (RFC 5321 4.5.5). Mail that is only late, or that was
    delivered, has no failures but those of Hardness.LATE.
    """
    body = structure.body_of(message)
    if structure.own(message, "message/feedback-report"):
        return ()
    back = structure.returned(message, body)
    reports = delivery_status.reports(message)
    if any(report.recipients or report.action for report in reports):
        return tuple(_of_reports(message, reports, body, back))[:_MOST]
    found = signs(message, body, null_sender)
    if structure.own(message, "message/disposition-notification") and not found.told:
        return ()
    failures = tuple(_of_words(message, body, back))[:_MOST]
    named = any(failure.recipient for failure in failures)
    verp = any(one.purpose is Purpose.RETURN_PATH for one in ours)
    if parsing.header(message, "x-failed-recipients") and not found.listed:
        return failures
    if _is_one(found, verp, back is not None, named):
        return failures
    return ()


def addresses_inside(message: Message) -> list[str]:
    """Where an address of ours may stand in a mail that came back: each once, in lower case.

    Return-Path, Message-ID and the like of the returned mail, what the report repeats of them, and
    whatever in the words has a plus sign before its @. For bounces and complaints only.
    """
    body = structure.body_of(message)
    back = structure.returned(message, body)
    found: dict[str, None] = {}
    for holder in (back, message):
        for address in _of_fields(holder):
            found[address] = None
    for part in structure.own(
        message, "message/delivery-status", "message/feedback-report", "text/plain"
    ):
        for address in recipients.with_plus(structure.raw_text(part)):
            found[address] = None
    for address in recipients.with_plus(body.returned):
        found[address] = None
    return list(found)[:_MOST]


def _of_fields(holder: Message | None) -> Iterator[str]:
    if holder is None:
        return
    for name in _WITH_OURS:
        for value in parsing.headers(holder, name):
            yield from recipients.any_in(value[:4_000])


_WITH_OURS = (
    "return-path",
    "x-original-return-path",
    "reply-to",
    "list-unsubscribe",
    "message-id",
    "in-reply-to",
    "references",
    "errors-to",
    "sender",
    "from",
    "x-envelope-from",
    "x-mailfrom",
    "original-envelope-id",
)


def _is_one(found: Signs, verp: bool, returned: bool, named: bool) -> bool:
    return (verp and is_for_return_path(found, returned)) or is_bounce(found, returned, named)


def _of_reports(
    message: Message, reports: Sequence[Report], body: Body, back: Message | None
) -> Iterator[Failure]:
    sent_to = recipients.given_back(back)
    seen = set()
    for report in reports:
        late = report.action.startswith(_LATE)
        if not late and report.action and not report.action.startswith(_FAILED):
            continue
        if not report.action and (report.status or "").startswith("2"):
            continue
        recipient = _recipient(report, message, body, back, sent_to, len(reports))
        if recipient in seen:
            continue
        seen.add(recipient)
        hard = Hardness.LATE if late else _hardness_of(report, body.notice)
        yield Failure(recipient, hard, _status_of(report), _line(report.text or body.notice), "dsn")


def _recipient(
    report: Report,
    message: Message,
    body: Body,
    back: Message | None,
    sent_to: list[str],
    reports: int,
) -> str | None:
    """As the returned mail names them, where it does."""
    known = [one for one in report.recipients if one in sent_to]
    if known or report.recipients:
        return (known or list(report.recipients))[0]
    if reports > 1:
        return None
    return next((f.recipient for f in _of_words(message, body, back)), None)


def _hardness_of(report: Report, notice: str) -> Hardness:
    """The remote server's words first, then the status, then the notice to people."""
    status = _status_of(report)
    if report.text and (meaning(report.text) or not _is_vague(status)):
        return hardness(status, report.code, report.text)
    if not _is_vague(status):
        return hardness(status, report.code, "")
    return hardness(status, report.code, f"{report.text} {notice}")


def _status_of(report: Report) -> str | None:
    within = status_in(report.text)
    return within if within and not (_is_vague(within) and report.status) else report.status


def _is_vague(status: str | None) -> bool:
    return status is None or status.endswith((".0.0", ".5.0", ".3.0"))


def _of_words(message: Message, body: Body, back: Message | None) -> Iterator[Failure]:
    """Always at least one: whose it is may be unknown."""
    late = _is_late(message, body)
    named, how, was_late = _named(message, body, back)
    unknown: list[str | None] = [None]
    for address in named or unknown:
        said = _about(address, named, body.notice)
        hard = Hardness.LATE if late or was_late else _hardness_of_words(said, body.notice)
        yield Failure(address, hard, status_in(said), _line(said), how)


def _named(message: Message, body: Body, back: Message | None) -> tuple[list[str], str, bool]:
    """(addresses, what found them, whether that knows only of delays)."""
    sent_to = recipients.given_back(back)
    avoid = recipients.others(message, back) - set(sent_to)
    for found in detect(message):
        kept = [a for a in map(recipients.tidy, found.addresses) if recipients.acceptable(a)]
        kept = [a for a in kept if a not in avoid and delivery_status.is_mail_address(a)]
        if kept:
            return recipients.narrow(kept, sent_to), f"detector {found.detector}", found.late
    damaged = delivery_status.read_text(body.notice)
    kept = [one.recipients[0] for one in damaged if one.recipients]
    if kept:
        return kept, "dsn", damaged[0].action.startswith(_LATE)
    words = recipients.in_words(body.notice, avoid)
    plain = [address for address, plainly in words if plainly]
    if plain:
        return recipients.narrow(plain, sent_to), "words", False
    if sent_to:
        both = [address for address, _plainly in words if address in sent_to]
        return both or sent_to[:1], "returned headers", False
    return [address for address, _plainly in words][:1], "words", False


def _about(address: str | None, named: Sequence[str], notice: str) -> str:
    """What is said of one of several recipients: from its address to the next one's."""
    begin = notice.lower().find(address) if address else -1
    if begin < 0 or len(named) < 2:
        return notice
    end = begin + _AROUND
    for other in named:
        place = notice.lower().find(other, begin + 1)
        if other != address and place > begin:
            end = min(end, place)
    return notice[begin:end]


def _hardness_of_words(said: str, notice: str) -> Hardness:
    if said != notice and meaning(said) is None and status_in(said) is None:
        said = notice
    return hardness(status_in(said), code_in(said), said)


def _is_late(message: Message, body: Body) -> bool:
    subject = parsing.header(message, "subject")[:300]
    if ENDED.search(subject):
        return False
    return bool(
        LATE.search(subject) or (LATE.search(body.notice) and not ENDED.search(body.notice))
    )


def _line(text: str) -> str:
    return " ".join(parsing.one_line(text[:4_000]).split())[:LONGEST_TEXT]
