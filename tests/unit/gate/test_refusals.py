"""What the gate cannot judge it refuses, with a slug for programs and words for people."""

from __future__ import annotations

import numpy as np
import pytest

from include.opendata.errors import DeclarationError, InputError
from include.opendata.gate.condition import whole_counts
from include.opendata.gate.fact_sheet import load_facts
from include.opendata.gate.facts import narrowest_age_band, time_category


@pytest.mark.parametrize("counts", [[1.5], [float("nan")], [-1, 3], ["7"], [None]])
def test_what_is_no_count_is_not_taken_for_one(counts):
    with pytest.raises(InputError) as refused:
        whole_counts(np.array(counts))
    assert refused.value.slug == "counts-invalid"


@pytest.mark.parametrize("bands", [[], [(12, 10)]])
def test_an_age_group_that_is_none_is_refused(bands):
    with pytest.raises(DeclarationError) as refused:
        narrowest_age_band(bands)
    assert refused.value.slug == "age-groups-invalid"


@pytest.mark.parametrize("years", [[], [0.0], [1.0, -1.0], [float("nan")]])
def test_a_period_without_length_is_refused(years):
    with pytest.raises(DeclarationError) as refused:
        time_category(years)
    assert refused.value.slug == "period-invalid"


@pytest.mark.parametrize("text", ["- a list\n", "events: -3\ntime: year\n", "events:\ntime: year\n"])
def test_a_file_of_facts_that_holds_none_is_refused(tmp_path, text):
    path = tmp_path / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        load_facts(path)
    assert refused.value.slug == "facts-invalid"
