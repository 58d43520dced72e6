"""When mail to domains that are limited or held back may go out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.delivery import pacing
from app.delivery.leasing import HORIZON, Due
from app.delivery.lines import MOST_DOMAINS, domain_of
from app.mail.domains import fits, normal
from app.mail.rates import Rate

AFTER_HOLD = Rate(10, 1)  # a domain that was held back comes out slowly


class DomainPaces:
    """`limits`: DOMAIN_LIMITS. `holds`: what all workers leave alone now, by key, until when."""

    def __init__(self, limits: Mapping[str, Rate]) -> None:
        self._limits = limits
        self._rules_of: dict[str, str] = {}
        self.holds: dict[str, datetime] = {}

    def slots(self, session: Session, dues: Sequence[Due], at: datetime) -> dict[int, datetime]:
        """When each delivery to a domain that is limited or held may go out."""
        if not self._limits and not self.holds:
            return {}
        by_domain: dict[str, list[Due]] = {}
        for due in dues:
            domain = domain_of(due)
            if due.fits and (self._rule_of(domain) or pacing.domain_key(domain) in self.holds):
                by_domain.setdefault(domain, []).append(due)
        slots: dict[int, datetime] = {}
        for domain, ones in sorted(by_domain.items()):
            slots |= self._slots_of(session, domain, ones, at)
        return slots

    def _slots_of(
        self, session: Session, domain: str, dues: Sequence[Due], at: datetime
    ) -> dict[int, datetime]:
        held = self.holds.get(pacing.domain_key(domain))
        rule = self._rule_of(domain)
        rate = self._limits[rule] if rule else AFTER_HOLD
        key = pacing.domain_key(rule or domain)  # all that one rule is for share its places
        new = [due for due in dues if held is not None or not due.has_slot]
        step, earliest = pacing.spacing(rate), held or at
        furthest = at + HORIZON
        first = pacing.next_slot(session, key) or earliest
        if first > furthest:  # the clock was set back since
            first = earliest
        room = max(0, int((furthest - max(first, earliest)) / step))
        first = pacing.reserve(session, key, rate, min(room, len(new)), earliest, furthest)
        # Behind the horizon nothing is reserved: those are asked for again when they come near.
        return {
            due.to.delivery_id: first + step * number if number < room else furthest + step
            for number, due in enumerate(new)
        }

    def _rule_of(self, domain: str) -> str:
        """The key of DOMAIN_LIMITS that this domain falls under, or nothing."""
        if not self._limits:
            return ""
        if domain not in self._rules_of:
            if len(self._rules_of) >= MOST_DOMAINS:
                self._rules_of.clear()
            rules = [rule for rule in self._limits if fits(normal(domain), (rule,))]
            self._rules_of[domain] = max(rules, key=len, default="")
        return self._rules_of[domain]
