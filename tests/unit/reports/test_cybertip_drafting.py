"""What is read of a context, what is suggested, what is measured, and which files one look shows all of."""

import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from actors import NOON
from pictures import encode, jpeg, scene
from rempart.reports.cybertip.document.records import FileDetails, IncidentType, PersonReported
from rempart.reports.cybertip.drafting.composing import compose
from rempart.reports.cybertip.drafting.facts import (
    MOST_REPORTS,
    Frozen,
    FrozenAccount,
    FrozenFact,
    FrozenItem,
    by_account,
)
from rempart.reports.cybertip.drafting.kinds import Kind, kind_of
from rempart.reports.cybertip.drafting.meter import _THERE, _table, measured
from rempart.reports.cybertip.drafting.suggesting import machine_made, suggestions
from rempart.reports.cybertip.drafting.told import KEYS, told_of
from rempart.signals.wholeness import one_picture
from reporting import HOUSE

ACCOUNT = FrozenAccount(service="forum", uploader="kite_0")


def item(number=1, **more):
    values = {"service": "forum", "item_id": f"photo-{number}", "asked": NOON, "object": f"object_{number}"}
    return FrozenItem(number=number, **values | {"signals": {"sha256": f"{number:064x}"}} | more)


def frozen(*items, **more):
    return Frozen(**{"at": NOON, "case_kind": "match", "account": ACCOUNT, "items": items} | more)


def composed(found, house=HOUSE):
    return compose(found, house, refs=(f"rfile_{n}" for n in range(99)))


def test_facts_survive_being_stored():
    whole = frozen(
        item(uploader="kite_0", url="https://x.example", published=True, context={"account.email": "k@x.example"}),
        facts=(FrozenFact(kind="text", at=NOON, text="words"),), categories=(("uk-abc", "A"),), image_kind="derivative",
        origin=(("c2pa", "a note"),), danger=True, single=True, more=3,
    )  # fmt: skip
    assert Frozen.of(json.loads(json.dumps(whole.document()))) == whole


def test_each_account_is_a_report_and_what_is_left_is_counted():
    many = [item(n, uploader=f"u{n % (MOST_REPORTS + 2)}") for n in range(2 * MOST_REPORTS)]
    parts = by_account(frozen(*many, account=None))
    assert len(parts) == MOST_REPORTS
    assert sum(len(one.items) + one.more for one in parts) == len(many)
    assert by_account(frozen(account=ACCOUNT)) == (frozen(account=ACCOUNT),)


@pytest.mark.parametrize(
    ("key", "value"),
    [("upload.at", "2026-02-28T09:00:00"), ("upload.ip", "300.1.1.1"), ("upload.port", 70_000), ("upload.port", True),
     ("account.email", "  "), ("account.email_verified", "yes"), ("account.born", "yesterday"),
     ("account.nickname", "x")],
)  # fmt: skip
def test_what_cannot_be_read_of_a_context_is_left_out_and_named(key, value):
    told = told_of({key: value, "place": "wall"})
    assert told.unread == (key,)
    assert (told.person, told.ip_event, told.uploaded) == (None, None, None)


def test_every_key_of_the_context_is_in_the_documentation(request):
    page = (request.config.rootpath / "docs/howto/report-accounts.md").read_text("utf-8")
    assert [one for one in KEYS if f"`{one}`" not in page] == []


def test_a_draft_leaves_open_what_people_judge_and_sends_the_same_bytes_once():
    found = composed(frozen(item(1), replace(item(2), signals=item(1).signals), item(3, object=None)))
    [file] = found.tip.files
    assert (file.annotations, file.classification, file.viewed) == (frozenset(), None, None)
    assert found.tip.report.incident.type is None
    assert found.held["rfile_0"].item == 1
    assert f"SHA256 {3:064x}" in found.tip.report.additional_info  # of what was never kept
    assert f"{1:064x}" not in found.tip.report.additional_info


def test_an_account_without_any_picture_is_a_report_of_its_own_kind():
    said = (
        FrozenFact(kind="text", at=NOON, text="An offer."),
        FrozenFact(kind="linked_account", at=NOON, uploader="h"),
    )
    whole = frozen(facts=said, case_kind="account")
    found = composed(whole)
    assert kind_of(whole, found.tip) is Kind.ACCOUNT
    assert found.tip.report.additional_info == "Text: An offer."
    assert found.tip.report.persons[0].additional_info.endswith("h")
    assert suggestions(replace(whole, categories=(("uk-abc", "A"),)), house=HOUSE) == ()
    assert {one.key for one in measured(found.tip, kind=Kind.ACCOUNT).missing} >= {"victim", "ip_event"}


