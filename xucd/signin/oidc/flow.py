"""From the button "Sign in with …" to an identity, in one browser and once.

    page  -> GET  /signin/oidc?page=/desk               begin()
          <- 302  to the provider, and a cookie with what this browser has to come back with
    ...      the provider asks for a password, or whatever it asks for
    page  -> GET  /signin/oidc/callback?code=…&state=…  arrived(): code for tokens and claims
          <- 303  /desk#signed-in=CODE                  a code of xucd's own, for a minute,
                  and a cookie with what it is for, without which nobody can use it
    page  -> POST /xuc/api/2.0/auth/oidc {"code"}
          <- 200  the token, as for a password

A fragment reaches no server and no log, and the code in it is dead once it was used. The cookies
are encrypted: so xucd keeps nothing of those who only press the button, and each step may come to
another process or node, as long as that has the same database. The first cookie is bound to the
`state` in the address, and the second one to the code: nobody can make another's browser go on with
a sign-in of his own (login CSRF). `iss` in the address has to be our provider's (mix-up, RFC 9207);
a state and a code count once in each process.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from xucd.config.directories import Oidc
from xucd.signin.errors import SignInRefused
from xucd.signin.identities import Identity
from xucd.signin.oidc import claims
from xucd.signin.oidc.provider import CodeRefused, Provider
from xucd.signin.tokens import Claims
from xucd.store.directory_users import ProviderSession

CALLBACK: Final = "/signin/oidc/callback"
BEGUN_S: Final = 600
"""How long somebody may take at the provider, in seconds."""
OFFERED_S: Final = 60
MAX_USED: Final = 65536
_ERROR = re.compile(r"[a-z_]{1,40}")
_PAGE = re.compile(r"/[a-z][a-z-]{0,31}")

T = TypeVar("T")


class Begun(msgspec.Struct, frozen=True, tag=True):
    """What a browser has to come back with, until `expires`, an epoch second."""

    state: str
    nonce: str
    verifier: str
    page: str
    expires: float


class _Offered(msgspec.Struct, frozen=True, tag=True):
    """What a browser gets for a code, until `expires`, an epoch second."""

    code: str
    claims: Claims
    expires: float


class Departure(msgspec.Struct, frozen=True):
    """Where to send a browser, and its cookie."""

    location: str
    cookie_name: str
    cookie: str


class Offer(msgspec.Struct, frozen=True):
    """A code for a token, and the cookie of the browser that may use it."""

    code: str
    cookie_name: str
    cookie: str


class Arrival(msgspec.Struct, frozen=True):
    """Who has come back from the provider, and what the provider needs to sign it out again."""

    identity: Identity
    session: ProviderSession
    id_token: str


class ProviderLogout(msgspec.Struct, frozen=True):
    """What a logout token says; `token_id` is the token's own."""

    session: ProviderSession
    token_id: str


