"""A webhook leads to public addresses, to this machine where it says so, or to networks that the operator lists."""

from ipaddress import ip_address, ip_network

import pytest

from rempart.errors import RefusedError
from rempart.server.targets import check_target, reachable


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook?x=1",
        "https://example.org:8443/",
        "http://127.0.0.1:9000/hook",
        "http://localhost/hook",
        "http://[::1]:80/",
        "https://10.0.0.1/x",  # where it leads is looked at when something is sent
    ],
)
def test_addresses_that_a_webhook_may_have(url):
    assert check_target(url).hostname


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "http://127.0.0.1.example.org/",
        "http://10.0.0.1/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://[::1",
        "https://exämple.org/",
        "https://example.org/\n",
        "https://example.org/" + "x" * 2_000,
        "",
    ],
)
def test_addresses_that_are_refused(url):
    with pytest.raises(RefusedError):
        check_target(url)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::", False),
        ("2002:0a00:0001::", False),
        ("2002:7f00:0001::", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_where_a_name_may_lead(address, allowed):
    assert reachable("hook.example.org", ip_address(address), listed=()) is allowed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "::1"])
def test_this_machine_only_where_it_is_written_so(host):
    assert reachable(host, ip_address("127.0.0.1"), listed=())
    assert reachable(host, ip_address("::1"), listed=())


def test_networks_that_the_operator_lists():
    listed = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert reachable("hook.internal", ip_address("10.1.2.3"), listed=listed)
    assert reachable("hook.internal", ip_address("::ffff:10.1.2.3"), listed=listed)
    assert reachable("hook.internal", ip_address("fd00::7"), listed=listed)
    assert not reachable("hook.internal", ip_address("10.2.0.1"), listed=listed)
    assert not reachable("hook.internal", ip_address("127.0.0.1"), listed=[ip_network("127.0.0.0/8")])
