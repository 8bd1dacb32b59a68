"""What a person may fill in when starting a DAG by hand, and what is done with an unknown field.

Airflow takes any key in a run's configuration; a slip of the pen in `dry_run` would then stage a release. So every key is held
against the form before anything begins. What an option means is decided in ``pipeline/options.py`` and
``onboarding/request.py``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context

from include.opendata.errors import DeclarationError
from include.opendata.pipeline.limits import LONGEST_NOTE

if TYPE_CHECKING:
    from include.opendata.release.metadata.json_document import JsonObject


def refresh_form(tables: Iterable[str]) -> dict[str, Param]:
    """The fields of a refresh started by hand."""
    return {
        "force": Param(
            False,
            type="boolean",
            title="Even if unchanged",
            description="Make and stage a release although source, declaration and code are those of the current one.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Everything but approvals, staging and the portal; the release is left in the work area.",
        ),
        "only": Param(
            None,
            type=["null", "string"],
            enum=[None, *tables],
            values_display={"null": "All tables"},
            title="One table only",
            description="No other table may change; if one would, the run is refused, because they are protected together.",
        ),
        "source": Param(
            None,
            type=["null", "string"],
            title="Another source",
            description="Read the source from here instead of the declared place.",
        ),
        "whole": Param(
            False,
            type="boolean",
            title="The source is the whole table",
            description="Start again with it, although the declaration says to append, update or delete.",
        ),
        "accept_changes": Param(
            None,
            type=["null", "string"],
            maxLength=LONGEST_NOTE,
            format="multiline",
            title="Accept the changes",
            description="Why the changes are right for which an earlier run was refused. Only an approver of this dataset may.",
        ),
        "note": Param(
            None,
            type=["null", "string"],
            maxLength=LONGEST_NOTE,
            format="multiline",
            title="Note",
            description="Why this run; kept in the ledger. Nothing about a person.",
        ),
    }


def filled_in() -> JsonObject:
    """The fields of the running DAG's form as they were filled in; those left empty are left out.

    Raises DeclarationError ``option-unknown``, naming every key of the run's configuration that is no field of the form.
    """
    context = get_current_context()
    conf = context["dag_run"].conf or {}
    form = context["params"]
    known = sorted(context["dag"].params)
    if unknown := sorted(set(conf) - set(known)):
        names = []
        for name in unknown:
            alike = difflib.get_close_matches(name, known, n=1)
            names.append(repr(name) + (f" (did you mean {alike[0]!r}?)" if alike else ""))
        raise DeclarationError(
            f"the form has no field called {', '.join(names)}",
            remedy=f"Its fields are: {', '.join(known) or 'none'}. Start the run again with these.",
            slug="option-unknown",
        )
    return {name: form[name] for name in known if form[name] not in (None, "", [])}
