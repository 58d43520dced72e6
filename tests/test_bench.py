"""`bin/bench` measures what it says it does; how fast a machine is, is no matter of a test."""

import json
import subprocess
import sys

import pytest

from tests.live import ROOT

pytestmark = pytest.mark.slow


def test_each_figure_stands_beside_a_naive_one() -> None:
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = {figure["name"]: figure for figure in json.loads(done.stdout)["figures"]}
    assert set(figures) == {"import", "compile", "fill", "answer page"}
    for figure in figures.values():
        assert figure["ours"] > 0
        assert figure["naive"] > 0
        assert figure["naive_way"]
