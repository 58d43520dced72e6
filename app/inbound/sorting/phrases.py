"""What people and mail programs write in many languages (languages/*.toml), and how to find it.

Texts and phrases are compared folded: capitals, accents, apostrophes and punctuation do not count.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

LOOKED_AT = 4_000  # characters of a text: an automatic answer says so at its beginning
LONGEST_SENTENCE = 400
MOST_SENTENCES = 20

# Accents of Latin, Greek and Cyrillic; vowel signs of Hebrew and Arabic; what only directs.
_SILENT = [
    *range(0x0300, 0x0370), *range(0x0591, 0x05C8), *range(0x064B, 0x0653), 0x0640, 0x00AD, 0x05F3,
    0x05F4, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF,
    *map(ord, "'’‘ʼ`´′ʹ＇"),
]  # fmt: skip
_FOLDING: dict[int, str | None] = dict.fromkeys(_SILENT) | {
    ord("ı"): "i", ord("ł"): "l", ord("ø"): "o", ord("đ"): "d", ord("æ"): "ae", ord("œ"): "oe",
}  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_SENTENCE_END = re.compile(r"(?<!\d)[.!?]+(?:\s|$)|[。！？؟]|\n\s*\n|(?<=[,:;，：])\s*\n")
_COMMA = re.compile(r"[,，、،]\s*|\s[-–—]\s")
_FREE = 0x590  # from here on scripts write words together, or join prefixes to them


def fold(text: str) -> str:
    """The words of a text, comparable, one space between them."""
    flat = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_FOLDING)
    return _BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFC", flat)).strip()


@cache
def languages() -> dict[str, dict[str, dict[str, list[str]]]]:
    """language (BCP 47) -> section -> key -> phrases as they are written."""
    folder = files(__package__).joinpath("languages")
    tables = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    # English first: where two languages share a word, it is the likelier one.
    tables.sort(key=lambda name: name != "en.toml")
    return {
        name.removesuffix(".toml"): tomllib.loads(folder.joinpath(name).read_text("utf-8"))
        for name in tables
    }


@cache
def said(section: str, *keys: str) -> dict[str, tuple[str, str]]:
    """folded phrase -> (key, language), of every language; the first language's where two agree."""
    found: dict[str, tuple[str, str]] = {}
    for language, sections in languages().items():
        for key, phrases in sections.get(section, {}).items():
            for phrase in phrases if not keys or key in keys else ():
                found.setdefault(fold(phrase), (key, language))
    return found


@cache
def pattern(section: str, *keys: str) -> re.Pattern[str]:
    """Any of these phrases in a folded text, `…` standing for words between; the longest first."""
    written = {
        phrase
        for sections in languages().values()
        for key in keys
        for phrase in sections.get(section, {}).get(key, ())
    }
    return re.compile("|".join(sorted(map(_expression, written), key=len, reverse=True)))


def sentences(text: str) -> Iterator[str]:
    """Each sentence of the beginning, and what stands after its first commas, folded."""
    for sentence in _sentences(text[:LOOKED_AT]):
        yield fold(sentence)
        for number, comma in enumerate(_COMMA.finditer(sentence)):
            if number == 3:
                break
            if rest := fold(sentence[comma.end() :]):
                yield rest


def any_begins(wanted: re.Pattern[str], texts: Iterable[str]) -> str:
    """The first of these folded texts that begins so; empty when none does."""
    return next((text for text in texts if wanted.match(text)), "")


def _sentences(text: str) -> list[str]:
    found = (part.strip() for part in _SENTENCE_END.split(text))
    return [part[:LONGEST_SENTENCE] for part in found if part][:MOST_SENTENCES]


def _expression(phrase: str) -> str:
    spoken = [fold(part) for part in phrase.split("…")]
    inner = r"\b.{0,120}?".join(_bounded(part) for part in spoken if part)
    start = ".{0,120}?" if phrase.startswith("…") else ""
    stem = phrase.endswith("…")
    first, last = spoken[0] or spoken[1], [part for part in spoken if part][-1]
    left = r"(?<!\w)" if ord(first[0]) < _FREE else ""
    right = r"(?!\w)" if ord(last[-1]) < _FREE and not stem else ""
    return f"(?:{start}{left}{inner}{right})"


def _bounded(part: str) -> str:
    return re.escape(part).replace(r"\ ", " ")
