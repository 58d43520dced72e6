"""Makes .venv hold what a file of hashed pins asks for: `_environment.py requirements.txt`.

Run by any Python 3.11 or newer, with the standard library alone. Safe when two starts meet (one
waits) and when it is killed at any point: a copy of the pins is put into .venv as the last step,
and an environment that was left half-way is made anew.
"""

import fcntl
import filecmp
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HALF_WAY = VENV / "half-way"
LOCK = ROOT / ".cache" / "environment.lock"
PIN = re.compile(r"^[A-Za-z0-9][\w.-]*==", re.MULTILINE)
EVERY = 15  # packages between two lines where the output is not a terminal
# The pins of the tests hold the pins of the service too.
ALSO_HELD = {"requirements-dev.txt": ("requirements.txt",)}


class Trouble(Exception):
    """What went wrong, in words for the person who waits."""


def main(pins: str) -> None:
    with locked() as lock:
        if is_current(pins):
            return  # another start made it while this one waited
        make_folder(lock)
        say("Installing the packages that Docket runs on into .venv; this is done once.")
        HALF_WAY.touch()
        install(ROOT / pins, lock)
        for name in (pins, *ALSO_HELD.get(pins, ())):
            stamp(name)
        HALF_WAY.unlink()


def is_current(pins: str) -> bool:
    held = VENV / pins
    return usable() and held.exists() and filecmp.cmp(ROOT / pins, held, shallow=False)


def usable() -> bool:
    return os.access(PYTHON, os.X_OK) and not HALF_WAY.exists()


@contextmanager
def locked() -> Iterator[int]:
    """Held until the last process that inherits it ends, so an orphaned pip keeps it too."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is making the environment; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def make_folder(lock: int) -> None:
    if usable() and runs("-c", "import pip"):
        return
    if importlib.util.find_spec("ensurepip") is None:
        install_ensurepip()
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    HALF_WAY.touch()
    say(f"Making the Python environment {VENV} …")
    # The resolved name, so that a system upgrade of `python3` cannot change it under our feet.
    command = [os.path.realpath(sys.executable), "-m", "venv", str(VENV)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, pass_fds=(lock,))
    if done.returncode:
        raise Trouble(f"Python could not make it:\n{done.stdout}{done.stderr}")


def runs(*arguments: str) -> bool:
    command = [str(PYTHON), "-I", *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def install_ensurepip() -> None:
    package = "python{}.{}-venv".format(*sys.version_info)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Trouble(
            f"This Python lacks the module `ensurepip`. On Debian or Ubuntu: "
            f"sudo apt-get install {package}"
        )
    say(f"This Python lacks the module `ensurepip`: installing {package} with apt-get …")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    get = ["apt-get", "-qq", "-y"]
    for command in ([*get, "update"], [*get, "install", "--no-install-recommends", package]):
        done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"apt-get could not install {package}:\n{done.stderr}")


def install(pins: Path, lock: int) -> None:
    """Install every pin, its hash checked; the pins are complete, so nothing else is looked up."""
    # Settings of pip that belong to other work must not send the packages elsewhere.
    environ = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        environ.pop(name, None)
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["-r", str(pins)]
    total = len(PIN.findall(pins.read_text(encoding="utf-8")))
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
    ) as pip:
        assert pip.stdout is not None
        last = show_progress(pip.stdout, total)
    if pip.returncode:
        raise Trouble(
            "pip could not install the packages:\n\n"
            + "".join(last)
            + "\nWhen that is mended (most often it is the network), run the same command again."
        )


def show_progress(lines: Iterable[str], total: int) -> deque[str]:
    """Count the packages as pip names them; the last lines are kept for when it fails."""
    last: deque[str] = deque(maxlen=15)
    count = 0
    for line in lines:
        last.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            count += 1
            progress(f"  package {count} of about {total}", often=count % EVERY == 0)
        elif line.startswith("Installing collected"):
            progress("  unpacking …", often=True)
    if sys.stderr.isatty():
        say("\r\033[K  done.")
    return last


def progress(text: str, *, often: bool) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
    elif often:
        say(text)


def stamp(name: str) -> None:
    """Say that .venv holds these pins; whole or not at all."""
    fresh = VENV / f"{name}.new"
    shutil.copyfile(ROOT / name, fresh)
    fresh.replace(VENV / name)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"{error.filename or VENV}: {error.strerror}. The environment could not be made.")
