"""What every tier needs before its first test."""

import signal

import pytest

from rempart.cases.quality import drawing
from rempart.cases.work.settings import WorkRules

# A shell that starts the suite in the background has it ignore Ctrl-C, and so would each command that a test
# interrupts: programs inherit what is ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["databases"]


@pytest.fixture(autouse=True)
def nothing_is_drawn_by_chance(monkeypatch):
    """The usual five cases in a hundred that a second look is taken at would make tests differ from run to run."""
    drawn = drawing.drawn

    def seldom(*case, percent):
        return percent != WorkRules().sample_percent and drawn(*case, percent=percent)

    monkeypatch.setattr(drawing, "drawn", seldom)
