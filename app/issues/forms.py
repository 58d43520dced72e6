"""The forms of the issue pages."""

from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from app.forms import ONE_LINE, Form


class NewIssueForm(Form):
    network = SelectField(_l("Network"), validators=[DataRequired()])
    title = StringField(
        _l("Title"),
        description=_l("The heading of the mail. For example: Two letters for November."),
        validators=[DataRequired(_l("Give the issue a title.")), Length(max=200), ONE_LINE],
    )


class WordsForm(Form):
    title = StringField(
        _l("Title"),
        description=_l("The heading of the mail, under the subject."),
        validators=[DataRequired(_l("Give the issue a title.")), Length(max=200), ONE_LINE],
    )
    subject = StringField(
        _l("Subject"),
        description=_l("The first thing a member sees. Up to 60 characters show on a phone."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    preview = StringField(
        _l("Preview line"),
        description=_l("Shown after the subject in the inbox."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    greeting = StringField(
        _l("Greeting"),
        description=_l("{{name|colleague}} becomes the member's name, or “colleague” without one."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    introduction = TextAreaField(
        _l("Introduction"),
        description=_l("Markdown: **bold**, *italic*, [a link](https://…), lists with -."),
        validators=[Optional(), Length(max=20_000)],
    )
    closing = TextAreaField(
        _l("Closing"),
        description=_l("Markdown. The name of the sender follows it."),
        validators=[Optional(), Length(max=20_000)],
    )
    sender_name = StringField(
        _l("Signed by"),
        description=_l("A person, not a system."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )


class SendForm(Form):
    at = DateTimeLocalField(
        _l("When"),
        description=_l("Leave it empty to send now."),
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        validators=[Optional()],
    )


class SearchForm(Form):
    """A form of a GET: it changes nothing, so it carries no token."""

    class Meta:
        csrf = False

    text = StringField(_l("Find a case"), validators=[Optional(), Length(max=200)])
