"""Many parcels through a server that does everything wrong: each has one fate, and the true one."""

import random
import re

import pytest

from app.mail.answers import Outcome
from tests.mail.faulty import CLOSE, PATIENT, SILENT, Faulty, Reply, Said
from tests.mail.working import Clock, Recorder, parcel, pooling, turning

COUNT = 150
HELLO = "250-chaos\n250-8BITMIME\n250-SIZE 1000000"
OFFERS = {
    "lock-step": f"{HELLO}\n250 HELP",
    "pipelining": f"{HELLO}\n250 PIPELINING",
    "chunking": f"{HELLO}\n250-PIPELINING\n250 CHUNKING",
}
USUAL = {"CONNECT": "220 hello", "DATA": "354 go on"}
WRONG: list[Said] = [
    "451 4.3.0 later",
    "450 4.7.1 greylisted",
    "550 5.1.1 nobody",
    "552 5.2.2 full",
    Reply("421 4.3.2 closing", close=True),
    CLOSE,
    SILENT,
    "banana",
    "354 what?",
    "199 what?",
    Reply("250 2.0.0 ok", close=True),
]


class Chaos(Faulty):
    """Goes wrong at one stage of about eight."""

    def __init__(self, offers: str, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._offers = offers

    def reply(self, stage: str, command: str = "") -> Reply:
        if stage == "BODY":
            return CLOSE if self._random.random() < 0.02 else Reply()
        if stage == "EHLO":
            return Reply(self._offers)
        usual = USUAL.get(stage, "250 2.0.0 ok")
        said = self._random.choice(WRONG) if self._random.random() < 0.12 else usual
        if stage in ("QUIT", "CONNECT"):
            said = usual
        return said if isinstance(said, Reply) else Reply(said)


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_lost_and_nobody_is_mailed_twice(offers: str, seed: int) -> None:
    clock = Clock()
    parcels = [parcel(key, message=b"X-Key: %d\r\n\r\nHello.\r\n" % key) for key in range(COUNT)]
    work = Recorder(parcels)
    with (
        Chaos(OFFERS[offers], seed) as server,
        # One connection: what the server does wrong depends on the seed alone.
        pooling(work, server.relay, timeouts=PATIENT, clock=clock) as pool,
    ):

        def settled() -> bool:
            if not pool.turn(0.001):
                clock.at += 2  # for silences, and for lanes that rest
            return len(work.answers) == COUNT

        turning(pool, settled)
        pool.drain(1)
    assert sorted(work.answers) == list(range(COUNT))
    taken = [
        int(re.findall(rb"X-Key: (\d+)", body)[0]) for body in server.taken if body != b".\r\n"
    ]
    assert len(taken) == len(set(taken))
    for key, answer in work.answers.items():
        if answer.outcome is Outcome.SENT:
            assert key in taken
        elif answer.outcome is not Outcome.UNKNOWN:
            assert key not in taken, answer
    started = set(work.keys("starting"))
    assert all(key in started for key in taken)
    assert len(set(work.outcomes.values())) == 5  # every kind of end came about
