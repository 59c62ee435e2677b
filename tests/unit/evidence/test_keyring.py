"""Keyrings: from text, from a file, behind a command."""

import base64
import sys

import pytest

from rempart.errors import IncompleteError, KeyServiceUnavailableError, RefusedError, ServiceKeyMissingError
from rempart.evidence.vault import Custodians, HeldKeys, KeyFile
from rempart.evidence.vault.keyring import ServiceKey
from rempart.evidence.vault.kms import KeyCommand

ONE, TWO = ServiceKey.of(b"\x01" * 32), ServiceKey.of(b"\x02" * 32)


def text_of(*keys):
    return "\n".join(base64.b64encode(key.secret).decode() for key in keys)


def test_the_first_key_is_the_active_one_and_the_others_are_found_by_id():
    ring = HeldKeys(f"# mine\n\n{text_of(TWO, ONE)}\n")
    assert ring.active() == TWO
    assert ring.get(ONE.id) == ONE
    assert ring.ids() == (TWO.id, ONE.id)
    assert HeldKeys(text_of(TWO, ONE).replace("\n", ",")).ids() == ring.ids()


def test_a_key_shows_its_id_and_never_itself():
    assert repr(ONE) == f"ServiceKey(id='{ONE.id}')"
    assert ONE.id != TWO.id
    assert ONE.derived("a") != ONE.derived("b") != ONE.secret


@pytest.mark.parametrize("text", ["", "# only words\n", "\n , \n"])
def test_an_empty_keyring_is_incomplete(text):
    with pytest.raises(IncompleteError):
        HeldKeys(text)


@pytest.mark.parametrize("word", ["abc", base64.b64encode(bytes(31)).decode(), "not base64 at all!"])
def test_a_line_that_is_no_key_is_refused_without_showing_it(word):
    with pytest.raises(RefusedError) as caught:
        HeldKeys(f"{text_of(ONE)}\n{word}\n")
    assert word not in str(caught.value)


def test_marks_are_written_with_a_key_of_the_first_and_read_with_those_of_all():
    assert HeldKeys(text_of(TWO, ONE)).mark_keys() == (TWO.mark_key(), ONE.mark_key())
    assert ONE.mark_key() not in (ONE.secret, TWO.mark_key())
    assert ONE.mark_key().hex().startswith("20c7cbe5b52043ff"), (
        "marks that were written before could not be read any more"
    )


@pytest.mark.parametrize("guarded", [False, True], ids=["in a file", "behind a key service"])
def test_marks_of_a_key_that_was_taken_out_are_still_read_and_it_opens_nothing(tmp_path, guarded):
    path = tmp_path / "service.key"
    keys = KeyFile(path, command=kms(tmp_path) if guarded else None)
    made = [keys.create()]
    for _ in range(2):
        made.insert(0, ServiceKey.new())
        keys.add(made[0])
    for key in reversed(made[1:]):
        keys.remove(key.id)
    assert keys.ids() == (made[0].id,)
    assert keys.mark_keys() == tuple(key.mark_key() for key in made)
    again = KeyFile(path, command=kms(tmp_path) if guarded else None)
    assert again.mark_keys() == keys.mark_keys()
    assert not any(base64.b64encode(key.secret).decode() in path.read_text() for key in made[1:])
    assert (base64.b64encode(made[1].mark_key()).decode() in path.read_text()) is not guarded
    if not guarded:
        assert HeldKeys(path.read_text()).mark_keys() == keys.mark_keys()


@pytest.mark.parametrize("word", ["mark:", "mark:abc", "mark:" + base64.b64encode(bytes(31)).decode()])
def test_a_mark_line_that_is_damaged_is_refused_without_showing_it(word):
    with pytest.raises(RefusedError) as caught:
        HeldKeys(f"{text_of(ONE)}\n{word}\n")
    assert word not in str(caught.value)


def test_a_mark_line_alone_is_no_keyring():
    with pytest.raises(IncompleteError):
        HeldKeys("mark:" + text_of(ONE))


def test_a_missing_key_is_told_by_its_id():
    with pytest.raises(ServiceKeyMissingError, match=TWO.id):
        HeldKeys(text_of(ONE)).get(TWO.id)


def test_a_key_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "service.key"
    keys = KeyFile(path)
    made = keys.create()
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.active() == made
    with pytest.raises(RefusedError):
        keys.create()
    path.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        KeyFile(path).active()


def test_a_key_file_that_is_gone_says_what_to_do(tmp_path):
    with pytest.raises(ServiceKeyMissingError, match="copy"):
        KeyFile(tmp_path / "service.key").active()


KMS = """
import sys
data = sys.stdin.buffer.read()
mode = sys.argv[1]
if mode == "wrap":
    sys.stdout.buffer.write(b"wrapped:" + bytes(255 - byte for byte in data))
elif mode == "unwrap":
    if not data.startswith(b"wrapped:"):
        sys.exit("not mine")
    sys.stdout.buffer.write(bytes(255 - byte for byte in data[8:]))
elif mode == "slow":
    import time
    time.sleep(30)
"""


def kms(tmp_path, wrap="wrap", unwrap="unwrap", timeout=20.0):
    script = tmp_path / "kms.py"
    script.write_text(KMS)
    call = sys.executable, str(script)
    return KeyCommand(wrap_argv=(*call, wrap), unwrap_argv=(*call, unwrap), timeout=timeout)


def test_behind_a_key_service_the_file_holds_no_key(tmp_path):
    path = tmp_path / "service.key"
    made = KeyFile(path, command=kms(tmp_path)).create()
    text = path.read_text()
    assert "kms:" in text
    assert text_of(made) not in text
    assert KeyFile(path, command=kms(tmp_path)).active() == made
    with pytest.raises(IncompleteError):
        KeyFile(path).active()


@pytest.mark.parametrize("mode", ["slow", "unwrap", "nothing"])
def test_a_key_service_that_fails_is_unavailable(tmp_path, mode):
    command = kms(tmp_path, wrap=mode, timeout=0.3 if mode == "slow" else 20)
    with pytest.raises(KeyServiceUnavailableError):
        command.wrap(bytes(32))


def test_a_key_service_that_is_not_there_is_unavailable(tmp_path):
    command = KeyCommand(wrap_argv=(str(tmp_path / "none"),), unwrap_argv=())
    with pytest.raises(KeyServiceUnavailableError):
        command.wrap(b"x")
    with pytest.raises(KeyServiceUnavailableError):
        command.unwrap(b"x")


def test_what_is_no_age_recipient_is_refused():
    with pytest.raises(RefusedError, match="age1"):
        Custodians.of(["ana@example.org"])
    assert Custodians.of([]).wrap(bytes(32), object_id="object_a") is None
