"""Leaving by mail: to the address for it, or in words that ask for nothing else."""

import re
from collections.abc import Iterable

from app.inbound.sorting import phrases, words
from app.inbound.sorting.shapes import Ours, Purpose

LONGEST = 160  # characters of a line that plainly asks
_CLAUSE = re.compile(r"[.!,;:。！、，；：]+")
_ANSWERS = re.compile(r"\W*\w{1,8}(?:\[\d+\])?\s?[:：]")


def asked(ours: Iterable[Ours], subject: str, written: str) -> str:
    """What of the mail asks for it; empty when nothing does, and a person should read it."""
    if any(one.purpose is Purpose.LEAVE for one in ours):
        return "sent to the address for leaving"
    if "?" in written or "？" in written or "؟" in written:
        return ""
    spoken = [line.strip() for line in written.splitlines()[:20] if phrases.fold(line)]
    while spoken and words.is_greeting(spoken[0]) and not _plainly(spoken[0]):
        del spoken[0]
    if spoken and _plainly(spoken[0]):
        return "the first line asks to leave"
    # "Re: Unsubscribe" stands above whatever the conversation came to.
    if _plainly(subject) and not _ANSWERS.match(subject) and len(spoken) <= 4:
        return "the subject asks to leave"
    return ""


def _plainly(line: str) -> bool:
    if len(line) > LONGEST or "?" in line:
        return False
    if _is_phrase(phrases.fold(line)):
        return True
    clauses = [part for clause in _CLAUSE.split(line) if (part := phrases.fold(clause))]
    asks = [_is_phrase(clause) for clause in clauses]
    small = [words.is_greeting(clause) or not words.strip_small(clause) for clause in clauses]
    return any(asks) and all(ask or is_small for ask, is_small in zip(asks, small, strict=True))


def _is_phrase(folded: str) -> bool:
    table = phrases.said("leaving")
    return folded in table or words.strip_small(folded) in table
