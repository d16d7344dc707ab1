"""xucd's HTTP and WebSocket side on a real port, before an application made for tests."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet import reactor as twisted_reactor

from tests.ws_client import Client
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights, rights_of
from xucd.cti import commands
from xucd.cti.hub import Hub
from xucd.cti.link import SIGNED_OUT, LinkLimits
from xucd.cti.links import Links
from xucd.cti.messages import AgentListen, RightProfile, UserStatusUpdate
from xucd.cti.session import Session
from xucd.cti.streams.log import StreamLog
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import Tokens
from xucd.store import StoreUnavailable
from xucd.web.connections import Connections
from xucd.web.listening import listen
from xucd.web.monitoring import Health
from xucd.web.site import STATIC, SiteOptions, SiteParts, make_site

# Typed as a module, which it is not.
reactor: Any = twisted_reactor

SECRET = b"0123456789abcdef0123456789abcdef"
BRUCE = User(id=1, login="bruce", first_name="Bruce", last_name="Wail", agent_id=8)
ALICE = User(id=2, login="alice", first_name="Alice", last_name="Johnson", agent_id=9)


class Application:
    """Carries out a few commands in ways that tests can steer, and tells what it has seen."""

    def __init__(self) -> None:
        self.hub: Hub
        self.users: dict[str, User] = {}
        self.sessions: list[Session] = []
        self.asked_for: list[commands.Command] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def present(self, user: User) -> User:
        return self.users.get(user.login, user)

    def rights_of(self, user: User) -> Rights:
        return rights_of(user, strict=False)

    def opened(self, session: Session) -> None:
        session.send(RightProfile(profile="Admin", rights=[]))
        session.send(UserStatusUpdate(status="available"))
        self.hub.subscribe(session, "everybody")
        self.sessions.append(session)

    @property
    def ended(self) -> list[Session]:
        """The sessions that hear nothing any more, in the order in which they began."""
        return [session for session in self.sessions if not session.topics]

    async def carry_out(self, session: Session, ask: commands.Command) -> None:
        await self.gate.wait()
        self.asked_for.append(ask)
        match ask:
            case commands.AgentLogin():
                raise Refused(
                    "LoggedInOnAnotherPhone", "Elsewhere.", phoneNb="1002", RequestedNb="1"
                )
            case commands.SetAgentQueue():
                raise Refused("QueueUnknown", "No such queue.", silent=True)
            case commands.GetAgentDirectory():
                raise ZeroDivisionError("a mistake of ours")
            case commands.ListenAgent():
                session.send(said(int(ask.agent_id or 0)))


def said(number: int, size: int = 0) -> AgentListen:
    """A message that can be told from others, and made large."""
    return AgentListen(started=True, phone_number="x" * size, agent_id=number)


class Records:
    """A database of sign-ins, which may be `failing`, or slow: `gate` holds it back."""

    def __init__(self) -> None:
        self.known = {"bruce": "one", "alice": "two"}
        self.ended: dict[str, float] = {}
        self.failing = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def generations(self) -> dict[str, str]:
        self.asked += 1
        await self.gate.wait()
        if self.failing:
            raise StoreUnavailable("gone")
        return dict(self.known)

    async def ended_sign_ins(self) -> dict[str, float]:
        return dict(self.ended)

    async def end_sign_in(self, sid: str, until: float) -> None:
        await self.gate.wait()
        if self.failing:
            raise StoreUnavailable("gone")
        self.ended[sid] = until

    async def end_all_sign_ins(self, login: str) -> None:
        if self.failing:
            raise StoreUnavailable("gone")
        self.known[login] += "-more"

    async def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        await self.gate.wait()
        if self.failing:
            raise StoreUnavailable("gone")
        if self.known.get(login) != generation:
            return None
        self.known[login] += "-changed"
        return self.known[login]


class Server:
    """What `serving` gives. `now` is the time that tokens and log-ins are judged by."""

    def __init__(self) -> None:
        self.port = 0
        self.trust: ssl.SSLContext | None = None  # for `http`, over TLS
        self.now = 1_000_000.0
        self.application = Application()
        self.hub: Hub
        self.links: Links
        self.tokens = Tokens(SECRET, 3600, 43200, lambda: self.now)
        self.records = Records()
        self.revocations: Revocations
        self.connections: Connections
        self.users = {"bruce": BRUCE, "alice": ALICE}
        self.health = Health(current=True, asterisk="current", store="ok", last_event_age=0.5)

    def user(self, login: str) -> User | None:
        return self.users.get(login)

    def dismiss_ended(self) -> None:
        ended = self.revocations.has_ended
        self.links.dismiss(lambda user, key: ended(user.login, key), SIGNED_OUT, b"signed out")

    async def password_hash(self, login: str) -> str | None:
        return f"{login}-demo" if login in self.users else None

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        """No hash here is outdated."""

    async def http(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.trust)
        fields = {"Host": f"127.0.0.1:{self.port}", "Connection": "close",
                  "Content-Length": str(len(body)),
                  **{name.replace("_", "-"): value for name, value in headers.items()}}  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        async with asyncio.timeout(30):
            whole = await reader.read()
        writer.close()
        head, _, content = whole.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        answer = {k.lower(): v for k, _, v in (line.partition(": ") for line in rest)}
        return int(first.split(" ")[1]), answer, content

    async def json(self, method: str, path: str, value: Any = None, **headers: str) -> Any:
        """One request; returns (status, what the JSON of the answer says)."""
        body = b"" if value is None else msgspec.json.encode(value)
        status, _, content = await self.http(method, path, body, **headers)
        return status, msgspec.json.decode(content)

    async def token(self, login: str = "bruce") -> str:
        """Sign in."""
        status, answer = await self.json(
            "POST", "/xuc/api/2.0/auth/login", {"login": login, "password": f"{login}-demo"}
        )
        assert status == 200
        return str(answer["token"])

    async def link(self, login: str = "bruce", more: str = "", **options: Any) -> Client:
        """Sign in and open a WebSocket."""
        token = await self.token(login)
        return await Client.connect(self.port, f"/xuc/api/2.0/cti?token={token}{more}", **options)

    async def opened(self, login: str = "bruce", **options: Any) -> Client:
        """A WebSocket that has heard its opening."""
        client = await self.link(login, **options)
        for expected in ("LoggedOn", "RightProfile", "UserStatusUpdate"):
            assert (await client.hear())["msgType"] == expected
        return client


@contextlib.asynccontextmanager
async def serving(
    *,
    limits: LinkLimits | None = None,
    static: Path = STATIC,
    tls: Any = None,
    streams: StreamLog | None = None,
    users: dict[str, User] | None = None,
    **options: Any,
) -> AsyncIterator[Server]:
    """A server on a port of its own, for as long as the context lasts.

    It takes up the streams that the log has, if one is given. `options` are `SiteOptions`, and in
    `parts` more of `SiteParts`.
    """
    server = Server()
    parts = options.pop("parts", {})
    server.users = server.application.users = users or server.users
    loop = asyncio.get_running_loop()
    server.hub = server.application.hub = Hub(loop, streams=streams)
    server.links = Links(server.hub, server.application, loop, limits)
    server.revocations = Revocations(server.records, lambda: server.now, server.dismiss_ended)
    await server.revocations.load()
    server.hub.streams.load()
    server.application.sessions += server.links.restore(
        {user.id: user for user in server.users.values()},
        lambda user, sign_in: server.revocations.has_ended(user.login, sign_in),
    )
    site = make_site(
        SiteParts(
            links=server.links,
            users=server,
            revocations=server.revocations,
            secret=SECRET,
            health=lambda: server.health,
            clock=lambda: server.now,
            **parts,
        ),
        SiteOptions(
            static=static,
            **{"verify": lambda kept, password: kept == password, **options},
        ),
    )
    server.connections = site.connections
    port = listen(reactor, ("127.0.0.1", 0), site, tls)
    server.port = port.getHost().port
    try:
        yield server
    finally:
        server.links.close()
        server.hub.streams.close()
        await port.stopListening().asFuture(loop)


async def until(condition: Any) -> None:
    """Wait for something that the loop is about to bring about."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # anything may bring it about
            await asyncio.sleep(0.005)
