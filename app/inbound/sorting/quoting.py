"""What the person wrote now, without what they quote, their signature and their telephone's.

No library reads HTML as well, and of the one with most languages (mail-parser-reply) a line of
60,000 characters asks minutes. Everything here looks at each line a fixed number of times.
"""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import NamedTuple

from app.inbound.sorting import html_text, parsing, phrases

MOST_LINES = 5_000
LONGEST_LINE = 1_000
LONGEST_ATTRIBUTION = 400
MOST_LABELLED = 8  # lines of a header block that a mail program writes above the original

_DIRECTION = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_RULE = re.compile(r"[\s>*]*(?:_{20,}|={30,}|-{40,})\s*")
_MARKED = re.compile(r"[\s>*]*[-_=*]{2,}(.{3,80}?)[-_=*]{2,}\s*")
_LABELLED = re.compile(r"[\s>*|]{0,6}([^\s:：*][^:：*]{0,30}?)\s{0,3}\*{0,2}\s{0,2}[:：](.*)")
_TIME = re.compile(r"\d{1,2}\s?[:.h時点时]\s?\d{2}|\b(?:19|20)\d\d\b|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_DEVICE = re.compile(
    r"iphone|ipad|android|outlook|samsung|galaxy|huawei|xiaomi|mobil|phone|telef|handy|blackb|app"
    r"|yahoo|gmail|gmx|web de|proton|mailbird|thunderbird|nokia|tablet|windows|portab|ios|bluemail"
    r"|spark|tutanota|apple|mail ru|yandex|cep|komork|puhelim|телефон|айфон|яндекс|アイフォン"
    r"|スマート|手机|手機|הנייד|הטלפון|הסלולרי|الهاتف|جوال"
)
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']{1,64}@[A-Za-z0-9.-]{3,200}")


class Block(NamedTuple):
    """The lines that a mail program writes above an original: addresses in lower case."""

    sender: tuple[str, ...]
    recipients: tuple[str, ...]
    subject: str


def whole(message: Message) -> str:
    """The text of a mail: text/plain where it says something, else the words of its HTML."""
    plain = "\n\n".join(
        _unflowed(part, parsing.text_of(part)) for part in _texts(message, "text/plain")
    )
    if not plain.strip():
        plain = "\n\n".join(
            html_text.to_text(parsing.text_of(part)) for part in _texts(message, "text/html")
        )
    return _DIRECTION.sub("", plain.replace("\xa0", " "))


def written(text: str) -> str:
    """What the person wrote now, quotations above, below and between left out."""
    lines = [line[:LONGEST_LINE].rstrip() for line in text.split("\n")[:MOST_LINES]]
    kept: list[str] = []
    for number, line in enumerate(lines):
        if line.rstrip() in ("--", "-- ", "—") or _original_begins(lines, number):
            break
        if _is_quoted(line) or _is_of_a_telephone(line):
            continue
        if line.endswith((":", "：")) and (length := _attribution(lines, number)):
            del kept[len(kept) - length + 1 :]
            if not _quoted_next(lines, number + 1):
                break
            continue
        kept.append(line.replace(">From ", "From ", 1) if line.startswith(">From ") else line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def blocks(text: str) -> Iterator[Block]:
    """The headers that stand in the text above what is forwarded or quoted, outermost first."""
    lines = [line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES]]
    for number, line in enumerate(lines):
        if _label(line) in _labels("from") and (found := _header_block(lines, number)):
            yield found


def is_forwarded(text: str) -> bool:
    """Whether a mail program says in the text that it forwards."""
    lines = text.split("\n")[:MOST_LINES]
    return any(_marker(line[:LONGEST_LINE]) in _labels("forwarded") for line in lines)


def _texts(message: Message, content_type: str) -> Iterator[Message]:
    """The parts of this type that are the mail's own words: no attachment, nothing forwarded."""
    for part in _own_parts(message):
        disposition = str(part.get("Content-Disposition", "")).strip().lower()
        if parsing.content_type(part) == content_type and not disposition.startswith("attachment"):
            yield part


def _own_parts(message: Message) -> Iterator[Message]:
    waiting: list[Message] = [message]
    for _number in range(parsing.MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        if not part.is_multipart():
            yield part
        elif not parsing.content_type(part).startswith("message/"):
            waiting[:0] = parsing.inside(part)


def _unflowed(part: Message, text: str) -> str:
    """RFC 3676: a line that ends in a space goes on in the next."""
    kind = str(part.get("Content-Type", "")).lower()
    if "format=flowed" not in kind.replace('"', "").replace(" ", ""):
        return text
    joined: list[str] = []
    flows = False
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        quoted = line.startswith(">")
        if flows and not quoted and line != "-- ":
            joined[-1] += line
        else:
            joined.append(line)
        flows = line.endswith(" ") and line != "-- " and not quoted
        flows = flows and len(joined[-1]) < LONGEST_LINE
    return "\n".join(joined)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "&gt;", "＞")) and not line.startswith(">From ")


