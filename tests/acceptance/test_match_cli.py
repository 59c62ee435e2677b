"""`rempart match` as a real process: a line out for every line in, in order, at once."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from listfiles import RUN, SRC, build, draw, entry, rempart
from rempart.lists.entry import Category, Opinion

S = draw(1)
PDQ, MD5, SHA1, SHA256 = S.pdq(), S.md5(), S.sha1(), S.sha256()


@pytest.fixture
def list_file(tmp_path):
    path = tmp_path / "ours"
    build(
        path,
        [
            entry("e1", PDQ, MD5, category=Category(scheme="vic-us", code="1")),
            entry("e2", SHA1, SHA256, category=Category(scheme="uk-abc", code="A"), opinion=Opinion.SEED),
            entry("e3", S.md5(), category=Category(scheme="vic-us", code="0")),
        ],
        name="ours",
    )
    return path


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("copies", [1, 2, 4, 8])
def test_a_list_of_a_few_identical_hashes_matches_from_the_command_line(tmp_path, copies):
    pdq = draw(copies).pdq()
    (tmp_path / "in.csv").write_text("pdq,id\n" + "".join(f"{pdq},e{n}\n" for n in range(copies)))
    assert rempart("list", "build", tmp_path / "l", "--from", tmp_path / "in.csv").returncode == 0
    done = rempart("match", str(pdq), "--list", tmp_path / "l", "--json")
    assert done.returncode == 1
    assert sorted(match["entry"] for match in lines(done)[0]["matches"]) == [f"e{n}" for n in range(copies)]


def test_a_match_says_which_list_entry_signal_distance_category_and_opinion(list_file):
    near = S.near(PDQ, 12)
    done = rempart("match", str(near).upper(), f"sha256:{SHA256}", "--list", list_file, "--json")
    assert done.returncode == 1
    first, second = lines(done)
    assert first == {
        "hash": str(near).upper(),
        "matches": [
            {
                "list": "ours",
                "entry": "e1",
                "signal": "pdq",
                "distance": 12,
                "scheme": "vic-us",
                "code": "1",
                "opinion": "positive",
                "facet": None,
                "probe": "given",
            }
        ],
    }
    assert second["matches"][0] | {"entry": ""} == {
        "list": "ours",
        "entry": "",
        "signal": "sha256",
        "distance": 0,
        "scheme": "uk-abc",
        "code": "A",
        "opinion": "investigation_seed",
        "facet": None,
        "probe": "exact",
    }


def test_the_radius_is_the_callers(list_file):
    far = str(S.near(PDQ, 40))
    assert rempart("match", far, "--list", list_file).returncode == 0
    assert rempart("match", far, "--list", list_file, "--radius", 40).returncode == 1
    assert rempart("match", str(PDQ), "--list", list_file, "--radius", 64).returncode == 2


def test_a_line_out_for_every_line_in_in_order_bad_ones_among_them(list_file):
    asked = [str(S.pdq()), "zz", f"md5:{MD5}", "md5:zz", "", f"{PDQ}", "sha512:00", f"SHA1:{SHA1}"]
    done = rempart("match", "-", "--list", list_file, "--json", data="\r\n".join(asked))
    told = lines(done)
    assert done.returncode == 1
    assert [line["hash"] for line in told] == asked
    assert ["error" in line for line in told] == [False, True, False, True, True, False, True, False]
    assert [len(line["matches"]) for line in told] == [0, 0, 1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([str(S.pdq())], 0),
        ([str(PDQ)], 1),
        (["zz"], 2),
        (["zz", str(PDQ)], 1),
        ([str(S.pdq()), "zz"], 2),
    ],
)
def test_exit_codes_are_clamscans_and_found_outranks_could_not(list_file, asked, code):
    assert rempart("match", *asked, "--list", list_file).returncode == code


def test_several_lists_are_asked_at_once_nearest_match_first(tmp_path, list_file):
    build(tmp_path / "second", [entry("x", S.near(PDQ, 3))], name="second")
    done = rempart("match", str(PDQ), "--list", tmp_path / "second", "--list", list_file, "--json")
    assert [(one["list"], one["distance"]) for one in lines(done)[0]["matches"]] == [("ours", 0), ("second", 3)]


def test_answers_come_while_the_input_is_still_open(list_file):
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "match", "-", "--list", str(list_file), "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    got = []
    reader = threading.Thread(target=lambda: got.extend(process.stdout.readline() for _ in range(3)))
    reader.start()
    for number, text in enumerate([str(PDQ), "bad", f"md5:{MD5}"], 1):
        process.stdin.write(text + "\n")
        process.stdin.flush()
        until = time.monotonic() + 60
        while len(got) < number and time.monotonic() < until:
            reader.join(0.01) if number == 3 else time.sleep(0.01)
    process.stdin.close()
    reader.join(20)
    process.wait(20)
    process.stdout.close()
    assert [len(json.loads(line)["matches"]) for line in got] == [1, 0, 1]


def test_a_long_stream_keeps_its_order(list_file):
    signals = draw(5)
    asked = [str(PDQ) if n % 1000 == 0 else str(signals.pdq()) for n in range(20_000)]
    done = rempart("match", "-", "--list", list_file, "--json", data="\n".join(asked) + "\n")
    told = lines(done)
    assert [line["hash"] for line in told] == asked
    assert [n for n, line in enumerate(told) if line["matches"]] == list(range(0, 20_000, 1000))


def test_a_line_without_end_is_an_error_of_its_own_and_fills_no_memory(list_file):
    done = rempart("match", "-", "--list", list_file, "--json", data="a" * 3_000_000 + "\n" + str(PDQ) + "\n")
    told = lines(done)
    assert len(told) == 2
    assert "error" in told[0]
    assert len(told[0]["hash"]) <= 200
    assert told[1]["matches"]


def test_a_list_that_cannot_be_read_is_exit_code_2_and_answers_nothing(tmp_path, list_file):
    (tmp_path / "broken").write_bytes(list_file.read_bytes()[:500])
    for path in (tmp_path / "broken", tmp_path / "none"):
        done = rempart("match", str(PDQ), "--list", list_file, "--list", path, "--json")
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_hashes_and_standard_input_together_are_refused(list_file):
    assert rempart("match", str(PDQ), "-", "--list", list_file, data="").returncode == 2


def test_words_for_people_name_the_entry(list_file):
    done = rempart("match", str(PDQ), str(S.pdq()), "--list", list_file)
    assert "ours e1 pdq distance 0 vic-us:1" in done.stdout
    assert "no match" in done.stdout


def test_nothing_that_a_partner_wrote_steers_a_terminal(tmp_path):
    path = tmp_path / "bell\x07"
    build(path, [entry("a\nb\x07\x9b31m", PDQ)], name="n\x07\r")
    asked = [
        rempart("match", str(PDQ), "--list", path),
        rempart("match", "-", "--list", path, data="no hash \x07\x9b31m\n"),
        rempart("list", "show", path),
        rempart("list", "verify", path),
        rempart("match", str(PDQ), "--list", tmp_path / "none\x07\x9b"),
        rempart("list", "build", tmp_path / "out", "--from", path, "--name", "n\x07\r"),
    ]
    for done in asked:
        assert not set("\x07\x9b\r") & set(done.stdout + done.stderr), done.args
    assert len(asked[0].stdout.splitlines()) == 1


@pytest.mark.parametrize("asked", [["match", "-"], ["match", str(PDQ)], ["scan", "-"], ["scan", ".", "--json"]])
@pytest.mark.parametrize("closed", [0, 1])
def test_a_closed_stream_is_an_error_only_where_it_is_needed(tmp_path, list_file, asked, closed):
    needed = closed == 0 if "-" in asked else closed == 1
    done = subprocess.run(
        [sys.executable, "-c", RUN, *asked, "--list", list_file, *(["--json"] if "--json" not in asked else [])],
        preexec_fn=lambda: os.close(closed),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": SRC},
        check=False,
    )
    assert b"Traceback" not in done.stderr
    if needed:
        assert done.returncode == 2
        assert b"failed" in done.stderr or b"could not be written" in done.stderr


@pytest.mark.parametrize("asked", [["match", str(PDQ), "--list"], ["list", "show"], ["list", "export"]])
def test_a_full_disk_under_standard_output_is_said_in_one_line(list_file, asked):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *asked, list_file],
            stdout=full,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": SRC},
            check=False,
        )
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr
