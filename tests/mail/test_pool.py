"""The pool against servers on loopback: order, faults, leases, drains."""

import os
import threading
from dataclasses import replace

import pytest

from app.mail.answers import Outcome, Stage
from app.mail.relay import Relay
from tests.mail.faulty import BRISK, CLOSE, SILENT, Faulty, Reply, Script, unstuffed
from tests.mail.working import MESSAGE, Clock, Recorder, parcel, pooling, sent, turning

PIPELINING = "250-faulty\n250-8BITMIME\n250 PIPELINING"
CHUNKING = "250-faulty\n250-PIPELINING\n250 CHUNKING"
SLOW_CHUNKING = "250-faulty\n250 CHUNKING"
PLAIN = "250 faulty"
OFFERS = [PLAIN, PIPELINING, CHUNKING, SLOW_CHUNKING]
LARGE = b"Subject: Large\r\n\r\n" + b"a line of some length\r\n" * 400_000  # no buffer holds it

SENT, RETRY, UNKNOWN = Outcome.SENT, Outcome.RETRY, Outcome.UNKNOWN
GIVE_UP, TROUBLE = Outcome.GIVE_UP, Outcome.RELAY_TROUBLE


def with_offers(offers: str, script: Script | None = None) -> Script:
    return {"EHLO": offers, **(script or {})}


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("connections", [1, 3])
def test_every_parcel_is_handed_over_once(offers: str, connections: int) -> None:
    work = Recorder(parcel(key) for key in range(20))
    with Faulty(with_offers(offers)) as server:
        relay = replace(server.relay, connections=connections)
        with pooling(work, relay) as pool:
            sent(work, pool, 20)
            assert pool.in_flight == 0
            pool.drain(5)
    assert work.outcomes == dict.fromkeys(range(20), SENT)
    assert sorted(server.said_to("RCPT")) == sorted(
        f"RCPT TO:<m{key}@example.org>" for key in range(20)
    )
    assert len(server.bodies) == 20
    assert server.connections <= connections
    assert server.verbs.count("QUIT") == server.connections


@pytest.mark.parametrize("offers", OFFERS)
def test_what_is_started_is_journaled_before_its_body_goes_out(offers: str) -> None:
    work = Recorder(parcel(key) for key in range(5))
    with Faulty(with_offers(offers)) as server, pooling(work, server.relay) as pool:
        flushed = work.flush

        def flush() -> bool:
            # Nothing of a body may have arrived whose start has not been flushed.
            flushes = [i for i, (said, _) in enumerate(work.told) if said == "flush"]
            kept = work.told[: flushes[-1]] if flushes else []
            assert len(server.bodies) <= sum(said == "starting" for said, _ in kept)
            return flushed()

        work.flush = flush  # type: ignore[method-assign]
        sent(work, pool, 5)
    for key in range(5):
        told = [said for said, of in work.told if of == key and said != "flush"]
        assert told == ["taken", "starting", "answered"]


@pytest.mark.parametrize("offers", OFFERS)
def test_messages_arrive_as_they_are(offers: str) -> None:
    bodies = [b"a: b\r\n\r\n.\r\n..\r\n", LARGE, MESSAGE]
    work = Recorder(parcel(key, message=body) for key, body in enumerate(bodies))
    with Faulty(with_offers(offers)) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 3)
    chunks = "CHUNKING" in offers
    assert [body if chunks else unstuffed(body) for body in server.bodies] == bodies


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        ({"RCPT m1@example.org": "550 5.1.1 nobody"}, GIVE_UP),
        ({"RCPT m1@example.org": "450 4.2.1 slowly"}, RETRY),
        ({"MAIL b1@news": "451 4.3.0 later"}, RETRY),
        ({"MAIL b1@news": "552 5.3.4 too big"}, GIVE_UP),
    ],
)
def test_a_refusal_in_the_middle_shifts_nothing(
    offers: str, refusal: Script, outcome: Outcome
) -> None:
    work = Recorder(parcel(key) for key in range(4))
    # A server that lets a refused letter begin all the same, as RFC 2920 3.1 allows.
    script = with_offers(offers, {**refusal, "DOT": "250 2.0.0 taken"})
    with Faulty(script) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 4)
    assert work.outcomes == {0: SENT, 1: outcome, 2: SENT, 3: SENT}
    assert server.connections == 1
    assert [body for body in server.bodies if body != b".\r\n"] == [
        MESSAGE if "CHUNKING" in offers else MESSAGE + b".\r\n"
    ] * 3
    assert 1 not in work.keys("starting")


