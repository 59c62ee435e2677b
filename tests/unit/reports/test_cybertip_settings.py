"""Where reports go is said exactly, or they go nowhere."""

import pytest
from pydantic import ValidationError

from rempart.errors import SettingsError
from rempart.settings import FILE, CybertipSettings, read_settings

TEST = {"test_user": "u", "test_password": "p", "reporter_email": "desk@example.org"}
PRODUCTION = {"production_user": "u", "production_password": "p", "reporter_email": "desk@example.org"}


def test_nothing_is_sent_anywhere_by_default():
    assert CybertipSettings().environment == "rehearsal"


def test_credentials_and_addresses_alone_change_nothing():
    assert CybertipSettings(**(TEST | PRODUCTION)).environment == "rehearsal"


@pytest.mark.parametrize("value", ["Production", "PRODUCTION", "prod", "production ", "live", "true", "1", ""])
def test_production_is_that_one_word_and_anything_else_stops_the_start(tmp_path, value):
    (tmp_path / FILE).write_text("")
    environ = {f"REMPART_CYBERTIP__{name.upper()}": text for name, text in PRODUCTION.items()}
    with pytest.raises(SettingsError, match="CYBERTIP__ENVIRONMENT"):
        read_settings(tmp_path, environ=environ | {"REMPART_CYBERTIP__ENVIRONMENT": value})
    found = read_settings(tmp_path, environ=environ | {"REMPART_CYBERTIP__ENVIRONMENT": "production"})
    assert found.cybertip.environment == "production"


@pytest.mark.parametrize("missing", sorted(PRODUCTION))
def test_production_without_what_it_needs_stops_the_start(missing):
    with pytest.raises(ValidationError, match=missing):
        CybertipSettings(environment="production", **(PRODUCTION | {missing: ""}))
    with pytest.raises(ValidationError):
        CybertipSettings(environment="test", **PRODUCTION)  # the other environment's credentials are not its own


@pytest.mark.parametrize(
    "told",
    [
        {"test_url": "https://report.cybertip.org/ispws"},
        {"test_url": "https://report.cybertip.org:443/ispws"},
        {"test_url": "https://report.cybertip.org./ispws"},
        {"test_url": "https://REPORT.cybertip.org/ispws"},
        {"test_url": "https://proxy.example/ispws", "production_url": "https://proxy.example/ispws"},
        {"test_url": "http://exttest.cybertip.org/ispws"},
        {"test_url": "https://u:p@exttest.cybertip.org/ispws"},
        {"test_user": "a:b"},
    ],
)
def test_trying_never_reaches_the_service_for_real_reports_nor_an_open_line(told):
    with pytest.raises(ValidationError):
        CybertipSettings(environment="test", **(TEST | told))


def test_passwords_show_nowhere():
    told = CybertipSettings(environment="production", **(PRODUCTION | {"production_password": "geheim"}))
    assert "geheim" not in f"{told!r} {told} {told.model_dump_json()}"
