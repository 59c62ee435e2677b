"""What does not go through: paths nobody named, fields nobody knows, pictures in disguise, requests of other sites."""

import base64
import json
import math

import pytest

from generators import made_picture
from pictures import encode, scene

PHOTO = encode(scene(1, 320, 240))
PACKED = base64.b64encode(PHOTO).decode()
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"), ("POST", "/v1/responses"), ("GET", "/v1/models"), ("GET", "/"),
        ("POST", "/sdapi/v1/extra-single-image"), ("GET", "/sdapi/v1/progress"), ("POST", "/sdapi/v1/options"),
        ("POST", "/v1/images/generations/"), ("POST", "/v1/images/../images/generations/x"),
        ("POST", "/v1/images/generations?api-version=1"), ("DELETE", "/v1/models/painter-1"),
    ],
)  # fmt: skip
def test_what_nobody_named_is_refused_and_not_passed_on(stage, method, path):
    here = stage()
    assert code(here.http.request(method, here.url + path, json={} if method == "POST" else None)) == (
        404,
        "not_through",
    )
    assert here.generator.asked == []


def test_named_paths_are_read_and_no_picture_comes_out_of_them(stage):
    here = stage(passes=["/v1/models", "/sdapi/v1/progress?skip_current_image=false"])
    assert [one.id for one in here.client.models.list()] == ["painter-1"]
    answer = here.http.get(f"{here.url}/sdapi/v1/progress?skip_current_image=false")
    assert code(answer) == (502, "upstream_answer")
    assert here.http.get(f"{here.url}/sdapi/v1/progress").status_code == 404
    assert here.http.post(f"{here.url}/v1/models", json={}).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"image": PACKED}, {"file": "http://example.org/a.png"}, {"ref_images": [PACKED]}, {"svg": {"model": "m"}},
        {"prompt": PACKED}, {"prompt": ["a"]}, {"model": "m" * 600}, {"images": [{"image_url": PACKED}]},
        {"user": "line\nline"}, {"seed": 10**40}, {"mask": "x"},
        {"user": "\ud800"}, {"prompt": "a\udfff"}, {"n": math.inf}, {"\ud800": 1},
        {"QUJD" * 200: 1},
    ],
)  # fmt: skip
def test_a_field_that_nobody_knows_or_that_may_hold_a_picture_is_refused(stage, fields):
    here = stage()
    body = json.dumps({"prompt": "a calm sea", **fields}).replace("Infinity", "1e999").encode()
    answer = here.http.post(here.url + GENERATIONS, content=body, headers={"content-type": "application/json"})
    assert code(answer) == (400, "field")
    assert here.generator.asked == []


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        (GENERATIONS, {"n": 17}), (GENERATIONS, {"n": 10**9}), (GENERATIONS, {"n": 1e30}),
        ("/sdapi/v1/txt2img", {"batch_size": 5, "n_iter": 4}), ("/sdapi/v1/txt2img", {"n_iter": 10**6}),
    ],
)  # fmt: skip
def test_more_pictures_than_an_answer_may_hold_are_not_made(stage, path, counts):
    here = stage()
    answer = here.http.post(here.url + path, json={"prompt": "a calm sea", **counts})
    assert (answer.status_code, "More than 16 pictures" in answer.text) == (400, True)
    assert here.generator.asked == []


def test_numbers_pass_under_any_name_and_named_fields_as_text(stage):
    here = stage(fields=["lora"])
    body = {"prompt": "a calm sea", "seed": 7, "guidance_scale": 3.5, "tiled": True, "lora": "soft", "style": None}
    assert here.http.post(here.url + GENERATIONS, json=body).status_code == 200
    assert here.generator.asked[0].fields == body


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"\xff\xfe{}", b'{"n": NaN}', b'{"prompt": "a", "prompt": "b"}', b"[" * 100_000,
        b'{"a":' * 20_000, b'{"n": ' + b"9" * 5_000 + b"}", b"", b'{"x": [' + b"1," * 60_000 + b"1]}",
    ],
)  # fmt: skip
def test_a_body_in_which_two_readers_could_see_two_things_is_refused(stage, body):
    here = stage()
    answer = here.http.post(here.url + GENERATIONS, content=body, headers={"content-type": "application/json"})
    assert code(answer) == (400, "invalid_request")
    assert here.generator.asked == []


@pytest.mark.parametrize("link", ["https://example.org/a.png", "file:///etc/passwd", PACKED, {"url": "x"}, None])
def test_a_picture_that_lies_elsewhere_cannot_be_a_reference(stage, link):
    here = stage()
    answer = here.http.post(here.url + EDITS, json={"prompt": "with rain", "images": [{"image_url": link}]})
    assert answer.status_code == 400
    assert here.http.post(here.url + EDITS, json={"prompt": "x", "images": [{"file_id": "file-1"}]}).status_code == 400
    assert here.generator.asked == here.service.asked == []


