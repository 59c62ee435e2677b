"""A scan that goes on later gives what one scan would have given."""

import zipfile
from pathlib import Path

from pictures import jpeg
from scanning import build_list, by_path, rempart, results, sha256

LISTED, OTHER = jpeg(1), jpeg(3)


def test_archive_that_was_away_for_one_run_is_looked_into_again(tmp_path: Path) -> None:
    known = build_list(tmp_path / "known", [sha256(LISTED)])
    stick = tmp_path / "stick.zip"
    with zipfile.ZipFile(stick, "w") as archive:
        archive.writestr("in/listed.jpg", LISTED)
        archive.writestr("in/other.jpg", OTHER)
    asked = ("scan", stick, "--list", known, "--json", "--resume", tmp_path / "j")
    first = rempart(*asked)
    stick.rename(tmp_path / "away")
    assert list(results(rempart(*asked).stdout).values()) == ["unhashed"]
    (tmp_path / "away").rename(stick)
    again = rempart(*asked)
    assert by_path(again.stdout) == by_path(first.stdout)
    assert len(by_path(again.stdout)) == 3
    assert again.returncode == first.returncode == 1
    assert by_path(rempart(*asked).stdout) == by_path(first.stdout)
