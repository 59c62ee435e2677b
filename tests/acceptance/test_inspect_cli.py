"""`rempart inspect` and `rempart trust` as people run them: real files, real decode workers, a real data folder."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import origins
import pictures
from commands import command
from rempart.provenance.origin.trust import FILE
from rempart.signals.mediatype import sniff

FIELDS = {"path", "outcome", "declaration", "c2pa", "source_type", "generator", "watermark", "recognised_by"}
UNKNOWN = {"found": None, "record_id": None, "reason": "no_data_folder"}


def inspect(*arguments: object, environ: dict[str, str] | None = None) -> tuple[int, dict[str, dict[str, Any]]]:
    done = command("inspect", *arguments, "--json", "--workers", 1, environ=environ)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(row.keys() >= FIELDS for row in rows), done.stderr
    return done.returncode, {Path(row["path"]).name: row for row in rows}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("inspect")
    signed = origins.authority().sign(origins.picture())
    made = {
        "signed.jpg": signed,
        "tampered.jpg": signed + b"more",
        "webui.png": origins.png({"parameters": origins.WEBUI}),
        "hidden.png": origins.hidden(json.dumps(origins.NOVEL)),
        "camera.jpg": origins.picture(exif=origins.exif({0x010F: "Canon", 0x0110: "Canon EOS R5"})),
        "conflicting.jpg": origins.authority().sign(
            origins.picture(xmp=origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.CAMERA}))
        ),
        "plain.jpg": origins.picture(2),
        "cut-short.jpg": signed[: len(signed) // 2],
        "notes.txt": b"no picture",
    }
    for name, data in made.items():
        (home / name).write_bytes(data)
    (home / "root.pem").write_text(origins.authority().root)
    return home


def test_each_file_declares_what_it_declares(folder: Path) -> None:
    code, rows = inspect(folder, "--trust", folder / "root.pem")
    assert code == 2  # one file is cut short
    told = {name: row["declaration"] for name, row in rows.items()}
    assert told == {
        "signed.jpg": "ai_made", "tampered.jpg": "none", "webui.png": "ai_made", "hidden.png": "ai_made",
        "camera.jpg": "camera", "conflicting.jpg": "conflicting", "plain.jpg": "none", "cut-short.jpg": "none",
        "notes.txt": "none", "root.pem": "none",
    }  # fmt: skip
    states = {name: row["c2pa"]["state"] for name, row in rows.items() if row["c2pa"]["present"]}
    assert states == {
        "signed.jpg": "trusted", "conflicting.jpg": "trusted", "tampered.jpg": "invalid", "cut-short.jpg": "invalid",
    }  # fmt: skip
    assert rows["signed.jpg"]["source_type"] == origins.TRAINED
    assert rows["hidden.png"]["generator"] == "NovelAI"
    assert rows["cut-short.jpg"]["outcome"] == "unreadable"
    assert rows["notes.txt"]["outcome"] == "not_media"
    assert all(row["watermark"] == UNKNOWN and row["recognised_by"] == [] for row in rows.values())


def test_without_roots_nobody_is_trusted(folder: Path) -> None:
    code, rows = inspect(folder / "signed.jpg")
    assert (code, rows["signed.jpg"]["c2pa"]["state"]) == (0, "valid")
    assert rows["signed.jpg"]["c2pa"]["failures"] == ["signingCredential.untrusted"]


def test_what_could_not_be_inspected_is_exit_code_2(folder: Path) -> None:
    assert inspect(folder / "notes.txt")[0] == 2
    assert inspect(folder / "none.jpg")[1]["none.jpg"]["error"].startswith("The file could not be opened")
    assert inspect(folder / "plain.jpg", "--max-bytes", 100)[1]["plain.jpg"]["outcome"] == "too_large"


def test_typed_text_is_shown_only_when_it_is_asked_for(folder: Path) -> None:
    files = (folder / "webui.png", folder / "hidden.png", "--workers", 1)
    for more, seen in (((), 0), (("--show-prompts",), 2), (("--show-prompts", "--json"), 2)):
        done = command("inspect", *files, *more)
        assert done.stdout.count(origins.TYPED) >= seen
        assert (origins.TYPED in done.stdout) is bool(seen)
        assert origins.TYPED not in done.stderr
        assert seen or done.stdout.count("text that somebody typed") == 2


def test_people_are_told_what_an_answer_does_not_say(folder: Path) -> None:
    files = [folder / name for name in ("signed.jpg", "plain.jpg", "camera.jpg", "conflicting.jpg")]
    said = command("inspect", *files, "--workers", 1).stdout
    for sentence in (
        "it never says that no real child is concerned", "That says nothing", "no proof that it is a photograph",
        "valid, signer unknown", "Which one is true",
    ):  # fmt: skip
        assert sentence in said


def test_a_name_of_bytes_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.jpg")).write_bytes(origins.picture())
    (row,) = inspect(tmp_path)[1].values()
    assert row["path_bytes"]


def stripped(path: Path, to: Path, **more: Any) -> Path:
    """The picture alone, saved anew."""
    with Image.open(path) as image:
        image.convert("RGB").save(to, **more)
    return to


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that stamps, and a picture that it stamped."""
    home = tmp_path_factory.mktemp("house")
    for words in (("init", home / "data", "--admin-email", "a@example.org"),
                  ("certs", "make", "--data", home / "data", "--organisation", "Harbour")):  # fmt: skip
        done = command(*words)
        assert done.returncode == 0, done.stderr
    Image.fromarray(pictures.scene(7, 800, 600)).save(home / "in.png")
    done = command("stamp", home / "in.png", home / "out.png", "--data", home / "data", "--json")
    assert done.returncode == 0, done.stderr
    (home / "record").write_text(json.loads(done.stdout)["record_id"])
    return home


