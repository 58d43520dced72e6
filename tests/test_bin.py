"""The scripts in bin/, on a checkout of their own whose path holds spaces."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SAYS = """
import json, os, sys

names = ("DATA_DIR", "BASE_URL", "INBOX_PORT")
heard = {"argv": sys.argv[1:], "cwd": os.getcwd()}
print(json.dumps(heard | {name: os.environ.get(name) for name in names}))
"""
NO_NETWORK = {"PIP_NO_INDEX": "1", "HOME": "/nonexistent"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with nothing to install, whose environment is made once for this file."""
    root = tmp_path_factory.mktemp("made") / "check out"
    checkout(root)
    done = run(root / "bin/docket", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Making the Python environment" in done.stderr
    return root


def checkout(root: Path) -> None:
    shutil.copytree(ROOT / "bin", root / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "app").mkdir()
    (root / "app/__init__.py").touch()
    (root / "app/cli.py").write_text(SAYS)
    (root / "app/running.py").write_text(SAYS)
    (root / "requirements.txt").write_text("# nothing\n")


def run(
    *command: str | Path, cwd: Path, environ: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **NO_NETWORK, **environ}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def said(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_start_with_nothing_to_install_says_nothing(made: Path) -> None:
    assert run(made / "bin/docket", cwd=made).stderr == ""


def test_arguments_come_through_whole_and_files_are_the_callers(made: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "some where"
    elsewhere.mkdir()
    heard = said(run(made / "bin/docket", "members", "two words", "", "*", cwd=elsewhere))
    assert heard["argv"] == ["members", "two words", "", "*"]
    assert heard["cwd"] == str(elsewhere)


def test_a_link_to_a_script_finds_its_checkout(made: Path, tmp_path: Path) -> None:
    (tmp_path / "docket").symlink_to(made / "bin/docket")
    assert said(run(tmp_path / "docket", cwd=tmp_path))["DATA_DIR"] == str(made / "data")


def test_the_command_line_and_the_service_keep_their_data_in_the_same_place(made: Path) -> None:
    places = [said(run(made / "bin" / name, cwd=made))["DATA_DIR"] for name in ("run", "docket")]
    assert places == [str(made / "data")] * 2


def test_the_command_line_uses_the_addresses_that_the_service_last_had(
    made: Path, tmp_path: Path
) -> None:
    (tmp_path / "addresses").write_text("BASE_URL=http://127.0.0.1:8003\nINBOX_PORT=1030\nX=$(id)")
    there = {"DATA_DIR": str(tmp_path)}
    heard = said(run(made / "bin/docket", cwd=made, environ=there))
    assert (heard["BASE_URL"], heard["INBOX_PORT"]) == ("http://127.0.0.1:8003", "1030")

    set_by_hand = {**there, "BASE_URL": "https://docket.example.org"}
    heard = said(run(made / "bin/docket", cwd=made, environ=set_by_hand))
    assert heard["BASE_URL"] == "https://docket.example.org"


def test_a_module_in_the_callers_folder_is_not_ours(made: Path, tmp_path: Path) -> None:
    for name in ("app", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    elsewhere = {"PYTHONPATH": str(tmp_path)}
    assert said(run(made / "bin/docket", cwd=tmp_path, environ=elsewhere))["argv"] == []


def test_help_needs_no_environment(tmp_path: Path) -> None:
    checkout(tmp_path)
    for name in ("run", "test", "pin"):
        done = run(tmp_path / "bin" / name, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout.startswith(f"bin/{name}")
    assert not (tmp_path / ".venv").exists()


def test_new_pins_are_installed_at_the_next_start(made: Path) -> None:
    (made / "requirements.txt").write_text("# still nothing, in other words\n")
    assert "Installing the packages" in run(made / "bin/docket", cwd=made).stderr
    assert run(made / "bin/docket", cwd=made).stderr == ""


def test_pins_that_cannot_be_had_are_an_error_with_words_and_are_tried_again(made: Path) -> None:
    before = (made / "requirements.txt").read_text()
    (made / "requirements.txt").write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64)
    for _ in range(2):
        done = run(made / "bin/docket", cwd=made)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "pip could not install the packages" in done.stderr
        assert "run the same command again" in done.stderr

    (made / "requirements.txt").write_text(before)
    assert said(run(made / "bin/docket", cwd=made))["argv"] == []


def test_an_environment_left_half_way_is_made_anew_by_one_of_two_starts(made: Path) -> None:
    (made / ".venv/half-way").touch()
    (made / ".venv/requirements.txt").unlink()
    (made / ".venv/left-over").touch()
    command, env = [made / "bin/docket"], {**os.environ, **NO_NETWORK}
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(command, cwd=made, env=env, stdout=pipe, stderr=pipe, text=True)
        for _ in range(2)
    ]
    outputs = [start.communicate(timeout=120) for start in both]

    assert [start.returncode for start in both] == [0, 0], outputs
    assert sum("Making the Python environment" in error for _, error in outputs) == 1
    assert not (made / ".venv/left-over").exists()
    assert not (made / ".venv/half-way").exists()


def test_a_machine_without_a_new_python_is_told_what_to_install(tmp_path: Path) -> None:
    checkout(tmp_path / "checkout")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink", "cmp", "sed"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    docket = tmp_path / "checkout/bin/docket"
    done = run(docket, cwd=tmp_path, environ={"PATH": str(tools)})
    assert done.returncode == 2
    assert "Python 3.11 or newer" in done.stderr
