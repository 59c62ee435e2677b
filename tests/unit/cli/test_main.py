"""The outermost door: exit codes mean what they say, whatever happens inside."""

import subprocess
import sys

import click
import pytest

from rempart.cli.exitcodes import worst
from rempart.cli.main import COMMANDS, command, main
from rempart.errors import RefusedError


@pytest.mark.parametrize(
    ("found", "failed", "code"), [(False, False, 0), (True, False, 1), (False, True, 2), (True, True, 1)]
)
def test_found_outranks_could_not(found, failed, code):
    assert worst(found=found, failed=failed) == code


def leave_with(monkeypatch, error):
    def raising(**_):
        raise error

    monkeypatch.setattr(command, "main", raising)
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RefusedError("No.", hint="Do this."), 2),
        (click.UsageError("what?"), 2),
        (RuntimeError("a fault"), 2),
        (KeyboardInterrupt(), 130),
    ],
    ids=["refused", "usage", "fault", "interrupt"],
)
def test_no_failure_looks_like_found(monkeypatch, capsys, error, code):
    assert leave_with(monkeypatch, error) == code
    assert capsys.readouterr().err


def test_a_refusal_is_one_line_that_says_what_to_do(monkeypatch, capsys):
    leave_with(monkeypatch, RefusedError("No.", hint="Do this."))
    assert capsys.readouterr().err == "rempart: No. Do this.\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_says_something(name):
    found = command.get_command(click.Context(command), name)
    assert found is not None
    assert len(found.get_help(click.Context(found, info_name=name))) > 100


def test_help_does_not_pay_for_numpy():
    code = """import sys
import click
from rempart.cli.main import command
command.get_help(click.Context(command))
print('numpy' in sys.modules)"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
