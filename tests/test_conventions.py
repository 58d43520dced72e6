"""What we keep to and no linter knows."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("newsletters/**/*.py")])
TEMPLATES = sorted(ROOT.glob("app/templates/**/*.html"))
# What stands between people or machines and the use cases: these may know the web.
EDGES = re.compile(
    r"app\.(\w+\.)?(routes|\w+_routes|forms|cli|\w+_cli|drawing|shell|web|extensions|factory|cli_support"
    r"|checking|downloads|uploads|running|supervisor|speaking|announcing|ports|local_inbox)"
)
WITHOUT_CSRF = {"inbound/unsubscribe.html", "joining/confirm.html", "responses/answer.html"}
WITHOUT_CSRF |= {"preferences/show.html", "preferences/address.html"}
WITHOUT_CSRF |= {"letters/_give.html"}
LONGEST = 300
# These have contracts of their own.
APART = ("newsletters", "app.mail", "app.example", "app.inbound.providers", "app.inbound.sorting")
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>|&\w+;", re.DOTALL)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_every_module_is_a_use_case_or_an_edge() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    held = next(c for c in settings["contracts"] if c["name"] == "use cases know no web")
    for path in MODULES:
        name = module_name(path)
        if path.name == "__init__.py" or name.startswith(APART):
            continue
        is_edge = bool(EDGES.fullmatch(name))
        assert is_edge != (name in held["source_modules"]), name


def test_no_module_grows_past_what_a_reader_can_hold() -> None:
    long = [str(p) for p in MODULES if len(p.read_text().splitlines()) > LONGEST]
    assert not long


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_no_script_or_style_of_its_own(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    for shown in re.findall(r"\{\{((?:(?!\}\}).)*)\| *safe", text):
        assert shown.strip().startswith("markdown("), shown


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_form_that_posts_carries_its_token(path: Path) -> None:
    if str(path.relative_to(ROOT / "app/templates")) in WITHOUT_CSRF:
        return
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.DOTALL):
        assert "ui.csrf()" in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_of_a_template_can_be_translated(path: Path) -> None:
    assert not re.findall(r"[A-Za-z]{3,}[^\n]*", TAGS.sub("\n", path.read_text()))


def test_no_secret_and_no_address_of_a_machine_is_kept_here() -> None:
    paths = [p for p in ROOT.glob("**/*.md") if ".venv" not in p.parts and "node" not in p.parts]
    for path in [*MODULES, *paths]:
        text = path.read_text()
        assert not re.search(r"(?<![\w.])/(home|root|Users)/\w", text), path
        assert not re.search(r"\bTO" + r"DO\b|FIX" + r"ME|XX" + r"X", text), path
