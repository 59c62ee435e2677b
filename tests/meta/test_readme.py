"""What the README says works, works: its commands and its Python example are run as they stand."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from rempart.signals.scenes import scene

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("reader")
    holiday = home / "holiday"
    holiday.mkdir()
    for seed in range(3):
        scene(seed, (480, 320)).save(holiday / f"{seed}.png")
    downloads = home / "downloads"
    downloads.mkdir()
    scene(1, (480, 320)).save(downloads / "again.jpg", quality=60)
    shutil.copy(downloads / "again.jpg", home / "upload.jpg")
    return home


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    assert blocks("sh")[0].split("\n")[:2] == ["make demo", "make test"]
    for line in blocks("sh")[0].split("\n")[:2]:
        assert re.search(rf"^{line.split()[1]}:", makefile, re.M)


def test_the_first_real_run_finds_the_copy(folder):
    rempart = str(Path(sys.executable).with_name("rempart"))
    script = blocks("sh")[1].replace(".venv/bin/rempart", rempart)
    script = script.replace("~/Pictures/holiday", "holiday").replace("~/Downloads", "downloads")
    codes = [subprocess.run(line, shell=True, cwd=folder, check=False).returncode for line in script.splitlines()]
    assert codes == [0, 1, 0]
    assert '"result": "match"' in (folder / "results.jsonl").read_text()


def test_the_python_example_prints_a_match(folder):
    run = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("ok\ncanonical ")
    assert len(blocks("python")[0].strip().splitlines()) <= 12


def test_the_service_answers_after_the_three_commands(folder):
    rempart = str(Path(sys.executable).with_name("rempart"))
    *before, serve = blocks("sh")[2].replace(".venv/bin/rempart", rempart).splitlines()
    for line in before:
        subprocess.run(line, shell=True, cwd=folder, check=True, capture_output=True)
    server = subprocess.Popen([*serve.split(), "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"http://\S+", server.stdout.readline()).group()
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert httpx.post(f"{address}/v1/check", content=b"").status_code == 401
    finally:
        server.terminate()
        assert server.wait(30) == 0
        server.stdout.close()


def test_what_a_generator_made_is_stamped_and_recognised(folder):
    rempart = str(Path(sys.executable).with_name("rempart"))
    lines = blocks("sh")[4].replace(".venv/bin/rempart", rempart).splitlines()
    assert len(lines) == 3
    for line in lines[:-1]:
        subprocess.run(line, shell=True, cwd=folder, check=True, capture_output=True)
    done = subprocess.run(f"{lines[-1]} --json", shell=True, cwd=folder, check=True, capture_output=True, text=True)
    stamped, before = map(json.loads, done.stdout.splitlines())
    assert (stamped["declaration"], stamped["c2pa"]["state"]) == ("ai_made", "trusted")
    assert {"watermark", "manifest"} <= set(stamped["recognised_by"])
    assert before["declaration"] == "none"
