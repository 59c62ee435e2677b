"""Lists and partners' files for tests: everything in them is drawn from a seed."""

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import rempart as rempart_package
from rempart.lists.build import ListBuilder
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.hashlist import HashList
from rempart.lists.importing import import_file
from rempart.lists.registry import format_named
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import built_in, load_scheme
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VICS = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{}/$metadata#{}"
VICS_1 = "http://github.com/ICMEC/ProjectVic/DataModels/{}.xml#{}"
LISTED = Category(scheme="listed", code="listed")
SRC = str(Path(rempart_package.__file__).resolve().parents[1])
RUN = "from rempart.cli import main; main()"


def options(scheme=None, **more):
    """Read options with the built-in schemes at a fixed time."""
    chosen = load_scheme(scheme) if scheme else None
    schemes = dict(built_in()) | ({chosen.id: chosen} if chosen else {})
    return ReadOptions(schemes=schemes, now=NOW, scheme=chosen, **more)


def read(format_name, data, scheme=None, **more):
    """Entries and refusals that a format finds in bytes (or text)."""
    stream = BytesIO(data.encode() if isinstance(data, str) else data)
    found = list(format_named(format_name).read(stream, options=options(scheme, **more)))
    entries = [one.entry for one in found if isinstance(one, Reading)]
    return entries, [one for one in found if isinstance(one, Refusal)]


def written(format_name, entries, **more):
    """What a format writes for some entries, as bytes."""
    stream = BytesIO()
    format_named(format_name).write(iter(entries), stream, **more)
    return stream.getvalue()


def entry(name="e", *signals, category=LISTED, **more):
    """An entry; signals may be bare or EntrySignal."""
    wrapped = tuple(one if isinstance(one, EntrySignal) else EntrySignal(signal=one) for one in signals)
    return Entry(id=name, signals=wrapped, category=category, **more)


def build(path, entries=(), *, files=(), name="test", scheme=None, sink=None):
    """Build a list and return its report."""
    opts = options(scheme)
    with ListBuilder(path, name=name, schemes=opts.schemes, created=NOW) as builder:
        for one in entries:
            builder.add(one)
        sources = [import_file(builder, Path(file), options=opts, sink=sink) for file in files]
        return builder.finish(sources)


def opened(path, entries=(), **more):
    """A list built from entries, open."""
    build(path, entries, **more)
    return HashList.open(path)


def draw(seed):
    """A source of random signals by kind."""
    return Signals(random.Random(seed))


class Signals:
    """Random signals from a seed."""

    def __init__(self, rng):
        self.rng = rng

    def pdq(self):
        return PdqHash(self.rng.randbytes(32))

    def near(self, pdq, bits):
        """A PDQ hash exactly `bits` away."""
        value = int.from_bytes(pdq)
        for place in self.rng.sample(range(256), bits):
            value ^= 1 << place
        return PdqHash(value.to_bytes(32))

    def md5(self):
        return Md5(self.rng.randbytes(16))

    def sha1(self):
        return Sha1(self.rng.randbytes(20))

    def sha256(self):
        return Sha256(self.rng.randbytes(32))


def media(number, *, category=1, draw_from=None, **more):
    """A VICS media record as partners write it."""
    signals = draw_from or draw(number)
    md5 = str(signals.md5()).upper()
    return {
        "MediaID": number,
        "Category": category,
        "MD5": md5,
        "SHA1": str(signals.sha1()).upper(),
        "MediaSize": 1000 + number,
        "MimeType": "image/jpeg",
        "VictimIdentified": "false",
        "IsDistributed": "true",
        "Series": "",
        "Tags": "",
        "Comments": "",
        "DateUpdated": "2023-06-07T02:31:49.8300Z",
        "IsPrecategorized": "true",
        "AlternativeHashes": [{"MD5": md5, "HashName": "PDQ", "HashValue": str(signals.pdq())}],
    } | more


def hash_set(records, *, context=None, indent=None):
    """A VICS hash set as text."""
    return json.dumps({"@odata.context": context or VICS.format("US", "Media"), "value": records}, indent=indent)


def case(records, *, context=None, indent=None):
    """A VICS case as text."""
    one = {"CaseID": "c18c57e5-f67f-4ec6-8c8b-0ab65a654a23", "CaseNumber": "T-1", "TotalMediaFiles": 9}
    return json.dumps(
        {"@odata.context": context or VICS.format("US", "Cases"), "value": [one | {"Media": records}]}, indent=indent
    )


def write_big_hash_set(path, megabytes):
    """A VICS hash set of about so many MB, written piece by piece; returns how many records it has."""
    signals, size, number = draw(5), 0, 0
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"@odata.context":' + json.dumps(VICS.format("US", "Media")) + ',"value":[\n')
        while size < megabytes * 1_000_000:
            number += 1
            text = json.dumps(media(number, category=signals.rng.choice([0, 1, 2, 3, 4, None]), draw_from=signals))
            size += file.write((",\n" if number > 1 else "") + text)
        file.write("\n]}\n")
    return number


def rempart(*arguments, data=None, **more):
    """Run the command line as a real process; text in and out."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        input=data,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUTF8": "1", "PYTHONPATH": SRC},
        check=False,
        **more,
    )
