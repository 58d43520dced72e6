"""How much may go where in a span of time, as settings say it.

DOMAIN_LIMITS="gmail.com=20/second, outlook.com=600/minute"
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.mail.domains import is_rule, normal

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

_RATE = re.compile(r"([1-9][0-9]{0,8})/([a-z]+)")


@dataclass(frozen=True, slots=True)
class Rate:
    count: int  # messages
    seconds: int  # in each span of this length

    def __str__(self) -> str:
        units = {length: unit for unit, length in SECONDS.items()}
        return f"{self.count}/{units.get(self.seconds, f'{self.seconds} s')}"


def parse_rate(text: str) -> Rate:
    """`20/second`, also by minute, hour and day. ValueError in words."""
    found = _RATE.fullmatch(text.strip().lower())
    if not found or found[2] not in SECONDS:
        raise ValueError(f"{text!r} is not a rate such as 20/second, 600/minute or 5000/hour")
    return Rate(int(found[1]), SECONDS[found[2]])


def parse_domain_limits(text: str) -> Mapping[str, Rate]:
    """Rates by recipient domain, separated by commas; a leading dot or `*.` stands for the
    domains below one. ValueError in words."""
    limits: dict[str, Rate] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        domain, equals, rate = part.partition("=")
        domain = normal(domain.strip())
        if not equals or not is_rule(domain):
            raise ValueError(f"{part!r} is not a limit such as gmail.com=20/second")
        if domain in limits:
            raise ValueError(f"{domain!r} has two limits")
        limits[domain] = parse_rate(rate)
    return limits
