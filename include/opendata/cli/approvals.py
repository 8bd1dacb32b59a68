"""``bin/opendata approvals``: what was put before a dataset's approvers and what they answered."""

from __future__ import annotations

from include.opendata.cli.approval_view import print_position
from include.opendata.cli.options import DatasetId, Json
from include.opendata.declaration.load import load
from include.opendata.ledger import open_ledger
from include.opendata.ledger.approvals import answers, requests
from include.opendata.pipeline.approvals import position


def approvals(id: DatasetId, json: Json = False) -> None:
    """What was put before a dataset's approvers, what changed since, who answered and what each answer covers."""
    declared, ledger = load(id), open_ledger()
    asked = requests(ledger, id)
    print_position(id, position(declared, ledger, asked[0]) if asked else None, answers(ledger, id), as_json=json)
