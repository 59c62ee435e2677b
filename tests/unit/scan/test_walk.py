"""The walk: every file once, nothing outside the tree, nothing altered."""

import os
import socket
from pathlib import Path

import pytest

from rempart.scan.walk import Found, Problem, Stamp, Walk


def walked(*roots: Path, walk: Walk | None = None) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for one in (walk or Walk()).over(map(str, roots)):
        assert one.path not in found
        found[one.path] = one
        if one.fd >= 0:
            os.close(one.fd)
    return found


def test_every_file_of_a_tree_is_found_once(tmp_path: Path) -> None:
    expected = set()
    for number in range(60):
        path = tmp_path / f"d{number % 7}" / f"e{number % 3}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
        expected.add(str(path))
    found = walked(tmp_path)
    assert set(found) == expected
    assert found[str(tmp_path / "d3" / "e0" / "f3")].stamp == Stamp.of((tmp_path / "d3" / "e0" / "f3").stat())


def test_links_are_listed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "to_folder").symlink_to(outside)
    (tree / "to_file").symlink_to(outside / "secret")
    (tree / "dangling").symlink_to("nowhere")
    found = walked(tree)
    assert {one.problem for one in found.values()} == {Problem.LINK}
    assert len(found) == 3
    assert walked(tree / "to_folder")[str(tree / "to_folder")].problem is Problem.LINK


def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert {one.problem for one in walked(tmp_path).values()} == {Problem.SPECIAL}
    assert walked(Path("/dev/zero"))["/dev/zero"].problem is Problem.SPECIAL


def test_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "inside").write_bytes(b"x")

    def swap(path: str) -> bool:
        if path.endswith("/a"):
            (tree / "a").rename(tmp_path / "moved")
            (tree / "a").symlink_to(outside)
        return False

    found = walked(tree, walk=Walk(skip_folder=swap))
    assert not any("secret" in path for path in found)
    assert found[str(tree / "a")].problem is not None


def test_file_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "f").write_bytes(b"x")

    def swap(path: str, _stamp: Stamp) -> bool:
        (tree / "f").unlink()
        (tree / "f").symlink_to("/etc/passwd")
        return False

    assert walked(tree, walk=Walk(skip=swap))[str(tree / "f")].problem is Problem.LINK


def test_file_swapped_for_a_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def swap(path: str, _stamp: Stamp) -> bool:
        (tmp_path / "f").unlink()
        os.mkfifo(tmp_path / "f")
        return False

    assert walked(tmp_path, walk=Walk(skip=swap))[str(tmp_path / "f")].problem is Problem.SPECIAL


def test_what_vanishes_is_reported(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def remove(path: str, _stamp: Stamp) -> bool:
        os.unlink(path)
        return False

    assert walked(tmp_path, walk=Walk(skip=remove))[str(tmp_path / "f")].problem is Problem.VANISHED
    assert walked(tmp_path / "never")[str(tmp_path / "never")].problem is Problem.VANISHED


def test_folder_deeper_than_a_path_may_be_long_is_walked(tmp_path: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(300):
            os.mkdir("n" * 20)
            os.chdir("n" * 20)
        Path("bottom").write_bytes(b"x")
    finally:
        os.chdir(here)
    before = set(os.listdir("/proc/self/fd"))
    found = walked(tmp_path)
    assert [one.path.endswith("/bottom") and one.stamp is not None for one in found.values()] == [True]
    assert set(os.listdir("/proc/self/fd")) == before


def test_descriptors_are_closed_when_the_walk_is_given_up(tmp_path: Path) -> None:
    for depth in range(1, 6):
        folder = tmp_path / "/".join("d" * depth)
        folder.mkdir()
        (folder / "f").write_bytes(b"x")
    before = set(os.listdir("/proc/self/fd"))
    walk = Walk().over([str(tmp_path)])
    os.close(next(walk).fd)
    walk.close()  # type: ignore[attr-defined]
    assert set(os.listdir("/proc/self/fd")) == before


def test_access_and_change_times_stay(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "f").write_bytes(b"x")
    for path in (folder / "f", folder, tmp_path):
        os.utime(path, (1, 1))
    before = [_times(path) for path in (folder / "f", folder, tmp_path)]
    walk = Walk()
    for one in walk.over([str(tmp_path)]):
        os.read(one.fd, 10)
        os.close(one.fd)
    assert walk.atime_unkept == 0
    assert [_times(path) for path in (folder / "f", folder, tmp_path)] == before


def _times(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns


def test_skipped_files_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    assert walked(tmp_path, walk=Walk(skip=lambda _path, _stamp: True)) == {}


@pytest.mark.parametrize("name", [b"\xff\xfe", b"new\nline", b"-rf", b" ", "é".encode()])
def test_odd_names_are_found_as_they_are(tmp_path: Path, name: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)
    with open(path, "wb") as stream:
        stream.write(b"x")
    assert [os.fsencode(one) for one in walked(tmp_path)] == [path]
