"""Which tokens of a provider count: their signature, and what they have to say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from xucd.config.directories import Oidc
from xucd.signin.errors import SignInRefused
from xucd.signin.oidc import claims
from xucd.signin.oidc.claims import LOGOUT_EVENT, MAX_AGE_S, SKEW_S, Client, UnknownKey
from xucd.signin.oidc.flow import Flow, Once, page_of
from xucd.signin.oidc.provider import Provider

NOW = 1_000_000
CLIENT = Client("xucd", "https://login.example.org")
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
PUBLISHED = claims.public_keys({"keys": [KEY.as_dict(private=False), OTHER.as_dict(private=False)]})
GOOD = {
    "iss": CLIENT.issuer, "aud": "xucd", "sub": "subject", "iat": NOW, "exp": NOW + 300,
    "nonce": "n",
}  # fmt: skip


def signed(said: dict[str, Any], key: Any = KEY, alg: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, said, key, algorithms=[alg])


def checked(token: str, *, nonce: str = "n", now: float = NOW) -> Any:
    verified = claims.verified(token, PUBLISHED)
    return claims.check_id_token(verified, CLIENT, nonce=nonce, access_token="at", now=now)


def test_a_good_token_says_who_it_is() -> None:
    assert checked(signed(GOOD))["sub"] == "subject"
    assert checked(signed(GOOD, OTHER, "ES256"))["sub"] == "subject"
    both = {**GOOD, "aud": ["xucd", "another"], "azp": "xucd"}
    assert checked(signed(both))["sub"] == "subject"


def test_the_access_token_is_bound_to_a_token_signed_by_the_newer_name_of_ed25519() -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "three", "use": "sig"})
    published = claims.public_keys({"keys": [key.as_dict(private=False)]})
    half = base64.urlsafe_b64encode(hashlib.sha512(b"at").digest()[:32]).rstrip(b"=").decode()
    token = claims.verified(signed({**GOOD, "at_hash": half}, key, "Ed25519"), published)
    said = claims.check_id_token(token, CLIENT, nonce="n", access_token="at", now=NOW)
    assert said["sub"] == "subject"
    with pytest.raises(ValueError, match="at_hash"):
        claims.check_id_token(token, CLIENT, nonce="n", access_token="other", now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://login.example.org/"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["xucd", "another"], "azp": "another"},
        {"aud": ["xucd", "another"]},
        {"azp": "another"},
        {"exp": NOW - SKEW_S - 1},
        {"exp": "tomorrow"},
        {"iat": NOW + SKEW_S + 10},
        {"nbf": NOW + SKEW_S + 10},
        {"nonce": "another"},
        {"sub": 7},
        {"sub": ""},
        {"at_hash": "of another access token"},
        *({name: None} for name in ("iss", "aud", "sub", "exp", "iat", "nonce")),
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(change: dict[str, Any]) -> None:
    said = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ValueError):
        checked(signed(said))


def test_clocks_may_be_a_little_apart() -> None:
    assert checked(signed({**GOOD, "exp": NOW - SKEW_S + 5, "iat": NOW + SKEW_S - 5}))


def test_only_signatures_by_the_published_keys_count() -> None:
    head, body, signature = signed(GOOD).split(".")
    with pytest.raises(ValueError):
        claims.verified(f"{head}.{body}.{signature[::-1]}", PUBLISHED)
    with pytest.raises(ValueError):
        claims.verified(
            f"{head}.{signed({**GOOD, 'sub': 'x'}).split('.')[1]}.{signature}", PUBLISHED
        )
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    with pytest.raises(ValueError):
        claims.verified(signed(GOOD, stranger), PUBLISHED)
    with pytest.raises(UnknownKey):
        claims.verified(signed(GOOD, RSAKey.generate_key(2048, {"kid": "three"})), PUBLISHED)
    for text in ("", "a", "a.b.c", "é.b.c", "..", f"{head}.{body}."):
        with pytest.raises(ValueError):
            claims.verified(text, PUBLISHED)


def test_neither_none_nor_a_published_key_as_a_secret_signs() -> None:
    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    # By hand: libraries refuse to make these.
    for alg in ("none", "HS256"):
        head = part(json.dumps({"alg": alg, "kid": "one"}).encode())
        text = f"{head}.{part(json.dumps(GOOD).encode())}"
        mac = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
        forged = f"{text}.{part(mac) if alg == 'HS256' else ''}"
        with pytest.raises(ValueError, match=r"algorithm|no signed token"):
            claims.verified(forged, PUBLISHED)
    # A key that two would have to share is none of those that a provider publishes.
    shared = OctKey.generate_key(256, {"kid": "s"}).as_dict()
    assert claims.public_keys({"keys": [shared, {"kty": "new"}, 7]}) == []
    bad: list[object] = [{}, [], {"keys": 1}, None]
    for malformed in bad:
        with pytest.raises(ValueError):
            claims.public_keys(malformed)


LOGOUT = {
    "iss": CLIENT.issuer, "aud": "xucd", "iat": NOW, "exp": NOW + 60, "jti": "j", "sid": "s",
    "sub": "subject", "events": {LOGOUT_EVENT: {}},
}  # fmt: skip


def logged_out(said: dict[str, Any]) -> Any:
    return claims.check_logout_token(claims.verified(signed(said), PUBLISHED), CLIENT, NOW)


def test_a_logout_token_names_a_user_or_a_session() -> None:
    assert logged_out(LOGOUT)["sid"] == "s"
    assert logged_out({**LOGOUT, "sid": ""})["sub"] == "subject"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"events": None}, {"events": {}},
        {"nonce": "n"}, {"sid": None, "sub": None}, {"jti": None}, {"iat": None}, {"sid": 7},
        {"iat": NOW - MAX_AGE_S - 1}, {"exp": NOW - SKEW_S - 1},
    ],
    ids=str,
)  # fmt: skip
def test_another_token_is_no_logout_token(change: dict[str, Any]) -> None:
    said = {name: value for name, value in {**LOGOUT, **change}.items() if value is not None}
    with pytest.raises(ValueError):
        logged_out(said)
    with pytest.raises(ValueError):
        logged_out(GOOD)


@pytest.mark.parametrize(
    "header",
    [{}, [], {"alg": "dir", "enc": []}, {"alg": [], "enc": "A256GCM"}, {"alg": "none"},
     {"alg": "dir", "enc": "A256GCM", "crit": 1}, {"alg": "dir", "enc": "A256GCM", "zip": {}}],
    ids=str,
)  # fmt: skip
def test_a_cookie_that_somebody_has_made_up_is_refused(header: object) -> None:
    flow = Flow(Oidc(), cast("Provider", None), "http://127.0.0.1", b"s" * 32, lambda: NOW)
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    for rest in ("", "....", "..AA.AA.AA"):
        with pytest.raises(SignInRefused) as refused:
            flow.begun("state", head + rest)
        assert (refused.value.code, "did not begin" in refused.value.reason) == (
            "SignInFailed",
            True,
        )


@pytest.mark.parametrize("verified", [None, False, "false", "", 1, [], {}], ids=str)
def test_an_email_address_is_a_login_only_if_the_provider_has_verified_it(verified: object) -> None:
    said = {"sub": "s", "email": "ada@example.org", "name": "ada", "email_verified": verified}
    with pytest.raises(ValueError, match="email_verified"):
        claims.login(said, "email")
    assert claims.login(said, "name") == "ada"
    assert claims.login({**said, "email_verified": True}, "email") == "ada@example.org"
    with pytest.raises(ValueError, match="no claim upn"):
        claims.login(said, "upn")


def test_a_claim_is_found_by_name_or_by_path() -> None:
    said = {"a": {"b": ["x"]}, "https://example.org/groups": ["y"], "text": "z"}
    assert claims.texts(claims.claim(said, "a.b")) == ["x"]
    assert claims.texts(claims.claim(said, "https://example.org/groups")) == ["y"]
    assert claims.texts(claims.claim(said, "text")) == ["z"]
    assert claims.claim(said, "a.c.d") is None
    assert claims.texts([1, {"x": 2}, "ok"]) == ["ok"]


def test_what_counts_once_counts_once_and_for_a_while() -> None:
    now = 0.0
    once: Once[str] = Once(lambda: now, 2)
    assert once.add("a", 10, "first")
    assert not once.add("a", 10, "again")
    assert once.take("a") == "first"
    assert once.take("a") is None
    once.add("b", 10, "late")
    now = 11.0
    assert once.take("b") is None
    for key in "cde":
        once.add(key, 10, key)
    assert [once.take(key) for key in "cde"] == [None, "d", "e"]


@pytest.mark.parametrize(
    "asked",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/desk/../x", "desk", "",
     "/desk?x", "/desk\n", "/desk#x", "javascript:alert(1)"],
)  # fmt: skip
def test_nobody_is_sent_to_another_place_than_a_page(asked: str) -> None:
    assert page_of(asked) == "/desk"
    assert page_of("/board") == "/board"
