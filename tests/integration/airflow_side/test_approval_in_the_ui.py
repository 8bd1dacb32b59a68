"""Approvals as people give them: over the REST API and in the browser, by those who have the role and by those who do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.airflow_side.whole_airflow import ARTEFACTS, PASSWORD, WholeAirflow, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

COMES_TO_ITS_APPROVERS = 420
ENDS = 480
APPROVE = {"chosen_options": ["Approve"], "params_input": {"comment": "Read and found right."}}
REJECT = {"chosen_options": ["Reject"], "params_input": {"comment": "The title is wrong."}}


def asked(airflow: WholeAirflow, dataset: str) -> dict[str, Any]:
    until(lambda: airflow.waits(dataset), COMES_TO_ITS_APPROVERS, f"{dataset} to wait for its approvers")
    return airflow.ask("admin", "GET", airflow.question(dataset)).json()


def log_of(airflow: WholeAirflow, dataset: str, task: str, map_index: int = -1) -> str:
    path = f"{airflow.run_of(dataset)}/taskInstances/{task}/logs/1?map_index={map_index}&full_content=true"
    return airflow.ask("admin", "GET", path).text


def test_who_has_another_role_is_refused_and_who_has_it_opens_the_way_to_staging(whole_airflow: WholeAirflow):
    question = asked(whole_airflow, "visits_approved")
    assert question["assigned_users"] == [{"id": "counsel", "name": "counsel"}]
    refused = whole_airflow.ask("steward", "PATCH", whole_airflow.question("visits_approved"), APPROVE)
    assert refused.status_code == 403
    assert whole_airflow.current("visits_approved") is None
    given = whole_airflow.ask("counsel", "PATCH", whole_airflow.question("visits_approved"), APPROVE)
    assert given.status_code == 200, given.text
    state = until(lambda: whole_airflow.ended("visits_approved"), ENDS, "the approved run")
    assert state == "success", whole_airflow.states("visits_approved")
    assert whole_airflow.current("visits_approved")
    page = whole_airflow.ask("viewer", "GET", "/opendata/datasets/visits_approved").text
    assert "Read and found right." in page
    run = page.split("/datasets/visits_approved/runs/", 1)[1].split("/evidence", 1)[0]
    told = whole_airflow.ask("viewer", "GET", f"/opendata/datasets/visits_approved/runs/{run}/evidence")
    assert (told.status_code, "Permission to publish" in told.text) == (200, True), "the work area is empty by now"
    files = f"/opendata/datasets/visits_approved/releases/{whole_airflow.current('visits_approved')}/files"
    table = whole_airflow.ask("viewer", "GET", f"{files}/data/visits_by_sex.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="visits_by_sex.csv"'
    assert table.text.startswith("Sex,")
    assert whole_airflow.ask("viewer", "GET", f"{files}/../../../current.json").status_code == 404


def test_the_question_links_to_the_evidence_of_what_is_to_be_approved(whole_airflow: WholeAirflow):
    question = asked(whole_airflow, "visits_in_browser")
    run = question["body"].split("/runs/", 1)[1].split("/evidence", 1)[0]
    path = f"/opendata/datasets/visits_in_browser/runs/{run}/evidence"
    assert f"]({whole_airflow.address}{path})" in question["body"]
    before = whole_airflow.ask("counsel", "GET", path)
    assert before.status_code == 200
    assert "Permission to publish" in before.text
    assert "sandbox" in before.headers["content-security-policy"]


def test_a_task_set_to_success_by_hand_has_approved_nothing(whole_airflow: WholeAirflow):
    asked(whole_airflow, "visits_by_hand")
    task = f"{whole_airflow.run_of('visits_by_hand')}/taskInstances/ask_approvers/0"
    done = whole_airflow.ask("admin", "PATCH", task, {"new_state": "success"})
    assert done.status_code == 200, done.text
    assert until(lambda: whole_airflow.ended("visits_by_hand"), ENDS, "the run set to success by hand") == "failed"
    states = whole_airflow.states("visits_by_hand")
    assert states["check_approvals"] == "failed", states
    assert states["stage"] == "upstream_failed", states
    assert whole_airflow.current("visits_by_hand") is None
    assert "legal counsel" in log_of(whole_airflow, "visits_by_hand", "check_approvals")


def test_a_rejection_fails_the_run_with_its_reason(whole_airflow: WholeAirflow):
    asked(whole_airflow, "visits_rejected")
    given = whole_airflow.ask("counsel", "PATCH", whole_airflow.question("visits_rejected"), REJECT)
    assert given.status_code == 200, given.text
    assert until(lambda: whole_airflow.ended("visits_rejected"), ENDS, "the rejected run") == "failed"
    assert whole_airflow.current("visits_rejected") is None
    overview = whole_airflow.ask("viewer", "GET", "/opendata/?q=visits_rejected&standing=problem").text
    assert "counsel rejected the release as legal counsel. Reason: The title is wrong." in overview


def test_counsel_logs_in_and_approves_in_the_browser_and_the_release_appears(whole_airflow: WholeAirflow):
    from playwright.sync_api import expect, sync_playwright

    asked(whole_airflow, "visits_in_browser")
    ARTEFACTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(60_000)
            page.goto(f"{whole_airflow.address}/required_actions")
            page.locator("input[name=username]").fill("counsel")
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("button[type=submit]").click()
            page.get_by_role("link", name="Approve the release of visits_in_browser as legal counsel").first.click()
            expect(page.get_by_role("button", name="Approve", exact=True)).to_be_enabled()
            page.locator("[name=element_comment]").fill("Read in the browser.")
            page.screenshot(path=ARTEFACTS / "approval-asked.png")
            page.get_by_role("button", name="Approve", exact=True).click()
            state = until(lambda: whole_airflow.ended("visits_in_browser"), ENDS, "the run approved in the browser")
            assert state == "success", whole_airflow.states("visits_in_browser")
            page.goto(f"{whole_airflow.address}/plugin/opendata")
            frame = page.frame_locator("iframe")
            row = frame.get_by_role("row").filter(has_text="visits_in_browser")
            expect(row.get_by_text("Staged")).to_be_visible()
            page.screenshot(path=ARTEFACTS / "release-on-the-overview.png")
            row.get_by_role("link").first.click()
            expect(frame.get_by_role("cell", name="Current")).to_be_visible()
            assert whole_airflow.current("visits_in_browser") in frame.locator("main").inner_text()
            frame.get_by_text("All answers ever given").click()
            expect(frame.get_by_role("cell", name="Read in the browser.").first).to_be_visible()
            frame.get_by_role("link", name="DAG in Airflow").click()
            page.wait_for_url("**/dags/refresh__visits_in_browser")
            expect(page.locator("iframe")).to_have_count(0)
            page.goto(f"{whole_airflow.address}/dags/refresh__visits_in_browser/plugin/opendata-dataset")
            expect(page.frame_locator("iframe").get_by_role("heading", name="Clinic visits")).to_be_visible()
        finally:
            browser.close()
