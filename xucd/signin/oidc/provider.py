"""The provider: what it says of itself, its keys, and what it answers to a code.

Its document and its keys are asked for when they are needed, and kept for an hour, or for as long
as it does not answer. A token by a key that is not known has the keys asked for again, at most once
in `KEYS_AGAIN_S`: providers change their keys, and strangers may invent some.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec
from joserfc import jwt

from xucd.config.directories import Oidc, loopback
from xucd.signin.errors import DirectoryUnavailable
from xucd.signin.oidc import claims
from xucd.signin.oidc.fetching import Fetched, Fetching

KEPT_S: Final = 3600.0
KEYS_AGAIN_S: Final = 10.0
REST_S: Final = 3.0
"""How long a provider that does not answer is not asked again, in seconds."""
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class Metadata(msgspec.Struct, frozen=True):
    """What of the discovery document is used (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class ProviderTokens(msgspec.Struct, frozen=True):
    """The answer to a code."""

    id_token: str
    access_token: str


class CodeRefused(Exception):
    """The provider does not take a code: it is used, too old, or not for us. The text says why."""


class Provider:
    """Asks the provider of the settings. `clock` returns seconds that only grow.

    Every method that asks raises `DirectoryUnavailable`.
    """

    def __init__(self, settings: Oidc, fetching: Fetching, clock: Callable[[], float]) -> None:
        assert settings.issuer is not None
        self.client = claims.Client(settings.client_id, settings.issuer)
        self._settings = settings
        self._fetching = fetching
        self._clock = clock
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Any]] | None = None
        # By address: when it last failed, and how.
        self._failed: dict[str, tuple[float, str]] = {}
        self._discovering, self._fetching_keys = asyncio.Lock(), asyncio.Lock()

    async def metadata(self) -> Metadata:
        """What the provider says of itself, or has said, if it does not answer now."""
        url = self.client.issuer.rstrip("/") + WELL_KNOWN
        async with self._discovering:
            kept = self._metadata
            if kept is not None and self._clock() - kept[0] <= KEPT_S:
                return kept[1]
            try:
                self._metadata = (self._clock(), self._checked(url, await self._asked(url)))
            except DirectoryUnavailable:
                if kept is None:
                    raise
                return kept[1]
            return self._metadata[1]

    async def verified(self, token: str) -> jwt.Token:
        """A token that the provider has signed. Raises ValueError, too."""
        try:
            keys = await self._known_keys(KEPT_S)
        except DirectoryUnavailable:
            if self._keys is None:
                raise
            keys = self._keys[1]
        try:
            return claims.verified(token, keys)
        except claims.UnknownKey:
            return claims.verified(token, await self._known_keys(KEYS_AGAIN_S))

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> ProviderTokens:
        """The tokens for a code. Raises `CodeRefused`, too."""
        metadata, settings = await self.metadata(), self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        methods = metadata.token_endpoint_auth_methods_supported
        if not settings.secret:
            form["client_id"] = settings.client_id
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
            pair = f"{quote(settings.client_id, safe='')}:{quote(settings.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.secret}
        answer = await self._fetching.post(metadata.token_endpoint, form, headers)
        if answer.status in (400, 401, 403):
            raise CodeRefused(_error_of(answer))
        said = _json(metadata.token_endpoint, answer)
        try:
            return msgspec.convert(said, ProviderTokens)
        except msgspec.ValidationError as error:
            raise CodeRefused(f"the answer lacks a token: {error}") from None

    async def userinfo(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What the provider says of a user beside the ID token; nothing if it does not."""
        endpoint = (await self.metadata()).userinfo_endpoint
        if endpoint is None:
            return {}
        said = _json(endpoint, await self._fetching.get(endpoint, access_token))
        # OpenID Connect Core 5.3.2: of another user it must not be used.
        return said if isinstance(said, dict) and said.get("sub") == subject else {}

    async def _known_keys(self, max_age: float) -> list[Any]:
        jwks_uri = (await self.metadata()).jwks_uri
        async with self._fetching_keys:
            if self._keys is None or self._clock() - self._keys[0] > max_age:
                said = await self._asked(jwks_uri)
                try:
                    self._keys = (self._clock(), claims.public_keys(said))
                except ValueError as error:
                    raise self._unavailable(jwks_uri, str(error)) from None
            return self._keys[1]

    async def _asked(self, url: str) -> Any:
        """What the provider has at an address, which is left alone for a while once it failed.

        All who ask wait for one another: not each of them for its own timeout.
        """
        at, reason = self._failed.get(url, (-REST_S, ""))
        if reason and self._clock() - at < REST_S:
            raise DirectoryUnavailable(reason)
        try:
            said = _json(url, await self._fetching.get(url))
        except DirectoryUnavailable as error:
            self._failed[url] = (self._clock(), str(error))
            raise
        self._failed.pop(url, None)
        return said

    def _unavailable(self, url: str, reason: str) -> DirectoryUnavailable:
        text = f"{url}: {reason}"
        self._failed[url] = (self._clock(), text)
        return DirectoryUnavailable(text)

    def _checked(self, url: str, said: Any) -> Metadata:
        try:
            metadata = msgspec.convert(said, Metadata)
        except msgspec.ValidationError as error:
            raise self._unavailable(url, str(error)) from None
        if metadata.issuer != self.client.issuer:
            raise self._unavailable(url, "it is of another issuer; correct oidc.issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint",
                     "end_session_endpoint"):  # fmt: skip
            address = getattr(metadata, name)
            if address is not None and not _is_safe(address):
                raise self._unavailable(url, f"{name} is not encrypted")
        return metadata


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname or ""))


def _json(url: str, answer: Fetched) -> Any:
    if answer.status != 200:
        raise DirectoryUnavailable(f"{url}: it answers {answer.status}")
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise DirectoryUnavailable(f"{url}: the answer is not JSON") from None


def _error_of(answer: Fetched) -> str:
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return str(answer.status)
    return f"{said.get('error')}: {said.get('error_description')}"[:300]
