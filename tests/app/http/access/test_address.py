"""The address of a client, as limits count it."""

from __future__ import annotations

import pytest

from app.http.access.address import client_address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("a name", "unknown"),
        ("192.0.2.7:80", "unknown"),
    ],
)
def test_a_client_has_its_ipv4_address_or_its_ipv6_network(remote: str, address: str) -> None:
    assert client_address({"REMOTE_ADDR": remote}) == address


def test_a_client_cannot_name_its_own_address() -> None:
    assert client_address({"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}) == "192.0.2.7"


def test_a_request_without_an_address_is_counted() -> None:
    assert client_address({}) == "unknown"
