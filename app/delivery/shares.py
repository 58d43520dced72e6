"""How several relays share the work: by weight, among those that have a connection free.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each relay has a virtual time that grows by
1/weight with each message; the one furthest behind goes first. A relay that was away joins at the
present time, so that it need not catch up.
"""

from collections.abc import Mapping

LEAD = 8.0  # messages of weight 1 that one may be ahead: a connection must not wait for its turn


class Shares:
    def __init__(self, weights: Mapping[str, float]) -> None:
        self._step = {name: 1 / weight for name, weight in weights.items()}
        self._time = dict.fromkeys(weights, 0.0)
        self._asked: set[str] = set()
        self._asking: set[str] = set()
        self.alone = len(self._time) < 2

    def may_take(self, name: str) -> bool:
        """Whether it is this relay's turn. Relays that have not asked since the last two turns
        (all their connections are busy, or they are held) do not keep others waiting."""
        if self.alone:
            return True
        self._asking.add(name)
        present = [self._time[other] for other in self._asked | self._asking]
        return self._time[name] <= min(present) + LEAD

    def took(self, name: str) -> None:
        if not self.alone:
            self._time[name] += self._step[name]

    def turn(self) -> None:
        """Once in each turn of the pool."""
        if self.alone:
            return
        present = min((self._time[name] for name in self._asking), default=0.0)
        for name in self._time.keys() - self._asking - self._asked:
            self._time[name] = max(self._time[name], present)
        self._asked, self._asking = self._asking, set()
