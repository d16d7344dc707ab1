"""What xucd tells: the latest of what it sent by itself, and what it answers when asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integration.client import Client
from integration.model.listed import AGENTS, QUEUES

Body = dict[str, Any]
ADMIN = "ada"  # hears of all agents, queues and callers
PAGES = ("ada", "bruce", "alice", "jack", "marice", "etienne", "caroline", "sue")
LOGINS = {8: "bruce", 9: "alice", 10: "jack", 11: "marice", 12: "etienne", 13: "caroline"}
OWN_LINES = {login: str(1001 + number) for number, login in enumerate(LOGINS.values())} | {
    "sue": "1007",
    "ada": "1008",
}
OVER = "EventReleased"
TALKED = ("EventEstablished", "EventOnHold")
PARKED = re.compile(r"7\d\d")
"""Where a parked call is taken back: at first it is a call to that number."""


@dataclass(frozen=True)
class Told:
    """`sent_…` is what pages were sent by themselves, the rest what was answered.

    `calls` and `sent_calls` are the calls of each user's phone by their unique id; those that were
    sent and released are left out. `own_lines` are where users have phones while not logged in.
    """

    agents: Mapping[int, Body] = field(default_factory=dict)
    sent_agents: Mapping[int, Body] = field(default_factory=dict)
    members: Mapping[tuple[int, int], int] = field(default_factory=dict)  # agent, queue: penalty
    sent_members: Mapping[tuple[int, int], int] = field(default_factory=dict)
    callers: Mapping[int, list[Body]] = field(default_factory=dict)  # queue: in order
    figures: Mapping[int, Mapping[str, float]] = field(default_factory=dict)  # queue
    calls: Mapping[str, Mapping[str, Body]] = field(default_factory=dict)  # login
    sent_calls: Mapping[str, Mapping[str, Body]] = field(default_factory=dict)
    own_lines: Mapping[str, str] = field(default_factory=lambda: OWN_LINES)


async def open_pages(pages: Mapping[str, Client]) -> None:
    """Subscribe to all that is compared later."""
    admin = pages[ADMIN]
    await admin.ask("subscribeToAgentEvents")
    await admin.ask("subscribeToQueueStats")
    for queue_id in QUEUES:
        await admin.ask("subscribeToQueueCalls", queueId=queue_id)
    await admin.ask("getAgentStates")
    await admin.ask("getList", objectType="queuemember")
    for page in pages.values():
        await page.ask("getCurrentCallsPhoneEvents")


async def read(pages: Mapping[str, Client], silent: Client) -> Told:
    """Ask for everything, at once, and put what was sent before beside it.

    `silent` is a second page of `ADMIN` that asks nothing more: among what another is sent, answers
    cannot be told from what came by itself.
    """
    admin = pages[ADMIN]
    begun = {login: len(page.frames) for login, page in pages.items()}
    await silent.say({"claz": "ping"})  # xucd drops a link after 90 s without a frame
    sent = {login: list(page.frames) for login, page in {**pages, ADMIN: silent}.items()}
    await asyncio.gather(
        admin.ask("getAgentStates"),
        admin.ask("getConfig", objectType="queuemember"),
        *(page.ask("getCurrentCallsPhoneEvents") for page in pages.values()),
    )
    listed = await admin.until("QueueMemberList", after=begun[ADMIN])
    calls = {}
    for login, page in pages.items():
        answer = await page.until("CurrentCallsPhoneEvents", after=begun[login])
        calls[login] = {event["uniqueId"]: event for event in answer["events"]}
    bodies = {
        kind: [frame.body for frame in sent[ADMIN] if frame.type == kind]
        for kind in ("AgentStateEvent", "QueueCalls", "QueueStatistics")
    }
    return Told(
        agents=_states(admin.bodies("AgentStateEvent", begun[ADMIN])),
        sent_agents=_states(bodies["AgentStateEvent"]),
        members={
            (one["agentId"], one["queueId"]): one["penalty"]
            for one in listed
            if not one.get("missing")
        },
        sent_members=_members(sent[ADMIN]),
        callers={body["queueId"]: body["calls"] for body in bodies["QueueCalls"]},
        figures={
            body["queueId"]: {one["statName"]: one["value"] for one in body["counters"]}
            for body in bodies["QueueStatistics"]
        },
        calls=calls,
        sent_calls={login: _calls(frames) for login, frames in sent.items()},
    )


def _states(bodies: list[Body]) -> dict[int, Body]:
    found = {}
    for body in bodies:
        if body["agentId"] in AGENTS:
            found[body["agentId"]] = {key: body[key] for key in body if key != "since"}
    return found


def _members(frames: list[Any]) -> dict[tuple[int, int], int]:
    """Memberships by the first list, and what was sent since; but none that Asterisk lacks."""
    found: dict[tuple[int, int], int] = {}
    begun = False
    for frame in frames:
        if frame.type == "QueueMemberList" and not begun:
            begun = True
            found = {
                (one["agentId"], one["queueId"]): one["penalty"]
                for one in frame.body
                if not one.get("missing")
            }
        elif frame.type == "QueueMember":
            key = frame.body["agentId"], frame.body["queueId"]
            found.pop(key, None)
            if frame.body["penalty"] >= 0 and not frame.body.get("missing"):
                found[key] = frame.body["penalty"]
    return found


def _calls(frames: list[Any]) -> dict[str, Body]:
    """Calls by the first answer, when the page was opened, and what was sent since."""
    found: dict[str, Body] = {}
    begun = False
    for frame in frames:
        if frame.type == "CurrentCallsPhoneEvents" and not begun:
            begun = True
            found = {event["uniqueId"]: event for event in frame.body["events"]}
        elif frame.type == "PhoneEvent":
            found.pop(frame.body["uniqueId"], None)
            if frame.body["eventType"] != OVER:
                found[frame.body["uniqueId"]] = frame.body
    return found


class Stories:
    """What a page was told of each call of its phone, checked from its first frame to its last."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}  # login: frames of its page that were looked at
        self._stories: dict[tuple[str, str], Body] = {}  # the last event of each call
        self.moved: set[str] = set()  # logins that were on another line than their own

    def new_pages(self) -> None:
        """The pages were opened anew: nothing that they were told counts any more."""
        self._seen.clear()
        self._stories.clear()

    def wrong(self, login: str, frames: list[Any]) -> list[str]:
        """What cannot be in the frames that came since the last look."""
        found = []
        for frame in frames[self._seen.get(login, 0) :]:
            if frame.type == "PhoneEvent":
                found += self._next(login, frame.body)
        self._seen[login] = len(frames)
        return found

    def _next(self, login: str, event: Body) -> list[str]:
        key = login, event["uniqueId"]
        before, self._stories[key] = self._stories.get(key), event
        if before is None:
            return []
        turned = before["callDirection"] != event["callDirection"]
        talked = before["eventType"] in TALKED and not PARKED.fullmatch(before["otherDN"])
        # A call may turn out to be a pick-up as it is answered, and not later. One that was handed
        # on may come back, as may those of a line that its user left.
        back = event["eventType"] in TALKED or login in self.moved
        if (before["eventType"] == OVER and not back) or (turned and talked):
            return [f"story: {login} is told {_brief(event)} after {_brief(before)}"]
        return []


def _brief(event: Body) -> str:
    return f"{event['eventType']} {event['callDirection']} {event['otherDN']}"
