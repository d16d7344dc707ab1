"""The HTTP routes: authentication, the WebSocket, health, metrics.

A refused upgrade is answered before the handshake, with a JSON error that a page can read.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from klein import Klein
from prometheus_client import CONTENT_TYPE_LATEST
from twisted.internet.defer import Deferred

from xucd.center.audit import Actor, AuditEntry, Kind, Target
from xucd.center.directory import User
from xucd.cti.link import Resume
from xucd.cti.links import Links
from xucd.signin.audited import PasswordSignIn
from xucd.signin.errors import SignInRefused
from xucd.signin.identities import Method
from xucd.signin.places import bucket
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import Claims, Tokens, invalid_token
from xucd.store import StoreError
from xucd.store.audit_trail import AuditTrail
from xucd.web import documents
from xucd.web.bearer import Bearer, SignedIn, token_in
from xucd.web.documents import Document
from xucd.web.errors import HttpError, answer
from xucd.web.failures import answer_failure, hung_up
from xucd.web.link_resource import LinkResource, vouch
from xucd.web.monitoring import Monitoring
from xucd.web.origins import Origins
from xucd.web.own_password import OwnPasswords

_T = TypeVar("_T")


class _Login(msgspec.Struct):
    login: str
    password: str


class _Logout(msgspec.Struct):
    everywhere: bool = False


class AuthServices(msgspec.Struct, frozen=True):
    """Who a client is: by password (`signin`) or by token (`bearer`), and how to get a token.

    `revocations` says which sign-ins have ended, and ends them. Both are told to `trail`, if any.
    `provider` is the name of a provider of OpenID Connect, and where sign-in by it starts.
    """

    bearer: Bearer
    signin: PasswordSignIn
    tokens: Tokens
    revocations: Revocations
    trail: AuditTrail | None = None
    provider: dict[str, str] | None = None


def asynchronous(handler: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Let a route be an asyncio coroutine: Klein would run it as one of Twisted."""

    @wraps(handler)
    def run(api: Any, request: Any) -> Any:
        task = asyncio.ensure_future(handler(api, request))
        return Deferred.fromFuture(task).addErrback(hung_up, request)

    return run


