"""The whole story in a real Airflow: a new table from the form to its release, then its source breaks and people hear of it.

What a person sees is looked at in a browser, and kept as screenshots in ``test-artefacts/``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller

from tests.functional.test_onboard import answered
from tests.integration.airflow_side.test_watch_portal import Mailbox, told
from tests.integration.airflow_side.whole_airflow import ARTEFACTS, PASSWORD, WholeAirflow, until

pytestmark = pytest.mark.slow

DATASET = "clinic_patients"
DAG = f"refresh__{DATASET}"
STEWARD = "new.steward@example.org"
LAST_YEAR = dt.date.today().year - 1
FORM = {
    "department": "Department of Public Health",
    "steward_name": "A steward",
    "steward_email": STEWARD,
    "title": "Patients of clinics",
    "id": DATASET,
}
APPROVERS = {"steward", "deputy", "counsel", "director"}
APPROVE = {"chosen_options": ["Approve"], "params_input": {"comment": "Read and found right."}}
LONG, SHORT = 420, 120


def persons(columns: tuple[str, ...] = ("patient_id", "last_name", "visit_year", "sex", "county_fips")) -> str:
    """Records of patients nobody is: few of them in one county, so that something must be hidden."""
    draw = random.Random(7)
    lines = [",".join(columns)]
    for n in range(600):
        person = {
            "patient_id": f"P{n + 100000}",
            "last_name": draw.choice(["Quisling", "Zweifel", "Obregon"]),
            "visit_year": str(LAST_YEAR - n % 2),
            "sex": draw.choice("fm"),
            "county_fips": draw.choices(["001", "037", "067", "003"], [40, 40, 18, 2])[0],
        }
        lines.append(",".join(person[column] for column in columns))
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def mail_server(airflow: WholeAirflow) -> Iterator[Mailbox]:
    """A mail server, and the connection and the Variable an administrator makes for it."""
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "opendata@example.org", "retry_limit": 1}
    connection = {"connection_id": "agency_mail", "conn_type": "smtp", "host": "127.0.0.1", "port": port}
    variable = {"key": "opendata_mail_connection", "value": "agency_mail"}
    try:
        asked = connection | {"extra": json.dumps(extra)}
        airflow.ask("admin", "POST", "/api/v2/connections", asked).raise_for_status()
        airflow.ask("admin", "POST", "/api/v2/variables", variable).raise_for_status()
        yield box
    finally:
        airflow.ask("admin", "DELETE", f"/api/v2/variables/{variable['key']}")
        airflow.ask("admin", "DELETE", f"/api/v2/connections/{connection['connection_id']}")
        server.stop()


class Person:
    """Somebody before a browser, logged in."""

    def __init__(self, browser: Any, airflow: WholeAirflow, name: str):
        self.airflow, self.errors = airflow, []
        self.page = browser.new_page(viewport={"width": 1400, "height": 1000})
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(airflow.address)
        self.page.locator("input[name=username]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(f"{airflow.address}/")

    def keep(self, name: str) -> None:
        self.page.wait_for_timeout(700)  # Airflow may load a frame a second time
        self.page.screenshot(path=ARTEFACTS / f"story-{name}.png")

    def go(self, path: str) -> None:
        self.page.goto(self.airflow.address + path)

    def overview(self) -> Any:
        self.go("/plugin/opendata")
        return self.page.frame_locator("iframe")

    def fill_in_and_trigger(self, dag: str, name: str, **fields: str) -> str:
        """The trigger form of a DAG, which is switched on with it; the run that begins."""
        before = runs_of(self.airflow, dag)
        self.go(f"/dags/{dag}")
        self.page.get_by_role("button", name="Trigger").first.click()
        form = self.page.locator("[role=dialog][data-state=open]")
        for field, value in fields.items():
            form.locator(f"[name=element_{field}]").fill(value)
        self.keep(name)
        form.get_by_role("button", name="Trigger", exact=True).click()
        form.wait_for(state="hidden")
        (begun,) = until(lambda: runs_of(self.airflow, dag) - before, SHORT, f"a run of {dag}")
        return begun


def runs_of(airflow: WholeAirflow, dag: str) -> set[str]:
    runs = airflow.ask("admin", "GET", f"/api/v2/dags/{dag}/dagRuns").raise_for_status().json()["dag_runs"]
    return {run["dag_run_id"] for run in runs}


def state_of(airflow: WholeAirflow, dag: str, run: str) -> str:
    def ended() -> str | None:
        state = airflow.ask("admin", "GET", f"/api/v2/dags/{dag}/dagRuns/{run}").json()["state"]
        return state if state in ("success", "failed") else None

    return until(ended, LONG, f"{dag} {run} to end")


def start(airflow: WholeAirflow, dag: str) -> str:
    airflow.ask("admin", "PATCH", f"/api/v2/dags/{dag}", {"is_paused": False}).raise_for_status()
    started = airflow.ask("admin", "POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})
    return started.raise_for_status().json()["dag_run_id"]


def bundle_of(airflow: WholeAirflow, run: str) -> Path:
    path = f"/api/v2/dags/onboard_table/dagRuns/{run}/taskInstances/hand_over.write_bundle/xcomEntries/return_value"
    handed_on = airflow.ask("admin", "GET", path).raise_for_status().json()["value"]
    return Path((handed_on if isinstance(handed_on, dict) else json.loads(handed_on))["bundle"])


def make_live(bundle: Path, datasets: Path) -> None:
    """What the steward does: answers every open question in the file, and moves the folder."""
    fields = answered(yaml.safe_load((bundle / "dataset.yaml").read_text()))
    fields |= {"approvals": [], "contact": dict(fields["steward"])}
    (bundle / "dataset.yaml").write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
    shutil.copytree(bundle, datasets / DATASET)


def questions(airflow: WholeAirflow) -> dict[str, str]:
    """User → the question that user may answer, of those nobody has answered yet."""
    run = airflow.run_of(DATASET)
    tasks = airflow.ask("admin", "GET", f"{run}/taskInstances").json()["task_instances"]
    found = {}
    for task in tasks:
        if task["task_id"] == "ask_approvers" and task["state"] == "awaiting_input":
            path = f"{run}/taskInstances/ask_approvers/{task['map_index']}/hitlDetails"
            (user,) = airflow.ask("admin", "GET", path).json()["assigned_users"]
            found[user["id"]] = path
    return found


def approve_in_the_browser(browser: Any, airflow: WholeAirflow, user: str, role: str) -> None:
    from playwright.sync_api import expect

    person = Person(browser, airflow, user)
    person.go("/required_actions")
    person.page.get_by_role("link", name=f"Approve the release of {DATASET} as {role}").first.click()
    approve = person.page.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_enabled()
    person.page.locator("[name=element_comment]").fill("Read in the browser.")
    person.keep("3-asked")
    approve.click()
    expect(approve).to_be_disabled(timeout=60_000)
    person.page.close()


def onboard(admin: Person, airflow: WholeAirflow, source: Path) -> None:
    """A new file is got to know; the steward answers what is open and moves the folder: its DAG appears."""
    fields = FORM | {"source": str(source), "columns": "visit_year\nsex\ncounty_fips"}
    run = admin.fill_in_and_trigger("onboard_table", "1-onboard", **fields)
    assert state_of(airflow, "onboard_table", run) == "success"
    make_live(bundle_of(airflow, run), airflow.folder / "datasets")
    until(lambda: airflow.ask("admin", "GET", f"/api/v2/dags/{DAG}").status_code == 200, SHORT, DAG)


def approve_as_each_role(browser: Any, airflow: WholeAirflow) -> None:
    """Each role is asked, answers for itself alone, and nothing is staged before the last."""
    until(lambda: len(questions(airflow)) == len(APPROVERS), LONG, "the questions to all roles")
    asked = questions(airflow)
    assert asked.keys() == APPROVERS
    approve_in_the_browser(browser, airflow, "steward", "data steward")
    for user in sorted(APPROVERS - {"steward"}):
        assert airflow.current(DATASET) is None
        assert airflow.ask("steward", "PATCH", asked[user], APPROVE).status_code == 403
        airflow.ask(user, "PATCH", asked[user], APPROVE).raise_for_status()
    assert state_of(airflow, DAG, airflow.runs[DATASET]) == "success", airflow.states(DATASET)


def see_the_release(admin: Person, airflow: WholeAirflow) -> None:
    """On the overview, on the dataset's page, and in what Airflow itself keeps of the run."""
    from playwright.sync_api import expect

    release = airflow.current(DATASET)
    assert release
    row = admin.overview().get_by_role("row").filter(has_text=DATASET)
    expect(row.get_by_text("Staged")).to_be_visible()
    admin.keep("4-released")
    row.get_by_role("link").first.click()
    expect(admin.page.frame_locator("iframe").get_by_text(release).first).to_be_visible()
    admin.keep("5-dataset")
    run = airflow.ask("admin", "GET", airflow.run_of(DATASET)).json()
    assert release in run["note"], run["note"]
    events = airflow.ask("admin", "GET", "/api/v2/assets/events?order_by=-timestamp").json()["asset_events"]
    mine = [event for event in events if event["uri"] == f"opendata://{DATASET}/release"]
    assert [event["extra"]["release"] for event in mine] == [release]
    admin.go(f"/dags/{DAG}/runs/{airflow.runs[DATASET]}/tasks/protect")
    expect(admin.page.get_by_text("protect", exact=True).first).to_be_visible()
    admin.keep("6-log")


