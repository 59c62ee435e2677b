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
from openai import BadRequestError, OpenAI

from commands import command
from generators import generating
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
def stage(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("gate") / "data")
    with Store.open(settings.database_url) as store:
        secret = make_key(store, Scope.GENERATOR)
        add_list(store, "known", [Sha256(hashlib.sha256(LISTED).digest())])
    with serving(settings) as server, generating() as generator:
        arguments = ("--upstream", generator.url, "--server", server.url, "--label", "atelier 2.1")
        with gate(*arguments, key=secret) as url, OpenAI(base_url=f"{url}/v1", api_key="sk-1", max_retries=0) as client:
            yield url, client, generator, settings


def packed(data):
    return base64.b64encode(data).decode()


def test_a_reference_on_a_list_is_refused_before_the_generator_sees_it(stage):
    url, client, generator, _ = stage
    with pytest.raises(BadRequestError) as caught:
        client.images.edit(image=[PHOTO, LISTED], prompt="with rain", user="u-1")
    assert caught.value.code == "picture_refused"
    web_ui = [
        httpx.post(f"{url}/sdapi/v1/img2img", json={"init_images": [packed(one)]}, timeout=30)
        for one in (LISTED, PHOTO[:4000])
    ]
    assert [one.status_code for one in web_ui] == [400, 400]
    assert web_ui[0].content == web_ui[1].content
    assert generator.asked == []


def test_what_was_generated_leaves_labelled_and_marked_and_is_recognised_later(stage, tmp_path):
    url, client, generator, settings = stage
    edit = client.images.edit(image=PHOTO, mask=MASK, prompt="with rain", response_format="url", user="u-1")
    stream = list(client.images.generate(prompt="a calm sea", stream=True))
    told = httpx.post(f"{url}/sdapi/v1/txt2img", json={"prompt": "a calm sea"}, timeout=30).json()
    (tmp_path / "a.png").write_bytes(httpx.get(edit.data[0].url, timeout=30).content)
    (tmp_path / "b.png").write_bytes(base64.b64decode(stream[0].b64_json))
    (tmp_path / "c.png").write_bytes(base64.b64decode(told["images"][0]))
    done = command("inspect", *sorted(tmp_path.glob("*.png")), "--json", "--data", settings.data)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["declaration"] for one in found] == ["ai_edited", "ai_made", "ai_made"]
    assert all(one["watermark"]["found"] and "watermark" in one["recognised_by"] for one in found)
    assert len({one["watermark"]["record_id"] for one in found}) == 3
    assert [data for _, data in generator.asked[0].pictures] == [PHOTO, MASK]


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