def test_one_letter_that_cannot_be_written_does_not_stop_the_others() -> None:
    work = Recorder([parcel(0), parcel(1, "eve@example.org>\r\nDATA"), parcel(2), parcel(3, "ü@x")])
    with Faulty(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 4)
    assert work.outcomes == {0: SENT, 1: GIVE_UP, 2: SENT, 3: GIVE_UP}


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("fault", [CLOSE, SILENT, "banana", "354 go on"])
def test_a_final_answer_that_never_came_is_unknown_and_the_rest_goes_on(
    offers: str, fault: Reply | str
) -> None:
    stage = "BDAT" if "CHUNKING" in offers else "DOT"
    work = Recorder(parcel(key) for key in range(4))
    script = with_offers(offers, {stage: ["250 ok", fault, "250 ok"]})
    timeouts = replace(BRISK, connect=5)
    with Faulty(script) as server, pooling(work, server.relay, timeouts=timeouts) as pool:
        sent(work, pool, 4)
    assert work.outcomes == {0: SENT, 1: UNKNOWN, 2: SENT, 3: SENT}
    assert len(server.bodies) == 4
    assert server.connections == 2


@pytest.mark.parametrize("offers", [PLAIN, PIPELINING])
@pytest.mark.parametrize("lost", [CLOSE, Reply("421 4.4.2 idle for too long", close=True)])
def test_a_kept_connection_that_the_relay_closed_says_nothing_of_the_parcel(
    offers: str, lost: Reply
) -> None:
    work = Recorder(parcel(key) for key in range(2))
    script = with_offers(offers, {"MAIL": ["250 ok", lost, "250 ok"]})
    with Faulty(script) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 2)
    assert work.outcomes == {0: SENT, 1: SENT}
    assert server.connections == 2


@pytest.mark.parametrize(
    ("lost", "outcome"), [(CLOSE, RETRY), (Reply("421 4.3.2 bye", close=True), TROUBLE)]
)
def test_a_relay_that_always_closes_is_asked_twice_and_no_more(
    lost: Reply, outcome: Outcome
) -> None:
    work = Recorder(parcel(key) for key in range(2))
    script = with_offers(PIPELINING, {"MAIL": ["250 ok", lost]})
    with Faulty(script) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 2)
    assert work.outcomes == {0: SENT, 1: outcome}
    assert server.connections == 2


def test_a_connection_that_was_closed_while_nothing_was_to_be_sent_is_opened_again() -> None:
    work = Recorder([parcel(0)])
    script = with_offers(PIPELINING, {"DOT": Reply("250 ok", close=True)})
    with Faulty(script) as server, pooling(work, server.relay) as pool:
        turning(pool, lambda: work.answers and not pool.connections()[server.relay.name])
        work.waiting.append(parcel(1))
        sent(work, pool, 2)
    assert work.outcomes == {0: SENT, 1: SENT}


def test_a_server_that_forgets_what_was_pipelined_is_spoken_to_in_turns() -> None:
    work = Recorder(parcel(key) for key in range(4))
    server = Faulty(with_offers(PIPELINING), forgetful=True)
    timeouts = replace(BRISK, connect=5)
    with server, pooling(work, server.relay, timeouts=timeouts) as pool:
        sent(work, pool, 4)
    assert work.outcomes == dict.fromkeys(range(4), SENT)
    assert server.connections == 2
    assert len(server.bodies) == 4


def test_a_server_that_only_claims_to_know_bdat_is_sent_data() -> None:
    work = Recorder(parcel(key) for key in range(3))
    with (
        Faulty(with_offers(CHUNKING, {"BDAT": "502 5.5.1 what?"})) as server,
        pooling(work, server.relay) as pool,
    ):
        sent(work, pool, 3)
    assert work.outcomes == {0: RETRY, 1: SENT, 2: SENT}
    assert server.verbs.count("DATA") == 2


