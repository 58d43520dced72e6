"""Where a worker can be killed: each step lays a fuse at one place in the code of the service.

Only a process that is meant to die calls `lay`; nothing of this is known to the service.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from app.delivery import journal, recovering, settling
from app.delivery.desk import Desk
from app.delivery.hand import Hand
from app.delivery.intake import Intake
from app.delivery.journal import Found, Journal
from app.delivery.worker import Worker
from app.mail.connection import Connection
from app.mail.pool import Pool

Burn = Callable[[], None]


class Fuse:
    """Kills this process, as the kernel would, when it is burnt for the n-th time."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self, last_words: Callable[[], object] = lambda: None) -> None:
        self._left -= 1
        if self._left == 0:
            last_words()
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()


def lay(step: str, nth: int) -> None:
    """From the n-th passing of the step on, this process is no more."""
    STEPS[step][0](Fuse(nth))


def _before(owner: Any, name: str, burn: Burn, when: Callable[..., object] | None = None) -> None:
    original = getattr(owner, name)

    def patched(*args: Any, **kwargs: Any) -> Any:
        if when is None or when(*args, **kwargs):
            burn()
        return original(*args, **kwargs)

    setattr(owner, name, patched)


def _after(owner: Any, name: str, burn: Burn, when: Callable[..., object] | None = None) -> None:
    """`when` is given the result first."""
    original = getattr(owner, name)

    def patched(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if when is None or when(result, *args, **kwargs):
            burn()
        return result

    setattr(owner, name, patched)


def _before_claim_commits(burn: Burn) -> None:
    _after(Intake, "take", burn, lambda taken, *_: taken.lease)


def _after_claim_commits(burn: Burn) -> None:
    _before(Intake, "put_in_hand", burn, lambda _self, taken: taken.lease)


def _started_and_not_sent(burn: Burn) -> None:
    _after(Hand, "flush", burn, lambda flushed, self: flushed and self.started)


def _in_the_body(fuse: Fuse) -> None:
    original = Connection.write

    def write(self: Connection) -> Any:
        if self.dialogue.writing_body:
            data = b"".join(self.dialogue.outgoing.chunks)
            fuse(lambda: self.sock.send(data[: len(data) // 2]))
        return original(self)

    Connection.write = write  # type: ignore[method-assign]


def _after_the_dot(fuse: Fuse) -> None:
    original = Connection.write

    def write(self: Connection) -> Any:
        had_body = self.dialogue.writing_body
        answers = original(self)
        if had_body and not self.dialogue.outgoing.size:
            fuse()
        return answers

    Connection.write = write  # type: ignore[method-assign]


def _answer_not_in_the_journal(burn: Burn) -> None:
    _before(Hand, "answered", burn)


def _answer_in_the_journal(burn: Burn) -> None:
    _after(Hand, "take_news", burn, lambda news, _self: news.answers)


def _before_settlement_commits(burn: Burn) -> None:
    _after(settling, "settle", burn, lambda _none, _session, _worker, answers, _now: answers)


def _after_settlement_commits(burn: Burn) -> None:
    _before(Desk, "_wrote", burn, lambda _self, news, _done: news.answers)


def _compacts_soon() -> None:
    journal.COMPACT_AT = 2048


def _compacted_and_not_renamed(burn: Burn) -> None:
    """A journal's very first file is made in the same way, and is none of these."""
    _compacts_soon()
    _after(Journal, "_create", burn, lambda _fd, self, _path, _data: hasattr(self, "_size"))


class _Os:
    """The module os, but for one function."""

    def __init__(self, burn: Burn) -> None:
        self._burn = burn

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def replace(self, source: Any, target: Any) -> None:
        compacts = os.path.exists(target)
        os.replace(source, target)
        if compacts:
            self._burn()


def _compacted_and_renamed(burn: Burn) -> None:
    _compacts_soon()
    journal.os = _Os(burn)  # type: ignore[assignment]


def _while_draining(burn: Burn) -> None:
    """SIGTERM comes in the middle, and the kill while the last answers are waited for."""
    answered = [0]
    turn = Pool.turn

    def count(_self: Hand, *_: object) -> None:
        answered[0] += 1
        if answered[0] == 100:
            os.kill(os.getpid(), signal.SIGTERM)

    _before(Hand, "answered", lambda: None, count)
    draining = [False]
    drain = Worker._drain

    def drained(self: Worker, *args: Any) -> None:
        draining[0] = True
        drain(self, *args)

    Worker._drain = drained  # type: ignore[method-assign]

    def turned(self: Pool, seconds: float) -> bool:
        if draining[0]:
            burn()
        return turn(self, seconds)

    Pool.turn = turned  # type: ignore[method-assign]


def _leaving(burn: Burn) -> None:
    _before(Journal, "delete", burn)


def _before_takeover_commits(burn: Burn) -> None:
    _after(recovering, "take_over", burn)


def _taken_over(burn: Burn) -> None:
    _before(Found, "delete", burn)


# What it does, and up to which passing there surely is one with 500 recipients.
STEPS: dict[str, tuple[Callable[[Any], None], int]] = {
    "before the claim commits": (_before_claim_commits, 4),
    "after the claim commits": (_after_claim_commits, 4),
    "started in the journal, not sent": (_started_and_not_sent, 100),
    "in the middle of a body": (_in_the_body, 400),
    "after the dot, before the answer": (_after_the_dot, 400),
    "answered, not in the journal": (_answer_not_in_the_journal, 400),
    "in the journal, not settled": (_answer_in_the_journal, 4),
    "before the settlement commits": (_before_settlement_commits, 4),
    "after the settlement commits": (_after_settlement_commits, 4),
    "compacted, not renamed": (_compacted_and_not_renamed, 2),
    "compacted and renamed": (_compacted_and_renamed, 2),
    "while draining": (_while_draining, 1),
    "leaving, with its journal still there": (_leaving, 1),
}
# Of one that takes over from another.
SECOND_STEPS: dict[str, tuple[Callable[[Any], None], int]] = {
    "before the takeover commits": (_before_takeover_commits, 1),
    "taken over, with the journal still there": (_taken_over, 1),
}
STEPS |= SECOND_STEPS
