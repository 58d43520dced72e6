"""What staff say of a picture."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from app.forms import ONE_LINE, Form, language_choices, options
from app.media.keeping import LONGEST_ALT, LONGEST_NAME
from app.media.models import Picture
from app.shell import language_name

ALT = "alt-"  # begins the name of the field for each language
ALT_TEXT = [Optional(), Length(max=LONGEST_ALT), ONE_LINE]
HINT = _l("One sentence for those who do not see it: who, where, what happens.")


class PictureForm(Form):
    """With a field for each language (`picture_form`)."""

    leading = ("name",)

    name = StringField(
        _l("Name"),
        description=_l("For you and your colleagues. Members do not see it."),
        validators=[
            DataRequired(_l("Give the picture a name.")),
            Length(max=LONGEST_NAME),
            ONE_LINE,
        ],
    )

    @property
    def alts(self) -> dict[str, str]:
        """language -> what was written in it."""
        fields = [field for field in self if field.name.startswith(ALT)]
        said = {field.name.removeprefix(ALT): field.data or "" for field in fields}
        more = {self.language.data: self.more.data} if self.more.data else {}
        return said | more

    def validate_more(self, field: StringField) -> None:
        if field.data and not self.language.data:
            raise ValidationError(_("Say in which language this is."))


def picture_form(picture: Picture, language: str) -> PictureForm:
    """In the network's language, in those that the picture has, and in one more."""
    known = [language, *sorted(set(picture.alts) - {language})]
    fields: dict[str, Any] = {f"{ALT}{code}": _alt_field(code) for code in known}
    free = [(c.value, c.label) for c in language_choices() if c.value not in known]
    fields["language"] = SelectField(
        _("Another language"), choices=options([("", "–"), *free]), validators=[Optional()]
    )
    fields["more"] = StringField(_("Alt text in that language"), validators=ALT_TEXT)
    data = {f"{ALT}{code}": picture.alts.get(code, "") for code in known}
    kind = type("PictureForm", (PictureForm,), fields)
    form: PictureForm = kind(data=data | {"name": picture.name})
    return form


def _alt_field(language: str) -> StringField:
    label = _("Alt text in %(language)s", language=language_name(language))
    how = {"lang": language, "dir": "auto"}
    return StringField(label, description=HINT, validators=ALT_TEXT, render_kw=how)
