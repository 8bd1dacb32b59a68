"""Approvals from the command line: what they cover, what voids them, and that nothing is staged without them."""

from __future__ import annotations

import pytest

from tests.lib.declarations import SOUND

WITHOUT_LEGAL = SOUND.replace("  - {role: legal_counsel, name: C, date: 2026-01-01, reference: F1}\n", "")
LEGAL = ("--role", "legal_counsel", "--name", "C. Counsel", "--reference", "form 8", "--signed", "2026-02-02")
REFUSED, BAD_INPUT = 3, 2


@pytest.fixture
def waiting(installation):
    """A dataset whose legal counsel has not approved it."""
    assert WITHOUT_LEGAL != SOUND
    installation.write_source()
    installation.declare(WITHOUT_LEGAL)
    assert installation.opendata("refresh", "clinic_visits").code == REFUSED
    return installation


def roles(installation) -> dict[str, str]:
    asked = installation.opendata("approvals", "clinic_visits", "--json").json()["asked"]
    return {role["role"]: role["state"] for role in asked["roles"]}


def test_a_signed_form_opens_the_way_to_staging(waiting):
    assert not waiting.staging.exists()
    recorded = waiting.opendata("approve", "clinic_visits", *LEGAL)
    assert recorded.code == 0, recorded.err
    assert "legal counsel: given (C. Counsel, 2026-02-02, form 8)." in recorded.out
    assert waiting.opendata("refresh", "clinic_visits").code == 0


def test_a_refresh_within_what_was_approved_asks_nobody(waiting):
    waiting.opendata("approve", "clinic_visits", *LEGAL)
    assert waiting.opendata("refresh", "clinic_visits").code == 0
    waiting.write_source(waiting.visits(1300, 950))
    assert waiting.opendata("refresh", "clinic_visits").code == 0


def test_a_change_voids_the_approvals_and_is_named(waiting):
    waiting.opendata("approve", "clinic_visits", *LEGAL)
    assert waiting.opendata("refresh", "clinic_visits").code == 0
    waiting.declare(WITHOUT_LEGAL.replace("  mandate: yes", "  mandate: no\n  already_public: yes"))
    answer = waiting.opendata("refresh", "clinic_visits")
    assert answer.code == REFUSED
    told = waiting.opendata("approvals", "clinic_visits").out
    assert "mandate: yes became no." in told
    assert set(roles(waiting).values()) == {"void"}


def test_a_form_of_the_declaration_covers_what_it_was_first_met_with(installation):
    installation.write_source()
    installation.declare()
    assert installation.opendata("refresh", "clinic_visits").code == 0
    installation.declare(SOUND + "small_cells_below: 15\n")
    assert installation.opendata("refresh", "clinic_visits").code == REFUSED
    installation.declare((SOUND + "small_cells_below: 15\n").replace("reference: F1", "reference: F2"))
    assert installation.opendata("refresh", "clinic_visits").code == 0


def test_a_preview_does_not_use_up_the_forms_of_the_declaration(installation):
    installation.write_source()
    installation.declare()
    assert installation.opendata("preview", "clinic_visits").code == 0
    installation.declare(SOUND + "small_cells_below: 15\n")
    assert installation.opendata("refresh", "clinic_visits").code == 0


def test_a_form_that_names_what_it_covers_covers_nothing_else(installation):
    installation.write_source()
    installation.declare()
    assert installation.opendata("preview", "clinic_visits").code == 0
    digest = installation.opendata("approvals", "clinic_visits", "--json").json()["asked"]["digest"]
    installation.declare(SOUND.replace("reference: F1", f"reference: F1, covers: '{'0' * 12}'"))
    assert installation.opendata("refresh", "clinic_visits").code == REFUSED
    installation.declare(SOUND.replace("reference: F1", f"reference: F1, covers: '{digest[:12]}'"))
    assert installation.opendata("refresh", "clinic_visits").code == 0


def test_a_form_taken_out_of_the_declaration_counts_no_more(installation):
    installation.write_source()
    installation.declare()
    assert installation.opendata("refresh", "clinic_visits").code == 0
    installation.write_source(installation.visits(1300, 950))
    installation.declare(WITHOUT_LEGAL)
    assert installation.opendata("refresh", "clinic_visits").code == REFUSED


def test_a_rejection_stops_the_release_with_its_reason(waiting):
    waiting.opendata("approve", "clinic_visits", *LEGAL, "--reject", "--comment", "The age groups are too narrow.")
    answer = waiting.opendata("refresh", "clinic_visits")
    assert answer.code == REFUSED
    assert "The age groups are too narrow." in answer.err
    assert not waiting.staging.exists()


def test_an_expired_approval_blocks(waiting):
    waiting.opendata("approve", "clinic_visits", *LEGAL, "--expires", "2026-02-03")
    assert waiting.opendata("refresh", "clinic_visits").code == REFUSED
    assert roles(waiting)["legal_counsel"] == "expired"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--role", "agency", "--name", "A", "--reference", "f"), "not asked for at level 1"),
        (("--role", "legal_counsel", "--name", " ", "--reference", "f"), "without a name"),
        (("--role", "legal_counsel", "--name", "A", "--reference", "f", "--signed", "2.2.2026"), "not a date"),
        (("--role", "legal_counsel", "--name", "A", "--reference", "f", "--signed", "2999-01-01"), "in the future"),
        (("--role", "legal_counsel", "--name", "A", "--reference", "f", "--covers", "0" * 12), "was ever asked"),
    ],
)
def test_a_form_that_cannot_be_recorded_is_refused(waiting, arguments, said):
    answer = waiting.opendata("approve", "clinic_visits", *arguments)
    assert (answer.code, said in answer.err) == (BAD_INPUT, True), answer.err
    assert waiting.opendata("refresh", "clinic_visits").code == REFUSED


def test_nothing_can_be_approved_before_it_was_looked_at(installation):
    installation.write_source()
    installation.declare(WITHOUT_LEGAL)
    answer = installation.opendata("approve", "clinic_visits", *LEGAL)
    assert (answer.code, "opendata preview" in answer.err) == (BAD_INPUT, True)
    assert "put before its approvers yet" in installation.opendata("approvals", "clinic_visits").out
