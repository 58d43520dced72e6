"""The forms of the case pages: the case itself, and each kind of its parts."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
    widgets,
)
from wtforms.validators import DataRequired, Length, Optional, Regexp

from app.cases.models import Addressee
from app.forms import (
    ONE_LINE,
    Form,
    LinesField,
    ListField,
    country_choices,
    language_choices,
    lines_of,
    options,
    sector_choices,
)
from app.vocabulary import language_code
from newsletters import markdown

LINE = [Optional(), Length(max=200), ONE_LINE]
COMMAS = _l("With commas between them.")
REFERENCE = Regexp(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", message=_l("Letters, digits, dots and hyphens.")
)
KINDS = {
    "letter": _l("Write a letter"),
    "email": _l("Write an e-mail"),
    "call": _l("Telephone"),
    "statement": _l("Make a statement"),
    "visit": _l("Visit"),
    "publish": _l("Publish"),
    "expertise": _l("Give expertise"),
    "colleagues": _l("Approach colleagues"),
    "other": _l("Something else"),
}
STATUSES = {
    "open": _l("open"),
    "updated": _l("updated"),
    "closed": _l("closed"),
    "stopped": _l("stopped: nobody must act any more"),
}
SENSITIVITIES = {
    "public": _l("public"),
    "restricted": _l("restricted: members are asked not to publish it"),
    "confidential": _l("confidential: never mailed"),
}


def mailable(_form: Any, field: TextAreaField) -> None:
    """Markdown that a mail can hold."""
    for what, values in markdown.problems(field.data or ""):
        raise ValidationError(_("This text %(what)s.", what=_(what, **values)))


class TickField(SelectMultipleField):
    """Several of a few, as boxes to tick."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


class CaseForm(Form):
    title = StringField(
        _l("Title"),
        description=_l("The people's names, as the newsletter shows them."),
        validators=[DataRequired(), Length(max=200), ONE_LINE],
    )
    country = SelectField(_l("Country"), validators=[Optional()])
    place = StringField(
        _l("Place"), description=_l("As it stands above the case in the mail."), validators=LINE
    )
    summary = TextAreaField(
        _l("What happened"),
        description=_l("About three sentences. Markdown."),
        validators=[DataRequired(), Length(max=4000)],
    )
    background = TextAreaField(
        _l("Background"), description=_l("Markdown. Not mailed."), validators=[Length(max=20_000)]
    )
    wishes = TextAreaField(
        _l("The person's wishes"),
        description=_l("What they want, and do not want."),
        validators=[Length(max=2000)],
    )
    concerns = ListField(_l("Concerns"), description=COMMAS)
    keywords = ListField(_l("Keywords"), description=COMMAS)
    sectors = TickField(_l("Sectors it may interest"))
    sensitivity = SelectField(_l("Sensitivity"), choices=options(SENSITIVITIES.items()))
    status = SelectField(_l("Status"), choices=options(STATUSES.items()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country.choices = country_choices()
        self.sectors.choices = sector_choices()


class NewCaseForm(CaseForm):
    leading = ("reference",)

    reference = StringField(
        _l("Reference"),
        description=_l("Names the case for good, for example VER-2026-014."),
        validators=[DataRequired(), REFERENCE],
    )


class PersonForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=200), ONE_LINE])
    occupation = StringField(_l("Occupation"), validators=LINE)
    description = TextAreaField(_l("Description"), validators=[Length(max=2000)])


class DevelopmentForm(Form):
    on = DateField(_l("Day"), validators=[DataRequired()])
    text = TextAreaField(_l("What happened"), validators=[DataRequired(), Length(max=2000)])


class SalutationsField(LinesField):
    """language -> salutation, written as lines of `fr: Monsieur le Ministre`."""

    data: Any

    def _value(self) -> str:
        return "\n".join(f"{language}: {text}" for language, text in (self.data or {}).items())

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = {}
        for line in lines_of(valuelist[0] if valuelist else ""):
            language, colon, text = (part.strip() for part in line.partition(":"))
            code = language_code(language)
            if not colon or not text or code is None:
                raise ValueError(_l("“%(line)s” is not of the form  en: Dear Minister", line=line))
            self.data[code] = text


class AddresseeForm(Form):
    title = StringField(
        _l("Office"),
        description=_l("For example: Minister of Justice."),
        validators=[DataRequired(), Length(max=200), ONE_LINE],
    )
    name = StringField(_l("Name"), validators=LINE)
    salutations = SalutationsField(
        _l("Salutations"), description=_l("One a line with its language:  en: Dear Minister")
    )
    post = TextAreaField(_l("Postal address"), validators=[Length(max=1000)])
    fax = StringField(_l("Fax"), validators=LINE)
    email = StringField(_l("E-mail"), validators=LINE)
    copies = LinesField(_l("Copies to"), description=_l("One address a line."))


class AskWordsForm(Form):
    """What is asked: the same for an ask of a case, an entry of the catalogue and a snippet."""

    kind = SelectField(_l("Kind"), choices=options(KINDS.items()))
    headline = StringField(
        _l("The ask, as one sentence"),
        description=_l("For example: Write to the Minister of Justice as a fellow lawyer."),
        validators=[DataRequired(), Length(max=300), ONE_LINE],
    )
    why = TextAreaField(
        _l("Why this member, why now"),
        description=_l("Who is told why, acts."),
        validators=[DataRequired(_l("Say why: an ask without a reason is not sent."))],
    )
    instructions = TextAreaField(
        _l("How to do it"),
        description=_l("Markdown."),
        validators=[mailable],
        render_kw={"rows": 8},
    )
    model_text = TextAreaField(_l("Talking points or a model letter"), render_kw={"rows": 8})
    button = StringField(
        _l("Words on the button"),
        description=_l("What a tap records: “I have sent my letter”."),
        validators=[Optional(), Length(max=60), ONE_LINE],
    )

    def validate_why(self, field: TextAreaField) -> None:
        if not (field.data or "").strip():
            raise ValidationError(_l("Say why: an ask without a reason is not sent."))


class AskForm(AskWordsForm):
    addressees = TickField(_l("To whom"), coerce=int)
    deadline = DateField(_l("By when"), validators=[Optional()])
    sectors = TickField(_l("Only for these sectors"), description=_l("None ticked: for everybody."))
    specialties = ListField(_l("Only for these specialties"), description=COMMAS)
    countries = SelectMultipleField(
        _l("Only in these countries"), description=_l("None chosen: everywhere.")
    )
    languages = SelectMultipleField(
        _l("Only for readers of"), description=_l("None chosen: any language.")
    )

    def __init__(self, *args: Any, addressees: list[Addressee], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.addressees.choices = options((a.id, f"{a.title} {a.name}") for a in addressees)
        self.sectors.choices = sector_choices()
        self.countries.choices = country_choices()[1:]
        self.languages.choices = language_choices()
