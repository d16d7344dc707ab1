"""What Asterisk lists: the reference. Plain data, read over AMI."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from integration.model.panel import Block, Panel

LINES = {str(number): f"PJSIP/{number}" for number in range(1001, 1009)}
QUEUES = {1: "support", 2: "sales", 3: "billing"}
AGENTS = {8: "2501", 9: "2502", 10: "2503", 11: "2504", 12: "2505", 13: "2506"}
HOLDING = "holding_bridge"
LOGGED_OUT = "xucd-logout"
MISSING = ("UNAVAILABLE", "INVALID")
"""Device states of a phone that cannot ring."""


@dataclass(frozen=True)
class Member:
    queue: str
    interface: str
    name: str
    penalty: int
    paused: bool
    reason: str
    status: str = "1"  # what the queue holds its phone to do: "1" is not in use

    @property
    def phone(self) -> str:
        """The interface of the phone that it rings in the end."""
        if not self.interface.startswith("Local/"):
            return self.interface
        return "PJSIP/" + self.interface.removeprefix("Local/").partition("@")[0]


@dataclass(frozen=True)
class Channel:
    """`call_id` is SIP's, by which a channel is known to be a leg of a phone.

    `bridge` is "" for one in which nobody talks, such as that of those who are parked.
    """

    name: str
    unique_id: str
    linked_id: str
    state: str  # Down, Ring, Ringing, Up
    bridge: str
    application: str
    data: str
    number: str
    call_id: str = ""
    recorded: bool = False

    @property
    def interface(self) -> str:
        return self.name.rpartition("-")[0]


@dataclass(frozen=True)
class Listed:
    members: tuple[Member, ...] = ()
    callers: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)  # in the queue's order
    channels: tuple[Channel, ...] = ()
    devices: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)  # slot: channel
    queues: frozenset[str] = frozenset(QUEUES.values())

    def of_agent(self, agent_id: int, line: str = "") -> list[Member]:
        """An agent's members: by its name, or without an agent's name on the line that it is on.

        One that cannot be removed, and is logged out by a pause, is none.
        """
        name = f"Agent/{AGENTS[agent_id]}"
        return [
            member
            for member in self.members
            if (
                member.name == name
                or (member.phone == LINES.get(line) and not member.name.startswith("Agent/"))
            )
            and member.phone in LINES.values()
            and member.queue in QUEUES.values()
            and not (member.paused and member.reason == LOGGED_OUT)
        ]

    def on(self, interface: str) -> list[Channel]:
        """The channels of an interface, but those that do not ring yet."""
        return [
            channel
            for channel in self.channels
            if channel.interface == interface and channel.state != "Down"
        ]

    def others(self, channel: Channel) -> list[Channel]:
        """Whom a channel talks with: all in its bridge, seen through Local channels."""
        found: list[Channel] = []
        names = {each.name: each for each in self.channels}
        open_, seen = [channel], {channel.name}
        while open_:
            bridge = open_.pop().bridge
            for each in self.channels:
                if not bridge or each.bridge != bridge or each.name in seen:
                    continue
                seen.add(each.name)
                if not each.name.startswith("Local/"):
                    found.append(each)
                    continue
                stem, _, half = each.name.rpartition(";")
                other = names.get(f"{stem};{'2' if half == '1' else '1'}")
                if other is not None and other.name not in seen:
                    seen.add(other.name)
                    open_.append(other)
        return found


class Reader:
    """Reads all, keeping what never changes of a channel."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._call_ids: dict[str, str] = {}

    async def read(self) -> Listed:
        ask = self._panel.ask
        queues = (await ask("QueueStatus")).items
        shown = (await ask("CoreShowChannels")).items
        devices = (await ask("DeviceStateList")).items
        parked = (await ask("ParkedCalls")).items
        bridges = {
            block["BridgeUniqueid"]
            for block in (await ask("BridgeList")).items
            if block["BridgeTechnology"] != HOLDING
        }
        channels = [await self._channel(block, bridges) for block in shown]
        callers: dict[str, list[Block]] = {}
        for block in queues:
            if block.event == "QueueEntry":
                callers.setdefault(block["Queue"], []).append(block)
        return Listed(
            members=tuple(_member(block) for block in queues if block.event == "QueueMember"),
            callers={
                queue: tuple(sorted(found, key=lambda block: int(block["Position"])))
                for queue, found in callers.items()
            },
            channels=tuple(channels),
            devices={block["Device"]: block["State"] for block in devices},
            queues=frozenset(block["Queue"] for block in queues if block.event == "QueueParams"),
            parked={block["ParkingSpace"]: block["ParkeeChannel"] for block in parked},
        )

    async def _channel(self, block: Block, bridges: Container[str]) -> Channel:
        name = block["Channel"]
        if name.startswith("PJSIP/") and name not in self._call_ids:
            answer = await self._panel.ask(
                "Getvar", Channel=name, Variable="CHANNEL(pjsip,call-id)"
            )
            if answer.ok:
                self._call_ids[name] = answer.first["Value"]
        shown = await self._panel.command(f"mixmonitor list {name}")
        return Channel(
            name=name,
            unique_id=block["Uniqueid"],
            linked_id=block["Linkedid"],
            state=block["ChannelStateDesc"],
            bridge=block["BridgeId"] if block["BridgeId"] in bridges else "",
            application=block["Application"],
            data=block["ApplicationData"],
            number=_known(block["CallerIDNum"]),
            call_id=self._call_ids.get(name, ""),
            recorded=any(re.match(r"0x", line) for line in shown),
        )


def _member(block: Block) -> Member:
    return Member(
        queue=block["Queue"],
        interface=block["Location"],
        name=block["Name"],
        penalty=int(block["Penalty"]),
        paused=block["Paused"] == "1",
        reason=block["PausedReason"],
        status=block["Status"],
    )


def _known(text: str) -> str:
    return "" if text == "<unknown>" else text
