"""`rempart certs` and `rempart stamp` as an operator runs them: a data folder, real files, real decode workers."""

import io
import json
import os
import stat
import sys

import pytest
from PIL import Image

from commands import command
from pictures import encode, scene
from serving import make_data
from stamping import credentials


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("stamp")
    make_data(home / "data")
    for form in ("jpeg", "png", "webp"):
        (home / f"in.{form}").write_bytes(encode(scene(3, 360, 260), form.upper()))
    done = command("certs", "make", "--data", home / "data", "--organisation", "Example Studio")
    assert done.returncode == 0, done.stderr
    return home


def stamp(home, source, *more):
    done = command("stamp", home / source, home / f"out-{source}", "--data", home / "data", "--json", *more)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_keys_are_closed_to_others_and_never_written_over(home):
    keys = home / "data" / "keys"
    for name in ("stamp.key", "stamp-root.key"):
        assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600
    before = (keys / "stamp-root.pem").read_bytes()
    done = command("certs", "make", "--data", home / "data", "--organisation", "Other")
    assert (done.returncode, (keys / "stamp-root.pem").read_bytes()) == (2, before)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_a_picture_is_stamped_and_trusted_with_the_own_anchor(home, form):
    code, told = stamp(home, f"in.{form}", "--generator", "atelier 2.1", "--references", "1")
    assert (code, told["c2pa"]["state"], told["watermark"]["found"], told["replaced"]) == (0, "trusted", True, [])
    assert told["psnr_db"] > 38
    assert told["watermark"]["record_id"] == told["record_id"]
    data = (home / f"out-in.{form}").read_bytes()
    anchor = (home / "data" / "keys" / "stamp-root.pem").read_text()
    found = credentials(data, f"image/{form}", anchor=anchor)
    assert (found.state, found.label) == ("Trusted", told["c2pa"]["manifest"])
    assert Image.open(io.BytesIO(data)).format == form.upper()


def test_what_cannot_be_stamped_leaves_no_file(home):
    (home / "words.txt").write_text("no picture")
    (home / "moving.gif").write_bytes(encode(scene(3, 60, 40), "GIF"))
    for source in ("words.txt", "moving.gif", "nothing.png"):
        code, said = stamp(home, source)
        assert (code, str(said).startswith("rempart: "), (home / f"out-{source}").exists()) == (2, True, False)


def test_check_names_the_rule_and_renewing_mends_it(home):
    keys = home / "data" / "keys"
    done = command("certs", "check", "--data", home / "data", "--json")
    assert (done.returncode, json.loads(done.stdout)["kept"]) == (0, True)
    old, other = (keys / "stamp.key").read_bytes(), home / "other"
    make_data(other)
    assert command("certs", "make", "--data", other, "--organisation", "Else").returncode == 0
    (keys / "stamp.key").write_bytes((other / "keys" / "stamp.key").read_bytes())
    try:
        done = command("certs", "check", "--data", home / "data", "--json")
        broken = [one["rule"] for one in json.loads(done.stdout)["rules"] if not one["kept"]]
        assert (done.returncode, broken) == (2, ["key", "a picture that it signs is trusted"])
        assert stamp(home, "in.png")[0] == 2
        done = command("certs", "check", "--data", home / "data", "--certificate", other / "keys" / "stamp.pem")
        assert (done.returncode, "BROKEN  anchor" in done.stdout) == (2, True)
    finally:
        (keys / "stamp.key").write_bytes(old)
    assert command("certs", "make", "--data", home / "data", "--renew").returncode == 0
    assert (keys / "stamp.key").read_bytes() != old
    assert stamp(home, "in.png")[1]["c2pa"]["state"] == "trusted"


def test_where_the_picture_could_not_be_written_no_record_is_made(home):
    code, _ = stamp(home, "in.png")
    before = command("inspect", home / "in.png", "--data", home / "data", "--no-search", "--json").stdout
    done = command("stamp", home / "in.png", home / "nowhere" / "out.png", "--data", home / "data")
    assert (code, done.returncode, "There is no folder" in done.stderr) == (0, 2, True)
    assert command("inspect", home / "in.png", "--data", home / "data", "--no-search", "--json").stdout == before


def test_an_authority_that_is_kept_offline_is_asked_for(tmp_path):
    make_data(tmp_path / "data")
    assert command("certs", "make", "--data", tmp_path / "data").returncode == 0
    (tmp_path / "data" / "keys" / "stamp-root.key").unlink()
    done = command("certs", "make", "--data", tmp_path / "data", "--renew")
    assert (done.returncode, "where you keep it" in done.stderr) == (2, True)


def test_without_a_certificate_a_picture_is_labelled_and_marked_and_check_says_what_is_missing(home, tmp_path):
    make_data(tmp_path / "data")
    (tmp_path / "in.png").write_bytes((home / "in.png").read_bytes())
    code, told = stamp(tmp_path, "in.png")
    assert (code, told["c2pa"]["present"], told["watermark"]["found"]) == (0, False, True)
    done = command("certs", "check", "--data", tmp_path / "data")
    assert (done.returncode, "rempart certs make" in done.stderr) == (2, True)


def test_a_command_signs_in_place_of_the_key(tmp_path):
    data = tmp_path / "data"
    program = tmp_path / "sign.py"
    program.write_text(
        "import sys\n"
        "from cryptography.hazmat.primitives import hashes, serialization\n"
        "from cryptography.hazmat.primitives.asymmetric import ec\n"
        f"key = serialization.load_pem_private_key(open({str(tmp_path / 'card.key')!r}, 'rb').read(), None)\n"
        "sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))\n"
    )
    make_data(data)
    assert command("certs", "make", "--data", data, "--organisation", "Example Studio").returncode == 0
    os.rename(data / "keys" / "stamp.key", tmp_path / "card.key")
    settings = data / "rempart.toml"
    settings.write_text(
        f"{settings.read_text()}\n[stamp]\nsign_command = [{json.dumps(sys.executable)}, {json.dumps(str(program))}]\n"
    )
    (tmp_path / "in.png").write_bytes(encode(scene(3, 360, 260), "PNG"))
    assert command("certs", "check", "--data", data).returncode == 0
    code, told = stamp(tmp_path, "in.png")
    assert (code, told["c2pa"]["state"]) == (0, "trusted")
