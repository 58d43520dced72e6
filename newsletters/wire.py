"""An issue compiled once: its text and HTML as quoted-printable with slots (RFC 2045 6.7).

newsletters/stencil.py fills them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from newsletters import markup, plaintext, quoted
from newsletters.checking import check, without_bad_links
from newsletters.content import CompositionError, Issue
from newsletters.preparing import prepared
from newsletters.slots import Slot, Slots
from newsletters.template import Part
from newsletters.words import Translate, same

VERSION = 3
HEADERS_SIZE = 1_200  # bytes, about; with the bodies it gives the size of a message


@dataclass(frozen=True)
class Edition:
    """One form of an issue, ready to be filled. Numbers in its parts are those of its slots."""

    language: str
    subject: tuple[str | int, ...]
    text: tuple[Part, ...]
    html: tuple[Part, ...]
    slots: tuple[Slot, ...]

    @property
    def size(self) -> int:
        """Bytes of a message, about: slots are counted as empty."""
        literals = (part for part in (*self.text, *self.html) if isinstance(part, bytes))
        return HEADERS_SIZE + sum(map(len, literals))

    @property
    def content_hash(self) -> str:
        return sha256(self.dumps()).hexdigest()

    def dumps(self) -> bytes:
        document = {
            "version": VERSION,
            "language": self.language,
            "subject": self.subject,
            "text": _plain(self.text),
            "html": _plain(self.html),
            "slots": [[slot.kind, slot.name, slot.fallback] for slot in self.slots],
        }
        return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()

    @classmethod
    def loads(cls, data: bytes) -> "Edition":
        """Of this version or one before. ValueError for what a later one wrote, or damage."""
        try:
            document = json.loads(data)
            version = document.get("version")
            if version not in _READERS:
                raise ValueError(f"an edition of version {version} cannot be read")
            read = _READERS[version]
            return cls(
                language=document["language"],
                subject=tuple(document["subject"]),
                text=_parts(document["text"], read),
                html=_parts(document["html"], read),
                slots=tuple(Slot(*slot) for slot in document["slots"]),
            )
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise ValueError(f"a damaged edition ({type(error).__name__})") from error


def compile(issue: Issue, translate: Translate = same, *, is_draft: bool = False) -> Edition:
    """Compile once; fill per recipient. CompositionError says what keeps it from being mail. Of a
    draft, which is looked at and not mailed, only what cannot be composed at all."""
    if stops := [p for p in check(issue) if p.stops and not is_draft]:
        raise CompositionError("; ".join(": ".join(problem.words()) for problem in stops))
    slots = Slots()
    ready = prepared(without_bad_links(issue), slots)
    text = plaintext.text(ready, slots, translate)
    html = markup.html(ready, slots, translate)
    subject = list(slots.cut(ready.subject))
    return Edition(
        language=issue.language,
        subject=tuple(slots.all.index(p) if isinstance(p, Slot) else p for p in subject),
        text=_compiled(text, slots),
        html=_compiled(html, slots),
        slots=tuple(slots.all),
    )


def _compiled(page: str, slots: Slots) -> tuple[Part, ...]:
    parts: list[Part] = []
    for piece in slots.cut(page):
        if isinstance(piece, Slot):
            parts.append(slots.all.index(piece))
        else:
            parts.append(quoted.encode(piece))
    return tuple(parts)


def _plain(parts: tuple[Part, ...]) -> list[str | int]:
    return [part if isinstance(part, int) else part.decode("ascii") for part in parts]


def _parts(items: list[str | int], read: Callable[[bytes], bytes]) -> tuple[Part, ...]:
    return tuple(item if isinstance(item, int) else read(item.encode("ascii")) for item in items)


def _without_dots(literal: bytes) -> bytes:
    """Version 1 let lines begin with a dot."""
    return quoted.encode(quoted.decode(literal))


# Version 2 had no place for copy addresses, and is the same but for that.
_READERS: dict[int, Callable[[bytes], bytes]] = {1: _without_dots, 2: bytes, VERSION: bytes}
