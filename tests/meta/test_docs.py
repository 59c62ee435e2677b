"""Docs are promises: links resolve, every command and error stands in them, the reference is current."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rempart import errors
from rempart.cli.bench.group import BENCHMARKS
from rempart.cli.main import COMMANDS
from rempart.signals.outcome import Outcome

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_command_reference_is_current():
    check = subprocess.run(
        [sys.executable, "tools/cli_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("name", [*COMMANDS, *(f"bench {name}" for name in BENCHMARKS)])
def test_every_command_is_in_the_reference(name):
    assert f"## `rempart {name}`" in (ROOT / "docs" / "cli.md").read_text()


def test_every_error_is_explained():
    text = (ROOT / "docs" / "errors.md").read_text()
    names = [name for name in vars(errors) if name.endswith("Error")]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_outcome_is_explained():
    text = (ROOT / "docs" / "concepts.md").read_text()
    assert [outcome for outcome in Outcome if f"`{outcome}`" not in text] == []


def test_every_decision_page_has_a_number_of_its_own():
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
    assert all(number.isdigit() for number in numbers)