class Api:
    """The routes. `bearer` finds users by their tokens."""

    app = Klein()

    def __init__(
        self,
        links: Links,
        authentication: AuthServices,
        origins: Origins,
        monitoring: Monitoring,
        *,
        legacy_links: bool,
    ) -> None:
        self._provider = authentication.provider
        self._links = links
        self.bearer = authentication.bearer
        self._signin = authentication.signin
        self._tokens = authentication.tokens
        self._revocations = authentication.revocations
        self._trail = authentication.trail
        self._own_passwords = OwnPasswords(self._signin, self._tokens, self._revocations, links)
        self._origins = origins
        self._monitoring = monitoring
        self._legacy_links = legacy_links
        self._asyncapi: dict[bool, Document] = {}

    # --- Signing in

    @app.route("/xuc/api/2.0/auth/login", methods=["POST"])
    @asynchronous
    async def log_in(self, request: Any) -> bytes:
        """Answer with a token for a login and a password."""
        # A page elsewhere must not guess in its visitors' names, who would be banned for it.
        self._origins.require(request)
        try:
            login = msgspec.json.decode(request.body, type=_Login)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            text = "The body is not a JSON object with login and password."
            raise HttpError(400, "InvalidJson", text) from None
        signed_in = await self._sign_in(request, login.login, login.password)
        return self.token(request, signed_in.user, signed_in.claims)

    @app.route("/xuc/api/2.0/auth/methods", methods=["GET"])
    def methods(self, request: Any) -> bytes:
        """Answer with the ways to sign in, for a page that offers them."""
        return answer(request, 200, {"oidc": self._provider})

    @app.route("/xuc/api/2.0/auth/check", methods=["GET"])
    @asynchronous
    async def check(self, request: Any) -> bytes:
        """Answer with a new token for a valid one."""
        signed_in = await self.bearer.signed_in(request.requestHeaders)
        self._signin.remember(signed_in.user, request.client_address)
        return self.token(request, signed_in.user, self._tokens.renewed(signed_in.claims))

    @app.route("/xuc/api/2.0/auth/logout", methods=["POST"])
    @asynchronous
    async def log_out(self, request: Any) -> bytes:
        """End the sign-in of a token, or with `everywhere` all of its user's.

        The former is idempotent, and can be done with a token whose time is up: it only ends what
        the token was for. The latter needs a valid one.
        """
        body = request.body
        try:
            logout = msgspec.json.decode(body, type=_Logout) if body.strip() else _Logout()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            text = "The body is neither empty nor a JSON object with everywhere, true or false."
            raise HttpError(400, "InvalidJson", text) from None
        try:
            if logout.everywhere:
                signed_in = await self.bearer.signed_in(request.requestHeaders)
                await _finished(self._end_everywhere(request, signed_in))
            else:
                await self.log_out_by(request, token_in(request.requestHeaders))
        except StoreError:
            raise _still_valid() from None
        request.setResponseCode(204)
        request.setHeader(b"Cache-Control", b"no-store")
        return b""

    @app.route("/xuc/api/2.0/auth/password", methods=["POST"])
    @asynchronous
    async def change_password(self, request: Any) -> bytes:
        """Change the user's own password, and answer with a new token of this sign-in."""
        signed_in = await self.bearer.signed_in(request.requestHeaders)
        claims = await _finished(self._change_password(request, signed_in))
        return self.token(request, signed_in.user, claims)

    async def _change_password(self, request: Any, signed_in: SignedIn) -> Claims:
        claims = await self._own_passwords.change(signed_in, request.body, request.client_address)
        target = Target("user", signed_in.user.id, signed_in.user.login)
        await self._record(Kind.SET_PASSWORD, request, claims, targets=(target,))
        return claims

    async def _end_everywhere(self, request: Any, signed_in: SignedIn) -> None:
        await self._revocations.end_all(signed_in.user.login)
        await self._record(Kind.SIGN_OUT, request, signed_in.claims, {"everywhere": True})

    async def _end(self, request: Any, claims: Claims) -> None:
        # What is over needs no end: whoever finds an old token writes nothing by it.
        if self.bearer.lasts(claims) and await self._revocations.end(claims.sid, claims.end):
            await self._record(Kind.SIGN_OUT, request, claims)

    async def _sign_in(self, request: Any, login: str, password: str) -> SignedIn:
        """Begin a sign-in by password. Raises `SignInRefused`, as `SignIn.user` does."""
        generation = self._revocations.generation(login)
        while True:
            found = await self._signin.authenticate(login, password, request.client_address)
            if found.method != "password":
                return await self.begin(request, found.user, found.method)
            await self._revocations.refresh()
            current = self._revocations.generation(login)
            # The password may have been another one when it was verified.
            if current is not None and current == generation:
                return await self.begin(request, found.user, found.method, current)
            generation = current

    # --- What other ways of signing in use

    async def begin(
        self, request: Any, user: User, method: Method, generation: str | None = None
    ) -> SignedIn:
        """Begin the sign-in of a user who has shown who it is.

        `generation` is the one that a password was of. Raises `SignInRefused` with `InvalidToken`
        for a user who has just been removed.
        """
        if generation is None:
            await self._revocations.refresh()
            generation = self._revocations.generation(user.login)
        if generation is None:
            raise invalid_token()
        claims = self._tokens.begin(user.login, generation)
        await self._record(Kind.SIGN_IN, request, claims, {"method": method})
        return SignedIn(user, claims)

    def count_failure(self, method: Method, request: Any, error: SignInRefused) -> None:
        """Write into the audit trail that somebody has failed to sign in."""
        address = request.client_address
        if self._trail is not None:
            failure = AuditEntry(
                at=self._trail.now(),
                actor=Actor("", None, address),
                kind=Kind.SIGN_IN,
                detail={"method": method},
                outcome=error.code,
            )
            self._trail.count(failure, bucket(address))

    async def log_out_by(self, request: Any, token: str) -> Claims:
        """End the sign-in of a token; returns what it says. Raises `HttpError`, `SignInRefused`."""
        claims = self._tokens.read(token)
        try:
            await _finished(self._end(request, claims))
        except StoreError:
            raise _still_valid() from None
        return claims

    async def end_by_provider(self, request: Any, sid: str, until: float) -> None:
        """End a sign-in that the provider has ended. Raises `StoreError`."""
        if await self._revocations.end(sid, until) and self._trail is not None:
            at, actor = self._trail.now(), Actor("", None, request.client_address, sid)
            detail = {"method": "oidc"}
            await self._trail.record(
                AuditEntry(at=at, actor=actor, kind=Kind.SIGN_OUT, detail=detail)
            )

    async def _record(
        self,
        kind: Kind,
        request: Any,
        claims: Claims,
        detail: Mapping[str, object] | None = None,
        targets: tuple[Target, ...] = (),
    ) -> None:
        """Write into the audit trail what was done with a sign-in, or in it."""
        if self._trail is None:
            return
        user = self.bearer.of(claims)
        user_id = user.id if user is not None else None
        actor = Actor(claims.login, user_id, request.client_address, claims.sid)
        at = self._trail.now()
        await self._trail.record(
            AuditEntry(at=at, actor=actor, kind=kind, targets=targets, detail=detail or {})
        )

    def token(self, request: Any, user: User, claims: Claims) -> bytes:
        """Answer with a token that says this."""
        vouch(request, user)
        token, ttl = self._tokens.sign(claims), self._tokens.ttl(claims)
        return answer(request, 200, {"login": claims.login, "token": token, "TTL": ttl})

    # --- The WebSocket

    @app.route("/xuc/api/2.0/cti", methods=["GET"])
    @asynchronous
    async def cti(self, request: Any) -> Any:
        """Open a WebSocket by token."""
        return await self._by_token(request, _query(request))

    @app.route("/xuc/ctichannel/tokenAuthentication", methods=["GET"])
    @app.route("/ctichannel/tokenAuthentication", methods=["GET"])
    @asynchronous
    async def old_cti_by_token(self, request: Any) -> Any:
        """Open a WebSocket by token, at an older address."""
        self._only_with_legacy_links()
        return await self._by_token(request, _query(request))

    @app.route("/xuc/ctichannel", methods=["GET"])
    @app.route("/ctichannel", methods=["GET"])
    @asynchronous
    async def old_cti_by_password(self, request: Any) -> Any:
        """Open a WebSocket by password, as the oldest pages do."""
        self._only_with_legacy_links()
        query = _query(request)
        self._origins.require(request)
        # Before the password counts: a page elsewhere can have it fetched as an image.
        _require_upgrade(request)
        login, password = query.get("username", ""), query.get("password", "")
        return self._upgraded(request, await self._sign_in(request, login, password), query)

    def _only_with_legacy_links(self) -> None:
        if not self._legacy_links:
            raise HttpError(404, "NotFound", "This address does not exist.")

    async def _by_token(self, request: Any, query: dict[str, str]) -> Any:
        self._origins.require(request)
        token = query.get("token")
        if not token:
            raise HttpError(401, "InvalidCredentials", "The query has no token.")
        return self._upgraded(request, await self.bearer.owner(token), query)

    def _upgraded(self, request: Any, signed_in: SignedIn, query: dict[str, str]) -> Any:
        _require_upgrade(request)
        admission = self._links.admit(signed_in.user, signed_in.key, _resume(query))
        admission.address = request.client_address
        return LinkResource(admission, signed_in.user)

    # --- Monitoring

    @app.route("/health", methods=["GET"])
    def health(self, request: Any) -> bytes:
        """Answer 200 while clients see the current state, else 503."""
        health = self._monitoring.health()
        return answer(request, 200 if health.current else 503, msgspec.to_builtins(health))

    @app.route("/metrics", methods=["GET"])
    def metrics(self, request: Any) -> bytes:
        """Answer with the metrics, in Prometheus' text format."""
        request.setHeader(b"Content-Type", CONTENT_TYPE_LATEST.encode())
        return self._monitoring.metrics()

    @app.route("/xuc/api/2.0/asyncapi.json", methods=["GET"])
    def cti_document(self, request: Any) -> bytes:
        """Answer with the AsyncAPI document of the WebSocket."""
        secure = request.isSecure()
        if secure not in self._asyncapi:  # made at the first request: it would delay every start
            from xucd.cti.schema import asyncapi  # noqa: PLC0415

            self._asyncapi[secure] = Document(asyncapi.document(documents.HOST, secure))
        return self._asyncapi[secure].serve_for(request, _host(request))

    # --- Errors

    @app.handle_errors(Exception)
    def on_failure(self, request: Any, failure: Any) -> bytes:
        """Answer any exception of a route."""
        return answer_failure(request, failure)


