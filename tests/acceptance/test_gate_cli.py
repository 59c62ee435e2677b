"""`rempart gate` as a process, between a real generator and a real `rempart serve`."""

import base64
import io
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from openai import BadRequestError, OpenAI
from PIL import Image

from generators import generating, made_picture
from pictures import encode, scene
from rempart.people.permissions import Scope
from rempart.store.engine import Store
from serving import SRC, add_list, make_data, make_key, rempart, serving

PHOTO, LISTED = (encode(scene(seed, 640, 480)) for seed in (31, 32))


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
        assert process.wait(30) in (0, -signal.SIGTERM)
        process.stdout.close()