def test_what_was_stamped_here_is_recognised_with_and_without_its_label(house: Path) -> None:
    record = (house / "record").read_text()
    stripped(house / "out.png", house / "stripped.jpg", quality=60)
    Image.fromarray(pictures.scene(8, 800, 600)).save(house / "other.jpg")
    Image.fromarray(pictures.scene(7, 800, 600)).resize((400, 300)).save(house / "unmarked.jpg")
    names = ("out.png", "stripped.jpg", "other.jpg", "unmarked.jpg")
    code, rows = inspect(*(house / name for name in names), "--data", house / "data")
    assert code == 0
    assert rows["out.png"]["c2pa"]["state"] == "trusted"
    assert rows["out.png"]["declaration"] == "ai_made"
    ways = {name: row["recognised_by"] for name, row in rows.items()}
    assert ways == {
        "out.png": ["watermark", "manifest", "hash"], "stripped.jpg": ["watermark", "hash"], "other.jpg": [],
        "unmarked.jpg": ["hash"],
    }  # fmt: skip
    assert [rows[name]["watermark"] for name in ("stripped.jpg", "other.jpg")] == [
        {"found": True, "record_id": record, "reason": None}, {"found": False, "record_id": None, "reason": None},
    ]  # fmt: skip
    files = house / "stripped.jpg", house / "unmarked.jpg"
    said = command("inspect", *files, "--data", house / "data", "--no-search", "--workers", 1).stdout
    assert "says neither who posted the picture nor who made it" in said
    assert "it looks like what was made here, no more" in said


def test_who_stamped_is_not_taken_for_what_made_it(house: Path) -> None:
    arguments = (house / "in.png", house / "named.png", "--data", house / "data", "--generator", "atelier 2.1")
    assert command("stamp", *arguments).returncode == 0
    row = inspect(house / "named.png", "--data", house / "data", "--no-search")[1]["named.png"]
    assert row["generator"] == "atelier 2.1"
    assert row["c2pa"]["claim_generator"].startswith("Rempart")


def test_where_no_mark_was_looked_for_none_is_said_to_be_missing(house: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes((house / "out.png").read_bytes()[:4000])
    (tmp_path / "notes.txt").write_text("no picture")
    Image.fromarray(pictures.scene(9, 60, 50)).save(tmp_path / "small.png")
    names = ("cut.png", "notes.txt", "small.png", "none.png")
    code, rows = inspect(*(tmp_path / name for name in names), "--data", house / "data", "--no-search")
    assert code == 2
    told = {name: (row["watermark"]["found"], row["watermark"]["reason"]) for name, row in rows.items()}
    assert told == {
        "cut.png": (None, "not_decoded"), "notes.txt": (None, "not_decoded"), "small.png": (None, "too_small"),
        "none.png": (None, "not_decoded"),
    }  # fmt: skip
    said = command("inspect", tmp_path / "none.png", "--data", house / "data").stdout
    assert "could not be opened" in said
    assert "declaration" not in said


def test_a_mark_of_another_installation_is_none_of_ours(house: Path, tmp_path: Path) -> None:
    assert command("init", tmp_path / "data", "--admin-email", "a@example.org").returncode == 0
    _, rows = inspect(
        stripped(house / "out.png", tmp_path / "x.jpg", quality=90), "--data", tmp_path / "data", "--no-search"
    )
    assert rows["x.jpg"]["watermark"] == {"found": False, "record_id": None, "reason": None}
    assert rows["x.jpg"]["recognised_by"] == []


def test_roots_are_shown_changed_and_kept_only_when_somebody_says_so(house: Path, folder: Path, tmp_path: Path) -> None:
    data, file = ("--data", house / "data"), folder / "root.pem"
    before = json.loads(command("trust", "show", *data, "--json").stdout)
    assert (before["roots"], before["dated"], len(before["own"])) == ([], None, 1)
    assert before["to_load"]
    refused = command("trust", "update", file, *data, given="n\n")
    assert refused.returncode == 2
    assert not (house / "data" / FILE).exists()
    assert "Test root" in refused.stdout
    done = command("trust", "update", file, *data, "--dated", "2026-11-01", given="y\n")
    assert done.returncode == 0, done.stderr
    after = json.loads(command("trust", "show", *data, "--json").stdout)
    assert ([one["name"] for one in after["roots"]], after["dated"]) == (["Test root"], "2026-11-01")
    assert inspect(folder / "signed.jpg", *data)[1]["signed.jpg"]["c2pa"]["state"] == "trusted"
    other = tmp_path / "other.pem"
    other.write_text(origins.authority(name="Other").root)
    for more, names in (("--add", ["Other root", "Test root"]), ("--yes", ["Other root"])):
        assert command("trust", "update", other, *data, "--yes", more).returncode == 0
        now = json.loads(command("trust", "show", *data, "--json").stdout)
        assert [one["name"] for one in now["roots"]] == names


@pytest.mark.parametrize("content", ["nothing", origins.authority().chain, ""])
def test_what_is_no_root_is_refused(house: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "roots.pem").write_text(content)
    done = command("trust", "update", tmp_path / "roots.pem", "--data", house / "data", "--yes")
    assert done.returncode == 2
    assert done.stderr.startswith("rempart: ")


def test_the_samples_are_what_they_are_called(folder: Path) -> None:
    assert sniff((folder / "webui.png").read_bytes()) == "image/png"
    with Image.open(io.BytesIO((folder / "signed.jpg").read_bytes())) as image:
        image.load()
