"""Whether a reply's first line plainly is an answer: the whole line, or nothing."""

import re
from functools import cache

from app.inbound.sorting import phrases
from app.inbound.sorting.shapes import Word

LONGEST = 160  # characters of a line that can be a plain answer
LINES = 8  # that are looked at: an answer further down that says otherwise makes doubt

_ASKS = re.compile(r"[?？؟⁇]|;\s*$")
_CLAUSE = re.compile(r"[.!,;:…。！、，；：()\[\]]+|\s[-–—/]+\s|[–—]")
_ENDS = re.compile(r"[.!…。！)\]]\W*$")
_HAS_WORDS = re.compile(r"[^\W_]")


def said(text: str) -> Word | None:
    """`text`: what the person wrote now. None at any doubt: a person reads it then."""
    lines = [line.strip() for line in text.splitlines()[: 10 * LINES]]
    spoken = [number for number, line in enumerate(lines) if _HAS_WORDS.search(line)][:LINES]
    while spoken and is_greeting(lines[spoken[0]]):
        del spoken[0]
    if not spoken:
        return None
    first, *later = spoken
    word = plainly(lines[first])
    if word is None or _goes_on(lines, first):
        return None
    others = [plainly(lines[number]) for number in later]
    return None if any(other and other.answer != word.answer for other in others) else word


def plainly(line: str) -> Word | None:
    """The answer that this line is, and nothing else."""
    if len(line) > LONGEST or _ASKS.search(line):
        return None
    if whole := _answer(phrases.fold(line)):
        return whole
    found = [part for clause in _CLAUSE.split(line) if (part := phrases.fold(clause))]
    answers = [_answer(part) for part in found]
    known = [answer for answer in answers if answer]
    if len({answer.answer for answer in known}) != 1:
        return None
    rest = [part for part, answer in zip(found, answers, strict=True) if not answer]
    if len(rest) > 1 and _is_small(rest[-2]) and rest[-1] == found[-1] and _ends_in_name(line):
        del rest[-1]
    return known[0] if all(_is_small(part) for part in rest) else None


def says_anywhere(text: str) -> bool:
    """Whether any line or sentence of the beginning is a plain answer."""
    lines = re.split(r"\n|(?<=[.!。])\s", text[: phrases.LOOKED_AT])
    return any(plainly(line.strip()) for line in lines[:40] if line.strip())


def is_greeting(line: str) -> bool:
    """`Dear Anna,` `Bonjour`, or a name alone with a comma."""
    folded = phrases.fold(line)
    if not folded or len(folded.split()) > 6 or len(line) > 60 or _ASKS.search(line):
        return False
    if _answer(folded):
        return False
    if _bare(folded) == "" or phrases.pattern("small", "greetings").match(folded):
        return True
    names = line.rstrip(" ,،，").split()
    return line.endswith((",", "،", "，")) and len(names) <= 3 and all(n.istitle() for n in names)


def _ends_in_name(line: str) -> bool:
    """`…, thanks, Anna Kovács`."""
    names = [part for part in _CLAUSE.split(line) if _HAS_WORDS.search(part)][-1].split()
    return len(names) <= 3 and all(name.istitle() for name in names)


def strip_small(folded: str) -> str:
    """Without thanks, please and regards before and after."""
    return _bare(folded)


def _goes_on(lines: list[str], number: int) -> bool:
    """Whether the line is the beginning of a sentence that a mail program wrapped."""
    following = lines[number + 1] if number + 1 < len(lines) else ""
    if not following[:1].islower() or _ENDS.search(lines[number]):
        return False
    return not (_is_small(phrases.fold(following)) or plainly(following))


def _answer(folded: str) -> Word | None:
    table = phrases.said("answers")
    found = table.get(folded) or table.get(_bare(folded))
    return Word(*found) if found else None


def _is_small(folded: str) -> bool:
    if _bare(folded) == "":
        return True
    few = len(folded.split()) <= 4
    return few and bool(phrases.pattern("small", "greetings").match(folded))


@cache
def _around() -> tuple[re.Pattern[str], re.Pattern[str]]:
    small = sorted(phrases.said("small", "around"), key=len, reverse=True)
    either = "|".join(map(re.escape, small))
    return re.compile(f"(?:{either})(?: |$)"), re.compile(f"(?:^| )(?:{either})$")


def _bare(folded: str) -> str:
    if len(folded) > LONGEST:
        return folded
    before, after = _around()
    for _time in range(6):
        left = after.sub("", before.sub("", folded, count=1) if before.match(folded) else folded)
        if left == folded:
            break
        folded = left.strip()
    return folded
