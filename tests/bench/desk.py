"""`bin/bench desk`: how soon the preview beside a six-case draft follows an edit, in a browser.

From the moment a key changes the text to the moment the mail in the frame says it, with saving,
composing and drawing in between. Beside it, the way without a desk: the preview page loaded anew.
"""

import json
import os
import platform
import shutil
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
from playwright.sync_api import Page, sync_playwright

from app.clock import now
from app.issues import arranging, editing
from app.services import Services
from app.staff.models import Role, Staff
from tests import personas
from tests.live import Live, live

CASES = 6
MEMBERS = 400
MAIL = "/preview/"  # in the address of what the frame shows
EMAIL = "ilse@desk.example"
# In the page: type a mark, and tell after how many milliseconds the frame shows it.
FOLLOW = """async (mark) => {
  const area = document.getElementById("introduction");
  const frame = document.querySelector(".mail-frame");
  const began = performance.now();
  area.value = `This month ${mark}.`;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  while (!frame.contentDocument?.body?.textContent.includes(mark)) {
    if (performance.now() - began > 10000) throw new Error("the preview did not follow");
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}"""


@click.command("desk", help="How soon the preview follows an edit.")
@click.option("--edits", type=click.IntRange(5, 500), default=40, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def desk(edits: int, as_json: bool) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="docket-bench-") as folder,
        live(Path(folder)) as running,
    ):
        issue_id = furnish(running.services)
        figures = measured(running, issue_id, edits)
    if as_json:
        machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
        click.echo(json.dumps({"machine": machine, **figures}, indent=2))
        return
    for name, value in figures.items():
        click.echo(f"{name:<20} {value:>10,}")


def furnish(services: Services) -> int:
    """A draft of six cases, each with two asks, for some hundred members."""
    with services.database.writing() as session:
        network = personas.network(session, "desk", name="Desk Network")
        for number in range(MEMBERS):
            personas.member(session, network, f"Member {number}")
        issue = editing.create(session, network, None, now(), title="November")
        issue.subject = "Six people"
        for number in range(CASES):
            case = personas.case(session, title=f"Person {number}")
            personas.ask(session, case)
            personas.ask(session, case, sectors=["legal"])
            arranging.add_case(session, issue, case, now())
        session.add(
            Staff(
                email=EMAIL,
                email_key=EMAIL,
                name="Ilse",
                role=Role.COORDINATOR,
                networks=[network],
                created_at=now(),
            )
        )
        return issue.id


def measured(running: Live, issue_id: int, edits: int) -> dict[str, Any]:
    """Times in milliseconds, sizes in bytes; `ratio` of loading the preview page to an edit."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(running.sign_in_link(EMAIL))
        page.get_by_role("button", name="Sign me in").click()
        page.wait_for_url(f"{running.url}/account")
        sizes: dict[str, int] = {}
        page.on("response", lambda answer: sizes.setdefault(answer.url, len(answer.body())))
        page.goto(f"{running.url}/issues/{issue_id}/edit")
        page.wait_for_load_state("networkidle")
        followed = [page.evaluate(FOLLOW, f"mark {number}") for number in range(edits)]
        loaded = [_loaded(page, f"{running.url}/issues/{issue_id}/preview") for _ in range(10)]
        chromium.close()
    return {
        "edits": edits,
        "preview_ms_median": round(median(followed), 1),
        "preview_ms_p90": round(quantiles(followed, n=10)[-1], 1),
        "page_ms_median": round(median(loaded), 1),
        "ratio": round(median(loaded) / median(followed), 2),
        "page_bytes": sum(size for url, size in sizes.items() if MAIL not in url),
        "mail_bytes": sum(size for url, size in sizes.items() if MAIL in url),
        "requests_elsewhere": sum(not url.startswith(running.url) for url in sizes),
    }


def _loaded(page: Page, address: str) -> float:
    page.goto(address, wait_until="load")
    return float(page.evaluate("performance.getEntriesByType('navigation')[0].duration"))


def _browser() -> str:
    path = os.environ.get("DOCKET_CHROMIUM") or shutil.which("chromium")
    if not path:
        raise click.ClickException("No Chromium was found: set DOCKET_CHROMIUM.")
    return path
