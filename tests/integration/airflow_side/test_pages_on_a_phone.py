"""The monitoring pages on a narrow screen: nothing makes them wider than it, whatever words and fonts they are shown in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from include.opendata.ledger import Decision, RunEntry, open_ledger
from include.opendata.ledger.approvals import Answer
from include.opendata.monitoring.calendar_month import KINDS, month
from include.opendata.monitoring.dataset_page import (
    DatasetPage,
    ExpectationHistory,
    QualityView,
    ReleaseView,
    ScoreView,
)
from include.opendata.monitoring.equity import DimensionShares, GroupShare, TableShares
from include.opendata.monitoring.overview import overview
from plugins.opendata_monitor.pages import PAGES
from tests.lib.seeded_ledger import NOW, facts_of, release, run, seed

pytestmark = pytest.mark.slow

CSS = Path(__file__).resolve().parents[3] / "plugins" / "opendata_monitor" / "static" / "pages.css"
LONG = "Word" * 30
"""A word that no screen is wide enough for."""
WIDE_FONT = "* { letter-spacing: 3px; }"
"""Stands for a machine whose only font is wide."""
EVERY_PAGE = {"base": "", "airflow": "", "quote": lambda text: quote(text, safe="")}


@pytest.fixture
def lines(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    seed(ledger, runs=[run("a", 40, "failed", LONG)], releases=[release("a", LONG)])
    names = {"title": f'<script>document.title="owned"</script>{LONG}', "department": LONG, "steward": LONG}
    return ledger, overview(ledger, [facts_of("a", **names)], now=NOW)


def _overview(lines) -> str:
    return PAGES.get_template("overview.html.j2").render(
        lines=lines[1], found=1, total=1, counts=dict.fromkeys(("problem", "waits", "due", "fine"), 0),
        departments=[LONG], asked={"q": LONG, "standing": "", "department": LONG, "level": ""}, page=1, pages=1,
        link=lambda **more: "?", sizes={"a": [1, 2]}, planned={}, now=NOW, **EVERY_PAGE,
    )  # fmt: skip


def _calendar(lines) -> str:
    ledger, found = lines
    shown = month(ledger, found, dt.date(2026, 11, 1), today=NOW.date())
    return PAGES.get_template("calendar.html.j2").render(
        month=shown, kinds=KINDS, today=NOW.date(), late=found, day=NOW.date(), **EVERY_PAGE
    )


def _dataset(lines) -> str:
    (line,) = lines[1]
    shares = DimensionShares(LONG, LONG, (GroupShare(LONG, 3, 3, False), GroupShare("B", 1, 3, False)))
    answer = Answer("a", "legal_counsel", "approve", LONG, "airflow", "2026-01-01", "0" * 64, LONG, LONG, LONG)
    request = SimpleNamespace(
        asked_at="2026-01-01T00:00:00Z", digest="0" * 64, level=1,
        facts={"tables": [{"table": LONG, "dimensions": [{"name": LONG}], "measures": [{"name": LONG}]}]},
    )  # fmt: skip
    role = SimpleNamespace(role_name=LONG, state="given", answer=answer)
    file = SimpleNamespace(path=f"data/{LONG}.csv", role="data", bytes=10**9)
    page = DatasetPage(
        line=line,
        declared=None,
        runs=(RunEntry("a", LONG, "2026-01-01T00:00:00Z", None, "failed", LONG, None, None, None, LONG),),
        releases=(ReleaseView(LONG, "2026-01-01T00:00:00Z", "rolled back", 10**9, 1, 2, (LONG,)),),
        manifest=SimpleNamespace(release=LONG, files=[file]),
        decisions=(Decision("check_quality", "x", LONG, "DDG 2.0 §4.4.1; Handbook, Guidelines §3", LONG),),
        scores=(ScoreView(LONG, LONG, 9, ((LONG, LONG, 3),)),),
        equity=(TableShares(LONG, LONG, (LONG,), (shares,)),),
        advice={LONG: (LONG, (LONG,))},
        quality=QualityView(
            runs=tuple((f"r{n}", "2026-01-01") for n in range(15)), met=(1,) * 15, asked=(2,) * 15,
            expectations=(ExpectationHistory(LONG, LONG, LONG, ("failed",) * 15, (3,) * 15),),
        ),
        position=SimpleNamespace(request=request, role_statuses=(role,), changes=(LONG,)),
        answers=(answer,),
        rollback=f'bin/opendata rollback {LONG} --reason "what is wrong with it"',
        unread=(LONG,),
    )  # fmt: skip
    return PAGES.get_template("dataset.html.j2").render(
        page=page, line=line, dag_id="refresh__a", plan=None, airflow_runs={LONG: LONG}, **EVERY_PAGE
    )


def _message(lines) -> str:
    return PAGES.get_template("message.html.j2").render(what=LONG, login=None, **EVERY_PAGE)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("make", [_overview, _calendar, _dataset, _message], ids=lambda make: make.__name__[1:])
def test_no_word_and_no_font_makes_a_page_wider_than_the_screen(browser, lines, make, width):
    screen = browser.new_page(viewport={"width": width, "height": 900})
    screen.set_content(make(lines))
    screen.add_style_tag(content=f"{CSS.read_text()}\n{WIDE_FONT}")
    screen.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    wider = screen.evaluate(
        """width => [...document.querySelectorAll('main *')].filter(element =>
            element.getBoundingClientRect().right > width && !element.closest('.wide, pre, .unseen, .bar, thead')
        ).slice(0, 5).map(element => element.outerHTML.slice(0, 120))""",
        width,
    )
    assert screen.evaluate("document.documentElement.scrollWidth") <= width, wider
    screen.close()
