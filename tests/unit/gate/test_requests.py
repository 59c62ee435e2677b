"""Requests and answers, read and written anew: what goes on is what was read, whatever came."""

import base64
import contextlib
import email
import email.policy
import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures import encode, scene
from rempart.gate import a1111, openai
from rempart.gate.answers import AnswerError
from rempart.gate.dialect import failed
from rempart.gate.events import read_events
from rempart.gate.held import Held
from rempart.gate.keeper import Made
from rempart.gate.limits import DEFAULT
from rempart.gate.reading import is_text, picture
from rempart.gate.upstream import Incoming

PHOTO = encode(scene(1, 64, 48))
ROUTES = openai.routes(frozenset()) | a1111.routes(frozenset(), frozenset({"controlnet"}))
FILES = st.sampled_from(["image", "image[]", "mask"])
names = st.sampled_from(["image", "image[]", "mask", "prompt", "model", "n", "user", "seed", "other", "stream"])
values = st.one_of(st.text(max_size=40), st.integers(-5, 5).map(str))


def parts_of(content: bytes, content_type: str):
    """The form as Python's own mail reader sees it."""
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    message = email.message_from_bytes(head + content, policy=email.policy.HTTP)
    return [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]


@settings(max_examples=20, deadline=None)
@given(
    files=st.lists(st.tuples(FILES, st.binary(min_size=1, max_size=60)), max_size=4),
    fields=st.dictionaries(names, values, max_size=4),
)  # fmt: skip
def test_what_a_generator_reads_of_a_form_is_what_was_read_here(files, fields):
    sent = [(name, ("a.png", data, "image/png")) for name, data in files]
    made = httpx.Request("POST", "http://gate/", data=fields, files=sent or {"image": ("a.png", PHOTO)})
    read = read_of("/v1/images/edits", made.read(), made.headers["content-type"])
    if read is None:
        return
    seen = parts_of(read.outgoing.content, read.outgoing.content_type)
    pictures = [data.removesuffix(b"\r\n") for name, data in seen if name in ("image", "image[]", "mask")]
    assert pictures == [(one or b"").removesuffix(b"\r\n") for one in read.references]
    assert {name for name, _ in seen} <= {"image", "image[]", "mask", *fields}


def read_of(path, body, content_type="application/json"):
    """The request as it was read; None where it was refused. Anything else that is raised is a fault."""
    with contextlib.suppress(AnswerError):
        return ROUTES[path].read(body, content_type, DEFAULT)
    return None


@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=300), path=st.sampled_from(sorted(ROUTES)), kind=st.booleans())
def test_no_bytes_are_too_strange_to_be_refused(body, path, kind):
    content_type = "application/json" if kind else "multipart/form-data; boundary=b"
    with pytest.raises(AnswerError) as caught:
        ROUTES[path].read(body, content_type, DEFAULT)
    assert caught.value.status in (400, 415)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
said = st.dictionaries(
    st.sampled_from(["prompt", "model", "n", "images", "init_images", "mask", "alwayson_scripts", "styles", "data"])
    | st.text(max_size=6),
    documents, max_size=5,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(told=said, path=st.sampled_from(sorted(ROUTES)))
def test_whatever_a_document_holds_it_is_read_or_refused(told, path):
    read = read_of(path, json.dumps(told).encode())
    if read is None:
        return
    added = {"send_images", "save_images", "include_init_images"}
    assert json.loads(read.outgoing.content).keys() <= told.keys() | added


@settings(max_examples=50, deadline=None)
@given(told=said, status=st.sampled_from([200, 400, 500]), stream=st.booleans())
def test_whatever_a_generator_answers_is_read_or_refused(told, status, stream):
    body = {"prompt": "a calm sea", "stream": stream}
    read = ROUTES["/v1/images/generations"].read(json.dumps(body).encode(), "application/json", DEFAULT)
    text = json.dumps(told)
    answer = Incoming(
        status=status, media_type="text/event-stream" if stream else "application/json", headers={},
        body=(f"data: {text}\n\n" if stream else text).encode(),
    )  # fmt: skip
    about = None
    with contextlib.suppress(AnswerError):
        about = ROUTES["/v1/images/generations"].told(answer, read, DEFAULT)
    assert about is None or about.outputs == ()


def test_what_stands_beside_the_pictures_of_an_answer_is_numbers_and_words():
    hidden = base64.b64encode(PHOTO).decode()
    told = {
        "created": 7, "size": "1x1", "quality": hidden, "output_format": "jpeg", "extra": hidden,
        "usage": {"input_tokens": 1, "details": {"a": 2, "b": hidden, "c": {"d": 1}}, hidden: 1},
        "data": [{"b64_json": hidden, "revised_prompt": hidden, "thumbnail": hidden}],
    }  # fmt: skip
    read = ROUTES["/v1/images/generations"].read(b'{"prompt": "a"}', "application/json", DEFAULT)
    answer = Incoming(status=200, media_type="application/json", body=json.dumps(told).encode(), headers={})
    about = ROUTES["/v1/images/generations"].told(answer, read, DEFAULT)
    written = about.write([Made(data=b"checked", media_type="image/png")], str)
    assert json.loads(written.body) == {
        "created": 7, "size": "1x1", "output_format": "png",
        "usage": {"input_tokens": 1, "details": {"a": 2, "c": None}},
        "data": [{"b64_json": base64.b64encode(b"checked").decode()}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", ["a"]), (b"data:a\r\n\r\ndata: b\r\r", ["a", "b"]), (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"event: x\n: waiting\nid: 1\ndata: a\n\n", ["a"]), (b"data: a\n\ndata: b\n", ["a"]), (b"data: a", []),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]), (b"", []), (b"\n\n\n", []),
    ],
)  # fmt: skip
def test_events_count_when_they_are_whole(stream, expected):
    assert list(read_events(stream)) == expected


def test_a_stream_that_is_no_text_is_garbage():
    with pytest.raises(AnswerError):
        list(read_events(b"data: \xff\n\n"))


@pytest.mark.parametrize(
    "value", [None, 5, "", "!!", "data:image/png;base64,", "data:image/png,abc", "YWJj\n", "YWI", "a" * 5_000]
)
def test_what_is_no_picture_in_base64_is_none(value):
    assert picture(value, most=1_000) is None


def test_words_are_text_and_base64_is_none():
    assert is_text("a calm sea " * 500, most=10_000)
    assert is_text("静かな海" * 500, most=10_000)
    assert not is_text("a " + "QUJD" * 128, most=10_000)
    assert not is_text("-_" * 256, most=10_000)


@pytest.mark.parametrize("message", ["x" * 600, base64.b64encode(PHOTO).decode()[:499] + "Q" * 100, 5, None, "\ud800"])
def test_an_error_of_the_generator_is_told_only_where_it_is_short_and_plain(message):
    body = json.dumps({"error": {"message": message}}).encode()
    err = failed(Incoming(status=418, media_type="application/json", body=body, headers={"retry-after": "9"}))
    assert (err.status, err.message, err.retry_after) == (418, "The generator refused, or failed.", 9)


def test_pictures_to_be_fetched_are_kept_for_a_time_and_up_to_a_size():
    now = [0.0]
    held = Held(most_bytes=10, seconds=5, now=lambda: now[0])
    first, second = (held.put(Made(data=bytes(6), media_type="image/png")) for _ in range(2))
    assert held.get(first) is None
    assert held.get(second) is not None
    assert held.get("/outputs/") is None
    now[0] = 6
    assert held.get(second) is None
