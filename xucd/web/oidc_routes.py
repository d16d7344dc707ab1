"""The routes of signing in by OpenID Connect: `xucd.signin.oidc.flow` tells what goes over them.

What a browser is sent to by its address bar is answered with a redirect, also when it fails: the
page says why. What the page itself asks is answered in JSON.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from klein import Klein

from xucd.signin.abuse_log import RefusalLog
from xucd.signin.checking import Admit
from xucd.signin.errors import DirectoryUnavailable, SignInRefused
from xucd.signin.failure_counts import FailureCounts
from xucd.signin.oidc import START, TAKE
from xucd.signin.oidc.flow import (
    BEGUN_S,
    CALLBACK,
    OFFERED_S,
    Arrival,
    Flow,
    Once,
    page_of,
)
from xucd.signin.places import bucket
from xucd.signin.tokens import Claims
from xucd.store import StoreError
from xucd.store.directory_users import ProviderSession
from xucd.web.api import Api, asynchronous
from xucd.web.bearer import token_in
from xucd.web.errors import HttpError, answer
from xucd.web.failures import answer_failure, http_error

MAX_ID_TOKENS: Final = 10_000
"""Of how many sign-ins the ID token is kept, with which the provider signs out without asking."""
MAX_FAILURES: Final = 60
"""How many failures of an address are logged and audited in a minute."""


class _Code(msgspec.Struct):
    code: str


class ProviderRecords(msgspec.Struct, frozen=True):
    """What the database knows of the provider's sessions. Both functions raise `StoreError`.

    `began` takes a sign-in's id, the session and until when it lasts; `sign_ins_of` tells those of
    a session, each with its end.
    """

    began: Callable[[str, ProviderSession, float], Coroutine[Any, Any, None]]
    sign_ins_of: Callable[[ProviderSession], Coroutine[Any, Any, dict[str, float]]]


class OidcParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes are made of. `name` is the provider's, as people know it."""

    name: str
    flow: Flow
    admit: Admit
    records: ProviderRecords
    clock: Callable[[], float]


