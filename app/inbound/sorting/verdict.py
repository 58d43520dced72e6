"""What a mail that came in is: the one function that every door's mail goes through."""

from collections.abc import Callable, Sequence
from email.message import Message
from typing import NamedTuple, TypeVar

from app.inbound.sorting import (
    addressed,
    automatic,
    bounces,
    complaints,
    leaving,
    letters,
    parsing,
    quoting,
    signs,
    structure,
    words,
)
from app.inbound.sorting.shapes import Failure, Kind, Ours, Purpose, ReadAddress, Sorted

Answer = TypeVar("Answer")
LONGEST_NAME = 300
MOST_REFERENCES = 100
LONGEST_ID = 300


class _Verdict(NamedTuple):
    kind: Kind
    why: str
    failures: tuple[Failure, ...] = ()
    complained: str | None = None
    on_file: bool = False


class _CallersError(Exception):
    """Raised by what the caller handed in: none of the mail's doing."""


def _passing(ask: Callable[[str], Answer]) -> Callable[[str], Answer]:
    def asked(address: str) -> Answer:
        try:
            return ask(address)
        except Exception as error:
            raise _CallersError from error

    return asked


def nobody(address: str) -> bool:
    return False


def sort(
    raw: bytes,
    envelope_from: str | None,
    recipients: Sequence[str],
    read: ReadAddress,
    is_addressee: Callable[[str], bool] = nobody,
) -> Sorted:
    """Never an exception, whatever the bytes. `envelope_from`: empty for `<>`, None if unknown.

    `read` is asked for every address that may be ours; `is_addressee` for those of officials, both
    in lower case. What either raises is raised.
    """
    try:
        return _sort(raw, envelope_from, recipients, _passing(read), _passing(is_addressee))
    except _CallersError as error:
        raise (error.__cause__ or error) from None
    except Exception as error:  # such a mail waits for a person, as what is not recognised does
        return Sorted(Kind.UNRECOGNISED, f"not readable: {type(error).__name__}")


def _sort(
    raw: bytes,
    envelope_from: str | None,
    recipients: Sequence[str],
    read: ReadAddress,
    is_addressee: Callable[[str], bool],
) -> Sorted:
    message = parsing.parse(raw)
    references = _references(message)
    ours = addressed.ours(message, recipients, references, read)
    null = envelope_from is not None and envelope_from.strip(" <>") == ""
    if complaint := complaints.read(message):
        inside = addressed.of_texts(complaint.addresses, read)
        verdict = _Verdict(Kind.COMPLAINT, complaint.feedback, (), complaint.recipient)
        named = _with_those_inside(references, complaint.addresses)
        return _sorted(message, verdict, _union(ours, inside), named, "")
    whole = quoting.whole(message)
    written = quoting.written(whole)
    failures = bounces.read(message, ours, null)
    if failures and not _only_absent(message, failures, written):
        addresses = bounces.addresses_inside(message)
        inside = addressed.of_texts(addresses, read)
        verdict = _Verdict(Kind.BOUNCE, failures[0].how, failures)
        named = _with_those_inside(references, addresses)
        return _sorted(message, verdict, _union(ours, inside), named, "")
    verdict = _of_people(message, recipients, ours, null, whole, written, is_addressee)
    return _sorted(message, verdict, ours, references, written)


def _of_people(
    message: Message,
    recipients: Sequence[str],
    ours: tuple[Ours, ...],
    null: bool,
    whole: str,
    written: str,
    is_addressee: Callable[[str], bool],
) -> _Verdict:
    """Of what is neither complaint nor bounce."""
    if why := _automatic(message, ours, null, written):
        return _Verdict(Kind.AUTOMATIC, why)
    if why := leaving.asked(ours, parsing.header(message, "Subject"), written):
        return _Verdict(Kind.UNSUBSCRIBE, why)
    if letter := letters.kind_of(message, recipients, ours, whole, written, is_addressee):
        return _Verdict(letter.kind, letter.why, on_file=letter.on_file)
    if ours:
        return _Verdict(Kind.REPLY, "sent to an address of ours")
    if _answers(message):
        return _Verdict(Kind.REPLY, "an answer, by its header")
    return _Verdict(Kind.UNRECOGNISED, "none of our addresses, and no answer")


def _automatic(message: Message, ours: Sequence[Ours], null: bool, written: str) -> str:
    if any(one.purpose is Purpose.LEAVE for one in ours):
        # Mail programs leave for their people, and say in the header that nobody wrote it.
        return automatic.by_reply(message, null)
    return automatic.by_headers(message, null) or automatic.by_words(message, written)


def _only_absent(message: Message, failures: Sequence[Failure], written: str) -> bool:
    """Vacation programs answer the return path, with a null sender, as bounces do (RFC 3834 4)."""
    known = any(failure.how.startswith(("dsn", "detector")) for failure in failures)
    if known:
        return False
    if automatic.is_absence(message, written):
        return True
    found = signs.signs(message, structure.body_of(message), True)
    return not found.told and automatic.is_of_a_machine(written)


def _answers(message: Message) -> bool:
    return bool(parsing.header(message, "In-Reply-To") or parsing.header(message, "References"))


def _references(message: Message) -> tuple[str, ...]:
    """Message-IDs with their angle brackets, oldest first."""
    written = [
        *parsing.headers(message, "References")[:1],
        *parsing.headers(message, "In-Reply-To")[:1],
    ]
    found = [
        f"<{one[:LONGEST_ID]}>"
        for value in written
        for begun in value.split("<")[1:]
        if (one := begun.partition(">")[0].strip()) and " " not in one
    ]
    return tuple(dict.fromkeys(found))[-MOST_REFERENCES:]


def _with_those_inside(references: tuple[str, ...], addresses: Sequence[str]) -> tuple[str, ...]:
    """A returned mail's Message-ID looks like an address."""
    return references + tuple(f"<{one}>" for one in addresses if len(one) <= LONGEST_ID)


def _sorted(
    message: Message,
    verdict: _Verdict,
    ours: tuple[Ours, ...],
    references: tuple[str, ...],
    written: str,
) -> Sorted:
    name, address = next(iter(parsing.addresses(message, "From")), ("", ""))
    return Sorted(
        kind=verdict.kind,
        why=verdict.why,
        ours=ours,
        failures=verdict.failures,
        complained=verdict.complained,
        on_file=verdict.on_file,
        sender=address[:LONGEST_NAME],
        sender_name=name[:LONGEST_NAME],
        subject=parsing.header(message, "Subject")[: 3 * LONGEST_NAME],
        message_id=_message_id(message),
        references=references,
        text=written,
        said=words.said(written) if verdict.kind is Kind.REPLY else None,
    )


def _message_id(message: Message) -> str:
    inner = parsing.header(message, "Message-ID").strip("<> \t")
    return f"<{inner[:LONGEST_ID]}>" if inner else ""


def _union(first: tuple[Ours, ...], second: tuple[Ours, ...]) -> tuple[Ours, ...]:
    return tuple(dict.fromkeys(first + second))
