"""No room for another byte of the journal: nothing goes out until there is some."""

import resource
import signal
import sys

import pytest

from tests.faults.conftest import AT_ONCE, CONNECTIONS, RECIPIENTS, Sending

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets another process's limits"),
]


def test_with_a_full_disk_nothing_goes_out_and_afterwards_it_goes_on(sending: Sending) -> None:
    with sending.worker() as worker:
        sending.gate.wait_until_held(CONNECTIONS)
        before = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, before[1]))
        sending.gate.open()
        worker.line_with("the journal cannot be written")
        assert sending.gate.taken.total() == AT_ONCE + CONNECTIONS

        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, before)
        worker.line_with("the journal can be written again")
        sending.gate.wait_until_taken(RECIPIENTS)
        worker.send(signal.SIGTERM)
        assert worker.end() == 0, worker.output
    sending.assert_each_got_it_once()
    assert sending.uncertain() == 0
