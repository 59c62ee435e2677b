"""The outbox on the console: every report that somebody may see, how it stands and why; and the switch to production."""

import re

import pytest

from deployment import deployment, text_of
from outboxes import every_report, team


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("outbox")) as found:
        team(found)
        yield found


@pytest.fixture(scope="module")
def known(house):
    return every_report(house)


def shown(page):
    return re.findall(r'href="/reports/(report_[^"]+)"', page.text)


def test_every_report_stands_there_with_its_state_and_why(house, known):
    page = house.browser("rita").get("/reports")
    assert page.status_code == 200, text_of(page.text)
    print(text_of(page.text))
    assert set(shown(page)) == set(vars(known).values())
