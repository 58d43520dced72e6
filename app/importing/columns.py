"""Which column of a table of members is what: a guess from its header and its first rows."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

# A field takes one column, but for the lists, which gather several.
FIELDS = {
    "email": _l("E-mail address"),
    "name": _l("Name"),
    "first_name": _l("First name"),
    "last_name": _l("Family name"),
    "profession": _l("Profession"),
    "specialties": _l("Specialties"),
    "languages": _l("Languages"),
    "country": _l("Country"),
    "timezone": _l("Time zone"),
    "sector": _l("Sector"),
    "tags": _l("Tags"),
    "notes": _l("Notes"),
}
GATHER = frozenset({"specialties", "languages", "tags", "notes"})

# Header words in English, French, Spanish, German, Italian, Portuguese, Dutch and Arabic, as
# `_plain` leaves them.
_WORDS = {
    "email": (
        "email mail emailaddress mailaddress emailadress address1email courriel adressemail "
        "adresseemail adressecourriel adresseelectronique adressedemessagerie correo "
        "correoelectronico direcciondecorreo mailadresse emailadresse posta indirizzoemail "
        "postaelettronica endereçodeemail enderecodeemail correioeletronico emailadres "
        "البريدالالكتروني البريد emailprimary primaryemail emails emaill emailpersonal"
    ),
    "name": (
        "name fullname membername nom nometprenom nomcomplet nomprenom prenometnom nombre "
        "nombrecompleto nombreyapellidos vollername vorundnachname namedesmitglieds "
        "nomecompleto nomecognome nomeecognome naam volledigenaam الاسم member contact person"
    ),
    "first_name": (
        "firstname givenname forename first prenom prenoms primernombre nombredepila vorname "
        "nome primeironome voornaam الاسمالاول"
    ),
    "last_name": (
        "lastname surname familyname last nomdefamille apellido apellidos nachname familienname "
        "cognome sobrenome apelido achternaam اللقب"
    ),
    "profession": (
        "profession occupation job jobtitle position metier fonction profesion ocupacion cargo "
        "beruf tatigkeit professione profissao beroep المهنة work role"
    ),
    "specialties": (
        "specialty specialties speciality specialities specialisation specialization expertise "
        "specialite specialites especialidad especialidades fachgebiet fachgebiete fachrichtung "
        "specialita especialidade specialisme التخصص field practicearea practiceareas areas"
    ),
    "languages": (
        "language languages langue langues langueparlee languesparlees idioma idiomas lengua "
        "lenguas sprache sprachen lingua lingue linguas taal talen اللغة اللغات spokenlanguages "
        "preferredlanguage"
    ),
    "country": (
        "country countryofresidence land pays paysderesidence pais paisderesidencia paese البلد "
        "nation staat"
    ),
    "timezone": ("timezone tz fuseauhoraire zonahoraria zeitzone fusoorario fusohorario tijdzone"),
    "sector": "sector secteur sektor settore setor branche",
    "tags": "tags tag labels etiquettes etiquetas schlagworte etichette keywords groups group",
    "notes": (
        "notes note remarks remark comment comments remarques remarque commentaire commentaires "
        "notas nota observaciones comentarios bemerkung bemerkungen notizen anmerkung osservazioni "
        "observacoes opmerkingen ملاحظات"
    ),
}
_ADDRESS = re.compile(r"[^\s@]@[^\s@]")
_FIELD_OF = {word: field for field, words in _WORDS.items() for word in words.split()}


def field_of(title: str) -> str | None:
    """The field that a column title names in any of the languages, or None."""
    return _FIELD_OF.get(_plain(title))


def looks_like_header(cells: Sequence[str]) -> bool:
    return any(field_of(cell) == "email" for cell in cells)


def suggest(header: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[int, str]:
    """column -> field, for the columns that can be recognised."""
    found: dict[int, str] = {}
    for column, title in enumerate(header):
        field = field_of(title)
        if field and (field in GATHER or field not in found.values()):
            found[column] = field
    if "email" not in found.values() and (likely := _column_of_addresses(sample)) is not None:
        found[likely] = "email"
    # "Nome" or "Nom" beside a family name is a first name.
    if "last_name" in found.values() and "first_name" not in found.values():
        found = {c: "first_name" if f == "name" else f for c, f in found.items()}
    elif "first_name" in found.values() and not {"last_name", "name"} & set(found.values()):
        found = {c: "name" if f == "first_name" else f for c, f in found.items()}
    elif {"first_name", "name"} <= set(found.values()):
        found = {c: "last_name" if f == "name" else f for c, f in found.items()}
    return found


def problems(mapping: Mapping[int, str]) -> list[str]:
    """What keeps the file from being read with this mapping, in words."""
    counts = Counter(field for field in mapping.values() if field)
    said = []
    if unknown := [field for field in counts if field not in FIELDS]:
        said.append(_("No such field: %(names)s.", names=", ".join(unknown)))
    if "email" not in counts:
        said.append(_("Say which column holds the e-mail address."))
    said += [
        _("Only one column can be “%(field)s”.", field=FIELDS[field])
        for field, count in counts.items()
        if count > 1 and field in FIELDS and field not in GATHER
    ]
    return said


def _column_of_addresses(sample: Sequence[Sequence[str]]) -> int | None:
    counts = Counter(
        column for cells in sample for column, cell in enumerate(cells) if _ADDRESS.search(cell)
    )
    return counts.most_common(1)[0][0] if counts else None


def _plain(title: str) -> str:
    """Lower case letters without accents, spaces and punctuation."""
    spread = unicodedata.normalize("NFKD", title.casefold())
    return "".join(char for char in spread if char.isalnum())
