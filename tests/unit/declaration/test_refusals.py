"""A declaration that cannot be read is refused with a slug for programs and words for people."""

from __future__ import annotations

import os

import pytest

from include.opendata import yaml_reader
from include.opendata.declaration.light import read_outline
from include.opendata.declaration.load import load, load_file
from include.opendata.errors import EXIT_BAD_INPUT, DeclarationError
from include.opendata.rules.reference import population_reference
from tests.lib.declarations import SOUND, write


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "declaration-empty"),
        (b"# only a comment\n", "declaration-empty"),
        (b"title: Ca\xf1on\n", "declaration-encoding"),
        (b"\xff\xfet\x00i\x00", "declaration-encoding"),
        (b"title: 'not closed\n", "declaration-yaml"),
        (b"title: A\ntitle: B\n", "declaration-yaml"),
        (b"title: &a A\nother: *a\n", "declaration-yaml"),
        (b"title: !!python/name:os.system\n", "declaration-yaml"),
        (b"a: " + b"x" * yaml_reader.MAX_BYTES, "declaration-too-large"),
    ],
)
def test_a_file_that_is_no_declaration_is_refused(tmp_path, content, slug):
    path = tmp_path / "dataset.yaml"
    path.write_bytes(content)
    with pytest.raises(DeclarationError) as refused:
        yaml_reader.read(path, dataset="clinic_visits")
    assert (refused.value.slug, refused.value.exit_code) == (slug, EXIT_BAD_INPUT)
    assert refused.value.place.dataset == "clinic_visits"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DeclarationError) as refused:
        yaml_reader.read(tmp_path / "dataset.yaml")
    assert refused.value.slug == "declaration-missing"


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "dataset.yaml").mkdir()
    with pytest.raises(DeclarationError) as refused:
        yaml_reader.read(tmp_path / "dataset.yaml")
    assert refused.value.slug == "declaration-unreadable"
    assert os.strerror(21) in str(refused.value)


def test_both_readers_of_a_declaration_call_a_broken_one_invalid(tmp_path):
    path = write(tmp_path, SOUND.replace("tables:\n", "tables: []\nmore:\n"))
    with pytest.raises(DeclarationError) as refused:
        load_file(path, dataset="clinic_visits")
    assert refused.value.slug == "declaration-invalid"
    with pytest.raises(DeclarationError) as refused:
        read_outline("clinic_visits", path.parents[1])
    assert refused.value.slug == "declaration-invalid"


def test_an_unknown_dataset_is_refused_with_the_nearest_name():
    with pytest.raises(DeclarationError) as refused:
        load("homicides_by_conty")
    assert refused.value.slug == "dataset-unknown"
    assert "'homicides_by_county'" in str(refused.value)


def test_an_unknown_population_reference_is_refused_with_the_nearest_name():
    with pytest.raises(DeclarationError) as refused:
        population_reference("california_county")
    assert refused.value.slug == "reference-unknown"
    assert "'california_counties'" in str(refused.value)
