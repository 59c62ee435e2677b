"""`rempart gate` as a process, between a real generator and a real `rempart serve`."""

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
from openai import BadRequestError, InternalServerError, OpenAI

from commands import command
from generators import generating, made_picture
from pictures import encode, scene
from rempart.people.permissions import Scope
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import SRC, add_list, make_data, make_key, serving

PHOTO, LISTED = (encode(scene(seed, 640, 480)) for seed in (31, 32))
MASK = encode(np.full((480, 640, 4), (0, 0, 0, 255), np.uint8), "PNG")


@contextmanager
def gate(*arguments: object, key: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rempart", "gate", *map(str, arguments), "--port", "0"], stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(SRC), "REMPART_KEY": key},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield found.group()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("gate") / "data")
    with Store.open(settings.database_url) as store:
        secret = make_key(store, Scope.GENERATOR)
        add_list(store, "known", [Sha256(hashlib.sha256(LISTED).digest())])
    with serving(settings) as server, generating() as generator:
        yield server, secret, generator


def client_of(url):
    return OpenAI(base_url=f"{url}/v1", api_key="sk-their-own", max_retries=0)


def test_a_reference_on_a_list_is_refused_and_another_one_makes_a_picture(service):
    server, secret, generator = service
    arguments = ("--upstream", generator.url, "--server", server.url, "--unstamped")
    with gate(*arguments, key=secret) as url, client_of(url) as client:
        with pytest.raises(BadRequestError) as caught:
            client.images.edit(image=[PHOTO, LISTED], prompt="with rain", user="u-1")
        assert caught.value.code == "picture_refused"
        assert generator.asked == []
        made = client.images.edit(image=PHOTO, mask=MASK, prompt="with rain", user="u-1")
        assert made.data[0].b64_json == base64.b64encode(made_picture(0)).decode()
        stream = client.images.generate(prompt="a calm sea", stream=True)
        assert [one.type for one in stream] == ["image_generation.completed"]
        packed = [base64.b64encode(one).decode() for one in (PHOTO, LISTED)]
        web_ui = [httpx.post(f"{url}/sdapi/v1/img2img", json={"init_images": [one]}, timeout=30) for one in packed]
        assert [one.status_code for one in web_ui] == [200, 400]
        unreadable = httpx.post(f"{url}/sdapi/v1/img2img", json={"init_images": [packed[0][:4000]]}, timeout=30)
        assert unreadable.content == web_ui[1].content


def test_what_was_generated_leaves_labelled_and_marked_and_is_recognised_later(service, tmp_path):
    server, secret, generator = service
    arguments = ("--upstream", generator.url, "--server", server.url, "--label", "atelier 2.1")
    with gate(*arguments, key=secret) as url, client_of(url) as client:
        made = client.images.edit(image=PHOTO, prompt="with rain", response_format="url").data[0].url
        picture = httpx.get(made, timeout=30).content
        told = httpx.post(f"{url}/sdapi/v1/txt2img", json={"prompt": "a calm sea"}, timeout=30).json()
    (tmp_path / "a.png").write_bytes(picture)
    (tmp_path / "b.png").write_bytes(base64.b64decode(told["images"][0]))
    done = command("inspect", tmp_path / "a.png", tmp_path / "b.png", "--json", "--data", server.settings.data)
    edited, whole = (json.loads(line) for line in done.stdout.splitlines())
    assert (edited["declaration"], whole["declaration"]) == ("ai_edited", "ai_made")
    assert edited["watermark"]["found"] is whole["watermark"]["found"] is True
    assert edited["watermark"]["record_id"] != whole["watermark"]["record_id"]
    assert "watermark" in edited["recognised_by"]


def test_a_key_that_is_no_good_lets_nothing_through(service):
    server, _, generator = service
    before = len(generator.asked)
    with gate("--upstream", generator.url, "--server", server.url, key="rk_wrong") as url, client_of(url) as client:
        with pytest.raises(InternalServerError) as caught:
            client.images.edit(image=PHOTO, prompt="with rain")
    assert caught.value.code == "not_checked"
    assert len(generator.asked) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Use --upstream URL"),
        (("--upstream", "http://127.0.0.1:1"), "Use --server"),
        (("--upstream", "ftp://127.0.0.1", "--server", "http://127.0.0.1:1"), "no address of a generator"),
        (("--upstream", "http://a:b@127.0.0.1", "--server", "http://127.0.0.1:1"), "no address of a generator"),
        (("--upstream", "http://127.0.0.1/v1", "--server", "http://127.0.0.1:1"), "Leave /v1 away"),
        (("--upstream", "http://127.0.0.1", "--server", "127.0.0.1"), "begins with http"),
        (("--upstream", "http://127.0.0.1", "--server", "http://127.0.0.1", "--pass", "models"), "is no path"),
        (("--upstream", "http://127.0.0.1", "--server", "http://127.0.0.1", "--host", "0.0.0.0"), "unencrypted"),
    ],
)
def test_a_gate_that_could_not_work_does_not_start(arguments, told):
    done = command("gate", *arguments, environ={"REMPART_KEY": "rk_x"})
    assert done.returncode == 2
    assert told in done.stderr


def test_a_gate_without_a_key_does_not_start():
    done = command("gate", "--upstream", "http://127.0.0.1", "--server", "http://127.0.0.1")
    assert done.returncode == 2
    assert "--scope generator" in done.stderr
