"""Settings: a file, the environment over it, and no name that is not known."""

from datetime import timedelta

import pytest

from rempart.errors import SettingsError
from rempart.settings import FILE, PeopleSettings, read_settings


def settings(folder, text, **environ):
    (folder / FILE).write_text(text)
    return read_settings(folder, environ=environ)


def test_the_environment_has_the_last_word(tmp_path):
    found = settings(tmp_path, "[server]\nport = 8601\n", REMPART_SERVER__PORT="8602", REMPART_DATA="/elsewhere")
    assert (found.server.port, found.data) == (8602, tmp_path)


def test_what_the_examples_read_from_the_environment_is_no_setting(tmp_path):
    environ = {"REMPART_URL": "http://127.0.0.1:8600", "REMPART_KEY": "rk_1", "REMPART_WEBHOOK_SECRET": "whsec_1"}
    assert settings(tmp_path, "", **environ) == settings(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "environ", "named"),
    [
        ("[servr]\nport = 1\n", {}, "servr"),
        ("[server]\nprot = 1\n", {}, "prot"),
        ("", {"REMPART_SERVER__PROT": "1"}, "prot"),
        ("[server]\nport = 'x'\n", {}, "port"),
        ("[server]\nport = 1\nport = 2\n", {}, "rempart.toml"),
        ("[server\n", {}, "rempart.toml"),
        ("no toml", {}, "rempart.toml"),
    ],
)
def test_what_is_not_known_or_not_right_is_named(tmp_path, text, environ, named):
    with pytest.raises(SettingsError) as err:
        settings(tmp_path, text, **environ)
    assert named in str(err.value).lower()


def test_only_a_declared_one_person_deployment_may_confirm_alone_and_after_a_delay():
    assert PeopleSettings().alone_after is None
    assert PeopleSettings(alone_after_hours=1).alone_after is None
    assert PeopleSettings(one_person=True).alone_after == timedelta(hours=12)
    assert PeopleSettings(one_person=True, alone_after_hours=1.5).alone_after == timedelta(minutes=90)
