"""`rempart list` as a real process: builds, refusals, damage, full disks and interruptions."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from listfiles import RUN, VICS, build, case, draw, entry, hash_set, media, rempart
from rempart.lists.columns import CANONICAL
from rempart.lists.entry import Category, EntrySignal, Opinion
from rempart.signals.scenes import scene

S = draw(1)
PDQ, MD5, SHA1 = S.pdq(), S.md5(), S.sha1()


def names(folder):
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def source(tmp_path):
    """A small table: one that matches, one benign, one withdrawn, one bad line."""
    rows = [
        f"pdq,{PDQ},99,vic-us,1,image/jpeg,e1,a|b,2025-01-01T00:00:00Z,false",
        f"sha1,{SHA1},,vic-us,1,image/jpeg,e1,a|b,2025-01-01T00:00:00Z,false",
        f"md5,{MD5},,vic-us,0,,e2,,,false",
        f"md5,{S.md5()},,vic-us,1,,e3,,,true",
        "md5,abc,,vic-us,1,,e4,,,false",
    ]
    file = tmp_path / "a.csv"
    file.write_text("\n".join([",".join(CANONICAL), *rows]) + "\n")
    return file


def test_a_build_ends_in_a_report_and_exit_code_0_though_lines_were_refused(tmp_path, source):
    done = rempart("list", "build", tmp_path / "l", "--from", source, "--name", "ours")
    assert done.returncode == 0
    assert "5 read, 4 accepted (1 of them withdrawn), 1 refused" in done.stdout
    assert "line 6: a md5 signal has 32 hexadecimal digits, not 3" in done.stdout
    assert "1 will match" in done.stdout
    assert "1 are benign" in done.stdout
    assert "1 stay silent: withdrawn" in done.stdout
    assert (tmp_path / "l").stat().st_mode & 0o777 == 0o600


def test_the_report_as_json_adds_up(tmp_path, source):
    done = rempart("list", "build", tmp_path / "l", "--from", source, "--json")
    told = json.loads(done.stdout)
    assert told["read"] == told["accepted"] + told["refused"] == 5
    assert told["entries"] == told["matching"] + told["known_good"] + sum(told["silent"].values()) == 3
    assert told["sources"][0]["first_refused"][0]["line"] == 6


def test_all_refused_lines_stand_in_the_report_file(tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(["no hash at all"] * 100 + [str(MD5)]))
    done = rempart(
        "list", "build", tmp_path / "l", "--format", "text", "--from", tmp_path / "in.txt", "--report", tmp_path / "r"
    )
    assert "and 80 more" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert [row["line"] for row in rows] == list(range(1, 101))
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_several_files_of_several_formats_make_one_list(tmp_path, source):
    (tmp_path / "v.json").write_text(case([media(1), media(2)]))
    (tmp_path / "t.txt").write_text(f"pdq {S.pdq()}\n")
    done = rempart(
        "list", "build", tmp_path / "l", "--from", source, tmp_path / "v.json", "--from", tmp_path / "t.txt", "--json"
    )
    told = json.loads(done.stdout)
    assert sorted(one["format"] for one in told["sources"]) == ["csv", "threatexchange", "vics"]
    assert told["matching"] == 4


def test_a_vics_file_whose_scheme_cannot_be_told_is_refused_and_no_list_is_made(tmp_path):
    (tmp_path / "v.json").write_text(hash_set([media(1)], context=VICS.format("Default", "Media")))
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "v.json")
    assert done.returncode == 2
    assert "--scheme" in done.stderr
    assert "vic-us" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["v.json"]
    assert rempart("list", "build", tmp_path / "l", "--from", tmp_path / "v.json", "--scheme", "vic-us").returncode == 0


def test_a_file_that_is_cut_short_never_replaces_a_whole_list_unless_forced(tmp_path):
    build(tmp_path / "l", [entry("old", MD5)])
    before = (tmp_path / "l").read_bytes()
    (tmp_path / "v.json").write_text(hash_set([media(n) for n in range(50)])[:-3000])
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "v.json")
    assert done.returncode == 2
    assert "cut short" in done.stderr
    assert (tmp_path / "l").read_bytes() == before
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "v.json", "--force", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["sources"][0]["incomplete"] is True
    assert json.loads(done.stdout)["matching"] > 30


def test_a_users_own_scheme_file_is_used(tmp_path):
    codes = [{"code": "x1", "label": "y", "severity_rank": 1, "legal_status": "illegal"}]
    (tmp_path / "own.json").write_text(json.dumps({"id": "own", "version": "1", "country": "FR", "codes": codes}))
    (tmp_path / "in.csv").write_text(f"md5,code\n{MD5},x1\n{SHA1},x1\n")
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "in.csv", "--scheme", tmp_path / "own.json")
    assert done.returncode == 0, done.stderr
    found = rempart("match", f"md5:{MD5}", "--list", tmp_path / "l", "--json")
    assert json.loads(found.stdout)["matches"][0]["scheme"] == "own"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"\x89PNG\r\n\x1a\n\0\0", "is not a hash list"), (b"Dear colleague,\nthis is a letter.\n", "is not a hash list")],
)
def test_a_foreign_file_is_refused_and_the_old_list_stays(tmp_path, content, told):
    build(tmp_path / "l", [entry("old", MD5)])
    before = (tmp_path / "l").read_bytes()
    (tmp_path / "in").write_bytes(content)
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "in")
    assert done.returncode == 2
    assert told in done.stderr
    assert (tmp_path / "l").read_bytes() == before
    assert names(tmp_path) == ["in", "l"]


def test_a_file_that_is_no_list_is_never_overwritten(tmp_path, source):
    (tmp_path / "thesis.odt").write_bytes(b"years of work")
    done = rempart("list", "build", tmp_path / "thesis.odt", "--from", source)
    assert done.returncode == 2
    assert "no list of Rempart's" in done.stderr
    assert (tmp_path / "thesis.odt").read_bytes() == b"years of work"


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "build", "l"),
        ("list", "build", "l", "x"),
        ("list", "build", "l", "--from", "nowhere.csv"),
        ("list", "build", "no/such/folder/l", "--from", "a.csv"),
        ("list", "build", "l", "--pictures", "nowhere"),
        ("list", "build", "l", "--from", "a.csv", "--scheme", "nonsense"),
        ("list", "show", "nowhere"),
        ("list", "export", "nowhere"),
        ("list", "verify", "nowhere"),
        ("list", "show", "a.csv"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2_and_one_clear_line(tmp_path, source, arguments):
    done = rempart(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["a.csv"]


def test_an_empty_file_makes_an_empty_list_with_a_warning(tmp_path):
    (tmp_path / "in").write_bytes(b"")
    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "in")
    assert done.returncode == 0
    assert "nothing in this list will ever match" in done.stdout
    assert rempart("list", "verify", tmp_path / "l").returncode == 0


def test_show_tells_counts_and_no_single_hash_unless_asked(tmp_path, source):
    rempart("list", "build", tmp_path / "l", "--from", source)
    for told in (
        rempart("list", "show", tmp_path / "l").stdout,
        rempart("list", "show", tmp_path / "l", "--json").stdout,
    ):
        assert "vic-us" in told
        assert not any(str(one) in told for one in (PDQ, MD5, SHA1))
    told = json.loads(rempart("list", "show", tmp_path / "l", "--json").stdout)
    assert told["dispositions"] == {"match": 1, "benign": 1, "withdrawn": 1}
    rows = [json.loads(line) for line in rempart("list", "show", tmp_path / "l", "--entries").stdout.splitlines()]
    assert [row["entry"] for row in rows] == ["e1", "e2", "e3"]
    assert rows[0]["signals"][0]["value"] == str(PDQ)


@pytest.mark.parametrize("name", ["csv", "jsonl", "vics", "threatexchange", "text"])
def test_every_export_is_read_back_and_matches_the_same(tmp_path, name):
    entries = [
        entry("e1", PDQ, MD5, category=Category(scheme="vic-us", code="1")),
        entry("e2", SHA1, category=Category(scheme="vic-us", code="0")),
        entry("e3", EntrySignal(signal=S.pdq(), quality=3), opinion=Opinion.NEGATIVE),
    ]
    build(tmp_path / "l", entries)
    done = rempart("list", "export", tmp_path / "l", "--format", name, "--pdq", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert rempart("list", "export", tmp_path / "l", "--format", name, "--pdq").stdout.encode() == (
        (tmp_path / "out").read_bytes().replace(b"\r\n", b"\n")
    )
    done = rempart("list", "build", tmp_path / "again", "--from", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = rempart(
        "match", str(PDQ), f"sha1:{SHA1}", str(entries[2].signals[0].signal), "--list", tmp_path / "again", "--json"
    )
    assert [len(json.loads(line)["matches"]) for line in found.stdout.splitlines()] == [1, 0, 0]


def test_verify_says_intact_or_exits_with_2(tmp_path, source):
    rempart("list", "build", tmp_path / "l", "--from", source)
    done = rempart("list", "verify", tmp_path / "l")
    assert (done.returncode, "intact" in done.stdout) == (0, True)
    data = bytearray((tmp_path / "l").read_bytes())
    data[data.index(bytes(PDQ)) + 7] ^= 1
    (tmp_path / "l").write_bytes(data)
    done = rempart("list", "verify", tmp_path / "l")
    assert done.returncode == 2
    assert "checksum" in done.stderr
    assert json.loads(rempart("list", "verify", tmp_path / "l", "--json").stdout)["intact"] is False
    (tmp_path / "l").write_bytes(data[:1000])
    assert rempart("list", "verify", tmp_path / "l").returncode == 2


@pytest.mark.parametrize(
    ("limit", "lines"),
    [
        (100, 3000),
        (5_000, 3000),
        (60_000, 3000),
        (200_000, 3000),
        (400_000, 3000),
        (500_000, 40_000),
        (1_500_000, 40_000),
    ],
)
def test_a_file_size_limit_or_full_disk_leaves_the_old_list_and_nothing_else(tmp_path, limit, lines):
    build(tmp_path / "l", [entry("old", MD5)])
    before = (tmp_path / "l").read_bytes()
    (tmp_path / "in").write_text("".join(f"{S.pdq()}\n" for _ in range(lines)))

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = rempart("list", "build", tmp_path / "l", "--from", tmp_path / "in", preexec_fn=limited)
    assert done.returncode == 2
    assert "No room left" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "l").read_bytes() == before
    assert names(tmp_path) == ["in", "l"]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_build_that_is_interrupted_leaves_the_old_list_and_nothing_else(tmp_path, sent, code):
    build(tmp_path / "l", [entry("old", MD5)])
    before = (tmp_path / "l").read_bytes()
    os.mkfifo(tmp_path / "slow")
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "list", "build", tmp_path / "l", "--from", tmp_path / "slow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with (tmp_path / "slow").open("wb") as pipe:
        for n in range(2000):
            pipe.write(f"{draw(n).pdq()}\n".encode())
        pipe.flush()
        time.sleep(0.5)
        process.send_signal(sent)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert (tmp_path / "l").read_bytes() == before
    assert names(tmp_path) == ["l", "slow"]


def test_folders_that_cannot_be_written_are_a_clear_error(tmp_path, source):
    done = rempart("list", "build", "/proc/l", "--from", source)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_device_or_pipe_is_never_replaced_by_a_list(tmp_path, source):
    os.mkfifo(tmp_path / "pipe")
    done = rempart("list", "build", tmp_path / "pipe", "--from", source)
    assert done.returncode == 2
    assert "device or pipe" in done.stderr
    assert (tmp_path / "pipe").is_fifo()
    assert rempart("list", "show", tmp_path / "pipe").returncode == 2


def test_an_export_to_standard_output_by_name_leaves_that_name_as_it_is(tmp_path, source):
    rempart("list", "build", tmp_path / "l", "--from", source)
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    (tmp_path / "piped").symlink_to("stdout")
    for name in ("stdout", "piped"):
        assert '"hash_type":"pdq"' in rempart("list", "export", tmp_path / "l", "-o", tmp_path / name).stdout
        with (tmp_path / "redirected").open("wb") as file:
            command = [sys.executable, "-c", RUN, "list", "export", tmp_path / "l", "-o", tmp_path / name]
            assert subprocess.run(command, stdout=file, check=False).returncode == 0
        assert '"hash_type":"pdq"' in (tmp_path / "redirected").read_text()
        assert (tmp_path / name).is_symlink()


def test_nothing_that_is_read_is_written_over(tmp_path, source):
    content = source.read_bytes()
    (tmp_path / "again.csv").symlink_to(source)
    for report in (source, tmp_path / "again.csv", tmp_path / "l"):
        done = rempart("list", "build", tmp_path / "l", "--from", source, "--report", report)
        assert done.returncode == 2
        assert "written over" in done.stderr
    assert source.read_bytes() == content
    assert not (tmp_path / "l").exists()
    rempart("list", "build", tmp_path / "l", "--from", source)
    before = (tmp_path / "l").read_bytes()
    assert rempart("list", "export", tmp_path / "l", "-o", tmp_path / "l").returncode == 2
    assert (tmp_path / "l").read_bytes() == before


def test_a_full_disk_under_the_report_is_said_and_no_list_is_made(tmp_path):
    (tmp_path / "in.txt").write_text("no hash at all\n" * 10_000)
    done = rempart(
        "list", "build", tmp_path / "l", "--format", "text", "--from", tmp_path / "in.txt", "--report", "/dev/full"
    )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "l").exists()


@pytest.mark.parametrize("command", ["hash {}", "hash --json {}", "list show {}", "match --list {} " + "0" * 64])
def test_a_full_standard_output_is_said_in_one_line(tmp_path, source, command):
    out = tmp_path / "a.rlist"
    assert rempart("list", "build", out, "--from", source).returncode == 0
    arguments = [sys.executable, "-m", "rempart", *command.format(out).split()]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, timeout=100)
    assert done.returncode == 2
    assert done.stderr == b"rempart: Standard input or output failed: No space left on device.\n"


def test_limits_hold_for_a_list_of_pictures_and_what_is_over_them_is_refused(tmp_path):
    (tmp_path / "pictures").mkdir()
    scene(1).save(tmp_path / "pictures" / "a.png")
    done = rempart("list", "build", tmp_path / "l", "--pictures", tmp_path / "pictures", "--max-pixels", 100, "--json")
    told = json.loads(done.stdout)
    assert (told["accepted"], told["refused"]) == (0, 1)
    assert "too_large" in told["sources"][0]["first_refused"][0]["reason"]
