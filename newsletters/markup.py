"""Blocks to MJML to HTML: the only place that knows mjml. MJML is only ever ours."""

import re
from functools import cache
from pathlib import Path

import jinja2
import mjml
from markupsafe import Markup

from newsletters.content import CompositionError, Issue
from newsletters.markdown import to_html
from newsletters.slots import Slot, Slots, marks, unescaped
from newsletters.words import Translate, act, day, direction

TEMPLATES = Path(__file__).with_name("templates")
_IN_ADDRESS = "a merge field cannot stand inside the address of a link"


def html(issue: Issue, slots: Slots, translate: Translate) -> str:
    """The whole page with its slots marked. CompositionError when MJML refuses it."""
    source = (
        _environment()
        .get_template("issue.mjml")
        .render(
            issue=issue,
            dir=direction(issue.language),
            t=translate,
            act=act,
            markdown=_markdown,
            day=lambda value: day(value, issue.language),
            answer=lambda ask: slots.mark(Slot("answer", ask.key)),
            copy=lambda ask: slots.mark(Slot("copy", ask.key)),
            unsubscribe=slots.mark(Slot("unsubscribe")),
        )
    )
    try:
        compiled: str = mjml.mjml2html(source, fonts={})
    except ValueError as error:
        raise CompositionError(f"the mail's layout could not be made: {error}") from error
    page = _finished(compiled, issue)
    if "%EE%80%80" in page:
        raise CompositionError(_IN_ADDRESS)
    if "<mj-" in page or "</mj" in page:
        raise CompositionError("the mail's layout was left unfinished")
    return page


def _markdown(text: str) -> Markup:
    """CompositionError when Markdown lost a mark (an address, a host) or made one (&#xe000;)."""
    page = to_html(text)
    if marks(page) != marks(text):
        raise CompositionError(_IN_ADDRESS)
    return Markup(page)  # noqa: S704  cleaned by nh3


def _finished(page: str, issue: Issue) -> str:
    """mrml writes neither language nor direction as we need them, and no line ends to wrap at."""
    page = re.sub(
        r"<html[^>]*>",
        f'<html lang="{issue.language}" dir="{direction(issue.language)}" '
        'xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:o="urn:schemas-microsoft-com:office:office">',
        page,
        count=1,
    )
    return unescaped(page.replace("\r\n", "\n"))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
