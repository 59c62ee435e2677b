"""The gate's routes, asked as a generator's service asks them."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select

from inprocess import served
from pictures import encode, jpeg, scene
from rempart.clock import utc_now
from rempart.intake.generator.protection import protect
from rempart.intake.generator.recognising import recognise
from rempart.intake.generator.records.generated import generated
from rempart.lists.entry import EntrySignal
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read_any
from rempart.server.app import create_app
from rempart.server.runtime import Runtime
from rempart.settings import GateSettings
from rempart.signals.digests import digest_bytes
from serving import add_list, make_data, make_key

STEP = 0.4
SETTINGS = f"[gate]\nrefusal_seconds = {STEP}\nrefusals_a_day = 3\ntries_an_hour = 1000\n"
LISTED, PROTECTED, UNREADABLE = jpeg(1), jpeg(2), jpeg(3)[:200]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("gate") / "data", more=SETTINGS)
    with Runtime(settings) as runtime:
        service = runtime.service
        add_list(service.store, "known", [digest_bytes(LISTED).sha256])
        service.lists.catch_up()
        seen = service.checker.examined_now(PROTECTED)
        signals = [EntrySignal(signal=seen.pdq, quality=seen.pdq_quality)]
        protect(service.store, signals, by=CONSOLE, at=utc_now())
        service.protected.catch_up()
        yield runtime


@pytest.fixture(scope="module")
def client(runtime):
    key = make_key(runtime.service.store, Scope.GENERATOR)
    with (
        served(create_app(runtime.service, runtime.access)) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client,
    ):
        yield client


def bring(client, data, **asked):
    headers = {"Content-Type": "image/jpeg", **asked.pop("headers", {})}
    return client.post("/v1/gate/reference", content=data, params=asked, headers=headers)


def take_out(client, data, **asked):
    asked = {"stamp": "false"} | asked
    return client.post("/v1/gate/output", content=data, params=asked, headers={"Content-Type": "image/jpeg"})


def test_a_photo_that_may_be_used_gets_its_record(client):
    answer = bring(client, jpeg(4), end_user="u1")
    assert answer.status_code == 200
    told = answer.json()
    assert told.keys() == {"verdict", "gate", "watermark"}
    assert told["watermark"] == {"found": False, "record_id": None}
    assert told["verdict"] == "allow"
    assert told["gate"].startswith("gate_")


def test_a_photo_that_was_stamped_here_is_told_by_its_mark_and_may_be_used(client):
    stamped = client.post("/v1/stamp", content=jpeg(7), headers={"Content-Type": "image/jpeg"})
    told = bring(client, stamped.content, end_user="u8").json()
    assert told["verdict"] == "allow"
    assert told["watermark"] == {"found": True, "record_id": stamped.headers["Rempart-Record"]}


def test_a_refusal_tells_nothing_of_a_mark(client):
    assert bring(client, PROTECTED, end_user="u7").json() == {"verdict": "block"}


def test_refusals_are_the_same_to_the_byte_and_leave_at_a_whole_step(client):
    answers = []
    for data in (LISTED, PROTECTED, UNREADABLE):
        began = time.monotonic()
        answers.append(bring(client, data, end_user="u2"))
        # Never sooner; a busy machine may be later.
        assert time.monotonic() - began >= STEP
    own = {"x-request-id", "date"}
    told = {
        (one.status_code, one.content, tuple((k, v) for k, v in one.headers.raw if k.decode().lower() not in own))
        for one in answers
    }
    assert len(told) == 1
    assert answers[0].content == b'{"verdict":"block"}'
    assert bring(client, jpeg(4), end_user="u2").status_code == 429


def test_a_check_that_fails_lets_nothing_pass_and_leaves_at_a_whole_step(client, runtime, monkeypatch):
    def away(content, **_):
        raise OSError("no worker")

    monkeypatch.setattr(runtime.service.checker, "examined_now", away)
    began = time.monotonic()
    answer = bring(client, jpeg(4), end_user="u3")
    assert time.monotonic() - began >= STEP
    assert answer.status_code == 500
    assert "verdict" not in answer.json()


def test_answers_are_counted_by_verdict_alone_and_bodies_are_let_go_before_a_refusal_waits(client, runtime):
    meters, bodies = runtime.service.meters, runtime.service.bodies

    def counted(verdict: str) -> float:
        return meters.registry.get_sample_value("rempart_gate_total", {"passage": "reference", "verdict": verdict}) or 0

    def let_go(end_user: str) -> bool:
        """Whether the body was seen, and was gone before the answer came."""
        held = []
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(bring, client, PROTECTED, end_user=end_user)
            while not waiting.done():
                held.append(bodies.held)
                time.sleep(STEP / 40)
        return max(held) > 0 == held[-1]

    before = counted("block"), counted("allow")
    # One that is answered just as its step ends waits for nothing: nobody sees whether its body was let go.
    tries = next(number for number in range(1, 8) if let_go(f"u9-{number}"))
    bring(client, jpeg(4), end_user="u9")
    assert (counted("block"), counted("allow")) == (before[0] + tries, before[1] + 1)


def test_who_asks_may_stand_in_a_header_and_only_once(client):
    header = {"Rempart-End-User": "u%C3%A9"}
    assert bring(client, jpeg(4), headers=header).status_code == 200
    twice = bring(client, jpeg(4), headers=header, end_user="u1")
    assert (twice.status_code, twice.json()["type"]) == (422, "urn:rempart:problem:invalid")


@pytest.mark.parametrize("name", ["", "a" * 257, "a\nb", "a\x7f"])
def test_a_name_that_is_none_is_refused(client, name):
    assert bring(client, jpeg(4), end_user=name).status_code == 422


def test_bodies_that_are_no_picture_by_their_own_word_are_refused(client):
    for kind, status in (("application/json", 415), ("text/plain", 415), ("multipart/form-data", 415)):
        assert bring(client, b"{}", headers={"Content-Type": kind}).status_code == status
    assert bring(client, b"").status_code == 422
    assert bring(client, jpeg(4), headers={"Content-Encoding": "gzip"}).status_code == 415


def test_another_scope_may_not(client, runtime):
    key = make_key(runtime.service.store, Scope.CHECK)
    answer = bring(client, jpeg(4), headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    assert "generator" in answer.json()["hint"]


def test_an_output_that_may_go_out_names_what_it_was_made_from(client, runtime):
    first = bring(client, jpeg(4), end_user="u5").json()["gate"]
    told = take_out(client, jpeg(5), end_user="u5", reference=first).json()
    assert told["verdict"] == "allow"
    unknown = take_out(client, jpeg(5), reference=told["gate"])
    assert unknown.status_code == 422
    assert take_out(client, jpeg(5), reference=[first] * 17).status_code == 422


def test_a_listed_or_unreadable_output_is_refused_in_the_same_words(client):
    copy = encode(scene(2, 480, 360), quality=50)
    answers = [take_out(client, data) for data in (LISTED, PROTECTED, copy, UNREADABLE)]
    assert {(one.status_code, one.content) for one in answers} == {(200, b'{"verdict":"block"}')}


@pytest.mark.parametrize("asked", [{"stamp": "yes"}, {"edited": "1"}, {"generator": "a" * 201}])
def test_words_that_are_none_are_refused(client, asked):
    assert take_out(client, jpeg(5), **asked).status_code == 422


def test_an_output_leaves_stamped_with_the_record_of_its_check(client, runtime):
    first = bring(client, jpeg(4), end_user="u6").json()["gate"]
    sent = jpeg(5, 640, 480)
    answer = take_out(client, sent, stamp="true", reference=first, generator="atelier 2.1", edited="true")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content != sent
    assert answer.headers["rempart-c2pa"] == "none"
    record, gate = int(answer.headers["rempart-record"], 16), answer.headers["rempart-gate"]
    found = read_any(pixels(answer.content), patterns(runtime))
    assert found is not None
    assert found.record == record
    with runtime.service.store.read() as conn:
        (known,) = recognise(conn, record=record)
    assert known.gate.id == gate
    assert [one.id for one in known.gate.references] == [first]


@pytest.mark.parametrize("data", [LISTED, PROTECTED, UNREADABLE], ids=["listed", "protected", "unreadable"])
def test_what_is_refused_is_never_stamped(client, runtime, data):
    before = count_generated(runtime)
    answer = take_out(client, data, stamp="true")
    assert (answer.status_code, answer.content) == (200, b'{"verdict":"block"}')
    assert count_generated(runtime) == before


def test_a_protected_photo_under_transparency_of_an_output_is_refused(client):
    shown = np.asarray(Image.open(BytesIO(PROTECTED)))
    clear = Image.fromarray(np.dstack([shown, np.zeros(shown.shape[:2], np.uint8)]), "RGBA")
    for stamp in ("true", "false"):
        assert take_out(client, encode(clear, "PNG"), stamp=stamp).content == b'{"verdict":"block"}'


def test_a_kind_that_is_not_stamped_is_told_so_only_where_nothing_speaks_against_it(client, runtime):
    cmyk = encode(Image.fromarray(scene(9)).convert("CMYK"))
    answer = take_out(client, cmyk, stamp="true")
    assert answer.status_code == 422
    assert take_out(client, cmyk).json()["verdict"] == "allow"
    add_list(runtime.service.store, "cmyk", [digest_bytes(cmyk).sha256])
    runtime.service.lists.catch_up()
    assert take_out(client, cmyk, stamp="true").json() == {"verdict": "block"}


def test_an_output_is_held_when_the_operators_checker_is_away(client, runtime, monkeypatch):
    away = runtime.service.settings.model_copy(update={"gate": GateSettings(checker_command=("/no/such/program",))})
    service = replace(runtime.service, settings=away)
    client_app = create_app(service, runtime.access)
    with served(client_app) as address:
        answer = httpx.post(
            f"{address}/v1/gate/output", content=jpeg(5), timeout=30,
            headers={"Content-Type": "image/jpeg", "Authorization": client.headers["authorization"]},
        )  # fmt: skip
    assert (answer.status_code, answer.json()) == (200, {"verdict": "hold"})


def count_generated(runtime) -> int:
    with runtime.service.store.read() as conn:
        return conn.execute(select(func.count()).select_from(generated)).scalar_one()


def pixels(data: bytes):
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def patterns(runtime):
    return [Pattern(key) for key in runtime.service.vault.keyring.mark_keys()]
