"""Clients' addresses: behind trusted proxies, and behind those who only say that they are some."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from xucd.signin.places import bucket
from xucd.web.addresses import FORWARDED, X_FORWARDED_FOR, Addresses

TRUSTED = ("10.0.0.0/8", "127.0.0.1", "2001:db8:ffff::/48")


def client(
    peer: str, *forwarded_for: str, forwarded: tuple[str, ...] = (), header: str = X_FORWARDED_FOR
) -> str:
    headers = Headers()
    for name, values in ((b"X-Forwarded-For", forwarded_for), (b"Forwarded", forwarded)):
        for value in values:
            headers.addRawHeader(name, value.encode("latin-1"))
    return Addresses(TRUSTED, header).client(peer, headers)


@pytest.mark.parametrize(
    ("values", "address"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1:4711"], "192.0.2.1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:192.0.2.1"], "192.0.2.1"),
        (["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
        (["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1, 10.1.2.3, 10.9.9.9"], "192.0.2.1"),
        (["10.1.2.3"], "10.1.2.3"),
        (["nonsense"], "127.0.0.1"),
        (["192.0.2.1, nonsense, 10.1.2.3"], "10.1.2.3"),
        (["192.0.2.1,"], "127.0.0.1"),
        ([""], "127.0.0.1"),
        ([], "127.0.0.1"),
        (["9.9.9.9," * 2000 + "192.0.2.1"], "192.0.2.1"),
    ],
)
def test_a_trusted_proxys_list_is_read_from_the_right(values: list[str], address: str) -> None:
    assert client("127.0.0.1", *values) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ('For="[2001:db8::1]:4711"; proto=https;by=10.0.0.1', "2001:db8::1"),
        ("for=198.51.100.9, for=192.0.2.1;proto=http", "192.0.2.1"),
        ("for=192.0.2.1, for=10.1.2.3", "192.0.2.1"),
        ("for=_hidden", "127.0.0.1"),
        ("for=unknown, for=10.1.2.3", "10.1.2.3"),
        ("proto=https", "127.0.0.1"),
        ('for="9.9.9.9, for=192.0.2.1', "192.0.2.1"),
        ('for="9.9.9.9, for="[2001:db8::1]"', "2001:db8::1"),
        ("=;=;,", "127.0.0.1"),
    ],
)
def test_forwarded_is_read_likewise(value: str, address: str) -> None:
    assert client("127.0.0.1", forwarded=(value,), header=FORWARDED) == address


def test_the_header_that_is_not_chosen_is_the_clients_own_and_counts_for_nothing() -> None:
    both: Any = {"forwarded": ("for=198.51.100.9",)}
    assert client("127.0.0.1", "192.0.2.1", **both) == "192.0.2.1"
    assert client("127.0.0.1", "192.0.2.1", **both, header=FORWARDED) == "198.51.100.9"
    assert client("127.0.0.1", **both) == "127.0.0.1"
    assert client("127.0.0.1", "192.0.2.1", header=FORWARDED) == "127.0.0.1"


def test_nobody_elses_headers_are_read() -> None:
    assert client("192.0.2.7", "9.9.9.9", forwarded=("for=9.9.9.9",)) == "192.0.2.7"
    assert client("::ffff:127.0.0.1", "192.0.2.1") == "192.0.2.1"


@given(st.text(st.characters(max_codepoint=255), max_size=80), st.booleans())
def test_whatever_a_client_writes_what_its_proxy_adds_counts(text: str, standard: bool) -> None:
    if standard:
        # An open quote of the client's may hide what is behind it; it never becomes an address.
        found = client("127.0.0.1", forwarded=(f"{text}, for=192.0.2.1",), header=FORWARDED)
        assert found in ("192.0.2.1", "127.0.0.1")
    else:
        assert client("127.0.0.1", f"{text}, 192.0.2.1") == "192.0.2.1"


def test_a_bucket_is_an_address_or_the_network_of_a_client() -> None:
    assert bucket("192.0.2.1") == "192.0.2.1"
    assert bucket("2001:db8::1") == bucket("2001:db8::ffff:1:2:3") == "2001:db8::/64"
    assert bucket("2001:db8:0:1::1") != bucket("2001:db8::1")
    assert bucket("") == ""


@pytest.mark.parametrize(
    ("peer", "header", "name", "value", "told"),
    [
        ("127.0.0.1", X_FORWARDED_FOR, "X-Forwarded-Proto", "https", True),
        ("127.0.0.1", X_FORWARDED_FOR, "X-Forwarded-Proto", "http, HTTPS", True),
        ("127.0.0.1", X_FORWARDED_FOR, "X-Forwarded-Proto", "https, http", False),
        ("127.0.0.1", X_FORWARDED_FOR, "X-Forwarded-Proto", "http", False),
        ("127.0.0.1", X_FORWARDED_FOR, "Forwarded", "for=192.0.2.1;proto=https", False),
        ("192.0.2.1", X_FORWARDED_FOR, "X-Forwarded-Proto", "https", False),
        ("127.0.0.1", FORWARDED, "Forwarded", "for=192.0.2.1;proto=https", True),
        ("127.0.0.1", FORWARDED, "Forwarded", 'for=192.0.2.1, Proto="https";for=10.0.0.1', True),
        ("127.0.0.1", FORWARDED, "Forwarded", "proto=https, for=10.0.0.1", False),
        ("127.0.0.1", FORWARDED, "X-Forwarded-Proto", "https", False),
        ("192.0.2.1", FORWARDED, "Forwarded", "proto=https", False),
    ],
)
def test_only_the_last_trusted_proxy_tells_of_tls(
    peer: str, header: str, name: str, value: str, told: bool
) -> None:
    assert Addresses(TRUSTED, header).tells_of_tls(peer, Headers({name: [value]})) is told
