"""`bin/bench [--rounds N] [--json]`, and `bin/bench NAME` for each of COMMANDS."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from tests.bench import answering, composing, importing
from tests.bench.measuring import Figure

# Modules here, each of which holds a command of its name.
COMMANDS = ("answers", "crash", "delivery", "desk", "faults", "robots", "tokens")


class Benches(click.Group):
    """COMMANDS, each imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if find_spec(f"tests.bench.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"tests.bench.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=Benches,
    invoke_without_command=True,
    help="What this machine does per second, each figure beside a naive way.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="In turns."
)
@click.pass_context
def main(context: click.Context, as_json: bool, rounds: int) -> None:
    if context.invoked_subcommand is not None:
        return
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as folder:
        figures = [_told(name, measure) for name, measure in _benches(Path(folder), rounds)]
    if as_json:
        machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
        data = {"machine": machine, "figures": [figure.as_dict() for figure in figures]}
        click.echo(json.dumps(data, indent=2))
        return
    click.echo(f"{'':<12} {'ours':>10} {'naive':>10} {'ratio':>7}  unit        the naive way")
    for figure in figures:
        numbers = f"{figure.ours:>10.1f} {figure.naive:>10.1f} {figure.ratio:>6.1f}x"
        click.echo(f"{figure.name:<12} {numbers}  {figure.unit:<11} {figure.naive_way}")


def _benches(folder: Path, rounds: int) -> list[tuple[str, Callable[[], Figure]]]:
    return [
        ("importing members", lambda: importing.figure(folder / "import", rounds)),
        ("compiling an edition", lambda: composing.compiling(rounds)),
        ("filling mails", lambda: composing.filling(rounds)),
        ("signing mails", lambda: composing.signing(rounds)),
        ("asking for the answer page", lambda: answering.figure(folder / "answer", rounds)),
    ]


def _told(name: str, measure: Callable[[], Figure]) -> Figure:
    sys.stderr.write(f"{name} …\n")
    return measure()


if __name__ == "__main__":
    main(prog_name="bin/bench")
