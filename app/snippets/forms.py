"""The forms of the snippets' pages, one for each kind."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from app.cases.forms import AddresseeForm, mailable
from app.catalogue.forms import EntryForm
from app.forms import ONE_LINE, Form, text_of
from app.snippets.keeping import LONGEST_TITLE
from app.snippets.models import Snippet, SnippetKind

KINDS = {
    SnippetKind.TEXT: _l("Text"),
    SnippetKind.CLOSING: _l("Closing"),
    SnippetKind.ASK: _l("Ask"),
    SnippetKind.ADDRESSEE: _l("Addressee"),
}
SEVERAL = {
    SnippetKind.TEXT: _l("Texts"),
    SnippetKind.CLOSING: _l("Closings"),
    SnippetKind.ASK: _l("Asks"),
    SnippetKind.ADDRESSEE: _l("Addressees"),
}


class Titled(Form):
    """What every kind has beside its own words."""

    leading = ("snippet_title",)

    snippet_title = StringField(
        _l("Title of the snippet"),
        description=_l("By which you find it again. It is never mailed."),
        validators=[DataRequired(), Length(max=LONGEST_TITLE), ONE_LINE],
    )


class TextForm(Titled):
    body = TextAreaField(
        _l("Words"),
        description=_l("Markdown."),
        validators=[DataRequired(), Length(max=20_000), mailable],
    )


class AskSnippetForm(Titled, EntryForm):
    pass


class AddresseeSnippetForm(Titled, AddresseeForm):
    pass


_FORMS: dict[SnippetKind, type[Form]] = {
    SnippetKind.TEXT: TextForm,
    SnippetKind.CLOSING: TextForm,
    SnippetKind.ASK: AskSnippetForm,
    SnippetKind.ADDRESSEE: AddresseeSnippetForm,
}


def form_of(kind: SnippetKind, snippet: Snippet | None = None) -> Form:
    held = {**snippet.content, "snippet_title": snippet.title} if snippet else None
    return _FORMS[kind](data=held)


def said(form: Form) -> tuple[str, dict[str, Any]]:
    """The title, and the words of the kind."""
    values = {f.name: text_of(f.data) if isinstance(f.data, str) else f.data for f in form.shown()}
    return values.pop("snippet_title"), values
