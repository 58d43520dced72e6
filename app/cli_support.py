"""What every command shares: the services, `--json`, and errors that a person can act on."""

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from sqlalchemy.exc import DBAPIError

from app.config import SettingsError
from app.errors import DocketError
from app.services import Services

Command = TypeVar("Command", bound=Callable[..., Any])
USAGE_ERROR = 2


class Failure(click.ClickException):
    """Says what is wrong on stderr and ends with status 2, as a wrong option does."""

    exit_code = USAGE_ERROR


class Group(click.Group):
    """Turns refusals from any command into a Failure, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (DocketError, SettingsError) as error:
            raise Failure(str(error)) from error
        except DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise Failure(f"The database: {reason}. `docket check` says what to do.") from error


def pass_services(command: Command) -> Command:
    """Give the command `Services` as its first argument, opened on first use in this run."""

    @click.pass_context
    @functools.wraps(command)
    def wrapped(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        root = ctx.find_root()
        if root.obj is None:
            root.obj = Services.from_environment()
            root.call_on_close(root.obj.database.close)
        return ctx.invoke(command, root.obj, *args, **kwargs)

    return wrapped  # type: ignore[return-value]


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def emit(data: dict[str, Any] | Sequence[Any], text: str, as_json: bool) -> None:
    """Print `data` as JSON or `text` for people."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else text)
