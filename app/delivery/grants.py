"""What relays with a limited rate have granted one worker."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.clock import now
from app.delivery import pacing
from app.delivery.hand import Hand
from app.delivery.news import Grant
from app.mail.relay import Relay

GRANT = 50  # messages that a worker asks of a relay's quota at a time


class Grants:
    def __init__(self, relays: Sequence[Relay], hand: Hand) -> None:
        self._limited = [relay for relay in relays if relay.rates]
        self._hand = hand

    def are_wanted(self) -> bool:
        """Something waits for a relay that has used up what it was granted."""
        return bool(self._hand.lines.waiting) and any(map(self._may_ask, self._limited))

    def ask(self, session: Session) -> dict[str, Grant]:
        """Ask for places with relays whose rate is limited."""
        asking = [relay for relay in self._limited if self._may_ask(relay)]
        for relay in asking:
            self._return(session, relay)
        at = now()
        return {relay.name: Grant(*pacing.grant(session, relay, GRANT, at), at) for relay in asking}

    def _may_ask(self, relay: Relay) -> bool:
        held = self._hand.grants.get(relay.name)
        return held is None or held.is_over(now()) or (held.left == 0 and not held.is_refused)

    def give_back(self, session: Session) -> None:
        for relay in self._limited:
            self._return(session, relay)

    def _return(self, session: Session, relay: Relay) -> None:
        held = self._hand.grants.get(relay.name)
        if held is not None and held.left:
            left, held.left = held.left, 0  # once, whatever becomes of the transaction
            pacing.give_back(session, relay, left, held.made_at, now())