def test_pictures_in_a_json_body_are_checked_and_written_anew(stage):
    here = stage()
    body = {"prompt": "with rain", "images": [{"image_url": f"data:image/png;base64,{PACKED}"}]}
    assert here.http.post(here.url + EDITS, json=body).status_code == 200
    assert here.service.bodies("reference") == [PHOTO]
    assert here.generator.asked[0].fields["images"] == [{"image_url": f"data:image/jpeg;base64,{PACKED}"}]


@pytest.mark.parametrize(
    "files",
    [
        [("unknown", ("a.png", PHOTO, "image/png"))],
        [("mask", ("a.png", PHOTO, "image/png")), ("mask", ("b.png", PHOTO, "image/png"))],
        [("image", ("a.png", PHOTO, "image/png"))] * 17,
        [("prompt", ("a.png", b"words", "text/plain")), ("image", ("a.png", PHOTO, "image/png"))],
        [("image", ("a.png", PHOTO, "image/png"))] * 70,
    ],
)
def test_a_form_with_pictures_where_none_belong_is_refused(stage, files):
    here = stage()
    answer = here.http.post(here.url + EDITS, data={"model": "m"}, files=files)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("field", "invalid_request", "too_many")
    assert here.generator.asked == []


def test_an_edit_without_a_picture_and_other_kinds_of_bodies_are_refused(stage):
    here = stage()
    assert code(here.http.post(here.url + EDITS, json={"prompt": "x"})) == (400, "invalid_request")
    assert code(here.http.post(here.url + EDITS, content=b"a=b")) == (415, "media_type")
    packed = {"content-encoding": "gzip", "content-type": "application/json"}
    assert code(here.http.post(here.url + GENERATIONS, content=b"\x1f\x8b", headers=packed)) == (415, "media_type")
    assert here.http.get(here.url + GENERATIONS).status_code == 405


def test_what_the_generator_reads_of_a_form_is_what_was_checked(stage):
    """A file name, a header or an epilogue that another reader might take otherwise is not passed on."""
    here = stage()
    body = (
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nwith rain\r\n'
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="../a.png"\r\n'
        b"X-Other: 1\r\n\r\n" + PHOTO + b'\r\n--b--\r\n--b\r\nContent-Disposition: form-data; name="image"; '
        b'filename="x"\r\n\r\nhidden\r\n--b--\r\n'
    )
    answer = here.http.post(here.url + EDITS, content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    if answer.status_code == 200:
        sent = here.generator.asked[0]
        assert sent.pictures == [("image", PHOTO)]
        assert b"hidden" not in sent.body
        assert b".." not in sent.body.split(b"\r\n\r\n")[0]
        assert b"X-Other" not in sent.body
    else:
        assert here.generator.asked == []


def test_whom_a_request_is_for_comes_from_the_header_that_the_operator_named(stage):
    here = stage(user_header="x-account")
    body = {"prompt": "a calm sea", "user": "somebody else"}
    assert code(here.http.post(here.url + GENERATIONS, json=body)) == (400, "no_user")
    assert here.http.post(here.url + GENERATIONS, json=body, headers={"x-account": "u" * 300}).status_code == 400
    assert here.http.post(here.url + GENERATIONS, json=body, headers={"x-account": "u/4711"}).status_code == 200
    twice = [("x-account", "u/4711"), ("x-account", "u/4712")]
    assert code(here.http.post(here.url + GENERATIONS, json=body, headers=twice)) == (400, "no_user")
    assert {user for _, user, _, _ in here.service.asked} == {"u/4711"}
    assert "x-account" not in here.generator.asked[0].headers


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"}, {"origin": "https://example.org"}, {"sec-fetch-site": "same-site"},
        {"origin": "http://example.org", "host": "example.org"},
        {"sec-fetch-site": "same-origin", "host": "example.org"},
        {"origin": "null"}, {"sec-fetch-site": "none", "host": "[::"},
    ],
)  # fmt: skip
def test_a_page_of_another_site_cannot_ask(stage, headers):
    here = stage()
    answer = here.http.post(here.url + GENERATIONS, json={"prompt": "a calm sea"}, headers=headers)
    assert code(answer) == (403, "foreign")
    assert here.generator.asked == []


def test_a_page_of_the_gates_own_address_can_ask(stage):
    here = stage(public_url="https://pictures.example")
    own = here.url.partition("://")[2]
    for host, origin in ((own, f"http://{own}"), ("pictures.example", "https://pictures.example")):
        headers = {"sec-fetch-site": "same-origin", "origin": origin, "host": host}
        assert here.http.post(here.url + GENERATIONS, json={"prompt": "sea"}, headers=headers).status_code == 200


def test_prompts_and_people_are_not_logged(stage, caplog):
    here = stage()
    caplog.set_level("DEBUG")
    here.http.post(here.url + GENERATIONS, json={"prompt": "a calm sea", "user": "somebody"})
    here.service.refuse(made_picture(0))
    here.http.post(here.url + GENERATIONS, json={"prompt": "a calm sea", "user": "somebody"})
    logged = json.dumps([record.getMessage() for record in caplog.records])
    assert "calm" not in logged
    assert "somebody" not in logged
    assert "/v1/images/generations answered with 200" in logged
