"""What xucd does while a provider does not give its document or its keys."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from xucd.config.directories import Oidc
from xucd.signin.errors import DirectoryUnavailable
from xucd.signin.oidc.fetching import Fetching
from xucd.signin.oidc.provider import KEPT_S, KEYS_AGAIN_S, REST_S, WELL_KNOWN, Provider

KEY, NEW = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two"))


def signed(key: RSAKey) -> str:
    kid = {"kid": key.kid} if key.kid else {}
    return jwt.encode({"alg": "RS256", **kid}, {"sub": "s"}, key)


class Answers:
    """A provider's document and keys. `failing` are paths that fail; keys wait for `may_answer`.

    `exchange` answers whoever brings a code.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.failing: set[str] = set()
        self.keys_wanted, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self.now = 1000.0
        self.issuer = ""
        self.keys = [KEY]
        self.exchange: Callable[[], Awaitable[object]] | None = None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked[path] += 1
        names = ("authorization_endpoint", "token_endpoint")
        document = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        document |= {name: f"{self.issuer}/{name}" for name in names}
        if path == "/token_endpoint" and self.exchange is not None:
            said = await self.exchange()
        else:
            keys = [key.as_dict(private=False) for key in self.keys]
            said = {WELL_KNOWN: document, "/keys": {"keys": keys}}[path]
        if path == "/keys":
            self.keys_wanted.set()
            await self.may_answer.wait()
        body = json.dumps(said).encode()
        status = b"500 No" if path in self.failing else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        writer.close()


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[Answers, Provider]]:
    answers = Answers()
    async with await asyncio.start_server(answers.answer, "127.0.0.1", 0) as server:
        answers.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = Oidc(issuer=answers.issuer, client_id="xucd")
        yield answers, Provider(settings, Fetching(None, 30.0), lambda: answers.now)


async def test_an_address_that_has_failed_is_left_alone_for_a_while() -> None:
    async with answering() as (answers, provider):
        for path in (WELL_KNOWN, "/keys"):
            answers.failing = {path}
            for _ in range(3):
                with pytest.raises(DirectoryUnavailable, match="500"):
                    await provider.verified(signed(KEY))
            assert answers.asked[path] == 1
            answers.now += REST_S
        answers.failing = set()
        assert (await provider.verified(signed(KEY))).claims == {"sub": "s"}


async def test_nobody_but_who_needs_the_keys_waits_for_them() -> None:
    async with answering() as (answers, provider):
        answers.may_answer.clear()
        waiting = asyncio.create_task(provider.verified(signed(KEY)))
        await answers.keys_wanted.wait()
        assert (await provider.metadata()).issuer == answers.issuer
        assert not waiting.done()
        answers.may_answer.set()
        await waiting


async def test_what_is_known_goes_on_while_the_provider_does_not_answer() -> None:
    async with answering() as (answers, provider):
        await provider.verified(signed(KEY))
        answers.failing = {WELL_KNOWN, "/keys"}
        answers.now += KEPT_S + 1
        assert (await provider.verified(signed(KEY))).claims == {"sub": "s"}
        assert answers.asked == {WELL_KNOWN: 2, "/keys": 2}
        # Whose key is not known may be right, or not.
        with pytest.raises(DirectoryUnavailable):
            await provider.verified(signed(NEW))
        answers.failing = set()
        answers.now += KEPT_S + 1
        with pytest.raises(ValueError, match="publishes no such key"):
            await provider.verified(signed(NEW))


@pytest.mark.parametrize("kid", [None, "one"])
async def test_a_new_key_by_no_name_or_by_that_of_the_old_one_is_found_at_once(
    kid: str | None,
) -> None:
    old, new = (
        RSAKey.generate_key(2048, {"kid": kid, "use": "sig"} if kid else {"use": "sig"})
        for _ in range(2)
    )
    async with answering() as (answers, provider):
        answers.keys = [old]
        await provider.verified(signed(old))
        answers.keys = [new]
        with pytest.raises(ValueError, match="signature is wrong"):
            await provider.verified(signed(new))  # in the moment of the change
        answers.now += KEYS_AGAIN_S + 1
        assert (await provider.verified(signed(new))).claims == {"sub": "s"}
        for _ in range(3):
            with pytest.raises(ValueError, match="signature is wrong"):
                await provider.verified(signed(old))  # whoever forges has no more of them asked for
        assert answers.asked["/keys"] == 2
