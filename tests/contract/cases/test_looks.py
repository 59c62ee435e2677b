"""Looks: to whom they are granted, what they show, and when they end."""

import io
import json
from datetime import timedelta

import anyio
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from looking import in_session, looking
from pictures import encode, exif, jpeg, scene
from rempart.cases.care.meter import exposure
from rempart.cases.records import grants as records
from rempart.cases.sight.evidence import Hindrance
from rempart.cases.sight.grants import HinderedError
from rempart.cases.work import claims, settings
from rempart.errors import (
    BudgetReachedError,
    ConflictError,
    LookOverError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
)
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.signals.derivatives import Step
from rempart.signals.drawing import drawing_pool
from rempart.signals.outcome import Limits

PHOTO = jpeg(7, 800, 600)


@pytest.fixture(scope="module")
def drawers():
    with drawing_pool(limits=Limits(seconds=10)) as pool:
        yield pool


@pytest.fixture
def desk(store, tmp_path, drawers):
    with looking(store, tmp_path, drawers) as found:
        yield found


@pytest.fixture
def rui(desk):
    return desk.person("rui")


@pytest.fixture
def case(desk, rui):
    found = desk.case(PHOTO)
    desk.claim(found, rui)
    return found


def opened_picture(derivative):
    image = Image.open(io.BytesIO(derivative.data))
    image.load()
    return image


def test_each_step_shows_a_new_picture_and_never_the_file(desk, rui, case):
    for step, size in (
        (Step.SKETCH, (480, 360)), (Step.SMALL, (160, 120)), (Step.BLURRED, (480, 360)), (Step.GREY, (480, 360)),
        (Step.ORIGINAL, (800, 600)),
    ):  # fmt: skip
        made = desk.picture(case, desk.ask(case, rui, step), rui)
        image = opened_picture(made)
        assert image.size == size == (made.width, made.height)
        assert PHOTO not in made.data
        assert made.data[-600:] not in PHOTO


def test_the_original_carries_the_viewers_stamp_in_its_pixels(desk, rui, case):
    other = desk.person("ana")
    made = desk.picture(case, desk.ask(case, rui, Step.ORIGINAL), rui)
    with desk.store.write() as conn:
        claims.release(conn, case, rui, at=desk.clock())
    desk.claim(case, other)
    theirs = desk.picture(case, desk.ask(case, other, Step.ORIGINAL), other)
    plain = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("L"), np.int16)
    for one in (made, theirs):
        assert (abs(np.asarray(opened_picture(one).convert("L"), np.int16) - plain) > 25).mean() > 0.01
    assert made.data != theirs.data


def test_a_look_needs_the_claim_the_role_and_a_session(desk, rui):
    case = desk.case(PHOTO)
    with pytest.raises(ConflictError):
        desk.ask(case, rui)
    curator, admin = desk.person("cleo", Role.CURATOR), desk.person("adi", Role.ADMINISTRATOR)
    for one in (curator, admin, CONSOLE):
        with pytest.raises(NotPermittedError):
            desk.ask(case, one)
    desk.claim(case, rui)
    other = desk.person("ana")
    with pytest.raises(ConflictError):
        desk.ask(case, other)


def test_a_grant_is_good_for_one_person_session_case_and_item(desk, rui, case):
    second, ana = desk.case(jpeg(8)), desk.person("ana")
    desk.claim(second, rui)
    grant = desk.ask(case, rui, item=1)
    for where, who in ((second, rui), (case, ana), (case, in_session(rui, "session_2")), ("case_none", rui)):
        with pytest.raises(NotFoundError):
            desk.picture(where, grant, who)
    with pytest.raises(NotFoundError):
        desk.ask(case, rui, item=2)  # the other case's
    assert desk.picture(case, grant, rui).data


def test_a_look_ends_when_covered_run_out_unused_or_the_claim_is_gone(desk, rui, case):
    covered = desk.ask(case, rui)
    desk.cover(rui, grant_id=covered)
    shown = desk.ask(case, rui, Step.ORIGINAL)
    desk.picture(case, shown, rui)
    unused = desk.ask(case, rui)
    with pytest.raises(LookOverError):
        desk.picture(case, covered, rui)
    desk.clock.forward(seconds=19)
    assert desk.picture(case, shown, rui).data  # once more, while it holds
    desk.clock.forward(seconds=2)
    with pytest.raises(LookOverError):
        desk.picture(case, shown, rui)
    desk.clock.forward(seconds=50)
    with pytest.raises(LookOverError):
        desk.picture(case, unused, rui)
    last = desk.ask(case, rui)
    with desk.store.write() as conn:
        claims.release(conn, case, rui, at=desk.clock())
    with pytest.raises(LookOverError):
        desk.picture(case, last, rui)


