"""The site: everything that xucd serves over HTTP, with the headers of every answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from prometheus_client import generate_latest
from twisted.web.resource import Resource, getChildForRequest
from twisted.web.server import Request, Site

from xucd.cti.links import Links
from xucd.signin import passwords
from xucd.signin.attempts import SignIn
from xucd.signin.audited import AuditedSignIn, PasswordSignIn
from xucd.signin.checking import Admit, PasswordChecks, PasswordDirectory, Users
from xucd.signin.earlier_attempts import EarlierAttempts
from xucd.signin.identities import Method
from xucd.signin.oidc import START, TAKE
from xucd.signin.places import bucket
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import Tokens
from xucd.store.audit_trail import AuditTrail
from xucd.web.addresses import X_FORWARDED_FOR, Addresses
from xucd.web.api import Api, AuthServices
from xucd.web.bearer import Bearer
from xucd.web.channel import ClientChannel, HttpDeadlines, TurnedAway
from xucd.web.connections import PROXY, ConnectionLimits, Connections
from xucd.web.elsewhere import Elsewhere, Nowhere
from xucd.web.errors import HttpError, answer_error
from xucd.web.headers import SECURITY_TXT, SecurityTxt, set_headers
from xucd.web.import_slots import Slot
from xucd.web.monitoring import Health, Monitoring
from xucd.web.origins import Origins
from xucd.web.pages import Pages
from xucd.web.rest import Rest
from xucd.web.rest_work import ServeRest

if TYPE_CHECKING:
    from xucd.web.oidc_routes import OidcParts

STATIC = Path(__file__).parent / "static"
# In bytes.
MAX_BODY = 64 * 1024
MAX_HOST = 255
# For the routes that import a whole file.
MAX_IMPORT = 8 * 1024 * 1024

PROVIDER_PATHS = (START.encode(), TAKE.encode())

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class SiteParts:
    """What the site is made of.

    `secret` signs the tokens (32 bytes or more); `clock` returns epoch seconds. With `rest`
    there are REST routes. With `audit` sign-ins are audited.
    `passwords` is a server that knows passwords, `oidc` is for a provider of OpenID Connect; whom
    they sign in, `admit` finds. `elsewhere` are other processes that serve the same port, and
    `metrics` those of all of them. `catch_up` takes over users whom another node has let in.
    """

    links: Links
    users: Users
    revocations: Revocations
    secret: bytes
    health: Callable[[], Health]
    clock: Callable[[], float]
    audit: AuditTrail | None = None
    rest: ServeRest | None = None
    passwords: PasswordDirectory | None = None
    oidc: "OidcParts | None" = None
    admit: Admit | None = None
    elsewhere: Elsewhere = field(default_factory=Nowhere)
    metrics: Callable[[], bytes] | None = None
    catch_up: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True)
class SiteOptions:
    """What can be chosen. `origins` are those of pages that may use xucd, besides its own.

    Behind `trusted_proxies`, addresses or networks, the client's address is the one that they tell
    in `forwarded_header`, one of `FORWARDED_HEADERS`.
    `token_ttl` and `session_ttl` are in seconds; `login_attempts` are failures per minute, for one
    login from one address; `legacy_links` opens the older addresses of the WebSocket.
    `security_contact` is whom ``/.well-known/security.txt`` names; without one there is no such
    file. `static` is the folder of the pages, `verify` tells whether a password is that of a hash.
    """

    origins: Iterable[str] = ()
    trusted_proxies: Iterable[str] = ()
    forwarded_header: str = X_FORWARDED_FOR
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    deadlines: HttpDeadlines = field(default_factory=HttpDeadlines)
    token_ttl: int = 3600
    session_ttl: int = 12 * 3600
    legacy_links: bool = False
    login_attempts: int = 20
    security_contact: str | None = None
    static: Path = STATIC
    verify: Callable[[str | None, str], bool] = passwords.verify


def make_site(parts: SiteParts, options: SiteOptions) -> "ClientSite":
    """The site to listen with."""
    origins = Origins(options.origins, parts.clock)
    tokens = Tokens(parts.secret, options.token_ttl, options.session_ttl, parts.clock)
    bearer = Bearer(parts.users, tokens, parts.revocations, parts.catch_up)
    metrics, elsewhere = parts.links.hub.metrics, parts.elsewhere
    earlier = EarlierAttempts(
        options.login_attempts, parts.clock, elsewhere.cells, elsewhere.report_familiar
    )
    signin: PasswordSignIn = SignIn(
        parts.users,
        PasswordChecks(parts.users, options.verify, parts.passwords, parts.admit),
        earlier,
        parts.clock,
        metrics,
    )
    if parts.audit is not None:
        last: Method = "password" if parts.passwords is None else "ldap"
        signin = AuditedSignIn(signin, parts.users, parts.audit, last)
    named = None if parts.oidc is None else {"name": parts.oidc.name, "start": START}
    api = Api(
        parts.links,
        AuthServices(bearer, signin, tokens, parts.revocations, parts.audit, named),
        origins,
        Monitoring(parts.health, parts.metrics or partial(generate_latest, metrics.registry)),
        legacy_links=options.legacy_links,
    )
    provider = None
    if parts.oidc is not None:
        # Only here: what it needs takes a while to import, and most have no provider.
        from xucd.web.oidc_routes import OidcRoutes  # noqa: PLC0415

        provider = OidcRoutes(parts.oidc, api).app.resource()
    rest = None if parts.rest is None else Rest(bearer, parts.rest)
    pages = Pages(str(options.static))
    if options.security_contact is not None:
        pages.made[SECURITY_TXT] = SecurityTxt(options.security_contact, parts.clock)
    root = _Root(Routes(api.app.resource(), provider, rest), pages, origins)
    connections = Connections(options.connections, elsewhere)
    return ClientSite(root, SignInParts(signin, earlier), rest, options, connections)


class _Request(Request):
    """A request whose body is limited in size, and never written to disk.

    `refusal` is set where its head is enough to refuse it. `client_address` is that behind trusted
    proxies, and `by_tls` whether one of these got it by TLS. `import_slot` is the one that its
    large body has until work on it begins. `body` is all of it, and is there even when the client
    has gone: `content` is not.
    """

    too_long = False
    refusal: HttpError | None = None
    body = b""
    client_address = ""
    by_tls = False
    import_slot: Slot | None = None
    max_body = MAX_BODY

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, parsePOSTFormSubmission=False, **options)  # type: ignore[no-untyped-call]

    def isSecure(self) -> bool:
        """Whether its client came by TLS, to xucd or to a trusted proxy."""
        return self.by_tls or bool(super().isSecure())  # type: ignore[no-untyped-call]

    def head_is(self, method: bytes, uri: bytes) -> None:
        """Set what the first line says; Twisted does so only when the body has arrived."""
        self.method, self.uri = method, uri
        self.path = uri.partition(b"?")[0]
        channel: Any = self.channel
        if channel.site.imports(self):
            self.max_body = MAX_IMPORT

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:
        assert self.content is not None  # made by gotLength
        if self.too_long or self.content.tell() + len(data) > self.max_body:
            self.too_long = True
            return
        super().handleContentChunk(data)  # type: ignore[no-untyped-call]


class SignInParts(NamedTuple):
    """How users sign in, and what earlier attempts have left behind."""

    signin: PasswordSignIn
    earlier: EarlierAttempts


class ClientSite(Site):
    """A site that counts its `connections`; `earlier` are the attempts to sign in.

    It does not log query strings: they hold tokens and passwords.
    """

    def __init__(
        self,
        root: Resource,
        parts: SignInParts,
        rest: Rest | None,
        options: SiteOptions,
        connections: Connections,
    ) -> None:
        super().__init__(root, requestFactory=_Request, timeout=None)  # type: ignore[no-untyped-call]
        self.addresses = Addresses(options.trusted_proxies, options.forwarded_header)
        self.connections = connections
        self.earlier = parts.earlier
        self._deadlines = options.deadlines
        self._signin = parts.signin
        self._rest = rest

    def buildProtocol(self, addr: Any) -> Any:
        """A new connection, to be ended at once where there are too many."""
        channel = ClientChannel(self.connections, self._deadlines, asyncio.get_running_loop())
        peer = getattr(addr, "host", "")
        counted = (
            PROXY if self.addresses.trusts(peer) else bucket(self.addresses.client(peer, None))
        )
        if not self.connections.open(channel, counted):
            return TurnedAway()
        channel.site = channel.factory = self
        channel.requestFactory = self.requestFactory
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """What can be spoken over TLS."""
        return [b"http/1.1"]

    def imports(self, request: Any) -> bool:
        """Whether a request may have a large body, by its first line."""
        return self._rest is not None and self._rest.imports(request)

    def admission(self, request: Any, length: int | None) -> Awaitable[None] | None:
        """What has to be awaited before the body is read; it raises what refuses the request.

        `length` is that of the body; None if it is not told before.
        """
        if self._rest is None or not self._rest.imports(request):
            return None
        return self._rest.admit(request, length)

    def stopFactory(self) -> None:
        super().stopFactory()
        self._signin.close()

    def log(self, request: Any) -> None:
        log.debug(
            "HTTP request",
            method=request.method.decode("ascii", "replace"),
            path=request.path.decode("ascii", "replace"),
            status=request.code,
            address=request.client_address,
        )


class Routes(NamedTuple):
    """Where requests go that are for no page: Klein's resources, and REST."""

    api: Any
    provider: Any
    rest: Rest | None


