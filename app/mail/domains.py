"""Recipient domains, and rules that name them: `example.org`, or `.example.org` for those below."""

import re
from collections.abc import Iterable

_RULE = re.compile(r"\.?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


def normal(domain: str) -> str:
    """In lower case and ASCII (RFC 5891), `*.` as a leading dot, without the dot of the root.
    What cannot be written in ASCII comes back as it is, and fits no rule."""
    domain = domain.lower().rstrip(".").removeprefix("*")
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def is_rule(text: str) -> bool:
    return bool(_RULE.fullmatch(text))


def fits(domain: str, rules: Iterable[str]) -> bool:
    """Whether a domain, already normal, is named by one of the rules."""
    return any(domain.endswith(r) if r.startswith(".") else domain == r for r in rules)
