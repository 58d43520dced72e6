"""A worker that stands still, as in a paused machine, while another takes over what it held."""

import os
import signal
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.delivery.recovering import LEASE_SECONDS, Recovery, Watcher
from tests.faults.conftest import CONNECTIONS, Sending
from tests.processes import Process

pytestmark = pytest.mark.slow


def test_a_worker_that_was_paused_and_goes_on_sends_nothing_twice(sending: Sending) -> None:
    with sending.worker() as paused:
        sending.gate.wait_until_held(CONNECTIONS)
        _stop_between_transactions(sending, paused)
        at = [0.0]
        recovery = Recovery(
            sending.services.database,
            sending.services.settings.data_dir / "journals",
            Watcher(lambda: at[0]),
        )
        assert recovery.run() == []
        at[0] += LEASE_SECONDS
        [taken] = recovery.run()
        assert (taken.left_to_owner, taken.uncertain) == (CONNECTIONS, 0)

        sending.gate.open()
        sending.work_here()
        assert sending.states() == {"sent": 36, "claimed": CONNECTIONS}

        paused.send(signal.SIGCONT)
        paused.line_with("begins anew")
        paused.send(signal.SIGTERM)
        assert paused.end() == 0, paused.output
    sending.assert_each_got_it_once()
    assert sending.uncertain() == 0
    assert sending.journals() == []


def _stop_between_transactions(sending: Sending, worker: Process) -> None:
    """One that stands still with a lock in its hand keeps all others waiting, whoever takes over:
    that is the database's to solve, and not what is looked at here."""
    while True:
        worker.send(signal.SIGSTOP)
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED)  # a signal that was sent has not arrived yet
        try:
            _lock(sending.services.database.engine)
        except DBAPIError:
            worker.send(signal.SIGCONT)
        else:
            return


def _lock(engine: Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT name FROM worker FOR UPDATE NOWAIT")
            return
        connection.rollback()
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA busy_timeout=100")
        try:
            connection.exec_driver_sql("SELECT 1")  # it begins with taking the lock
        finally:
            connection.invalidate()