class OidcRoutes:
    """The routes. `api` begins and ends sign-ins."""

    app = Klein()

    def __init__(self, parts: OidcParts, api: Api) -> None:
        self._flow = parts.flow
        self._admit = parts.admit
        self._sign_ins = parts.records
        self._api = api
        # Until their sign-in's time is up.
        self._id_tokens: Once[str] = Once(parts.clock, MAX_ID_TOKENS)
        self._clock = parts.clock
        self._failures = FailureCounts(MAX_FAILURES, parts.clock)
        self._refusals = RefusalLog(parts.clock)

    # --- Where the address bar leads

    @app.route(START, methods=["GET"])
    @asynchronous
    async def begin(self, request: Any) -> bytes:
        """Send the browser to the provider."""
        page = page_of(_parameters(request).get("page", ""))
        try:
            departure = await self._flow.begin(page)
        except DirectoryUnavailable as error:
            return _failed(request, page, self._unavailable(request, error))
        self._set_cookie(request, START, departure.cookie_name, departure.cookie, BEGUN_S)
        return _redirected(request, departure.location)

    @app.route(CALLBACK, methods=["GET"])
    @asynchronous
    async def come_back(self, request: Any) -> bytes:
        """Sign in whoever comes back from the provider, and hand the page a code for the token."""
        given = _parameters(request)
        state = given.get("state", "")
        name, page = self._flow.cookie_name(state), "/desk"
        try:
            begun = self._flow.begun(state, _cookie(request, name))
            page = begun.page
            self._set_cookie(request, START, name, "", 0)
            arrival = await self._flow.arrived(begun, given)
            code = await self._signed_in(request, arrival)
        except DirectoryUnavailable as error:
            return _failed(request, page, self._unavailable(request, error))
        except SignInRefused as error:
            if self._failed_at(request, error):
                self._api.count_failure("oidc", request, error)
            return _failed(request, page, error)
        except StoreError as error:
            return _failed(request, page, http_error(request.path, error))
        return _redirected(request, f"{page}#signed-in={code}")

    async def _signed_in(self, request: Any, arrival: Arrival) -> str:
        """Begin the sign-in of a user who has arrived; returns the code for its token."""
        user = await self._admit(arrival.identity, request.client_address)
        signed_in = await self._api.begin(request, user, "oidc")
        sid = signed_in.claims.sid
        await self._sign_ins.began(sid, arrival.session, signed_in.claims.end)
        if self._flow.has_ended(arrival.session):  # before it was known which sign-ins it has
            await self._api.end_by_provider(request, sid, signed_in.claims.end)
            text = "The sign-in server has signed you out meanwhile; sign in again."
            raise SignInRefused("SignInFailed", text, reason="a logout came before the sign-in")
        lasts = signed_in.claims.end - self._clock()
        self._id_tokens.add(sid, lasts, arrival.id_token)
        offer = self._flow.offer(signed_in.claims)
        self._set_cookie(request, TAKE, offer.cookie_name, offer.cookie, OFFERED_S)
        return offer.code

    def _set_cookie(self, request: Any, path: str, name: str, value: str, seconds: int) -> None:
        request.addCookie(
            name, value, path="/" if self._flow.secure else path, max_age=str(seconds),
            secure=self._flow.secure, httpOnly=True, sameSite="lax",
        )  # fmt: skip

    def _failed_at(self, request: Any, error: SignInRefused) -> bool:
        """Count a failure by its address, and log it; False if the address has had too many.

        Then it leaves no trace any more. It is not kept from signing in: any page can have its
        visitor fail here.
        """
        address = request.client_address
        if self._failures.wait(bucket(address)) > 0:
            return False
        self._failures.add(bucket(address))
        self._refusals.not_signed_in(address, error.code, error.reason)
        return True

    def _unavailable(self, request: Any, error: DirectoryUnavailable) -> SignInRefused:
        text = "The sign-in server does not answer; try again later."
        refusal = SignInRefused("SignInUnavailable", text, reason=str(error))
        self._refusals.not_signed_in(request.client_address, refusal.code, refusal.reason)
        return refusal

    # --- What the page asks

    @app.route(TAKE, methods=["POST"])
    @asynchronous
    async def take(self, request: Any) -> bytes:
        """Answer with the token for a code, once, in the browser that has come back with it."""
        try:
            code = msgspec.json.decode(request.body, type=_Code).code
        except (msgspec.MsgspecError, ValueError, RecursionError):
            text = "The body is not a JSON object with code."
            raise HttpError(400, "InvalidJson", text) from None
        name = self._flow.cookie_name(code)
        claims = self._flow.taken(code, _cookie(request, name))
        signed_in = await self._api.bearer.owner_of(claims)
        self._set_cookie(request, TAKE, name, "", 0)
        return self._api.token(request, signed_in.user, claims)

    @app.route(f"{TAKE}/logout", methods=["POST"])
    @asynchronous
    async def log_out(self, request: Any) -> bytes:
        """End the sign-in of a token, and tell where to sign out of the provider, if anywhere."""
        claims = await self._api.log_out_by(request, token_in(request.requestHeaders))
        return answer(request, 200, {"location": await self._end(request, claims)})

    async def _end(self, request: Any, claims: Claims) -> str | None:
        try:
            return await self._flow.end_of(self._id_tokens.take(claims.sid))
        except DirectoryUnavailable as error:
            self._unavailable(request, error)
            return None

    # --- What the provider asks

    @app.route(f"{START}/backchannel-logout", methods=["POST"])
    @asynchronous
    async def logged_out(self, request: Any) -> bytes:
        """End the sign-ins of a session that the provider has ended."""
        wait = self._failures.wait(bucket(request.client_address))
        if wait > 0:
            # Each costs a signature's verification.
            text = "Too many logout tokens from this address were refused; try again later."
            raise SignInRefused("TooManyRequests", text, int(wait) + 1)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
        try:
            logout = await self._flow.logged_out(form.get("logout_token", ""))
        except SignInRefused as error:
            self._failed_at(request, error)
            raise HttpError(400, "InvalidToken", error.message) from None
        except DirectoryUnavailable as error:
            raise self._unavailable(request, error) from None
        for sid, until in (await self._sign_ins.sign_ins_of(logout.session)).items():
            self._id_tokens.take(sid)
            await self._api.end_by_provider(request, sid, until)
        self._flow.done(logout)
        request.setHeader(b"Cache-Control", b"no-store")
        return b""

    @app.handle_errors(Exception)
    def on_failure(self, request: Any, failure: Any) -> bytes:
        """Answer any exception of a route."""
        return answer_failure(request, failure)


def _cookie(request: Any, name: str) -> str | None:
    found = request.getCookie(name.encode("utf-8", "replace"))
    return None if found is None else found.decode("latin-1")


def _redirected(request: Any, location: str) -> bytes:
    request.setResponseCode(303)
    request.setHeader(b"Location", location.encode("ascii"))
    request.setHeader(b"Cache-Control", b"no-store")
    request.setHeader(b"Content-Length", b"0")
    return b""


def _failed(request: Any, page: str, error: SignInRefused | HttpError) -> bytes:
    """Send the browser back to its page, which says why it is not signed in."""
    return _redirected(request, f"{page}#sign-in-error={error.code}")


def _parameters(request: Any) -> dict[str, str]:
    """The query's parameters. Removes them from the request, so that nothing logs them."""
    _, _, query = request.uri.partition(b"?")
    request.uri = request.path
    try:
        return dict(parse_qsl(query.decode("latin-1"), max_num_fields=50))
    except ValueError:
        raise HttpError(400, "InvalidQuery", "The query has too many parameters.") from None
