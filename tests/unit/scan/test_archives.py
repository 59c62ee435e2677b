"""Archives: everything inside is seen or named with a reason; bombs end within their limits."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.scan.archives import ArchiveLimitError, ArchiveLimits, Member, MemberError, archive_kind, members

FILES = {"a.jpg": b"first" * 500, "dir/b.txt": b"second", "/etc/passwd": b"absolute", "../../up": b"dots", "empty": b""}
DEFAULT = ArchiveLimits()
SMALL = ArchiveLimits(free_bytes=1 << 20, ratio=10, nested_bytes=1 << 20)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


Unfolded = tuple[dict[tuple[str, ...], bytes], dict[tuple[str, ...], str], str | None]


def unfold(data: bytes, limits: ArchiveLimits = DEFAULT) -> Unfolded:
    """What is inside, what had an error, and why the archive was not read to its end."""
    inside = members(io.BytesIO(data), size=len(data), limits=limits)
    whole: dict[tuple[str, ...], bytes] = {}
    errors: dict[tuple[str, ...], str] = {}
    failure: Exception | None = None
    while True:
        try:
            member: Member = inside.throw(failure) if failure else next(inside)
        except StopIteration as end:
            return whole, errors, end.value
        failure = None
        if member.error is not None:
            errors[member.names] = member.error
        if member.data is not None:
            try:
                whole[member.names] = b"".join(iter(lambda read=member.data.read: read(1000), b""))  # type: ignore[misc]
            except (MemberError, ArchiveLimitError) as err:
                failure = err


KINDS: list[tuple[str, Callable[[dict[str, bytes]], bytes]]] = [
    ("zip", zipped),
    ("zip", lambda files: zipped(files, zipfile.ZIP_STORED)),
    ("zip", lambda files: zipped(files, zipfile.ZIP_BZIP2)),
    ("zip", lambda files: zipped(files, zipfile.ZIP_LZMA)),
    ("tar", tarred),
    ("gzip", lambda files: tarred(files, "w:gz")),
    ("bzip2", lambda files: tarred(files, "w:bz2")),
    ("xz", lambda files: tarred(files, "w:xz")),
]


@pytest.mark.parametrize(("kind", "pack"), KINDS)
def test_every_member_of_every_kind_is_seen(kind: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    data = pack(FILES)
    assert archive_kind(data[:512]) == kind
    whole, errors, trouble = unfold(data)
    assert {names[0].lstrip("/"): content for names, content in whole.items()} == {
        name.lstrip("/"): content for name, content in FILES.items()
    }
    assert (errors, trouble) == ({}, None)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_single_compressed_file_is_seen(pack: Callable[[bytes], bytes]) -> None:
    assert unfold(pack(b"alone")) == ({("content",): b"alone"}, {}, None)


@pytest.mark.parametrize("head", [b"", b"\xff\xd8\xff", b"PK", b"x" * 512, bytes(512), b"BZh9 is no archive"])
def test_other_files_are_no_archives(head: bytes) -> None:
    assert archive_kind(head) is None


def test_two_members_of_one_name_are_both_seen() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("same", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("same", b"two")
    inside = members(io.BytesIO(out.getvalue()), size=99, limits=ArchiveLimits())
    assert [(one.at, one.data.read() if one.data else None) for one in inside] == [((0,), b"one"), ((1,), b"two")]


def test_inner_archive_is_seen_and_opened() -> None:
    whole, errors, trouble = unfold(zipped({"in.tar.gz": tarred({"deep.txt": b"deep"}, "w:gz"), "x": b"x"}))
    assert whole["in.tar.gz", "deep.txt"] == b"deep"
    assert ("in.tar.gz",) in whole
    assert (errors, trouble) == ({}, None)


def test_archives_nested_too_deep_say_so() -> None:
    data = b"core"
    for level in range(6):
        data = zipped({f"l{level}": data})
    whole, errors, _ = unfold(data)
    assert max(len(names) for names in whole) == 2
    assert errors == {("l5", "l4"): "an archive nested too deep, not opened"}


def test_damaged_inner_archive_is_named_and_the_rest_goes_on() -> None:
    whole, errors, trouble = unfold(zipped({"bad.zip": zipped(FILES)[:-30], "after": b"after"}))
    assert whole["after",] == b"after"
    assert errors["bad.zip",].startswith("damaged or cut short")
    assert trouble is None


def encrypted_zip() -> bytes:
    data = bytearray(zipped({"open.txt": b"open", "locked.txt": b"locked"}, zipfile.ZIP_STORED))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(mark)
        data[at + offset] |= 1
    return bytes(data)


def test_encrypted_members_are_named_and_the_rest_goes_on() -> None:
    whole, errors, trouble = unfold(encrypted_zip())
    assert whole == {("open.txt",): b"open"}
    assert errors == {("locked.txt",): "encrypted"}
    assert trouble == "1 of its members are encrypted"


def test_unknown_method_is_named() -> None:
    data = bytearray(zipped({"a": b"aaa"}))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.rindex(mark) + offset, 93)
    _, errors, trouble = unfold(bytes(data))
    assert errors == {("a",): "compressed by a method that is not known here"}
    assert trouble is not None


def test_wrong_checksum_is_named() -> None:
    data = bytearray(zipped({"a": b"a" * 1000, "b": b"b"}, zipfile.ZIP_STORED))
    data[data.index(b"aaaa") + 500] ^= 1
    whole, errors, trouble = unfold(bytes(data))
    assert whole["b",] == b"b"
    assert "Bad CRC-32" in errors["a",]
    assert trouble is not None


@pytest.mark.parametrize(("kind", "pack"), KINDS)
def test_every_cut_is_told_and_never_raises(kind: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    data = pack({"a": bytes(range(256)) * 8, "b": b"b" * 700})
    for size in range(1, len(data) - (9000 if kind == "tar" else 0), max(1, len(data) // 60)):
        whole, errors, trouble = unfold(data[:size])
        complete = len(whole) == 2 and not errors
        assert trouble is not None or complete, f"a cut at {size} went unnoticed"


def test_tar_without_an_end_mark_is_told() -> None:
    data = tarred({"a": b"a" * 512})
    assert unfold(data[:1024])[2] == "damaged or cut short: no end mark"


def test_links_and_devices_in_a_tar_are_not_followed() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    whole, errors, trouble = unfold(out.getvalue())
    assert whole == {}
    assert errors["link",] == errors["hard",] == "a link, not followed"
    assert trouble is None


def test_link_in_a_zip_is_not_followed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert unfold(out.getvalue()) == ({}, {("link",): "a link, not followed"}, None)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped({"bomb": data})])
def test_bomb_ends_at_its_limit(pack: Callable[[bytes], bytes]) -> None:
    whole, errors, trouble = unfold(pack(bytes(8 << 20)), SMALL)
    assert not whole
    assert list(errors.values()) == ["not read to its end: it unfolds into more than 1 MiB"]
    assert trouble == "not read to its end: it unfolds into more than 1 MiB"


def test_many_layers_share_one_limit() -> None:
    layer = zipped({f"f{number}": bytes(200_000) for number in range(10)})
    _, _, trouble = unfold(zipped({f"z{number}": layer for number in range(10)}), SMALL)
    assert trouble == "not read to its end: it unfolds into more than 1 MiB"


def test_members_that_overlap_end_at_the_limit() -> None:
    """One compressed kernel behind thousands of names, as the flat zip bombs of 2019 have it."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = body.compress(bytes(1 << 20)) + body.flush()
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(bytes(1 << 20)), len(packed), 1 << 20, 1, 0
    )
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, zlib.crc32(bytes(1 << 20)), len(packed), 1 << 20,
        1, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    count = 3000
    data = local + b"a" + packed
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, count * (len(central) + 1), len(data), 0)
    started = time.process_time()
    _, _, trouble = unfold(data + (central + b"a") * count + end, SMALL)
    assert trouble is not None
    assert time.process_time() - started < 5


