"""What the pipeline refuses of options and of releases before it does anything."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from include.opendata.errors import DeclarationError, InputError, Refused
from include.opendata.pipeline import options
from include.opendata.pipeline.releases import prune


@pytest.mark.parametrize(
    ("given", "slug"), [({"forse": True}, "option-unknown"), ({"force": "perhaps"}, "option-invalid")]
)
def test_options_that_no_refresh_has_are_refused(given, slug):
    with pytest.raises(DeclarationError) as error:
        options.checked_options(given, dataset="d", tables=("by_sex",))
    assert error.value.slug == slug


def test_an_extract_is_not_merged_twice():
    chosen = options.RefreshOptions(force=True)
    with pytest.raises(Refused) as error:
        options.continues(chosen, merging=True, dataset="d")
    assert error.value.slug == "force-merges-twice"
    assert options.continues(chosen, merging=False, dataset="d")


def test_one_table_alone_needs_a_release_to_take_the_others_from():
    built = SimpleNamespace(dataset="d", previous_release=None, tables=())
    with pytest.raises(Refused) as error:
        options.require_only("by_sex", built, staging=None)
    assert error.value.slug == "only-not-possible"
    options.require_only(None, built, staging=None)


def test_pruning_keeps_a_release(tmp_path):
    with pytest.raises(InputError) as error:
        prune("d", str(tmp_path), keep=0, by="me")
    assert error.value.slug == "keep-too-few"
