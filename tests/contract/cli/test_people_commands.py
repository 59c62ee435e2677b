"""People and keys from the console: roles, and what is refused."""

import json

import pytest

from commands import command
from serving import make_data


def rempart(data, *arguments):
    return command(*arguments, "--data", data)


@pytest.fixture
def settings(tmp_path):
    return make_data(tmp_path / "data")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["user", "link", "nobody"], "rempart user list"),
        (["user", "add", "a b", "--role", "lead"], "without spaces"),
        (["user", "add", "ana", "--role", "king"], "reviewer"),
        (["user", "roles", "nobody"], "rempart user list"),
        (["key", "revoke", "key_none"], "list of keys"),
        (["key", "rotate", "key_none"], "list of keys"),
        (["key", "create", "x", "--service", "forum"], "--scope"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(settings, arguments, says):
    done = rempart(settings.data, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_roles_are_changed_and_the_last_administrator_stays(settings):
    rempart(settings.data, "user", "add", "root", "--role", "administrator")
    rempart(settings.data, "user", "add", "ana")
    assert rempart(settings.data, "user", "roles", "ana", "--role", "lead", "--role", "curator").returncode == 0
    assert "ana: curator, lead" in rempart(settings.data, "user", "list").stdout
    refused = rempart(settings.data, "user", "roles", "root")
    assert "last administrator" in refused.stderr
    assert json.loads(rempart(settings.data, "user", "list", "--json").stdout)[1]["roles"] == ["administrator"]