def test_a_look_covered_while_it_is_drawn_is_not_answered(desk, rui, case, monkeypatch):
    from rempart.cases.sight import showing

    grant = desk.ask(case, rui, Step.ORIGINAL)
    real = showing.draw

    def covered_meanwhile(*given, **named):
        desk.cover(rui)
        return real(*given, **named)

    monkeypatch.setattr(showing, "draw", covered_meanwhile)
    with pytest.raises(LookOverError):
        desk.picture(case, grant, rui)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).seconds == 0


def test_the_original_needs_a_purpose(desk, rui, case):
    for purpose, words in (("", ""), ("fun", "x"), ("other", "  ")):
        with pytest.raises(RefusedError):
            desk.ask(case, rui, Step.ORIGINAL, purpose=purpose, words=words)
    assert desk.ask(case, rui, Step.ORIGINAL, purpose="other", words="a question of the prosecutor")


def test_the_ledger_says_that_somebody_looked_and_nothing_about_whom(desk, rui, case):
    grant = desk.ask(case, rui, Step.ORIGINAL, purpose="report")
    desk.picture(case, grant, rui)
    with desk.store.read() as conn:
        bodies = [json.loads(body) for body in conn.execute(text("SELECT body FROM ledger_leaves")).scalars()]
        custody = conn.execute(text("SELECT who, action FROM vault_custody WHERE action = 'opened'")).all()
    looks = [one for one in bodies if one["action"] == "evidence.shown"]
    assert [(one["actor"], one["facts"]) for one in looks] == [(grant, {"step": "original"})]
    assert set(looks[0]["sealed"]) == {"at", "purpose", "subject", "viewer"}
    assert [one["actor"] for one in bodies if one["action"] == "vault.opened"] == [grant]
    assert [tuple(row) for row in custody] == [(grant, "opened")]
    mine = [one for one in bodies if one["actor"] == rui.pseudonym]
    assert {one["action"] for one in mine} == {"case.claimed"}


@pytest.mark.parametrize(
    ("content", "media_type", "told"),
    [
        (PHOTO[: len(PHOTO) // 2], "image/jpeg", Hindrance.UNREADABLE),
        (b"just words, and nothing to see", None, Hindrance.NO_PICTURE),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(500), None, Hindrance.FILM),
        (b"8BPS\0\x01" + bytes(100), "image/vnd.adobe.photoshop", Hindrance.UNKNOWN_FORMAT),
    ],
)
def test_what_cannot_be_shown_says_why(desk, rui, content, media_type, told):
    case = desk.case(content, media_type=media_type)
    desk.claim(case, rui)
    with pytest.raises(HinderedError) as caught:
        desk.picture(case, desk.ask(case, rui), rui)
    assert caught.value.hindrance is told
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).seconds == 0


def test_evidence_that_is_gone_or_sealed_under_another_key_says_so(desk, rui, case, tmp_path):
    grant = desk.ask(case, rui)
    key = tmp_path / "keys" / "service.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(HinderedError) as caught:
        desk.ask(case, rui)
    assert caught.value.hindrance is Hindrance.KEY_MISSING
    key.write_bytes(kept)
    with desk.store.write() as conn:
        object_id = records.find(conn, grant).object
        desk.vault.let_go(conn, basis="case", reference=case, by=CONSOLE)
        desk.vault.destroy(conn, object_id, reason="over", by=CONSOLE)
    for attempt in (lambda: desk.picture(case, grant, rui), lambda: desk.ask(case, rui)):
        with pytest.raises(HinderedError) as caught:
            attempt()
        assert caught.value.hindrance is Hindrance.DESTROYED


def test_a_missing_blob_and_a_damaged_one_say_so(desk, rui, tmp_path):
    gone, damaged = desk.case(PHOTO), desk.case(jpeg(9))
    blobs = sorted((tmp_path / "blobs").rglob("*"), key=lambda one: one.stat().st_mtime)
    first, second = [one for one in blobs if one.is_file()]
    first.unlink()
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    second.write_bytes(data)
    for case, item, told in ((gone, 1, Hindrance.MISSING), (damaged, 2, Hindrance.DAMAGED)):
        desk.claim(case, rui)
        with pytest.raises(HinderedError) as caught:
            desk.picture(case, desk.ask(case, rui, item=item), rui)
        assert caught.value.hindrance is told


def test_large_moving_and_turned_pictures_are_drawn(desk, rui):
    frames = [Image.fromarray(scene(n, 240, 180)) for n in range(3)]
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    turned = encode(scene(5, 300, 200), exif=exif(6))
    wide = encode(scene(6, 100, 80).repeat(50, 0).repeat(50, 1), quality=40)  # 20 megapixels
    for content, kind, size in (
        (moving.getvalue(), "image/gif", (240, 180)), (turned, "image/jpeg", (200, 300)), (wide, "image/jpeg", None),
    ):  # fmt: skip
        case = desk.case(content, media_type=kind)
        desk.claim(case, rui)
        made = desk.picture(case, desk.ask(case, rui, Step.ORIGINAL), rui)
        assert size is None or (made.width, made.height) == size
        assert made.width * made.height <= 16_100_000


