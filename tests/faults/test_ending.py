"""SIGTERM, once and twice."""

import signal
from collections import Counter

import pytest

from tests.faults.conftest import AT_ONCE, CONNECTIONS, RECIPIENTS, Sending

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_is_told_to_end_waits_for_its_answers(sending: Sending, times: int) -> None:
    with sending.worker() as worker:
        sending.gate.wait_until_held(CONNECTIONS)
        for _ in range(times):
            worker.send(signal.SIGTERM)
        sending.gate.open()
        assert worker.end() == 0, worker.output
    sent = sending.gate.taken.total()
    assert sent >= AT_ONCE + CONNECTIONS
    assert sending.states() == Counter({"sent": sent, "queued": RECIPIENTS - sent})
    assert sending.uncertain() == 0
    assert sending.journals() == []
    sending.work_here()
    sending.assert_each_got_it_once()


def test_in_a_hurry_what_has_no_answer_is_known_to_be_uncertain(sending: Sending) -> None:
    with sending.worker() as worker:
        sending.gate.wait_until_held(CONNECTIONS)
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGTERM)
        assert worker.end() == 0, worker.output
    assert sending.states()["sent"] == AT_ONCE
    assert sending.uncertain() == CONNECTIONS
    assert sending.gate.taken.total() == AT_ONCE + CONNECTIONS
