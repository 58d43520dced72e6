"""What the documents say is so: commands exist, settings are all told, links lead somewhere."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from app import config, interchange
from app.cli import main
from app.inbound import door_settings
from app.mail.rates import parse_domain_limits
from app.mail.relay import _READERS as READERS
from app.mail.relay import parse_relays

ROOT = Path(__file__).parent.parent
# Of compose.yaml, Caddy and PostgreSQL.
OF_OTHERS = {"DOCKET_HOST", "MAIL_HOST", "MAIL_DOMAINS", "PGPASSWORD"}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def commands() -> list[tuple[str, list[str]]]:
    """(document, arguments) of each bin/docket command in a block of shell."""
    found = []
    for path in DOCUMENTS:
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            ours = (line for line in lines if line.startswith("bin/docket "))
            found += [(path.name, shlex.split(line)[1:]) for line in ours]
    return found


def test_there_are_commands_to_look_at() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize(("name", "arguments"), commands(), ids=str)
def test_every_command_in_a_document_is_one(name: str, arguments: list[str]) -> None:
    command: click.Command = main
    while isinstance(command, click.Group) and not (
        command.invoke_without_command and not arguments
    ):
        found = command.commands.get(arguments.pop(0))
        assert found is not None
        command = found
    command.make_parser(click.Context(command)).parse_args(list(arguments))
    for argument in arguments:
        if argument.startswith("docs/"):
            assert (ROOT / argument).is_file()


def test_every_command_says_what_it_does() -> None:
    def walk(command: click.Command, path: str) -> None:
        assert command.help, path
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{path} {name}")

    for name, command in main.commands.items():
        walk(command, name)


def settings_read() -> set[str]:
    sources = (Path(module.__file__).read_text() for module in (config, door_settings))
    return {name for text in sources for name in re.findall(r'read\(\s*"([A-Z_]+)"', text)}


def test_the_table_of_settings_names_each_that_is_read() -> None:
    read = settings_read()
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert told == read


def test_the_operators_guide_names_only_settings_that_are_read() -> None:
    read = settings_read()
    guide = (ROOT / "docs/operating.md").read_text()
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+|[A-Z]{5,})(?:[=`])", guide))
    named |= set(re.findall(r"^(?:    )?([A-Z]+_[A-Z]+)=", guide, re.MULTILINE))
    assert len(named) > 10
    assert named <= read | OF_OTHERS


def test_the_guide_to_providers_names_every_door_and_its_setting() -> None:
    guide = (ROOT / "docs/inbound-providers.md").read_text()
    named = set(re.findall(r"\b[A-Z]{3,}_[A-Z_]*[A-Z]\b", guide))
    doors = set(re.findall(r'read\("([A-Z_]+)"', Path(door_settings.__file__).read_text()))
    assert doors <= named <= settings_read()
    rows = dict(re.findall(r"^\| `(/in/\S+)` \| `([A-Z_]+)` \|", guide, re.MULTILINE))
    source = (ROOT / "app/inbound/door_routes.py").read_text()
    assert set(rows) == {f"/in/{path}" for path in re.findall(r'@_door\("([^"]+)"\)', source)}
    assert set(rows.values()) == doors


def test_relays_in_the_operators_guide_are_understood() -> None:
    guide = (ROOT / "docs/operating.md").read_text()
    address = re.search(r"^    SMTP_URL=(\S+)$", guide, re.MULTILINE)
    assert address
    assert len(parse_relays(address[1])) == 2
    limits = re.search(r'DOMAIN_LIMITS="([^"]+)"', guide)
    assert limits
    assert parse_domain_limits(limits[1])
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", guide, re.MULTILINE))))
    for name in told - {"DATA_DIR"}:
        assert name in READERS, name
    assert told >= set(READERS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_sections_that_are_pointed_to_exist(path: Path) -> None:
    text = path.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", line).strip().lower().replace(" ", "-") for line in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("kind", ["cases", "issues"])
def test_the_examples_fit_their_schemas(kind: str) -> None:
    interchange.check(json.loads((ROOT / f"docs/examples/{kind}.json").read_text()), kind)


def test_json_in_the_documents_fits_too() -> None:
    text = (ROOT / "docs/interchange.md").read_text()
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        interchange.check(json.loads(block), "cases")
