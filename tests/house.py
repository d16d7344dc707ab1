"""A contact centre with pages that hear what is published, without links and Asterisk."""

import asyncio
from collections.abc import Hashable, Iterable
from typing import Any, cast

from tests.scene import BILLING, BRUCE, CAROLINE, SALES, SUPPORT, Scene
from xucd.center.directory import Directory, User
from xucd.center.rights import rights_of
from xucd.commands import hints, lists
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context, Options
from xucd.cti import commands as cmd
from xucd.cti import messages as msg
from xucd.cti.hub import Hub
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.publishing.changes import Publisher
from xucd.publishing.opening import subscribe_to_own
from xucd.views.statuses import with_own

READY = msg.UserStatus(
    name="available",
    long_name="Available",
    color="#9BC920",
    actions=[msg.StatusAction(name="queueunpause_all", parameters="true")],
)
USERS = {
    "ada": User(20, "ada", "Ada", "Min", profile="Admin"),
    "norah": User(21, "norah", "Norah", "Right", agent_id=CAROLINE),
    "sue": User(
        22,
        "sue",
        "Sue",
        "Pervisor",
        profile="Supervisor",
        queue_ids=frozenset({SUPPORT}),
        group_ids=frozenset({1}),
        line_id=4,
    ),
    "stan": User(
        23,
        "stan",
        "Stan",
        "Supervisor",
        profile="Supervisor",
        queue_ids=frozenset({SUPPORT, SALES, BILLING}),
        group_ids=frozenset({1}),
    ),
    "bruce": User(
        1,
        "bruce",
        "Bruce",
        "Wail",
        profile="Supervisor",
        agent_id=BRUCE,
        line_id=1,
        queue_ids=frozenset({SALES}),
        group_ids=frozenset({1}),
    ),
}


class Page(Session):
    """A session that keeps what it is sent."""

    def __init__(self, user: User, *, strict: bool = False) -> None:
        super().__init__(user, SignInKey("", ""), rights_of(user, strict=strict), None)
        self.heard: list[msg.Message] = []

    def send(self, body: msg.Message) -> None:
        self.heard.append(body)

    def of(self, kind: type[msg.Message]) -> list[Any]:
        return [body for body in self.heard if isinstance(body, kind)]


class Listening(Hub):
    """A hub whose pages are told at once; `encoded` counts the messages that had a listener."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.pages: list[Page] = []
        self.encoded: list[msg.Message] = []

    def subscribe(self, session: Session, topic: Hashable) -> None:
        session.topics[topic] = 0

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        session.topics.pop(topic, None)

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        return any(not page.topics.keys().isdisjoint(topics) for page in self.pages)

    def publish(self, topics: Iterable[Hashable], body: msg.Message) -> None:
        topics = list(topics)
        if self.has_subscribers(topics):
            self.encoded.append(body)
        for page in self.pages:
            if not page.topics.keys().isdisjoint(topics):
                page.heard.append(body)


class House:
    """A scene with pages: what happens in it is published to them."""

    def __init__(self, *, hints_by_list: bool = False) -> None:
        self.scene = Scene()
        center = self.scene.center
        old = center.directory
        center.directory = Directory(
            old.groups.values(),
            old.queues.values(),
            old.lines.values(),
            old.agents.values(),
            USERS.values(),
        )
        self.hub = Listening()
        self.context = Context(
            center=center,
            asterisk=cast(AsteriskRequests, None),
            journal=cast(Any, None),
            hub=self.hub,
            options=Options(statuses=with_own([READY]), hints_by_list=hints_by_list),
            now=lambda: self.scene.now,
            publish=lambda: None,
        )
        self.publisher = Publisher(self.context)

    def page(self, login: str, *, strict: bool = False) -> Page:
        page = Page(USERS[login], strict=strict)
        self.hub.pages.append(page)
        subscribe_to_own(self.context, page)
        return page

    async def listening(self, *logins: str, strict: bool = False) -> list[Page]:
        """Pages that have subscribed to states, configurations and memberships."""
        pages = [self.page(login, strict=strict) for login in logins]
        for page in pages:
            await lists.subscribe_to_agent_events(self.context, cmd.SubscribeToAgentEvents(), page)
            for kind in ("agent", "queuemember"):
                await lists.get_list(self.context, cmd.GetList(object_type=cast(Any, kind)), page)
            page.heard.clear()
        return pages

    async def watch(self, page: Page, *numbers: str) -> list[int]:
        before = len(page.heard)
        ask = cmd.SubscribeToPhoneHints(phone_numbers=list(numbers))
        await hints.subscribe(self.context, ask, page)
        return [body.status for body in cast("list[Any]", page.heard[before:])]

    def publish(self) -> None:
        """Publish all that has happened in the scene."""
        told, self.scene.told = self.scene.told, []
        self.publisher.publish(told)
