"""Orders at the command line: entered with their zone, worked on, and read again."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from commands import command
from hosting import host
from rempart.store.engine import Store
from serving import make_data

PARIS = timedelta(hours=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("orders") / "data")
    with Store.open(settings.database_url) as store, store.write() as conn:
        host(conn, 7)
    return settings.data


def told(data, *words, code=0):
    done = command("order", *words, "--data", data)
    assert done.returncode == code, done.stderr
    return done.stdout


def take(data, *more, reference):
    local = (datetime.now(UTC) - timedelta(hours=2) + PARIS).strftime("%Y-%m-%dT%H:%M+01:00")
    said = (
        "--authority", "OFAC", "--class", "police", "--country", "fr", "--reference", reference, "--received", local,
        "--topic", "child_safety", "--json",
    )  # fmt: skip
    return json.loads(told(data, "take", *more, *said))


def test_an_order_for_information_is_taken_answered_and_closed(data):
    first = take(data, "forum/photo-7", "--kind", "information", "--law", "eu-dsa-10", reference="PV 17")
    taken = take(data, "forum/photo-7", "--kind", "information", reference="pv 17")
    assert (first["twins"], taken["twins"]) == ([], [first["order"]])
    order = taken["order"]
    assert told(data, "acknowledge", order) == "Noted.\n"
    assert told(data, "disclose", order, "--what", "account").startswith("disclosure_")
    assert "OFAC (police): account; request" in told(data, "disclosures")
    told(data, "contest", order, "--why", "The wrong service.")
    told(data, "contest", order, "--ended", "rejected")
    told(data, "close", order, "--outcome", "done", "--answer", "Sent by the portal.")
    shown = json.loads(told(data, "show", order, "--json"))
    stands = shown["state"], shown["outcome"], shown["contest"], shown["zone"]
    assert stands == ("closed", "done", "rejected", "+01:00")
    assert shown["texts"]["answer"] == "Sent by the portal."
    assert [one["what"] for one in shown["disclosures"]] == [["account"]]
    closed = json.loads(told(data, "list", "--state", "closed", "--json"))
    assert order in [one["id"] for one in closed["orders"]]


def test_a_time_that_is_over_is_listed_with_an_exit_code_until_there_is_more(data):
    order = take(data, "https://forum.example/17", "--kind", "removal", "--law", "eu-tco", reference="TCO 1")["order"]
    assert f"{order}  removal  open  OFAC, TCO 1" in told(data, "list", code=1)
    text = told(data, "show", order)
    assert "eu-tco, to act, is due" in text
    assert "1. https://forum.example/17: waiting, case_" in text
    end = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%MZ")
    told(data, "extend", order, "--until", end, "--why", "They agreed.")
    assert "overdue" not in told(data, "list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "order_none"), "There is no such order."),
        (("extend", "order_none", "--until", "tomorrow", "--why", "x"), "is no time"),
        (("extend", "order_none", "--until", "2026-11-22T09:30", "--why", "x"), "no zone"),
        (("contest", "order_none"), "--why or --ended"),
        (("release", "order_none", "--why", "x"), "There is no such order."),
        (("destroy", "order_none"), "asked for by a person"),
        (("disclose", "order_none", "--what", "content"), "Invalid value"),
        (("take", "x", "--kind", "removal"), "Missing option"),
        (("list", "--after", "x"), "There is no such page."),
        (("disclosures", "--before", "x"), "There is no such page."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(data, words, said):
    done = command("order", *words, "--data", data)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
