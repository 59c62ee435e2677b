"""The Merkle tree against the published vectors and a brute-force oracle."""

import hashlib

import pytest

from rempart.evidence.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

ABC = "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"
RFC_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(b"leaf %d" % i) for i in range(71)]


def oracle(hashes):
    """RFC 6962 2.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + oracle(hashes[:k]) + oracle(hashes[k:])).digest()


def oracle_path(index, hashes):
    """RFC 6962 2.1.1, word by word."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if index < k:
        return [*oracle_path(index, hashes[:k]), oracle(hashes[k:])]
    return [*oracle_path(index - k, hashes[k:]), oracle(hashes[:k])]


def oracle_subproof(m, hashes, whole):
    """RFC 6962 2.1.2, word by word."""
    if m == len(hashes):
        return [] if whole else [oracle(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m <= k:
        return [*oracle_subproof(m, hashes[:k], whole), oracle(hashes[k:])]
    return [*oracle_subproof(m - k, hashes[k:], False), oracle(hashes[:k])]


def over(hashes):
    return lambda start, end: oracle(hashes[start:end])


def test_the_known_root_of_a_b_c():
    assert root_of([leaf_hash(one) for one in (b"a", b"b", b"c")]).hex() == ABC


def test_the_roots_of_the_certificate_transparency_test_data():
    hashes = [leaf_hash(bytes.fromhex(one)) for one in RFC_LEAVES]
    assert [root_of(hashes[: n + 1]).hex() for n in range(8)] == RFC_ROOTS
    assert root_of([]) == EMPTY_ROOT


def test_the_frontier_tells_the_root_at_every_size():
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for n, leaf in enumerate(LEAVES):
        frontier.add(leaf)
        assert frontier.root() == oracle(LEAVES[: n + 1])


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000])
def test_a_frontier_that_was_put_down_and_taken_up_again_goes_on(size):
    hashes = [i.to_bytes(32, "big") for i in range(size)]
    tiles, first = [], Frontier()
    for one in hashes:
        tiles.extend(first.append(one))
    finished = {level: [tile.root for tile in tiles if tile.level == level] for level in range(3)}
    rows = [hashes[size - size % 256 :]]
    for level in range(2):
        rows.append(finished[level][len(finished[level]) - len(finished[level]) % 256 :])
    second = Frontier(rows)
    assert (second.size, second.root(), first.root()) == (size, root_of(hashes), root_of(hashes))
    assert [(t.level, t.index) for t in tiles if t.level == 0] == [(0, i) for i in range(size // 256)]
    later = []
    for i in range(256):
        later.append(i.to_bytes(32, "little"))
        assert list(first.append(later[-1])) == list(second.append(later[-1]))
    assert second.root() == root_of(hashes + later)


def test_every_inclusion_proof_of_every_size_is_the_oracles_and_verifies():
    for size in range(1, len(LEAVES)):
        hashes, root = LEAVES[:size], oracle(LEAVES[:size])
        for index in range(size):
            path = inclusion_path(index, size, over(hashes))
            assert path == oracle_path(index, hashes)
            assert is_included(hashes[index], index, size, path, root)


def test_an_inclusion_proof_holds_for_nothing_else():
    for size in (1, 2, 3, 7, 8, 21):
        hashes, root = LEAVES[:size], oracle(LEAVES[:size])
        for index in range(size):
            path = inclusion_path(index, size, over(hashes))
            assert not is_included(LEAVES[70], index, size, path, root)
            assert not is_included(hashes[index], index, size, [*path, root], root)
            assert not is_included(hashes[index], size, size, path, root)
            assert not path or not is_included(hashes[index], index, size, path[:-1], root)
            assert not any(
                is_included(hashes[index], other, size, path, root) for other in range(size) if other != index
            )


def test_every_consistency_proof_of_every_two_sizes_is_the_oracles_and_verifies():
    roots = [oracle(LEAVES[:n]) for n in range(len(LEAVES))]
    for new in range(len(LEAVES)):
        for old in range(new + 1):
            path = consistency_path(old, new, over(LEAVES[:new]))
            if 0 < old < new:
                assert path == oracle_subproof(old, LEAVES[:new], True)
            assert is_consistent(old, roots[old], new, roots[new], path)


def test_a_consistency_proof_holds_for_no_other_history():
    other = [LEAVES[70], *LEAVES[1:70]]
    for new in range(1, 40):
        for old in range(1, new + 1):
            path = consistency_path(old, new, over(LEAVES[:new]))
            assert not is_consistent(old, oracle(other[:old]), new, oracle(LEAVES[:new]), path)
            assert not is_consistent(old, oracle(LEAVES[:old]), new, oracle(other[:new]), path)
            assert not is_consistent(old, oracle(LEAVES[:old]), new, oracle(LEAVES[:new]), [*path, LEAVES[0]])


def test_what_lies_outside_the_tree_has_no_proof():
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_path(3, 3, over(LEAVES[:3]))
    with pytest.raises(ValueError, match="not the beginning"):
        consistency_path(4, 3, over(LEAVES[:3]))
