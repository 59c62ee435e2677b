"""What project files hold and name."""

import gzip
import json

import pytest

from pictures import encode, scene
from projects import duf, glb, gltf
from rempart.gate.containers import UnreadProjectError, pictures_in, project_kind

ONE, TWO = (encode(scene(seed, 64, 48), "PNG") for seed in (1, 2))


@pytest.mark.parametrize("write", [glb, gltf])
def test_pictures_inside_and_names_of_others_are_found(write):
    found = pictures_in(write([ONE, TWO], names=["textures/wood%20dark.jpg"]))
    assert found.pictures == (ONE, TWO)
    assert found.names == ("textures/wood dark.jpg",)
    assert found.unread is None


@pytest.mark.parametrize("packed", [True, False])
def test_textures_that_a_scene_names_are_found_and_labels_are_none(packed):
    data = duf(["/Runtime/Textures/a.jpg", "/Runtime/Textures/b.png"], packed=packed)
    assert pictures_in(data).names == ("/Runtime/Textures/a.jpg", "/Runtime/Textures/b.png")


def test_the_kind_goes_by_the_first_bytes():
    assert [project_kind(one[:64]) for one in (glb([]), gltf([]), duf([]), ONE, b"")] == [
        "glb",
        "json",
        "gzip",
        None,
        None,
    ]


def test_a_picture_in_a_buffer_that_lies_elsewhere_is_told():
    told = {
        "buffers": [{"uri": "a.bin"}],
        "bufferViews": [{"buffer": 0, "byteLength": 5}],
        "images": [{"bufferView": 0}],
    }
    assert pictures_in(json.dumps(told).encode()).unread == "a picture of it lies in another file"


def test_a_picture_that_ends_behind_its_buffer_is_told():
    views = [{"buffer": 0, "byteOffset": 1, "byteLength": 3}, {"buffer": 0, "byteOffset": 2, "byteLength": 3}]
    told = {"buffers": [{"uri": "data:application/octet-stream;base64,AAAAAA=="}], "bufferViews": views}
    found = pictures_in(json.dumps(told | {"images": [{"bufferView": 0}, {"bufferView": 1}]}).encode())
    assert (found.pictures, found.unread) == ((bytes(3),), "a picture of it is cut short")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"words", b"{", b"glTF", glb([ONE])[:40], gltf([ONE])[:-5], duf(["a.png"])[:-9], b"{" * 100,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":' * 200 + b"1" + b"}" * 200, b"\x1f\x8b\x08" + b"\0" * 50,
        gzip.compress(b" " * (65 << 20)), b'{"images": [{"bufferView": 7}]}', b'{"images": [{"bufferView": -1}]}',
        b'{"images": [{"bufferView": true}], "bufferViews": [{}, {}]}', b'glTF\x01\0\0\0\x0c\0\0\0',
        json.dumps({"images": [{"uri": f"{n}.png"} for n in range(5_000)]}).encode(),
    ],
    ids=[str(n) for n in range(17)],
)  # fmt: skip
def test_what_is_no_project_or_a_damaged_one_is_said_so(data):
    with pytest.raises(UnreadProjectError):
        pictures_in(data)


def test_unreadable_data_addresses_are_told_and_others_that_are_no_pictures_passed_over():
    assert pictures_in(b'{"a": "data:image/png;base64,!!"}').unread == "a picture in it cannot be read"
    found = pictures_in(b'{"buffers": [{"uri": "data:application/octet-stream;base64,AAAA"}]}')
    assert (found.pictures, found.unread) == ((), None)
