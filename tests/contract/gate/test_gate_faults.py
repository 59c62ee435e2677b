"""A generator or a service that is slow, gone or answers nonsense: nothing that was not checked goes out."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from generators import generating
from inprocess import free_port
from pictures import encode, scene
from rempart.gate.limits import GateLimits

PHOTO = encode(scene(1, 320, 240))
ASKED = {"prompt": "a calm sea"}
PATIENT = GateLimits(upstream_seconds=10, body_seconds=5, answer_bytes=2 << 20)
QUICK = replace(PATIENT, upstream_seconds=0.4, body_seconds=0.4)


def post(here, body=None, path="/v1/images/generations", **options):
    return here.http.post(here.url + path, json=ASKED if body is None else body, timeout=20, **options)


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("hang", (504, "upstream_timeout")), ("close", (502, "upstream_unreachable")),
        ("half", (502, "upstream_unreachable")), ("flood", (502, "upstream_answer")),
        ("garbage", (502, "upstream_answer")), ("empty", (502, "upstream_answer")),
        ("packed", (502, "upstream_answer")), ("cut", (400, "picture_refused")), ("redirect", (502, "upstream_error")),
    ],
)  # fmt: skip
def test_a_generator_that_fails_gives_nothing_out(stage, behaviour, expected):
    here = stage(limits=QUICK if behaviour == "hang" else PATIENT)
    here.generator.behaviours = [behaviour]
    answer = post(here)
    assert code(answer) == expected
    assert b"b64_json" not in answer.content


def test_a_generator_that_is_not_there_is_told(stage):
    here = stage(upstream=f"http://127.0.0.1:{free_port()}")
    assert code(post(here)) == (502, "upstream_unreachable")


def test_a_stream_that_ends_with_its_partial_pictures_gives_nothing_out(stage):
    here = stage()
    here.generator.behaviours = ["partial", "garbage"]
    told = [code(post(here, {**ASKED, "stream": True})) for _ in range(2)]
    assert told == [(502, "upstream_answer")] * 2
    assert here.service.asked == []


def test_the_generators_own_words_of_an_error_pass_with_its_status(stage):
    here = stage()
    here.generator.behaviours = ["error"]
    answer = post(here)
    assert (code(answer), answer.json()["error"]["message"]) == ((400, "upstream_error"), "This size is not known.")


@pytest.mark.parametrize("behaviour", ["elsewhere", "redirect"])
def test_a_picture_that_lies_elsewhere_is_not_fetched(stage, behaviour):
    here = stage()
    with generating() as stranger:
        here.generator.elsewhere = stranger.url + "/files/0.png"
        here.generator.behaviours = [behaviour]
        answer = post(here, {**ASKED, "response_format": "url"})
        assert answer.status_code == 502
        assert stranger.asked == []


@pytest.mark.parametrize("behaviour", [500, 503, 401, 403, "hang", "close", "garbage", "odd"])
@pytest.mark.parametrize("question", ["reference", "output"])
def test_a_check_that_cannot_be_made_stops_the_request(stage, behaviour, question):
    here = stage(seconds=0.3 if behaviour == "hang" else 10)
    here.service.behaviours = [behaviour] if question == "reference" else ["well", behaviour]
    answer = here.http.post(
        f"{here.url}/v1/images/edits", data=ASKED, files={"image": ("a.jpg", PHOTO, "image/jpeg")}, timeout=20
    )  # fmt: skip
    assert code(answer) == (503, "not_checked")
    assert answer.headers["retry-after"] == "5"
    assert len(here.generator.asked) == (0 if question == "reference" else 1)


def test_the_log_says_when_it_is_the_key(stage, caplog):
    here = stage()
    here.service.behaviours = [403]
    assert code(post(here)) == (503, "not_checked")
    assert "a key of the scope `generator`" in caplog.text


def test_an_allowed_output_without_a_picture_is_not_given_out(stage):
    here = stage()
    here.service.behaviours = ["bare"]
    assert code(post(here)) == (503, "not_checked")


def test_tries_that_are_used_up_are_told_with_a_time(stage):
    here = stage()
    here.service.behaviours = [429]
    answer = here.http.post(f"{here.url}/v1/images/edits", data=ASKED, files={"image": ("a.jpg", PHOTO, "image/jpeg")})
    assert code(answer) == (429, "too_many_pictures")
    assert here.generator.asked == []


def test_a_refusal_takes_as_long_as_all_its_pictures_whichever_it_was(stage):
    here = stage()
    here.service.slow = 0.3
    here.service.refuse(PHOTO)
    files = [("image[]", ("a.jpg", data, "image/jpeg")) for data in (PHOTO, encode(scene(5, 320, 240)))]
    answer = here.http.post(f"{here.url}/v1/images/edits", data=ASKED, files=files)
    assert code(answer) == (400, "picture_refused")
    assert len(here.service.asked) == 2


def test_requests_past_the_number_at_once_are_told_to_come_back(stage):
    here = stage(limits=replace(PATIENT, at_once=1, upstream_seconds=1.5))
    here.generator.behaviours = ["hang"]
    with ThreadPoolExecutor() as threads:
        first = threads.submit(post, here)
        while not here.generator.asked:
            time.sleep(0.01)
        assert code(post(here)) == (503, "busy")
        assert first.result().status_code == 504


def test_bodies_that_arrive_together_have_a_bound(stage):
    here = stage(limits=replace(PATIENT, at_once=0))
    assert code(post(here)) == (503, "busy")


def test_a_body_that_is_too_long_or_too_slow_is_not_waited_for(stage):
    here = stage(limits=replace(QUICK, body_bytes=10_000))
    assert code(post(here, {"prompt": "calm " * 4_000})) == (413, "too_large")
    place = urlsplit(here.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as sent:
        sent.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\n"
            b"Content-Length: 500\r\n\r\n{"
        )
        began = time.monotonic()
        assert sent.recv(100).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 5
    assert here.generator.asked == []


def test_who_hangs_up_ends_the_work_for_the_next(stage):
    here = stage(limits=replace(PATIENT, at_once=1))
    here.generator.behaviours = ["hang"]
    with pytest.raises(httpx.ReadTimeout):
        post_briefly(here)
    for _ in range(100):
        if post(here).status_code == 200:
            return
        time.sleep(0.02)
    raise AssertionError("the place was never free again")


def post_briefly(here):
    return here.http.post(here.url + "/v1/images/generations", json=ASKED, timeout=0.3)


def test_a_service_that_is_not_there_stops_everything(stage):
    here = stage(server=f"http://127.0.0.1:{free_port()}")
    assert code(post(here)) == (503, "not_checked")


def test_requests_at_the_same_time_do_not_mix(stage):
    here = stage()
    photos = [encode(scene(seed, 120, 90)) for seed in range(8)]
    for one in photos[::3]:
        here.service.refuse(one)

    def asked(number):
        body = {"prompt": f"sea {number}", "user": f"u-{number}"}
        files = {"image": ("a.jpg", photos[number], "image/jpeg")}
        return here.http.post(f"{here.url}/v1/images/edits", data=body, files=files).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(asked, range(8)))
    assert statuses == [400 if number % 3 == 0 else 200 for number in range(8)]
    told = {(user, data) for path, user, _, data in here.service.asked if path.endswith("/reference")}
    assert told == {(f"u-{number}", photo) for number, photo in enumerate(photos)}
    assert {data for one in here.generator.asked for _, data in one.pictures} == set(photos) - set(photos[::3])
