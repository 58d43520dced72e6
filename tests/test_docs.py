"""What the documents say is so: commands exist, settings are all told, links lead somewhere."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from app import config, interchange
from app.cli import main

ROOT = Path(__file__).parent.parent
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
    while isinstance(command, click.Group):
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


def test_the_table_of_settings_names_each_that_is_read() -> None:
    source = Path(config.__file__).read_text()
    read = set(re.findall(r'read\(\s*"([A-Z_]+)"', source))
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert told == read


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
