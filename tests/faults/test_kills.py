"""Workers killed in the middle of everything: nobody is lost, and only what was in flight may have
been sent twice. `bin/bench crash` does the same some thousand times."""

import json

import pytest
from click.testing import CliRunner

from tests.bench.crash import crash

pytestmark = pytest.mark.slow
TRIALS = 26  # each named step at least once, and as many moments again


def test_whatever_is_killed_and_whenever_nobody_is_lost(database_kind: str) -> None:
    arguments = ["--trials", str(TRIALS), "--recipients", "300", "--database", database_kind]
    done = CliRunner().invoke(crash, [*arguments, "--json"], catch_exceptions=False)
    figures = json.loads(done.stdout)
    assert figures["kills"] >= TRIALS
    assert figures["lost"] == 0, done.stderr
    assert figures["sent_unseen"] == 0, done.stderr
    assert figures["duplicates_outside"] == 0, done.stderr
    assert figures["uncertain"] > 0, "nothing was in flight at any of the kills"
    assert figures["max_uncertain_per_kill"] <= figures["in_flight_connections"], done.stderr