def see_the_break(admin: Person, airflow: WholeAirflow, source: Path) -> None:
    """The source loses a column: the next refresh fails with its reason, and what is staged stays."""
    from playwright.sync_api import expect

    before = airflow.current(DATASET)
    source.write_text(persons(("patient_id", "last_name", "visit_year", "county_fips")))
    airflow.runs[DATASET] = start(airflow, DAG)
    assert state_of(airflow, DAG, airflow.runs[DATASET]) == "failed"
    assert airflow.current(DATASET) == before
    first = admin.overview().locator("tbody tr").first
    expect(first).to_contain_text(DATASET)
    expect(first).to_contain_text("column sex: the columns are not the declared ones")
    admin.keep("7-broken")
    admin.go(f"/dags/{DAG}/runs/{airflow.runs[DATASET]}/tasks/extract")
    expect(admin.page.get_by_text("the columns are not the declared ones").first).to_be_visible()
    admin.keep("8-reason")
    admin.go(f"/dags/{DAG}/runs")
    expect(admin.page.get_by_role("row").filter(has_text="manual__")).to_have_count(2)
    admin.keep("9-runs")


def hear_of_it(airflow: WholeAirflow) -> None:
    """The daily watch is switched on and makes the run of the day; one mail tells the steward what, why, and where to look."""
    with mail_server(airflow) as box:
        airflow.ask("admin", "PATCH", "/api/v2/dags/watch_portal", {"is_paused": False}).raise_for_status()
        runs = until(lambda: runs_of(airflow, "watch_portal"), SHORT, "the run of the day")
        assert [state_of(airflow, "watch_portal", run) for run in runs] == ["success"]
        mine = [mail for people, mail in box.mails if people == [STEWARD]]
        assert len(mine) == 1
        text = told(box)[STEWARD]
        assert DATASET in text
        assert "column sex" in text
        assert f"{airflow.address}/opendata/datasets/{DATASET}" in text


def test_a_new_table_from_the_form_to_its_release_and_a_broken_source_to_one_mail(
    running_airflow: WholeAirflow, tmp_path: Path
):
    from playwright.sync_api import sync_playwright

    ARTEFACTS.mkdir(exist_ok=True)
    source = tmp_path / "clinic_patients.csv"
    source.write_text(persons())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            admin = Person(browser, running_airflow, "admin")
            onboard(admin, running_airflow, source)
            note = "First refresh of a new table."
            running_airflow.runs[DATASET] = admin.fill_in_and_trigger(DAG, "2-refresh", note=note)
            approve_as_each_role(browser, running_airflow)
            see_the_release(admin, running_airflow)
            see_the_break(admin, running_airflow, source)
            assert admin.errors == [], "the pages raised errors in the browser"
        finally:
            browser.close()
    hear_of_it(running_airflow)
