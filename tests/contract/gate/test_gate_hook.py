"""The hook for programs, and the scan of projects, against a real service."""

import json
import os
import subprocess
import sys

import pytest

from commands import command
from gateservice import KEY, stamp
from pictures import encode, scene
from projects import duf, glb, gltf, packed
from rempart.errors import RefusedError, ServerAnswerError, ServerUnreachableError, TooManyRequestsError
from rempart.gate.hook import Hook, PictureRefusedError

ONE, TWO, BAD = (encode(scene(seed, 200, 150), "PNG") for seed in (1, 2, 3))


def test_a_program_asks_at_import_and_at_render(stage):
    here = stage()
    here.service.refuse(BAD)
    with Hook(here.service.url, KEY, generator="Atelier 2.1") as gate:
        texture = gate.imported(ONE, user="seat 3/é")
        made = gate.rendered(TWO, references=[texture], user="seat 3/é", edited=True)
        assert (made.data, made.media_type, made.record) == (stamp(TWO), "image/png", "7f3a00000001")
        for ask in (gate.imported, gate.rendered):
            with pytest.raises(PictureRefusedError):
                ask(BAD)
        here.service.behaviours = [429, 500, "hold", "close"]
        for expected in (TooManyRequestsError, ServerUnreachableError, PictureRefusedError, ServerUnreachableError):
            with pytest.raises(expected):
                gate.imported(ONE)
    _, user, params, _ = here.service.asked[1]
    assert user == "seat 3/é"
    assert params == {"reference": ["gate_0"], "generator": ["Atelier 2.1"], "edited": ["true"]}
    with pytest.raises(RefusedError):
        Hook("127.0.0.1:8600", KEY)
    with pytest.raises(RefusedError):
        Hook(here.service.url, "")


def test_without_stamping_a_picture_leaves_as_it_was_made_once_it_was_checked(stage):
    here = stage()
    here.service.refuse(BAD)
    with Hook(here.service.url, KEY, stamped=False) as gate:
        assert gate.rendered(ONE).data == ONE
        with pytest.raises(PictureRefusedError):
            gate.rendered(BAD)
        here.service.behaviours = ["garbage", "odd"]
        for _ in range(2):
            with pytest.raises(ServerAnswerError):
                gate.rendered(ONE)
    assert here.service.asked[0][2]["stamp"] == ["false"]


def scan(here, *arguments):
    done = command("gate", "scan", *arguments, "--server", here.service.url, "--json", environ={"REMPART_KEY": KEY})
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_pictures_in_every_kind_of_project_are_asked_about(stage, tmp_path):
    here = stage()
    here.service.refuse(BAD)
    (tmp_path / "library" / "Runtime").mkdir(parents=True)
    (tmp_path / "library" / "Runtime" / "skin.png").write_bytes(BAD)
    (tmp_path / "wood.png").write_bytes(TWO)
    files = {
        "a.glb": glb([ONE, TWO]), "b.gltf": gltf([ONE], names=["wood.png"]), "c.duf": duf(["/Runtime/skin.png"]),
        "d.3mf": packed({"3D/Textures/a.png": ONE, "model/b.glb": glb([BAD]), "notes.txt": b"words"}), "e.png": ONE,
    }  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    code, told = scan(here, *(tmp_path / name for name in files), "--library", tmp_path / "library", "--user", "seat")
    found = {(one["project"].rpartition("/")[2], "/".join(one["place"]), one["outcome"]) for one in told}
    assert found == {
        ("a.glb", "picture 1", "allowed"), ("a.glb", "picture 2", "allowed"),
        ("b.gltf", "picture 1", "allowed"), ("b.gltf", "wood.png", "allowed"),
        ("c.duf", "/Runtime/skin.png", "refused"),
        ("d.3mf", "3D/Textures/a.png", "allowed"), ("d.3mf", "model/b.glb/picture 1", "refused"),
        ("e.png", "", "allowed"),
    }  # fmt: skip
    assert code == 1
    assert len(here.service.asked) == 3  # the same bytes are asked about once
    assert {user for _, user, _, _ in here.service.asked} == {"seat"}


def test_what_could_not_be_looked_at_is_not_allowed(stage, tmp_path):
    here = stage()
    (tmp_path / "inner").mkdir()
    (tmp_path / "outside.png").write_bytes(ONE)
    names = ["../outside.png", "/etc/passwd.png", "http://127.0.0.1:1/a.png", "missing.png", "pipe.png", "ring.png"]
    names += ["words.tga", "fifo.png", "linked.png", "a\\..\\..\\outside.png"]
    (tmp_path / "inner" / "pipe.png").mkdir()
    (tmp_path / "inner" / "ring.png").symlink_to("ring.png")
    (tmp_path / "inner" / "linked.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "inner" / "words.tga").write_bytes(b"words")
    os.mkfifo(tmp_path / "inner" / "fifo.png")
    project = tmp_path / "inner" / "a.gltf"
    project.write_bytes(gltf([], names=names))
    (tmp_path / "b.zip").write_bytes(packed({"a.png": ONE})[:-40])
    (tmp_path / "c.blend").write_bytes(b"BLENDER-v300" * 20)
    (tmp_path / "d.zip").write_bytes(
        packed({"a.gltf": gltf([], names=["gone.png"]), "b.gltf": b"{", "t/wood.dds": b"DDS "})
    )
    code, told = scan(here, project, *(tmp_path / name for name in ("b.zip", "c.blend", "d.zip", "gone")))
    assert code == 2
    assert {one["outcome"] for one in told} == {"not_checked"}
    assert len(told) == len(names) + 6
    assert all(one["reason"] for one in told)
    assert here.service.asked == []


def test_a_service_that_cannot_be_asked_allows_nothing(stage, tmp_path):
    here = stage()
    (tmp_path / "a.png").write_bytes(ONE)
    here.service.behaviours = [503]
    code, told = scan(here, tmp_path / "a.png")
    assert (code, told[0]["outcome"]) == (2, "not_checked")


def test_the_hook_loads_nothing_that_a_drawing_program_would_not_want():
    heavy = "numpy sqlalchemy fastapi starlette PIL cryptography"
    program = f"import sys, rempart.gate.hook; print([one for one in '{heavy}'.split() if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