def test_a_connection_carries_its_share_and_no_more() -> None:
    work = Recorder(parcel(key) for key in range(7))
    with (
        Faulty(with_offers(PIPELINING)) as server,
        pooling(work, replace(server.relay, messages=3)) as pool,
    ):
        sent(work, pool, 7)
        pool.drain(5)
    assert work.outcomes == dict.fromkeys(range(7), SENT)
    assert server.connections == 3
    assert server.verbs.count("QUIT") == 3


def test_a_connection_without_work_is_ended_politely() -> None:
    clock = Clock()
    work = Recorder([parcel(0)])
    with (
        Faulty(with_offers(PIPELINING)) as server,
        pooling(work, server.relay, clock=clock) as pool,
    ):
        sent(work, pool, 1)
        clock.at += 19
        pool.turn(0)
        assert pool.connections() == {server.relay.name: 1}
        clock.at += 2
        turning(pool, lambda: server.verbs[-1] == "QUIT")
        assert pool.connections() == {server.relay.name: 0}
        work.waiting.append(parcel(1))
        sent(work, pool, 2)
    assert work.outcomes == {0: SENT, 1: SENT}


TROUBLED: list[tuple[Script, Stage]] = [
    ({"CONNECT": "554 5.3.2 not today"}, Stage.CONNECT),
    ({"CONNECT": CLOSE}, Stage.CONNECT),
    ({"CONNECT": SILENT}, Stage.CONNECT),
    ({"EHLO": "421 4.3.2 busy"}, Stage.EHLO),
    ({"EHLO": "550 no", "HELO": "550 no"}, Stage.EHLO),
    ({"MAIL": "530 5.7.0 sign in first"}, Stage.MAIL),
    ({"MAIL": "550 5.7.1 not from you"}, Stage.MAIL),
    ({"RCPT": "421 4.3.2 closing"}, Stage.RCPT),
]


@pytest.mark.parametrize(("script", "stage"), TROUBLED)
def test_a_lane_in_trouble_gives_its_parcel_back_and_rests(script: Script, stage: Stage) -> None:
    clock = Clock()
    work = Recorder(parcel(key) for key in range(3))

    def turn() -> bool:
        clock.at += 0.1  # for what times out
        return bool(work.answers)

    with (
        Faulty(script) as server,
        pooling(work, server.relay, timeouts=BRISK, clock=clock, rest=1) as pool,
    ):
        turning(pool, turn)
        assert [(a.outcome, a.stage) for a in work.answers.values()] == [(TROUBLE, stage)]
        asked = len(work.asked)
        pool.turn(0)
        pool.turn(0)
        assert len(work.asked) == asked  # it rests
        clock.at += 3
        turning(pool, lambda: turn() and len(work.answers) > 1)
    assert len(work.asked) > asked


def test_a_relay_that_is_down_does_not_stop_the_other() -> None:
    with Faulty() as gone:
        down = gone.relay
    with Faulty(with_offers(PIPELINING)) as server:
        work = Recorder(parcel(key) for key in range(20))
        with pooling(work, down, server.relay, rest=1000) as pool:
            sent(work, pool, 20)
    outcomes = list(work.outcomes.values())
    assert outcomes.count(TROUBLE) == 1
    assert outcomes.count(SENT) == 19
    assert {a.relay for a in work.answers.values() if a.outcome is TROUBLE} == {down.name}


def test_a_host_without_a_name_is_trouble_of_the_relay() -> None:
    work = Recorder([parcel(0)])
    with pooling(work, Relay("smtp", "no..such.invalid", 25, connections=1)) as pool:
        sent(work, pool, 1)
    assert work.answers[0].outcome is TROUBLE
    assert work.answers[0].stage is Stage.CONNECT


