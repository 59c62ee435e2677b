"""The public page of figures: off unless it is switched on, without cookies and scripts, small numbers left out."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from deployment import deployment, text_of
from rempart.people.permissions import Role
from rempart.reports.transparency.monthly import Run
from rempart.reports.transparency.periods import Every
from rempart.reports.transparency.public import published as shown
from rempart.reports.transparency.records import counts
from rempart.server.ledgers import open_sequencer
from rempart.server.pages.published.figures import label_of, took
from rempart.server.pages.texts import texts
from tallying import published, two_years


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("figures")) as found:
        assert asked(found).status_code == 404
        published(found)
        assert "Nothing has been counted yet" in asked(found).text
        two_years(found.store, open_sequencer(found.runtime.service.settings, found.store))
        yield found


def asked(house, path="/transparency", **headers):
    with httpx.Client(base_url=house.address, timeout=60) as client:
        return client.get(path, headers={"accept": "text/html"} | headers)


def numbers(page):
    """Every number in a table or list of the page."""
    cells = re.findall(r'<td class="count">([^<]*)</td>', page)
    return [int(one.replace(",", "").replace("\u202f", "")) for one in cells if re.fullmatch(r"[\d,\u202f]+", one)]


def test_a_deployment_that_does_not_publish_has_no_such_page(house):
    settings = house.runtime.service.settings
    before = settings.transparency
    object.__setattr__(settings, "transparency", before.model_copy(update={"published": False}))
    try:
        answer = asked(house)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
        assert "Cette page n’existe pas" in asked(house, "/transparency?lang=fr").text
    finally:
        object.__setattr__(settings, "transparency", before)


def test_it_shows_figures_and_no_number_from_1_to_4(house):
    page = asked(house).text
    assert "Figures of A small forum" in page
    found = numbers(page)
    assert len(found) > 60
    assert [one for one in found if 0 < one < 5] == []
    assert page.count("<svg") >= 5
    assert "not shown" in page
    assert re.search(r"Share.*likeness.*\d\d\.\d %", text_of(page))


def test_it_is_the_same_in_french_with_french_numbers(house):
    page = asked(house, **{"accept-language": "fr-FR,fr;q=0.9"}).text
    assert '<html lang="fr">' in page
    assert "Les chiffres de A small forum" in page
    assert "décembre 2025" in page
    assert re.search(r"\d\d,\d[\s\u202f\u00a0]%", page)
    assert "not shown" not in page
    assert numbers(page) == numbers(asked(house).text)


@pytest.mark.parametrize("path", ["/transparency", "/transparency?lang=fr"])
def test_nothing_is_sent_run_or_kept(house, path):
    staff = house.browser("rita", Role.REVIEWER)
    for answer in (asked(house, path), staff.get(path), asked(house, path, accept="*/*")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
    for answer in (asked(house, path), staff.get(path)):
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text


def test_it_may_be_kept_for_a_while_and_says_how_to_check_it(house):
    answer = asked(house)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert 'href="/ledger/key"' in answer.text
    assert "rempart stats verify" in answer.text
    assert asked(house, "/ledger/key").status_code == 200


def test_the_page_is_made_anew_when_more_was_counted(house):
    before = asked(house).text
    assert asked(house).text == before
    with house.store.write() as conn:
        counts.add(conn, {("2026-06-09", "notices", "self"): 1000})
        conn.execute(text("UPDATE ledger_count_marks SET value = value + 1 WHERE name = 'position'"))
    try:
        assert "1,0" in asked(house).text
    finally:
        with house.store.write() as conn:
            counts.add(conn, {("2026-06-09", "notices", "self"): -1000})
            conn.execute(text("UPDATE ledger_count_marks SET value = value - 1 WHERE name = 'position'"))
    assert asked(house).text == before


def test_lists_are_not_told_of(house):
    assert "list_" not in asked(house).text


def test_what_the_page_shows_of_the_last_period_is_what_its_report_says(house):
    with house.store.read() as conn:
        found = shown(conn, today=datetime(2026, 11, 22, tzinfo=UTC).date(), every=Every.YEAR)
    assert (f"{found.period.first}", f"{found.period.last}") == ("2025-01-01", "2025-12-31")
    runs = [one for one in found.series["checks"] if one.last.startswith("2025")]
    assert runs[-1].last == "2025-12"
    assert all(one.judged is None or one.judged >= 5 for one in found.detectors)
    assert {one.by for one in found.detectors} == {"technique", "probe"}


@pytest.mark.parametrize(("minutes", "english", "french"), [
    (35, "35 minutes", "35 minutes"), (150, "3 hours", "3 heures"), (2880, "2 days", "2 jours"),
    (5, "5 minutes", "5 minutes"),
])  # fmt: skip
def test_lengths_in_words(minutes, english, french):
    assert (took(minutes, texts("en")), took(minutes, texts("fr"))) == (english, french)


def test_names_of_months():
    assert label_of(Run(first="2026-01", last="2026-03", count=9), "en") == "January – March 2026"
    assert label_of(Run(first="2026-01", last="2026-01", count=9), "fr") == "janvier 2026"
