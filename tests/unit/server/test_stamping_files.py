"""Whose certificate signs, as the settings name it: read again when it changes, and its end is told in time."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from rempart.clock import utc_now
from rempart.errors import SettingsError
from rempart.provenance.stamp.certificates import make_leaf
from rempart.server.stamping import SigningOfFiles, certificate_files
from rempart.settings import Settings, read_settings
from stamping import certificates


def settings(folder: Path, text: str = "") -> Settings:
    (folder / "rempart.toml").write_text(text)
    (folder / "keys").mkdir(exist_ok=True)
    return read_settings(folder, environ={})


def put(found: Settings) -> None:
    files, own = certificate_files(found), certificates()
    files.anchor.write_text(own.root.certificate)
    files.key.write_text(own.leaf.key)
    files.certificate.write_text(own.leaf.certificate)


def test_a_certificate_is_used_as_soon_as_it_is_there_and_a_renewed_one_instead(tmp_path: Path):
    found = settings(tmp_path)
    signing = SigningOfFiles(found, clock=utc_now)
    assert signing() is None
    put(found)
    first = signing()
    assert first is not None
    assert signing() is first
    fresh = make_leaf(certificates().root, at=utc_now() + timedelta(days=3))
    certificate_files(found).key.write_text(fresh.key)
    certificate_files(found).certificate.write_text(fresh.certificate)
    assert signing().ends > first.ends
    certificate_files(found).key.unlink()
    with pytest.raises(SettingsError):
        signing()


@pytest.mark.parametrize(("ahead", "told"), [(0, 0), (380, 1), (500, 1)])
def test_an_end_that_is_near_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, ahead: int, told: int):
    found = settings(tmp_path)
    put(found)
    with caplog.at_level(logging.WARNING, logger="rempart.server.stamping"):
        SigningOfFiles(found, clock=lambda: utc_now() + timedelta(days=ahead))
    assert len([one for one in caplog.records if "ends on" in one.message]) == told


@pytest.mark.parametrize(
    "text", ['[stamp]\nkey = "k.pem"\n', '[stamp]\nsign_command = ["sign"]\n', '[stamp]\ncertificate = "c.pem"\n']
)
def test_settings_that_do_not_go_together_stop_the_start(tmp_path: Path, text: str):
    with pytest.raises(SettingsError):
        SigningOfFiles(settings(tmp_path, text), clock=utc_now)


def test_a_time_stamping_authority_has_an_address(tmp_path: Path):
    with pytest.raises(SettingsError, match="timestamp_url"):
        settings(tmp_path, '[stamp]\ntimestamp_url = "file:///etc/passwd"\n')
