"""The monitoring pages as a real API server shows them: to whom, under which headers, and to everybody's eyes and ears."""

from __future__ import annotations

import pytest

from dev.airflow_env import ROOT
from tests.integration.airflow_side.whole_airflow import (
    CLOSED,
    HOSTILE,
    HOSTILE_TITLE,
    KEPT_OUT,
    PASSWORD,
    WAITING,
    WholeAirflow,
)

pytestmark = pytest.mark.slow

KEPT_FROM = CLOSED.removeprefix("refresh__")
ROUTES = (
    "/",
    "/calendar",
    f"/datasets/{KEPT_FROM}",
    f"/dags/{CLOSED}",
    f"/datasets/{KEPT_FROM}/runs/x/evidence",
    f"/datasets/{KEPT_FROM}/releases/x/evidence",
    f"/datasets/{KEPT_FROM}/releases/x/files/data/x.csv",
    "/static/pages.css",
    "/no/such/page",
)


def test_the_routes_tested_here_are_all_there_are():
    served = (ROOT / "plugins" / "opendata_monitor" / "app.py").read_text().count("@app.get(")
    assert served == len(ROUTES) - 1  # the last one is no page


@pytest.mark.parametrize("route", ROUTES[:-1])
def test_nobody_sees_anything_without_a_login(whole_airflow: WholeAirflow, route: str):
    answer = whole_airflow.ask(None, "GET", f"/opendata{route}")
    assert answer.status_code == 401
    assert "visits" not in answer.text.replace(f"%2Fopendata{route.replace('/', '%2F')}", "")


@pytest.mark.parametrize("route", [route for route in ROUTES if KEPT_FROM in route])
def test_who_may_not_see_a_dataset_gets_the_answer_of_one_that_does_not_exist(whole_airflow: WholeAirflow, route: str):
    kept_out = whole_airflow.ask(KEPT_OUT, "GET", f"/opendata{route}")
    assert kept_out.status_code == 404
    assert "There is no such dataset, or you may not see it." in kept_out.text
    assert whole_airflow.ask("admin", "GET", f"/opendata/datasets/{KEPT_FROM}").status_code == 200


@pytest.mark.parametrize("route", ["/datasets/{}", "/dags/refresh__{}"])
def test_a_dataset_that_does_not_exist_is_answered_like_one_that_one_may_not_see(
    whole_airflow: WholeAirflow, route: str
):
    kept_out, unknown = (
        whole_airflow.ask(KEPT_OUT, "GET", f"/opendata{route.format(dataset)}") for dataset in (KEPT_FROM, "no_such")
    )
    assert (kept_out.status_code, kept_out.text) == (unknown.status_code, unknown.text)


def test_lists_leave_out_what_one_may_not_see(whole_airflow: WholeAirflow):
    for page in ("/", "/calendar"):
        assert KEPT_FROM not in whole_airflow.ask(KEPT_OUT, "GET", f"/opendata{page}").text
    assert KEPT_FROM in whole_airflow.ask("admin", "GET", "/opendata/").text
    assert "visits_approved" in whole_airflow.ask(KEPT_OUT, "GET", "/opendata/").text


@pytest.mark.parametrize(
    "route", ["/", f"/datasets/{HOSTILE}", "/calendar", "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"]
)
def test_nothing_declared_or_typed_becomes_markup(whole_airflow: WholeAirflow, route: str):
    answer = whole_airflow.ask("admin", "GET", f"/opendata{route}")
    assert answer.status_code == 200
    assert HOSTILE_TITLE not in answer.text
    assert answer.text.count("<script") == 1
    assert "<img" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_an_evidence_page_that_is_not_there_is_told_in_a_sentence(whole_airflow: WholeAirflow):
    answer = whole_airflow.ask("admin", "GET", f"/opendata/datasets/{HOSTILE}/runs/never/evidence")
    assert answer.status_code == 404
    assert "The ledger knows of no such run." in answer.text


def test_search_and_filters_leave_what_fits(whole_airflow: WholeAirflow):
    found = whole_airflow.ask("admin", "GET", "/opendata/?q=visits_rejected").text
    assert "visits_rejected" in found
    assert not [other for other in WAITING if other != "visits_rejected" and other in found]
    assert "Nothing fits this search." in whole_airflow.ask("admin", "GET", "/opendata/?q=no+such+thing").text


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_nothing_keeps_anybody_out(whole_airflow: WholeAirflow, scheme: str, width: int):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    pages = ("/", "/calendar", "/datasets/visits_approved", f"/datasets/{HOSTILE}", "/datasets/unknown")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=True
            )
            context.add_cookies(
                [{"name": "_token", "value": whole_airflow.token("admin"), "url": whole_airflow.address}]
            )
            for path in pages:
                screen = context.new_page()
                elsewhere: list[str] = []
                screen.on("request", lambda asked, seen=elsewhere: seen.append(asked.url))
                screen.goto(f"{whole_airflow.address}/opendata{path}")
                found = Axe().run(screen).response["violations"]
                grave = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
                assert not grave, (path, grave)
                assert screen.evaluate("document.documentElement.scrollWidth") <= width, path
                assert all(url.startswith(whole_airflow.address) for url in elsewhere), elsewhere
                screen.close()
        finally:
            browser.close()


def test_the_pages_are_in_the_navigation_and_on_every_dag(whole_airflow: WholeAirflow):
    plugins = whole_airflow.ask("admin", "GET", "/api/v2/plugins").json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "opendata_pages"]
    assert {(view["name"], view["destination"]) for view in ours["external_views"]} == {
        ("Open data", "nav"),
        ("Open data: calendar", "nav"),
        ("Open data", "dag"),
    }
    errors = whole_airflow.ask("admin", "GET", "/api/v2/plugins/importErrors").json()
    assert errors["import_errors"] == []


def test_no_stock_data_docs_are_written(whole_airflow: WholeAirflow):
    """They load scripts from elsewhere; what they would say is on the dataset's page."""
    assert not list(whole_airflow.folder.rglob("data_docs"))
    project = (whole_airflow.folder / "great_expectations" / "great_expectations.yml").read_text()
    assert PASSWORD not in project
    assert "data_docs_sites: {}" in project
