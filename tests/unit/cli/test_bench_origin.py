"""`rempart bench origin` measures every file it was given, silent ones apart from others."""

from __future__ import annotations

import json
from pathlib import Path

import origins
from commands import command


def test_files_that_say_nothing_are_apart_from_those_that_do(tmp_path: Path) -> None:
    (tmp_path / "silent.jpg").write_bytes(origins.picture())
    (tmp_path / "webui.png").write_bytes(origins.png({"parameters": origins.WEBUI}))
    (tmp_path / "signed.jpg").write_bytes(origins.authority().sign(origins.picture()))
    (tmp_path / "notes.txt").write_text("no picture")
    done = command("bench", "origin", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    declared, cost = json.loads(done.stdout)
    assert {row["declaration"]: row["files"] for row in declared["rows"] if row["files"]} == {"ai_made": 2, "none": 1}
    ours = {row["files that"]: row for row in cost["rows"] if row["reader"] == "rempart"}
    assert {kind: row["files"] for kind, row in ours.items()} == {"says nothing": 1, "says something": 2}
    assert all(row["ms, median"] > 0 for row in cost["rows"])


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    assert command("bench", "origin", tmp_path).returncode == 2