@pytest.mark.parametrize(
    ("category", "expected"),
    [(("uk-abc", "C"), {("report.incident.type", IncidentType.IMAGES.value)}),
     (("vic-us", "3"), {("report.incident.type", IncidentType.IMAGES.value),
                        ("files[].annotations", "animeDrawingVirtualHentai")}),
     (("ncmec-industry", "A2"), {("report.incident.type", IncidentType.IMAGES.value)}),
     (("intimate", "altered"), set()), (("own-scheme", "x"), set())],
)  # fmt: skip
def test_categories_suggest_and_classes_only_where_the_operator_may(category, expected):
    whole = frozen(item(), categories=(category,))
    assert {(one.field, one.value) for one in suggestions(whole, house=HOUSE)} == expected
    told = suggestions(whole, house=replace(HOUSE, may_classify=True))
    assert any(one.field == "files[].classification" for one in told) == (category[0] == "ncmec-industry")


def test_signs_of_a_machine_stand_beside_the_question_and_suggest_nothing():
    whole = frozen(item(), origin=(("c2pa", "signed by a generator"), ("watermark", "")))
    assert [one.basis for one in machine_made(whole)] == ["c2pa", "watermark"]
    assert suggestions(whole, house=HOUSE) == ()


def test_the_meter_counts_what_is_there_and_says_why_the_rest_matters():
    found = composed(frozen(item(context={"upload.ip": "203.0.113.9", "upload.at": "2026-02-28T09:00:00Z"})))
    meter = measured(found.tip, kind=Kind.FILES)
    assert {"account", "ip_event", "file", "upload_time", "incident_time"} <= {
        one.key for one in meter.measures if one.there
    }  # fmt: skip
    assert meter.missing[0].key == "incident_type"
    assert 0 < meter.percent < 100
    more = replace(found.tip, files=tuple(replace(one, viewed=True) for one in found.tip.files))
    assert measured(more, kind=Kind.FILES).percent > meter.percent


def test_the_meter_speaks_of_all_it_measures_in_both_languages():
    assert {one["key"] for one in _table()} == set(_THERE)
    assert all(len(one[name]) == 2 and all(one[name]) for one in _table() for name in ("en", "fr"))


def test_an_empty_report_measures_as_nothing():
    found = composed(frozen(account=None, items=(item(object=None),)))
    tip = replace(found.tip, report=replace(found.tip.report, incident=replace(found.tip.report.incident, at=None)))
    meter = measured(tip, kind=Kind.HASHES)
    assert [one.key for one in meter.measures if one.there] == []
    assert measured(replace(tip, files=(FileDetails(),)), kind=Kind.FILES).percent > 0
    person = replace(tip.report, persons=(PersonReported(screen_name="x"),))
    assert measured(replace(tip, report=person), kind=Kind.HASHES).percent > 0


def saved(format, frames=1, **more):
    pictures = [Image.fromarray(scene(seed, 40, 30)) for seed in range(frames)]
    stream = io.BytesIO()
    again = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(stream, format, **again, **more)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [(jpeg(1), "image/jpeg", True), (saved("MPO", 2), "image/jpeg", False),
     (saved("PNG"), "image/png", True), (saved("PNG", 2), "image/png", False),
     (saved("WEBP"), "image/webp", True), (saved("WEBP", 2), "image/webp", False),
     (saved("GIF"), "image/gif", True), (saved("GIF", 2), "image/gif", False), (saved("GIF", 3), "image/gif", False),
     (saved("TIFF"), "image/tiff", True), (saved("TIFF", 2), "image/tiff", False),
     (saved("BMP"), "image/bmp", True), (encode(scene(1), "AVIF"), "image/avif", False), (b"", "image/gif", False),
     (b"GIF89a", "image/gif", False), (b"II*\0\xff\xff\xff\xff", "image/tiff", False), (jpeg(1), "video/mp4", False)],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_one_look_shows_all_of_a_file_only_where_there_is_one_picture_in_it(data, kind, expected):
    assert one_picture(data, kind) is expected


def test_every_cut_of_a_file_is_read_without_harm():
    for data, kind in ((saved("GIF", 2), "image/gif"), (saved("TIFF", 2), "image/tiff")):
        for end in range(0, len(data), 7):
            one_picture(data[:end], kind)
