"""The forms of the catalogue's pages."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, TextAreaField, ValidationError

from app.cases.forms import AskWordsForm
from app.catalogue import filling
from app.catalogue.models import WORDS
from app.forms import sector_choices, text_of


class EntryForm(AskWordsForm):
    """An ask without a case: {people} and {place} stand for those of one."""

    def words(self) -> dict[str, str]:
        return {name: text_of(self[name].data) for name in WORDS}

    def validate_headline(self, field: Field) -> None:
        for name in filling.unknown(field.data or ""):
            raise ValidationError(
                _("Nothing is filled in for {%(name)s}: there are {people} and {place}.", name=name)
            )

    validate_instructions = validate_model_text = validate_button = validate_headline

    def validate_why(self, field: TextAreaField) -> None:
        super().validate_why(field)
        self.validate_headline(field)


class NewEntryForm(EntryForm):
    leading = ("sector",)

    sector = SelectField(_l("Sector"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sector.choices = sector_choices()
