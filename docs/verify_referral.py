"""Check a referral package without Rempart: python verify_referral.py package.zip NAME+HASH+KEY [older keys]"""

import hashlib
import json
import sys
import zipfile
from base64 import b64decode as plain

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

sha = lambda data: hashlib.sha256(data).digest()  # noqa: E731


def signed(note, keys):  # the lines of a signed note (C2SP), when one of the keys signed it
    text, _, below = note.rpartition("\n\n")
    for name, key, (_, who, value) in [(*key, line.split(" ")) for line in below.splitlines() for key in keys]:
        if who == name and plain(value)[:4] == sha(name.encode() + b"\n" + key)[:4]:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(plain(value)[4:], (text + "\n").encode())
            return text.split("\n")
    sys.exit("NOT VERIFIED: it is signed by none of the given keys")


def proven(told, keys):  # whether a leaf is in the signed tree of the ledger (RFC 6962), and about what is opened of it
    _, size, root = signed(told["checkpoint"], keys)[:3]
    node = sha(b"\0" + json.dumps(told["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    first, last = told["leaf"], int(size) - 1
    for beside in map(plain, told["path"]):
        node = sha(b"\1" + (beside + node if first & 1 or first == last else node + beside))
        while first == last and first and not first & 1:
            first, last = first >> 1, last >> 1
        first, last = first >> 1, last >> 1
    for name, one in told["opens"].items():
        value = b"b" + plain(one["bytes"]) if "bytes" in one else b"t" + one["value"].encode()
        commitment = sha(b"rempart/commitment/v1\0" + plain(one["salt"]) + name.encode() + b"\0" + value)
        last += commitment != plain(told["body"]["sealed"][name])
    return last == 0 and node == plain(root)


keys = [(name, plain(key)) for name, _, key in (line.strip().split("+", 2) for line in sys.argv[2:])]
with zipfile.ZipFile(sys.argv[1]) as package:
    stated = signed(package.read("manifest.txt").decode(), keys)
    told = {one["name"]: one["sha256"] for one in json.loads(package.read("manifest.json"))["parts"]}
    told |= {"manifest.json": stated[2], "manifest.txt": sha(package.read("manifest.txt")).hex()}
    found = [(one, hashlib.file_digest(package.open(one), "sha256").hexdigest()) for one in package.namelist()]
    proofs = [one for one, _ in found if one.startswith("ledger/") and one[7:-5].isdigit()]
    wrong = {p for p in proofs if not proven(json.loads(package.read(p)), keys)} | {*dict({*found} ^ {*told.items()})}
    whole = (package.infolist()[0].header_offset, package.fp.seek(-22, 2) and package.fp.read(4)) == (0, b"PK\5\6")
if wrong or not whole or len(found) != len(told) or stated[0] != "rempart-referral/1":
    sys.exit(f"NOT VERIFIED: {', '.join(sorted(wrong)) or 'this is no such package, or something else is in it'}")
print(f"verified: {stated[1]}, {len(told)} parts, {len(proofs)} proofs from the ledger of {keys[0][0]}")  # noqa: T201