class Flow:
    """Sign-ins by the provider. `clock` returns epoch seconds, `secret` is that of the tokens."""

    def __init__(
        self,
        settings: Oidc,
        provider: Provider,
        public_url: str,
        secret: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._provider = provider
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        # Of its own: a cookie is no token, nor the other way round.
        key = blake2b(b"sign-in by OpenID Connect", key=secret[:64], digest_size=32).digest()
        self._key = OctKey.import_key(key)
        self._used: Once[None] = Once(clock, MAX_USED)
        self._taken: Once[None] = Once(clock, MAX_USED)
        self._logouts: Once[None] = Once(clock, MAX_USED)
        # Known before what they name has ended.
        self._told: Once[ProviderSession] = Once(clock, MAX_USED)

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self._public_url.startswith("https://")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to: as it has to be registered there."""
        return self._public_url + CALLBACK

    async def begin(self, page: str) -> Departure:
        """Send a browser to the provider, from a page of ours, to which it comes back: `page_of`.

        Raises `DirectoryUnavailable`.
        """
        metadata = await self._provider.metadata()
        begun = Begun(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            page=page,
            expires=self._clock() + BEGUN_S,
        )
        location = prepare_grant_uri(
            metadata.authorization_endpoint,
            self._settings.client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope=list(self._settings.scopes),
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return Departure(location, self.cookie_name(begun.state), self._sealed(begun))

    def cookie_name(self, state: str) -> str:
        """The cookie for a state or a code: one each, so that tabs do not disturb each other."""
        # With the prefix, no other host of the domain can set it.
        prefix = "__Host-" if self.secure else ""
        return f"{prefix}xucd-oidc-{state[:8]}"

    def begun(self, state: str, cookie: str | None) -> Begun:
        """What this browser has begun. Raises `SignInRefused` with `SignInFailed`."""
        begun = self._opened(cookie, Begun)
        if begun is None:
            raise claims.refused("it came back to a browser that did not begin it")
        same = hmac.compare_digest(begun.state.encode(), state.encode())
        if not same or self._clock() > begun.expires or not self._used.add(state, BEGUN_S, None):
            raise claims.refused("it came back twice, too late, or with another state")
        return begun

    def offer(self, token: Claims) -> Offer:
        """A code for the token of a sign-in, for the browser that gets the cookie."""
        code = secrets.token_urlsafe(24)
        offered = _Offered(code, token, self._clock() + OFFERED_S)
        return Offer(code, self.cookie_name(code), self._sealed(offered))

    def taken(self, code: str, cookie: str | None) -> Claims:
        """What the token for a code says. Raises `SignInRefused` with `SignInFailed`."""
        offered = self._opened(cookie, _Offered)
        if (
            offered is None
            or not hmac.compare_digest(offered.code.encode(), code.encode())
            or self._clock() > offered.expires
            or not self._taken.add(code, OFFERED_S, None)
        ):
            text = "The code is unknown, was used before, or its minute is over; sign in again."
            raise SignInRefused("SignInFailed", text)
        return offered.claims

    def _sealed(self, content: Begun | _Offered) -> str:
        header = {"alg": "dir", "enc": "A256GCM"}
        return jwe.encrypt_compact(header, msgspec.json.encode(content), self._key)

    def _opened(self, cookie: str | None, kind: type[T]) -> T | None:
        """What a cookie holds that xucd has made; None for another one."""
        try:
            opened = jwe.decrypt_compact(cookie or "", self._key, algorithms=["dir", "A256GCM"])
            return msgspec.json.decode(opened.plaintext or b"", type=kind)
        except (JoseError, ValueError, TypeError, RecursionError, msgspec.MsgspecError):
            # The header is as whoever sends the cookie has made it.
            return None

    async def arrived(self, begun: Begun, answer: Mapping[str, str]) -> Arrival:
        """Who comes back with a provider's answer, the parameters of the callback's address.

        Raises `SignInRefused` with `AccessDenied` or `SignInFailed`, or `DirectoryUnavailable`.
        """
        metadata = await self._provider.metadata()
        # First: another provider's error is not ours either.
        issuer = answer.get("iss")
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise claims.refused("the answer does not say whose it is")
        if issuer is not None and issuer != metadata.issuer:
            raise claims.refused("the answer is another provider's")
        if "error" in answer:
            if answer["error"] in ("access_denied", "login_required", "consent_required"):
                text = "The sign-in server did not let you in."
                raise SignInRefused("AccessDenied", text)
            # By whoever has sent the browser here.
            told = answer["error"] if _ERROR.fullmatch(answer["error"]) else "a malformed error"
            raise claims.refused(f"the provider answers {told}")
        try:
            tokens = await self._provider.exchange(
                answer.get("code", ""), begun.verifier, self.redirect_uri
            )
            said = claims.check_id_token(
                await self._provider.verified(tokens.id_token),
                self._provider.client,
                nonce=begun.nonce,
                access_token=tokens.access_token,
                now=self._clock(),
            )
        except (CodeRefused, ValueError) as error:
            raise claims.refused(str(error)) from None
        session = said.get("sid")
        return Arrival(
            await self._identity(said, tokens.access_token),
            ProviderSession(said["sub"], session if isinstance(session, str) else "", said["iat"]),
            tokens.id_token,
        )

    async def _identity(self, said: Mapping[str, Any], access_token: str) -> Identity:
        settings, find = self._settings, claims.claim
        needed = {settings.login_claim}
        if settings.login_claim == claims.EMAIL:
            needed.add(claims.VERIFIED)
        if settings.grants:
            needed.add(settings.groups_claim)
        if any(find(said, name) is None for name in needed):
            said = {**await self._provider.userinfo(access_token, said["sub"]), **said}
        try:
            login = claims.login(said, settings.login_claim)
        except ValueError as error:
            raise claims.refused(str(error)) from None
        return Identity(
            login=login,
            method="oidc",
            first_name=next(iter(claims.texts(find(said, "given_name"))), ""),
            last_name=next(iter(claims.texts(find(said, "family_name"))), ""),
            groups=frozenset(claims.texts(find(said, settings.groups_claim))),
        )

    async def end_of(self, id_token: str | None) -> str | None:
        """Where a browser signs out of the provider, None if it has no such place.

        Raises `DirectoryUnavailable`.
        """
        endpoint = (await self._provider.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        asked = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": f"{self._public_url}/",
        }
        if id_token is not None:
            asked["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def logged_out(self, logout_token: str) -> ProviderLogout:
        """Whom the provider says it has signed out (back-channel logout).

        Raises `SignInRefused` with `SignInFailed`, also for a token that is `done`, or
        `DirectoryUnavailable`.
        """
        try:
            token = await self._provider.verified(logout_token)
            said = claims.check_logout_token(token, self._provider.client, self._clock())
            if said["jti"] in self._logouts:
                raise ValueError("it came twice")
        except ValueError as error:
            raise claims.refused(f"a logout token: {error}") from None
        session = ProviderSession(said.get("sub", ""), said.get("sid", ""), said["iat"])
        self._told.add(said["jti"], claims.MAX_AGE_S + claims.SKEW_S, session)
        return ProviderLogout(session, said["jti"])

    def has_ended(self, session: ProviderSession) -> bool:
        """Whether the provider has said that a session is over, maybe while a sign-in began."""
        return any(
            logout.session in ("", session.session)
            and logout.subject in ("", session.subject)
            and session.issued <= logout.issued
            for logout in self._told.values()
        )

    def done(self, logout: ProviderLogout) -> None:
        """Have a logout token refused from now on: all that it names has ended.

        Before that, the provider may send it again.
        """
        self._logouts.add(logout.token_id, claims.MAX_AGE_S + claims.SKEW_S, None)


class Once(Generic[T]):
    """Values that are given out once, by key, each for a while; at most `limit`, the oldest go."""

    def __init__(self, clock: Callable[[], float], limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._kept: dict[str, tuple[float, T]] = {}

    def add(self, key: str, seconds: float, value: T) -> bool:
        """Keep a value; False if there is one of this key already."""
        now = self._clock()
        # In the order of their coming, and so of their end.
        while self._kept:
            old = next(iter(self._kept))
            if self._kept[old][0] > now and len(self._kept) < self._limit:
                break
            del self._kept[old]
        if key in self._kept:
            return False
        self._kept[key] = (now + seconds, value)
        return True

    def __contains__(self, key: str) -> bool:
        """Whether a value of this key is kept, and its time not up."""
        return key in self._kept and self._kept[key][0] > self._clock()

    def values(self) -> list[T]:
        """All values that are kept, and whose time is not up."""
        now = self._clock()
        return [value for until, value in self._kept.values() if until > now]

    def take(self, key: str) -> T | None:
        """The value of a key, for the only time; None if there is none, or its time is up."""
        until, value = self._kept.pop(key, (0.0, None))
        return value if until > self._clock() else None


def page_of(text: str) -> str:
    """The page of xucd's own to return to: the one asked for, else the desk."""
    return text if _PAGE.fullmatch(text) else "/desk"