def test_declared_sizes_are_not_believed() -> None:
    data = bytearray(zipped({"a": b"a" * 100}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.rindex(mark) + offset, 0xFFFFFFF0)
    whole, errors, trouble = unfold(bytes(data))
    assert whole == {("a",): b"a" * 100} or "a" in {names[0] for names in errors}
    assert trouble is None or "damaged" in trouble or "could not" in trouble


def test_too_many_members_end_the_archive() -> None:
    data = zipped({f"f{number}": b"" for number in range(50)})
    whole, _, trouble = unfold(data, ArchiveLimits(members=20))
    assert len(whole) == 20
    assert trouble == "not read to its end: it has more than 20 members"


def test_quine_like_nesting_ends() -> None:
    """An archive that holds itself would nest for ever; depth ends it."""
    data = zipped({"r/r.zip": b"x"})
    for _ in range(30):
        data = zipped({"r/r.zip": data})
    whole, errors, _ = unfold(data)
    assert len(whole) + len(errors) <= 4


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([pack({"a": b"a" * 600, "b": b"b"}) for _, pack in KINDS]), st.data())
def test_altered_archives_never_raise(data: bytes, draw: st.DataObject) -> None:
    altered = bytearray(data)
    for place in draw.draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=6)):
        altered[place] = draw.draw(st.integers(0, 255))
    if archive_kind(bytes(altered[:512])):
        unfold(bytes(altered), SMALL)


def test_what_is_only_marked_as_folder_or_link_is_looked_at_all_the_same() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("folder/", b"")
        folder = zipfile.ZipInfo("picture.jpg/")
        archive.writestr(folder, b"bytes of a picture")
        link = zipfile.ZipInfo("picture2.jpg")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, b"bytes of a picture" * 100)
    whole, errors, trouble = unfold(out.getvalue())
    assert whole == {("picture.jpg/",): b"bytes of a picture", ("picture2.jpg",): b"bytes of a picture" * 100}
    assert (errors, trouble) == ({}, None)


def test_a_nameless_member_hides_nothing() -> None:
    data = zipped({"Q": b"nameless", "a.jpg": b"first"}).replace(b"Q", b"\0")
    whole, _, trouble = unfold(data)
    assert list(whole.values()) == [b"nameless", b"first"]
    assert trouble is None


def test_a_tar_member_of_unknown_type_is_a_file() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("picture.jpg")
        info.size, info.type = 5, b"Z"
        archive.addfile(info, io.BytesIO(b"bytes"))
    data = bytearray(out.getvalue())
    assert unfold(bytes(data))[0] == {("picture.jpg",): b"bytes"}


def test_a_tar_member_of_absurd_size_takes_no_time() -> None:
    data = bytearray(tarred({"a.jpg": b"first"}))
    data[124:136] = b"\x80" + b"\x7f" * 11
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    started = time.monotonic()
    assert unfold(bytes(data))[2] is not None
    assert time.monotonic() - started < 5
