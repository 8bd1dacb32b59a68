"""The daily watch: every declared dataset against what it promises, staging and the portal, as messages to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.opendata.declaration.light import declared_ids
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.checks import portal_check, staging_check
from include.opendata.monitoring.digest import Message, messages, text
from include.opendata.monitoring.watch import find_problems
from include.opendata.pipeline.publish import PortalTarget
from include.opendata.storage.clock import utc_now


@dataclass(frozen=True)
class WatchFindings:
    """``problems``: how many · ``messages``: one a person · ``channel_text``: for the channel; empty: nothing is wrong."""

    problems: int
    messages: list[Message]
    channel_text: str


def watch(
    staging_address: str, portal: PortalTarget | None, *, everything_to: Sequence[str] = (), link: str = ""
) -> WatchFindings:
    """Look at everything. ``everything_to`` and ``link``: as for ``digest.messages``. Changes and sends nothing."""
    checks = [("staging-drift", staging_check(staging_address))]
    if portal is not None:
        check = portal_check(
            staging_address, access=portal.access, profile=portal.profile, organization=portal.organization
        )
        checks.append(("portal-drift", check))
    problems = find_problems(declared_ids(), open_ledger(), now=utc_now(), checks=checks)
    mails = messages(problems, everything_to=everything_to, link=link)
    return WatchFindings(len(problems), mails, text(problems) if problems else "")
