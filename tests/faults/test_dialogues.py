"""Relays that do all that they should not. `bin/bench faults` does the same some thousand times."""

import json

import pytest
from click.testing import CliRunner

from tests.bench.faults import faults

pytestmark = pytest.mark.slow
KINDS = {"4xx", "5xx", "421", "greylisting", "size", "time-out", "disconnect", "answer lost"}


def test_whatever_relays_do_nobody_is_lost_or_given_up_wrongly(database_kind: str) -> None:
    arguments = ["--dialogues", "250", "--database", database_kind, "--json"]
    done = CliRunner().invoke(faults, arguments, catch_exceptions=False)
    figures = json.loads(done.stdout)
    assert figures["cases"] >= 250
    assert figures["kinds"].keys() >= KINDS
    assert figures["lost"] == 0, done.stderr
    assert figures["wrongly_suppressed"] == 0, done.stderr
    assert figures["duplicates_outside_after_dot"] == 0, done.stderr
