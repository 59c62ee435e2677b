"""Rules of the house that no tool checks for us."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
CODE = [path for path in TRACKED if path.suffix in {".py", ".c", ".h", ".pyi", ".sh", ".html", ".css"}]
PYTHON = [path for path in TRACKED if path.suffix == ".py"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
MEDIA = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".tif", ".tiff", ".bmp", ".mp4"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_carry_hashes_and_no_addresses(lock):
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_no_picture_is_kept_in_the_repository():
    assert [path.name for path in TRACKED if path.suffix.lower() in MEDIA] == []


def test_no_file_is_one_an_engineer_would_call_big():
    assert [
        f"{path.relative_to(ROOT)}: {count}" for path in CODE if (count := len(path.read_text().splitlines())) > 450
    ] == []


def test_no_function_is_longer_than_a_screen():
    long = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 70:
                long.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert long == []


def test_modules_are_nouns_and_not_drawers():
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert [path for path in PYTHON if path.stem in drawers] == []


def test_every_todo_names_its_issue():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
    assert [path for path in CODE if path.name != Path(__file__).name and marks.search(path.read_text())] == []


def test_nothing_unsafe_is_imported_or_called():
    unsafe = re.compile(r"^\s*(import pickle|from pickle|import marshal|import shelve)|shell=True|\beval\(", re.M)
    inside = [path for path in PYTHON if (ROOT / "src") in path.parents]
    assert [path for path in inside if unsafe.search(path.read_text())] == []


def test_every_test_module_of_the_suite_belongs_to_a_tier():
    tiers = {"unit", "contract", "acceptance", "browser", "meta", "campaign"}
    stray = [path for path in PYTHON if path.name.startswith("test_") and path.relative_to(ROOT).parts[1] not in tiers]
    assert stray == []