def budgets(desk, **values):
    with desk.store.write() as conn:
        settings.put(conn, {"budgets": values}, by=CONSOLE, at=desk.clock())


def test_the_budget_of_reveals_holds_over_the_day_and_ends_with_a_rest(desk, rui, case):
    budgets(desk, reveals_per_day=2, seconds_per_day=1000)
    for _ in range(2):
        desk.picture(case, desk.ask(case, rui, Step.ORIGINAL), rui)
        desk.cover(rui)
    with pytest.raises(BudgetReachedError):
        desk.ask(case, rui, Step.ORIGINAL)
    assert desk.ask(case, rui, Step.SKETCH)  # less may still be shown
    desk.clock.forward(hours=6, minutes=2)
    desk.claim(case, rui)
    assert desk.ask(case, rui, Step.ORIGINAL)


def test_the_budget_of_seconds_counts_what_was_shown_and_not_what_was_covered(desk, rui, case):
    budgets(desk, seconds_per_day=61)
    desk.picture(case, desk.ask(case, rui), rui)
    desk.clock.forward(seconds=5)
    desk.cover(rui)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).seconds == 5
    desk.ask(case, rui)  # all its seconds are kept back, though nobody fetched it
    with pytest.raises(BudgetReachedError):
        desk.ask(case, rui)
    desk.clock.forward(seconds=61)
    assert desk.ask(case, rui)  # it was never fetched, and counts no more


def test_in_immediate_danger_no_budget_keeps_anyone_from_looking(desk, rui, case):
    from rempart.cases.records import cases

    budgets(desk, reveals_per_day=1)
    desk.picture(case, desk.ask(case, rui, Step.ORIGINAL), rui)
    with pytest.raises(BudgetReachedError):
        desk.ask(case, rui, Step.ORIGINAL)
    with desk.store.write() as conn:
        cases.change(conn, case, danger=True)
    assert desk.ask(case, rui, Step.ORIGINAL)


def test_two_tabs_at_once_do_not_pass_the_budget_together(desk, rui, case):
    from concurrent.futures import ThreadPoolExecutor

    budgets(desk, reveals_per_day=3)

    def attempt(_):
        try:
            return desk.ask(case, rui, Step.ORIGINAL)
        except BudgetReachedError:
            return None

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(attempt, range(8)))
    assert sum(one is not None for one in found) == 3


def test_working_time_begins_anew_after_a_pause(desk, rui, case):
    def working():
        with desk.store.read() as conn:
            return exposure(conn, rui.id, at=desk.clock()).working

    for _ in range(4):
        desk.picture(case, desk.ask(case, rui), rui)
        desk.clock.forward(minutes=8)
        desk.claim(case, rui)
    assert working() == timedelta(minutes=32)
    desk.clock.forward(minutes=11)
    assert working() == timedelta(0)


class _Slow:
    """A showing whose grant is covered after so many questions."""

    def __init__(self, good):
        self.good, self.asked = good, 0

    def is_good(self, *_, **__):
        self.asked += 1
        return self.asked <= self.good


def test_a_picture_that_is_covered_on_its_way_stops(rui, monkeypatch):
    from types import SimpleNamespace

    from rempart.server.pages.sight import pictures

    async def sent(sight):
        service = SimpleNamespace(sight=sight)
        parts = pictures._while_good(service, rui, "case_1", "look_1", bytes(5 * pictures._CHUNK))
        return [len(part) async for part in parts]

    monkeypatch.setattr(pictures, "_ASK_AGAIN_SECONDS", -1.0)
    assert anyio.run(sent, _Slow(99)) == [pictures._CHUNK] * 5
    assert anyio.run(sent, _Slow(2)) == [pictures._CHUNK] * 2
    assert anyio.run(sent, _Slow(0)) == []


def test_near_duplicates_are_looked_at_from_the_case_and_not_those_of_a_hidden_one(desk, rui, case):
    from rempart.cases.records import near, work

    other = desk.case(jpeg(31))
    alike = desk.number
    with pytest.raises(NotFoundError):
        desk.ask(case, rui, item=alike)
    with desk.store.write() as conn:
        near.propose(conn, [{"case_id": case, "item": alike, "sha256": b"s", "distance": 8, "probe": "canonical",
                             "state": "proposed", "by": None, "at": desk.clock()}])  # fmt: skip
    grant = desk.ask(case, rui, item=alike)
    assert desk.picture(case, grant, rui).data
    with desk.store.write() as conn:
        work.bar(conn, other, [rui.id])
    with pytest.raises(LookOverError):
        desk.picture(case, grant, rui)
    with pytest.raises(NotFoundError):
        desk.ask(case, rui, item=alike)
