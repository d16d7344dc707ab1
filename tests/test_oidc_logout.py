"""Logout tokens of a provider (back-channel): each counts once, and for what began before it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.parse
import urllib.request
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
import pytest_asyncio
from joserfc import jwt

from integration.client import http
from tests.lone_xucd import LoneXucd
from tests.oidc_provider import Browser
from tests.test_oidc_keys import KEY, Answers
from xucd.signin.oidc.claims import LOGOUT_EVENT
from xucd.store import directory_users
from xucd.store.directory_users import ProviderSession


class Centre:
    """An xucd with a provider that gives its document and keys."""

    def __init__(self, xucd: LoneXucd, provider: Answers) -> None:
        self.xucd = xucd
        self.provider = provider
        self.issuer = provider.issuer

    def signed_in(self, session: str, issued: float) -> str:
        """The token of a user whom the provider has signed in at that time."""
        token = self.xucd.token("bruce")
        sid = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))["sid"]
        store = self.xucd.store()
        provider = ProviderSession("bruce@provider", session, issued)
        directory_users.began(store, sid, provider, issued + 3600, issued)
        store.close()
        return token

    def logout_token(self, token_id: str, issued: float) -> str:
        said = {
            "iss": self.issuer, "aud": "xucd", "iat": int(issued), "exp": int(issued) + 600,
            "jti": token_id, "sub": "bruce@provider", "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": KEY.kid}, said, KEY)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        said = {
            "iss": self.issuer, "aud": "xucd", "iat": now, "exp": now + 600, "nonce": nonce,
            "sub": "bruce@provider", "preferred_username": "bruce",
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": KEY.kid}, said, KEY)

    async def told(self, logout_token: str) -> int:
        """The status that the provider is answered to a logout token."""
        url = f"http://127.0.0.1:{self.xucd.port}/signin/oidc/backchannel-logout"
        form = urllib.parse.urlencode({"logout_token": logout_token}).encode()

        def run() -> int:
            try:
                with urllib.request.urlopen(url, form, timeout=60) as answer:
                    return int(answer.status)
            except HTTPError as error:
                error.close()
                return error.code

        return await asyncio.to_thread(run)

    async def is_signed_in(self, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        path = "/xuc/api/2.0/auth/check"
        status, _ = await asyncio.to_thread(http, self.xucd.port, path, None, headers)
        return status == 200


@pytest_asyncio.fixture(loop_scope="session")
async def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Centre]:
    answers = Answers()
    async with await asyncio.start_server(answers.answer, "127.0.0.1", 0) as server:
        answers.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        xucd = LoneXucd(tmp_path)
        monkeypatch.setenv("XUCD_OIDC_ISSUER", answers.issuer)
        monkeypatch.setenv("XUCD_WEB_PUBLIC_URL", f"http://127.0.0.1:{xucd.port}")
        async with xucd:
            yield Centre(xucd, answers)


async def test_a_logout_counts_once_and_ends_no_sign_in_that_began_after_it(
    centre: Centre,
) -> None:
    now = int(time.time())
    before, after = (centre.signed_in(str(at), at) for at in (now - 60, now))
    logout = centre.logout_token("one", now - 30)
    assert await centre.told(logout) == 200
    assert not await centre.is_signed_in(before)
    assert await centre.is_signed_in(after)
    assert await centre.told(logout) == 400
    assert await centre.told(centre.logout_token("two", now)) == 200
    assert not await centre.is_signed_in(after)


@pytest.mark.parametrize("is_told", [False, True])
async def test_a_logout_that_comes_while_a_sign_in_begins_ends_it(
    centre: Centre, is_told: bool
) -> None:
    url, browser = f"http://127.0.0.1:{centre.xucd.port}/signin/oidc", Browser()
    begun = await asyncio.to_thread(browser.get, url)
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(begun.location).query)

    async def exchange() -> object:
        token = centre.id_token(asked["nonce"][0])
        if is_told:
            assert await centre.told(centre.logout_token("three", time.time() + 1)) == 200
        return {"id_token": token, "access_token": "at", "token_type": "Bearer"}

    centre.provider.exchange = exchange
    back = f"{url}/callback?code=c&state={asked['state'][0]}"
    answer = await asyncio.to_thread(browser.get, back)
    _, _, fragment = answer.location.partition("#")
    assert fragment.startswith("sign-in-error=SignInFailed" if is_told else "signed-in=")