def test_a_host_is_looked_up_beside_the_loop() -> None:
    work = Recorder(parcel(key) for key in range(4))
    with Faulty(with_offers(PIPELINING)) as server:
        # localhost may be ::1 first, where nobody listens: then the next address is tried.
        relay = replace(server.relay, host="localhost", connections=2)
        with pooling(work, relay) as pool:
            sent(work, pool, 4)
    assert work.outcomes == dict.fromkeys(range(4), SENT)


def test_silence_in_the_middle_of_a_body_is_a_retry() -> None:
    stuck = threading.Event()

    class Stuck(Faulty):
        def reply(self, stage: str, command: str = "") -> Reply:
            if stage == "BODY":
                stuck.wait(20)
                return CLOSE
            return super().reply(stage, command)

    work = Recorder([parcel(0, message=LARGE)])
    with (
        Stuck(with_offers(PIPELINING)) as server,
        pooling(work, server.relay, timeouts=replace(BRISK, connect=5)) as pool,
    ):
        sent(work, pool, 1)
        stuck.set()
    assert (work.answers[0].outcome, work.answers[0].stage) == (RETRY, Stage.DATA)
    assert "timed out" in work.answers[0].text


def test_a_relay_that_hangs_up_does_not_run_through_all_the_parcels() -> None:
    clock = Clock()
    work = Recorder(parcel(key) for key in range(10))
    with (
        Faulty({"RCPT": CLOSE}) as server,
        pooling(work, server.relay, clock=clock, rest=1) as pool,
    ):
        sent(work, pool, 1)
        for _ in range(5):
            pool.turn(0)
        assert work.outcomes == {0: RETRY}
        clock.at += 2
        sent(work, pool, 2)
    assert work.outcomes == {0: RETRY, 1: RETRY}


def test_rests_grow_up_to_five_minutes() -> None:
    with Faulty() as gone:
        down = gone.relay
    clock = Clock()
    work = Recorder(parcel(key) for key in range(30))
    pauses = []
    with pooling(work, down, clock=clock, rest=1) as pool:
        for count in range(1, 16):
            began = clock.at
            while len(work.answers) < count:
                pool.turn(0)
                clock.at += 0.5
            pauses.append(clock.at - began)
    assert 1 < pauses[1] <= 3
    assert all(149 < pause <= 302 for pause in pauses[10:])


def test_an_answer_that_came_while_the_process_stood_still_counts() -> None:
    clock = Clock()
    work = Recorder([parcel(0)])
    with (
        Faulty(with_offers(PIPELINING)) as server,
        pooling(work, server.relay, clock=clock) as pool,
    ):
        turning(pool, lambda: pool.in_flight)
        server.answered.wait(20)
        clock.at += 600
        sent(work, pool, 1)
    assert work.outcomes == {0: SENT}


# Leases


