"""The files of docs/deploy: what they run exists, what they set is read, and tools take them."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml
from sqlalchemy.orm import Session

from app import config
from app.cli import main
from app.clock import now
from app.watching import metrics

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs/deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
SERVICE_UNITS = [path for path in UNITS if path.suffix == ".service"]
SETTINGS = set(re.findall(r'read\(\s*"([A-Z_]+)"', Path(config.__file__).read_text()))
PROGRAM = "/srv/docket/bin/docket"


def parses(arguments: list[str]) -> bool:
    """Whether `docket` with these arguments is a command; click raises when an option is none."""
    command: click.Command = main
    rest = list(arguments)
    while isinstance(command, click.Group):
        command = command.commands[rest.pop(0)]
    command.make_parser(click.Context(command)).parse_args(rest)
    return True


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def named(path: Path) -> dict[str, str]:
    """NAME=value of an environment file."""
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """The files as an operator has them, with the examples filled in."""
    folder = tmp_path / "docs/deploy"
    shutil.copytree(DEPLOY, folder)
    for example in folder.glob("*.env.example"):
        example.rename(example.with_suffix(""))
    return folder


def test_every_part_has_a_service() -> None:
    parts = {"database", "upgrade", "web", "worker", "door", "postfix", "proxy"}
    assert parts == set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_runs_a_command_that_exists(name: str) -> None:
    assert parses(SERVICES[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_do_little_and_loses_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert set(service["environment"]) <= SETTINGS
    assert service["volumes"] == [f"data:{service['environment']['DATA_DIR']}"]


@pytest.mark.parametrize("name", set(SERVICES) - set(OURS))
def test_an_image_of_others_is_pinned_and_watched(name: str) -> None:
    _, tag = SERVICES[name]["image"].split(":")
    assert re.search(r"\d", tag)
    assert SERVICES[name]["healthcheck"]["test"]


def test_volumes_and_networks_are_declared() -> None:
    for service in SERVICES.values():
        kept = {volume.split(":")[0] for volume in service["volumes"] if volume[0] != "."}
        assert kept <= set(COMPOSE["volumes"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])


def test_several_workers_have_the_time_they_need_to_end_well() -> None:
    worker = SERVICES["worker"]
    assert worker["deploy"]["replicas"] >= 2
    assert worker["stop_signal"] == "SIGTERM"
    assert seconds(worker["stop_grace_period"]) > 32


def test_only_the_proxy_is_open_to_the_outside() -> None:
    opened = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert opened.pop("proxy")
    # The machine's own mail server alone comes to the door, which asks nobody for a password.
    assert opened == {"door": ["127.0.0.1:1026:1026"]}
    assert config.load({}).mail_port == 1026
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("database", "web", "upgrade"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_example_settings_are_read_and_are_refused_until_filled_in() -> None:
    example = named(DEPLOY / "docket.env.example")
    assert set(example) <= SETTINGS
    key = {"SECRET_KEYS": "k" * config.MIN_KEY_LENGTH}
    settings = config.load(example | key)
    assert (
        settings.database_url == "postgresql+psycopg://docket:replace-this-password@database/docket"
    )
    assert [relay.name for relay in settings.relays] == ["postfix:587"]
    assert settings.trusted_proxies == 1


def test_the_example_names_hosts_that_are_services() -> None:
    example = named(DEPLOY / "docket.env.example")
    for name in ("DATABASE_URL", "SMTP_URL"):
        assert urlsplit(example[name]).hostname in SERVICES
    assert SERVICES["proxy"]["environment"]["DOCKET_UPSTREAM"] == "web:8000"


def test_compose_takes_the_file(deployed: Path) -> None:
    command = compose_command(deployed / "compose.yaml")
    done = subprocess.run([*command, "config"], cwd=deployed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert set(found["services"]) == set(SERVICES)
    assert found["services"]["worker"]["environment"]["DATA_DIR"] == "/var/lib/docket"


def compose_command(path: Path) -> list[str]:
    modern = shutil.which("docker")
    if (
        modern
        and not subprocess.run([modern, "compose", "version"], capture_output=True).returncode
    ):
        return [modern, "compose", "--file", str(path)]
    if old := shutil.which("docker-compose"):
        # Its version 1 knows everything but the project's name.
        path.write_text(path.read_text().replace("\nname: docket\n", "\n"))
        return [old, "--file", str(path)]
    pytest.skip("docker compose is not installed")


def works(*command: str | None) -> bool:
    found = command[0] and subprocess.run([part or "" for part in command], capture_output=True)
    return bool(found) and found.returncode == 0


def test_the_image_is_made_of_hashed_pins_and_does_not_run_as_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    assert any("--require-hashes" in line and "requirements.txt" in line for line in lines)
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER docket"]
    assert lines.index("USER docket") < lines.index(f'ENTRYPOINT ["{PROGRAM}"]')
    command = next(line for line in lines if line.startswith("CMD "))
    assert parses(yaml.safe_load(command.removeprefix("CMD ")))


def test_the_image_holds_all_that_runs() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY ")}
    let_in = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    # pg_dump refuses a server that is newer than itself.
    server = re.search(r"postgres:(\d+)", SERVICES["database"]["image"])
    assert server and f"postgresql-client-{server[1]} " in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("path", SERVICE_UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_exists(path: Path) -> None:
    program, *arguments = shlex.split(unit(path)["Service"]["ExecStart"])
    assert program == PROGRAM
    assert parses(arguments)
    for setting in re.findall(r"^Environment=([A-Z_]+)=", path.read_text(), re.MULTILINE):
        assert setting in SETTINGS


def test_units_of_workers_give_them_the_time_they_need_to_end_well() -> None:
    service = unit(DEPLOY / "docket-worker@.service")["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) == 40


@pytest.mark.parametrize("path", SERVICE_UNITS, ids=lambda path: path.name)
def test_units_are_locked_in(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == "docket"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    for path in UNITS:  # it looks whether the program is there
        text = path.read_text().replace("/srv/docket", str(ROOT))
        (tmp_path / path.name.replace("@.", "@1.")).write_text(text)
    done = subprocess.run([analyze, "verify", *tmp_path.iterdir()], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_timer_has_its_service() -> None:
    timers = [path for path in UNITS if path.suffix == ".timer"]
    assert timers
    assert all(path.with_suffix(".service") in UNITS for path in timers)


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_buffers_and_keeps_addresses_to_itself(name: str) -> None:
    text = (DEPLOY / name).read_text()
    assert re.search(r"proxy_request_buffering on;|request_buffers \d+MB", text)
    assert "/metrics" in text
    upload = config.load({}).upload_limit_mb
    limit = re.search(r"(?:client_max_body_size|max_size) (\d+)", text)
    assert limit and int(limit[1]) > upload
    if name == "nginx.conf":
        servers = text.count("\nserver {")
        assert text.count("access_log off;") == servers == 2
        assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    else:
        assert "request>uri delete" in text
        assert not re.search(r"^\tlog", text.split("{$DOCKET_HOST}")[1], re.MULTILINE)


def test_alerts_are_about_figures_that_are_told(session: Session) -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
    body, _media_type = metrics.exposition(session, now(), "")
    told = set(re.findall(r"^# TYPE (docket_\w+) ", body.decode(), re.MULTILINE))
    asked = set(re.findall(r"docket_\w+", " ".join(rule["expr"] for rule in rules)))
    assert len(asked) > 7
    assert asked <= told
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_a_guide_names_every_file_that_is_here() -> None:
    guide = (ROOT / "docs/operating.md").read_text()
    for name in ("compose.yaml", "nginx.conf", "Caddyfile", "alerts.yaml", "docket.env.example"):
        assert name in guide
    for path in UNITS:
        assert path.stem.rstrip("@") in guide, path.name
