"""`bin/bench robots` plays the zoo over HTTP on both databases, and says what became of it."""

import json

import pytest
from click.testing import CliRunner

from tests.bench.robots import robots


@pytest.mark.slow
def test_no_robot_is_counted_and_no_person_is_lost() -> None:
    arguments = ["--visits", "64", "--json", "--seed", "3"]
    found = json.loads(CliRunner().invoke(robots, arguments, catch_exceptions=False).stdout)
    assert found["visits"] == 64
    assert found["recorded_without_submitting"] == 0
    assert found["counted_of_submitting"] <= 0.01
    assert found["people_lost"] == 0
    assert found["people_suspect"] <= 0.02
    assert set(found["databases"]) == {"sqlite", "postgresql"}
    for kind in found["databases"].values():
        assert kind["submitting"] > 30
        assert kind["suspects_kept"] > 30
        assert (kind["double_posts"], kind["double_posts_recorded_otherwise"]) == (64, 0)