async def _finished(work: Coroutine[Any, Any, _T]) -> _T:
    """Await work that is finished, and written down, even if the client hangs up meanwhile."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    return await asyncio.shield(task)


def _require_upgrade(request: Any) -> None:
    upgrade = request.getHeader(b"upgrade") or b""
    if upgrade.lower() != b"websocket":
        text = "This address accepts only WebSockets."
        raise HttpError(426, "UpgradeRequired", text, Upgrade="websocket")


def _still_valid() -> HttpError:
    text = "xucd cannot write to its database; the token is still valid."
    return HttpError(503, "StoreUnavailable", text)


def _host(request: Any) -> str:
    """The host that the client addressed, `localhost` if its header is malformed."""
    host = (request.getHeader(b"host") or b"").decode("latin-1")
    return host if re.fullmatch(r"[\w.:\[\]-]{1,255}", host, re.ASCII) else "localhost"


def _query(request: Any) -> dict[str, str]:
    """The query parameters. Removes them from the request, so that nothing logs the secrets."""
    _, _, query = request.uri.partition(b"?")
    request.uri = request.path
    # Old pages send the separator as it is escaped in HTML.
    text = query.decode("latin-1").replace("&amp;", "&")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise HttpError(400, "InvalidQuery", "The query has too many parameters.") from None


def _resume(query: dict[str, str]) -> Resume | None:
    if query.get("resume") != "1":
        return None
    position = query.get("position", "")
    if position.isascii() and position.isdecimal() and len(position) < 20:
        return Resume(epoch=query.get("epoch"), position=int(position))
    # A stream without a valid position cannot be resumed.
    return Resume(epoch=query.get("epoch"), position=-1)
