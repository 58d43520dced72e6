"""The forms of the network and member pages."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional, Regexp

from app.forms import (
    ONE_LINE,
    Form,
    ListField,
    country_choices,
    language_choices,
    options,
    reachable_address,
    sector_choices,
    timezone_choices,
)

LINE = [Optional(), Length(max=200), ONE_LINE]


class NetworkForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=200), ONE_LINE])
    sector = SelectField(_l("Sector"))
    language = SelectField(_l("Language of the newsletter"))
    timezone = SelectField(_l("Time zone"))
    from_name = StringField(
        _l("Sender’s name"),
        description=_l("What members see as the sender."),
        validators=[DataRequired(), Length(max=200), ONE_LINE],
    )
    from_address = StringField(
        _l("Sender’s address"), validators=[DataRequired(), reachable_address]
    )
    reply_to = StringField(
        _l("Replies go to"),
        description=_l("The sender's address when empty."),
        validators=[Optional(), reachable_address],
    )
    postal_address = StringField(
        _l("Postal address"),
        description=_l("Stands at the foot of each mail."),
        validators=LINE,
    )
    about = TextAreaField(
        _l("About the network"),
        description=_l("Shown on the page where people join."),
        validators=[Optional(), Length(max=2000)],
    )
    joining_open = BooleanField(_l("People can join through a public page"))
    approval_needed = BooleanField(
        _l("A second person approves each issue"),
        description=_l("Nothing goes out before, and any later change asks for it anew."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sector.choices = sector_choices()
        self.language.choices = language_choices()
        self.timezone.choices = timezone_choices()


class NewNetworkForm(NetworkForm):
    leading = ("code",)

    code = StringField(
        _l("Code"),
        description=_l("Short, for addresses and commands. Lower-case letters, digits, hyphens."),
        validators=[
            DataRequired(),
            Regexp(r"^[a-z0-9][a-z0-9-]{0,39}$", message=_l("For example: legal-fr.")),
        ],
    )


class ProfileForm(Form):
    name = StringField(_l("Name"), validators=LINE)
    profession = StringField(_l("Profession"), validators=LINE)
    specialties = ListField(_l("Specialties"), description=_l("With commas between them."))
    languages = SelectMultipleField(
        _l("Languages"), description=_l("Hold Ctrl or ⌘ to choose several.")
    )
    country = SelectField(_l("Country"), validators=[Optional()])
    timezone = SelectField(_l("Time zone"), validators=[Optional()])
    sector = SelectField(_l("Sector in this network"))
    tags = ListField(_l("Tags"), description=_l("With commas between them."))
    notes = TextAreaField(
        _l("Notes"),
        description=_l("Seen by this network's coordinators alone."),
        validators=[Optional(), Length(max=5000)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages.choices = language_choices()
        known = {choice.value for choice in self.languages.choices}
        rare = [code for code in self.languages.data or [] if code not in known]
        self.languages.choices += options((code, code) for code in rare)
        self.country.choices = country_choices()
        self.timezone.choices = options([("", "–")]) + timezone_choices()
        self.sector.choices = sector_choices()


class NewMemberForm(ProfileForm):
    leading = ("email", "consent_source")

    email = StringField(_l("E-mail address"), validators=[DataRequired(), reachable_address])
    consent_source = StringField(
        _l("Where the consent was given"),
        description=_l("For example: sign-up sheet, annual meeting 2026."),
        validators=[DataRequired(), Length(max=200), ONE_LINE],
    )


class WhyForm(Form):
    why = StringField(_l("Why"), validators=[DataRequired(), Length(max=300), ONE_LINE])


class NewAddressForm(Form):
    new_address = StringField(
        _l("New address"), validators=[DataRequired(), Length(max=320), reachable_address]
    )
