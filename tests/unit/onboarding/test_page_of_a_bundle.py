"""The page of a bundle: one file that needs nothing from elsewhere, escapes what a source holds, and reads well aloud."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from include.opendata.onboarding.onboard import onboard
from tests.lib.onboarding_sources import REQUEST, TODAY, write

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    lines = ["year,sex,clinic"]
    lines += [f"{2019 + n % 2},{'fm'[n % 2 or n % 3 % 2]},{HOSTILE if n % 3 else 'North & South'}" for n in range(900)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENDATA_WORK", str(folder / "work"))
        environment.setenv("OPENDATA_DATASETS", str(folder / "datasets"))
        written = onboard(
            {"source": str(write(folder, "\n".join(lines) + "\n")), "title": f"Visits {HOSTILE}", **REQUEST},
            out=str(folder / "new"),
            as_of=TODAY,
        )
    return Path(written["bundle"])


@pytest.fixture(scope="module")
def page(bundle):
    return (bundle / "index.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing_from_elsewhere(page):
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", page) == []
    assert "<script" not in page
    assert "@import" not in page


def test_what_the_source_holds_is_shown_as_text(page):
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_the_page_and_the_findings_say_the_same(page, bundle):
    found = json.loads((bundle / "onboarding.json").read_text(encoding="utf-8"))
    assert found["open_questions"]
    for question in found["open_questions"]:
        assert f"line {question['line']}, <code>{question['field']}</code>" in page
    for table in found["tables"]:
        assert f"Publication score: {table['score']}" in page


def test_the_page_is_for_light_and_dark_and_for_narrow_screens(page):
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_page_keeps_anybody_out(bundle, scheme):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            screen = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
            screen.goto((bundle / "index.html").as_uri())
            found = Axe().run(screen).response["violations"]
            width = screen.evaluate("document.documentElement.scrollWidth")
        finally:
            browser.close()
    assert [(one["id"], one["impact"]) for one in found] == []
    assert width <= 390, "the page does not scroll sideways on a phone"
