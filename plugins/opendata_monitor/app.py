"""The pages' routes: who asks, what is shown, under which headers. Pages are made on the server and need no script.

Every route needs a login, every dataset the right to read its DAG (``access``). Pages open in a frame of Airflow beside a
login cookie that scripts can read, so nothing is ever written into a page unescaped, and a content security policy lets no
script run but the one file below ``static``. Evidence pages and staged files are sent as documents without any rights.
"""

from __future__ import annotations

import datetime as dt
import mimetypes
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from dags.dag_builder import PREFIX, dag_id_of
from dags.staging_access import staging_access
from include.opendata.errors import OpendataError
from include.opendata.ledger import Ledger, open_ledger
from include.opendata.monitoring.calendar_month import KINDS, month
from include.opendata.monitoring.dataset_page import dataset_page
from include.opendata.monitoring.declared_facts import declared_facts
from include.opendata.monitoring.evidence_files import evidence_of_release, evidence_of_run, media_type, staged_file
from include.opendata.monitoring.overview import DATASET_STATUSES, Line, chosen, overview, sizes
from include.opendata.storage.clock import utc_now
from plugins.opendata_monitor.access import dataset_of, may_see, visible
from plugins.opendata_monitor.pages import PAGES
from plugins.opendata_monitor.schedule import airflow_runs, planned

STATIC = Path(__file__).resolve().parent / "static"
PER_PAGE = 50
_OURS = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
_DOCUMENT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
_NOT_SEEN = "There is no such dataset, or you may not see it."