def _is_of_a_telephone(line: str) -> bool:
    if not 5 < len(line) < 120:
        return False
    said = phrases.fold(line)
    found = phrases.pattern("quoting", "sent_from").match(said)
    # "Sent by registered post today" is somebody's answer.
    return bool(found) and bool(_DEVICE.search(said)) and len(said.split()) <= 12


def _original_begins(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    if _marker(line) in _labels("original", "forwarded"):
        return True
    if _RULE.fullmatch(line):
        return any(
            _label(below) in _labels("from") for below in lines[number + 1 : number + 4]
        ) or (line.startswith("_" * 32))
    return _label(line) in _labels("from") and _header_block(lines, number) is not None


def _labels(*keys: str) -> dict[str, tuple[str, str]]:
    return phrases.said("quoting", *keys)


def _marker(line: str) -> str:
    """The words between rules, or alone with a colon: `---- Original Message ----`; else empty."""
    if len(line) > 120:
        return ""
    if found := _MARKED.fullmatch(line):
        return phrases.fold(found.group(1))
    stripped = line.strip()
    return phrases.fold(stripped) if stripped.endswith((":", "：")) else ""


def _label(line: str) -> str:
    found = _LABELLED.match(line)
    return phrases.fold(found.group(1)) if found else ""


def _header_block(lines: Sequence[str], number: int) -> Block | None:
    """`From:` and at least two more fields in the lines below it."""
    fields: dict[str, str] = {}
    near = [line for line in lines[number : number + 2 * MOST_LABELLED] if line.strip(" >*|")]
    for line in near[: MOST_LABELLED + 1]:
        found = _LABELLED.match(line)
        label = phrases.fold(found.group(1)) if found else ""
        if found and label in _labels("from", "labels"):
            fields.setdefault(label, found.group(2).strip(" *"))
    if len(fields) < 3:
        return None
    first, *others = fields.values()
    subject = next((fields[name] for name in fields if name in _SUBJECT_LABELS), "")
    return Block(_addresses(first), tuple(a for o in others for a in _addresses(o)), subject)


_SUBJECT_LABELS = frozenset(
    phrases.fold(label)
    for label in (
        *(
            "subject",
            "objet",
            "asunto",
            "betreff",
            "oggetto",
            "assunto",
            "onderwerp",
            "ämne",
            "emne",
        ),
        *("aihe", "temat", "předmět", "tárgy", "тема", "konu", "الموضوع", "נושא", "הנדון"),
        *("主题", "主旨", "主題", "件名", "제목", "sujet"),
    )
)


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(
        found.group().lower().rstrip(".") for found in _ADDRESS.finditer(text[:LONGEST_LINE])
    )


def _attribution(lines: Sequence[str], number: int) -> int:
    """How many lines up to this one are `On … X wrote:`; 0 when they are not."""
    lengths = [length for length in (1, 2, 3) if _joined(lines, number, length)]
    told = [length for length in lengths if _attributes(_joined(lines, number, length))]
    opened = [
        length
        for length in told
        if phrases.pattern("quoting", "on").match(phrases.fold(_joined(lines, number, length)))
    ]
    return min(opened or told, default=0)


def _joined(lines: Sequence[str], number: int, length: int) -> str:
    """These lines as one; empty when there are too few, or a blank or quoted one among them."""
    some = lines[max(0, number - length + 1) : number + 1]
    text = " ".join(line.strip() for line in some)
    whole_run = len(some) == length and all(line.strip() for line in some)
    return text if whole_run and len(text) <= LONGEST_ATTRIBUTION else ""


def _attributes(line: str) -> bool:
    told = phrases.fold(line)
    if not _TIME.search(line) or _MYSELF.search(told):
        return False
    by_address = bool(_ADDRESS.search(line)) and ("<" in line or "(" in line or "[" in line)
    return by_address or bool(phrases.pattern("quoting", "wrote").search(told))


_MYSELF = re.compile(r"\b(?:i|we) (?:wrote|sent|said)\b|\b(?:ich|wir) schrieb|\bhabe ich\b")


def _quoted_next(lines: Sequence[str], number: int) -> bool:
    following = next((line for line in lines[number : number + 20] if line.strip()), "")
    return _is_quoted(following)
