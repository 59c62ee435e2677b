"""Buckets, addresses behind proxies, and what counts as one client."""

import pytest

from rempart.server.access_limits import Buckets, bucket_of, client_address, networks


class Hand:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate():
    hand = Hand()
    buckets = Buckets(monotonic=hand)
    assert [buckets.wait("a", per_minute=60, burst=3) for _ in range(3)] == [0, 0, 0]
    assert buckets.wait("a", per_minute=60, burst=3) == pytest.approx(1.0)
    assert buckets.wait("b", per_minute=60, burst=3) == 0
    hand.now += 1
    assert buckets.wait("a", per_minute=60, burst=3) == 0
    hand.now += 3600
    assert sum(buckets.wait("a", per_minute=60, burst=3) == 0 for _ in range(10)) == 3


def test_looking_takes_nothing():
    buckets = Buckets(monotonic=Hand())
    assert [buckets.wait("a", per_minute=60, burst=1, take=False) for _ in range(5)] == [0] * 5
    assert buckets.wait("a", per_minute=60, burst=1) == 0
    assert buckets.wait("a", per_minute=60, burst=1, take=False) > 0


def test_there_are_never_more_buckets_than_allowed_and_the_busy_ones_stay():
    buckets = Buckets(most=100, monotonic=Hand())
    for number in range(1000):
        buckets.wait("busy", per_minute=60, burst=5)
        buckets.wait(f"one {number}", per_minute=60, burst=5)
    assert len(buckets) == 100
    assert buckets.wait("busy", per_minute=60, burst=5) > 0


TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # not a proxy of ours: what it says is not believed
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # what the client wrote itself stands further left
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        (None, ["203.0.113.9"], "unknown"),
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_saw(peer, forwarded, found):
    assert client_address(peer, forwarded, TRUSTED) == found


def test_without_trusted_proxies_nothing_forwarded_is_believed():
    assert client_address("10.0.0.1", ["203.0.113.9"], ()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
        ("x" * 5000, "unknown"),
    ],
)
def test_an_ipv6_client_is_its_network(address, bucket):
    assert bucket_of(address) == bucket