def make_app() -> FastAPI:
    """The application, to be mounted below the API server."""
    app = FastAPI(title="Open data pages", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(OpendataError, _unreadable)

    @app.get("/")
    def overview_page(request: Request, user: GetUserDep) -> Response:
        asked = {key: request.query_params.get(key, "")[:200] for key in ("q", "standing", "department", "level")}
        ledger, now, plans = open_ledger(), _now(), planned()
        lines = _lines(user, ledger, now)
        matching = chosen(
            lines, search=asked["q"], status=asked["standing"], department=asked["department"], level=asked["level"]
        )
        pages = max(1, -(-len(matching) // PER_PAGE))
        page = min(_number(request.query_params.get("page")), pages)
        shown = matching[(page - 1) * PER_PAGE : page * PER_PAGE]
        kept = {key: value for key, value in asked.items() if value}
        return _page(
            request,
            "overview.html.j2",
            lines=shown,
            found=len(matching),
            total=len(lines),
            counts={status: sum(line.status == status for line in lines) for status in DATASET_STATUSES},
            departments=sorted({line.facts.department for line in lines} - {""}),
            asked=asked,
            page=page,
            pages=pages,
            link=lambda **more: "?" + urlencode({**kept, **more}),
            sizes=sizes(ledger, [line.dataset for line in shown]),
            planned={line.dataset: plans[dag] for line in shown if (dag := dag_id_of(line.dataset)) in plans},
            now=now,
        )

    @app.get("/calendar")
    def calendar_page(request: Request, user: GetUserDep) -> Response:
        ledger, now = open_ledger(), _now()
        lines = _lines(user, ledger, now)
        first = _month(request.query_params.get("month"), now.date())
        plans = planned()
        due = {line.dataset: plans[dag].coming(now) for line in lines if (dag := dag_id_of(line.dataset)) in plans}
        shown = month(
            ledger,
            lines,
            first,
            today=now.date(),
            next_runs={dataset: at.date() for dataset, at in due.items() if at is not None},
        )
        late = [line for line in lines if line.freshness is not None and line.freshness.worst == "late"]
        day = _day(request.query_params.get("day"), first)
        return _page(request, "calendar.html.j2", month=shown, kinds=KINDS, today=now.date(), late=late, day=day)

    @app.get("/datasets/{dataset}")
    def page_of_dataset(request: Request, user: GetUserDep, dataset: str) -> Response:
        _require(user, dataset)
        return _dataset(request, dataset)

    @app.get("/dags/{dag_id}")
    def page_of_dag(request: Request, user: GetUserDep, dag_id: str) -> Response:
        dataset = dataset_of(dag_id)
        if dataset is None and dag_id.startswith(
            PREFIX
        ):  # else a dataset one may not see would be told from none at all
            raise HTTPException(404, _NOT_SEEN)
        if dataset is None:
            raise HTTPException(404, "This DAG refreshes no declared dataset, so there is nothing to show of it here.")
        _require(user, dataset)
        return _dataset(request, dataset)

    @app.get("/datasets/{dataset}/runs/{run_id}/evidence")
    def evidence_of_a_run(user: GetUserDep, dataset: str, run_id: str) -> Response:
        _require(user, dataset)
        with _staging(open_ledger(), dataset):
            return _document(evidence_of_run(open_ledger(), dataset, run_id), "text/html; charset=utf-8")

    @app.get("/datasets/{dataset}/releases/{release}/evidence")
    def evidence_of_a_release(user: GetUserDep, dataset: str, release: str) -> Response:
        _require(user, dataset)
        with _staging(open_ledger(), dataset):
            return _document(evidence_of_release(open_ledger(), dataset, release), "text/html; charset=utf-8")

    @app.get("/datasets/{dataset}/releases/{release}/files/{path:path}")
    def file_of_a_release(user: GetUserDep, dataset: str, release: str, path: str) -> Response:
        _require(user, dataset)
        ledger = open_ledger()
        with _staging(ledger, dataset):
            content = staged_file(ledger, dataset, release, path)
            kind = media_type(ledger, dataset, release, path)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", path.rpartition("/")[2])
        return _document(content, kind, {"Content-Disposition": f'attachment; filename="{name}"'})

    @app.get("/static/{name}")
    def static_file(user: GetUserDep, name: str) -> Response:
        if name not in {file.name for file in STATIC.iterdir()}:
            raise HTTPException(404, "There is no such file.")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response((STATIC / name).read_bytes(), media_type=kind, headers=_HEADERS)

    return app


def _lines(user: Any, ledger: Ledger, now: dt.datetime) -> list[Line]:
    declared = declared_facts()
    seen = visible(user, [facts.dataset for facts in declared])
    return overview(ledger, [facts for facts in declared if facts.dataset in seen], now=now)


def _dataset(request: Request, dataset: str) -> Response:
    ledger = open_ledger()
    with _staging(ledger, dataset):
        shown = dataset_page(dataset, ledger, now=_now())
    dag_id = dag_id_of(dataset)
    return _page(
        request,
        "dataset.html.j2",
        page=shown,
        line=shown.line,
        dag_id=dag_id,
        plan=planned().get(dag_id),
        airflow_runs=airflow_runs(dag_id),
    )


def _staging(ledger: Ledger, dataset: str) -> Any:
    """The keys of the place this dataset was staged at, as its tasks have them."""
    place = next((entry.staging for entry in ledger.releases(dataset)), None)
    return staging_access(place)


def _require(user: Any, dataset: str) -> None:
    if not may_see(user, dataset):
        raise HTTPException(404, _NOT_SEEN)


def _page(request: Request, template: str, status: int = 200, **shown: Any) -> Response:
    base = request.scope.get("root_path", "").rstrip("/")
    airflow = base.removesuffix("/opendata")
    html = PAGES.get_template(template).render(
        base=base, airflow=airflow, quote=lambda text: quote(text, safe=""), **shown
    )
    return HTMLResponse(html, status, {**_HEADERS, "Content-Security-Policy": f"{_OURS}; frame-ancestors 'self'"})


def _document(content: bytes, kind: str, more: dict[str, str] | None = None) -> Response:
    policy = {"Content-Security-Policy": f"{_DOCUMENT}; frame-ancestors 'self'"}
    return Response(content, headers={**_HEADERS, **policy, "Content-Type": kind, **(more or {})})


def _refused(request: Request, error: Exception) -> Response:
    """A page that says what is wrong in a sentence; without a login, where to log in."""
    status, what = 404, "There is no such page."
    login = ""
    if isinstance(error, HTTPException):
        status = error.status_code
        if status == 401:
            what = "You are not logged in, or your login has expired."
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            login = get_auth_manager().get_url_login(next_url=here)
        elif status == 404 and error.detail != "Not Found":
            what = str(error.detail)
        elif status != 404:
            what = "This cannot be done here." if status == 405 else "You may not see this."
    return _page(request, "message.html.j2", status, what=what, login=login)


def _unreadable(request: Request, error: Exception) -> Response:
    """What the pipeline could not read, in its own words: they are made for people and quote no record."""
    if not isinstance(error, OpendataError):
        raise error
    status = 404 if error.slug == "evidence-unknown" else 503
    return _page(request, "message.html.j2", status, what=f"{error.what[:1].upper()}{error.what[1:]}.", login="")


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 and int(text) > 0 else 1


def _month(text: str | None, today: dt.date) -> dt.date:
    if text and re.fullmatch(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", text):
        return dt.date.fromisoformat(f"{text}-01")
    return today.replace(day=1)


def _day(text: str | None, first: dt.date) -> dt.date | None:
    day = first + dt.timedelta(days=_number(text) - 1) if text and text.isdecimal() and len(text) < 3 else None
    return day if day is not None and day.month == first.month else None


def _now() -> dt.datetime:
    return utc_now()