def test_nothing_goes_out_once_the_lease_is_lost() -> None:
    work = Recorder(parcel(key) for key in range(3))
    work.leased = False
    with Faulty(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        turning(pool, lambda: work.keys("returned"))
        assert work.waiting
        assert server.commands == [] or server.verbs == ["EHLO"]
        work.waiting.clear()
        work.leased = True
        pool.drain(1)
    assert work.answers == {}
    assert "MAIL" not in server.verbs


def test_a_parcel_that_was_not_begun_is_returned_when_its_start_cannot_be_kept() -> None:
    work = Recorder([parcel(0)])
    with Faulty(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        starting = work.starting

        def start(key: int) -> None:
            work.leased = False
            starting(key)

        work.starting = start  # type: ignore[method-assign]
        turning(pool, lambda: work.keys("returned"))
        assert not pool.busy
    assert work.keys("starting") == work.keys("returned") == [0]
    assert server.bodies == []


def test_the_answer_to_what_went_out_whole_is_still_waited_for() -> None:
    release = threading.Event()

    class Slow(Faulty):
        def reply(self, stage: str, command: str = "") -> Reply:
            if stage == "DOT":
                release.wait(20)
            return super().reply(stage, command)

    work = Recorder(parcel(key) for key in range(3))
    with Slow(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        turning(pool, lambda: server.bodies)
        work.leased = False
        pool.turn(0)
        assert work.keys("returned") == [1]
        assert pool.in_flight == 1
        work.waiting.clear()
        release.set()
        turning(pool, lambda: not pool.busy)
    assert work.outcomes == {0: SENT}
    assert len(server.bodies) == 1


def test_a_body_under_way_is_broken_off_when_the_lease_is_lost() -> None:
    work = Recorder([parcel(0, message=LARGE)])
    stuck = threading.Event()

    class Stuck(Faulty):
        def reply(self, stage: str, command: str = "") -> Reply:
            if stage == "BODY":
                stuck.wait(20)
            return super().reply(stage, command)

    with Stuck(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        turning(pool, lambda: work.keys("starting"))
        pool.turn(0)
        work.leased = False
        turning(pool, lambda: not pool.busy)
        stuck.set()
    assert work.outcomes == {0: RETRY}
    assert server.bodies == []


# Endings


def test_a_drain_finishes_what_is_started_and_returns_the_rest() -> None:
    work = Recorder(parcel(key) for key in range(10))
    release = threading.Event()

    class Slow(Faulty):
        def reply(self, stage: str, command: str = "") -> Reply:
            if stage == "DOT":
                release.wait(20)
            return super().reply(stage, command)

    with (
        Slow(with_offers(PIPELINING)) as server,
        pooling(work, replace(server.relay, connections=2)) as pool,
    ):
        turning(pool, lambda: len(server.bodies) == 2)
        returned = work.returned

        def release_then(key: int) -> None:
            release.set()
            returned(key)

        work.returned = release_then  # type: ignore[method-assign]
        pool.drain(20)
        assert not pool.busy
    started = work.keys("starting")
    assert work.outcomes == dict.fromkeys(started, SENT)
    assert sorted(started + work.keys("returned")) == work.keys("taken")
    assert len(server.bodies) == len(started) == 2
    assert work.told[-1] == ("flush", 0)


def test_what_is_not_answered_when_a_drain_ends_is_unknown() -> None:
    work = Recorder(parcel(key) for key in range(3))
    with (
        Faulty(with_offers(PIPELINING, {"DOT": SILENT})) as server,
        pooling(work, server.relay) as pool,
    ):
        turning(pool, server.stalled.is_set)
        pool.drain(0)
        assert not pool.busy
    assert work.outcomes == {0: UNKNOWN}
    assert work.keys("returned") == [1]


def test_a_drain_can_be_hurried() -> None:
    work = Recorder([parcel(0)])
    with (
        Faulty(with_offers(PIPELINING, {"DOT": SILENT})) as server,
        pooling(work, server.relay) as pool,
    ):
        turning(pool, server.stalled.is_set)
        flush = work.flush

        def hurrying() -> bool:  # as a second signal does, in the middle of it
            pool.hurry(0)
            return flush()

        work.flush = hurrying  # type: ignore[method-assign]
        pool.wake()
        pool.drain(1000)
    assert work.outcomes == {0: UNKNOWN}


def test_a_drain_without_work_only_says_goodbye() -> None:
    work = Recorder([parcel(0)])
    with Faulty(with_offers(PIPELINING)) as server, pooling(work, server.relay) as pool:
        sent(work, pool, 1)
        pool.drain(5)
        assert pool.connections() == {server.relay.name: 0}
    assert server.verbs[-1] == "QUIT"


def test_closing_twice_is_nothing() -> None:
    work = Recorder()
    with Faulty() as server, pooling(work, server.relay) as pool:
        pool.close()
        pool.close()


@pytest.mark.parametrize("how", ["wake", "descriptor"])
def test_a_wait_can_be_ended_from_elsewhere(how: str) -> None:
    work = Recorder()
    with Faulty() as server, pooling(work, server.relay) as pool:
        if how == "wake":
            pool.wake()
        else:
            os.write(pool.wakeup_fd, b"\x0f")
        assert pool.turn(1000)
        assert not pool.turn(0)


def test_an_idle_pool_asks_each_relay_once_a_turn() -> None:
    work = Recorder()
    with Faulty() as server:
        with pooling(work, replace(server.relay, connections=8)) as pool:
            assert not pool.turn(0)
        assert len(work.asked) == 1
    assert server.connections == 0