class _Root(Resource):
    """Sets the security headers of every answer, and dispatches requests to routes and pages."""

    isLeaf = True

    def __init__(self, routes: Routes, pages: Pages, origins: Origins) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._routes = routes
        self._pages = pages
        self._origins = origins

    def render(self, request: Any) -> Any:
        request.body = request.content.read()
        path = request.path
        set_headers(request, for_any_page=path.startswith(b"/assets/"))
        cross_origin = path.startswith((b"/xuc/", b"/ctichannel"))
        if cross_origin:
            self._origins.mark(request)
            if request.method == b"OPTIONS":
                return self._origins.preflight(request)
        refusal = request.refusal or _refusal(request)
        if refusal is not None:
            return answer_error(request, refusal)
        api, provider, rest = self._routes
        if rest is not None and rest.serves(path):
            return rest.render(request)
        if provider is not None and path.startswith(PROVIDER_PATHS):
            return provider.render(request)
        if cross_origin or path in (b"/health", b"/metrics"):
            return api.render(request)
        if request.method not in (b"GET", b"HEAD"):
            text = "This address does not support this method."
            return answer_error(request, HttpError(405, "MethodNotAllowed", text, Allow="GET"))
        found = getChildForRequest(self._pages, request)  # type: ignore[no-untyped-call]
        return found.render(request)


def _refusal(request: Any) -> HttpError | None:
    """What a request is answered with that nothing can serve, whatever it asks for."""
    if request.too_long:
        return HttpError(413, "TooLarge", "The body is too large.")
    if not _has_host(request):
        return HttpError(400, "InvalidHost", "The header Host does not name a host.")
    if not _is_utf8(request):
        return HttpError(404, "NotFound", "This address is not UTF-8.")
    return None


def _has_host(request: Any) -> bool:
    """Whether the header Host names a host that could exist; Klein logs a traceback if not."""
    host = request.getRequestHostname()
    try:
        host.decode().encode("idna")
    except UnicodeError:
        return False
    return len(host) <= MAX_HOST


def _is_utf8(request: Any) -> bool:
    """Whether the path is UTF-8; Klein and Twisted's `File` log a traceback if not."""
    try:
        b"/".join(request.postpath).decode()
    except UnicodeDecodeError:
        return False
    return True
