"""The documentation cannot fall behind: pages made from the model are current, every link leads somewhere, every command and
exit code is documented."""

import re
from pathlib import Path

import pytest

from dev.declaration_page import PAGE, page
from include.opendata.cli.app import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "GLOSSARY.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_of_the_declaration_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m dev.declaration_page"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_link_to_a_file_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_command_is_in_the_readme():
    for command in COMMANDS:
        assert f"bin/opendata {command.name}" in README


def test_every_exit_code_is_in_the_readme():
    from include.opendata import errors

    for name in ("EXIT_DONE", "EXIT_UNFORESEEN", "EXIT_BAD_INPUT", "EXIT_REFUSED", "EXIT_AUDIT"):
        assert re.search(rf"^\| {getattr(errors, name)} \|", README, re.MULTILINE)


def test_every_page_of_documentation_is_linked_from_the_readme():
    for path in PAGES[2:]:
        assert f"docs/{path.name}" in README


def test_every_option_of_the_audit_is_explained():
    command = next(entry for entry in COMMANDS if entry.name == "audit").load()
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert {name for name in options if name not in text} == set()
