"""Members of queues, and who is connected, as Asterisk's own command line shows them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from integration.pbx import Pbx

_MEMBER = re.compile(
    r"^\s+(?:(?P<name>.*?) \()?(?P<interface>(?:PJSIP|SIP|IAX2|Local)/[^\s()]+)(?: from [^()]*)?\)?"
    r"(?: with penalty (?P<penalty>\d+))?(?P<rest> \(.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class ShownMember:
    """`pause` is its reason, "" if there is none, and None if the member is not paused."""

    name: str
    interface: str
    penalty: int
    pause: str | None


async def members_of(pbx: Pbx, queue: str) -> list[ShownMember]:
    """What ``queue show`` lists of a queue."""
    return read_members(await asyncio.to_thread(pbx.cli, f'queue show "{queue}"'))


async def disconnected(pbx: Pbx, user: str) -> None:
    """Wait until Asterisk has read and done all that an AMI user sent before its end.

    Raises `TimeoutError` after half a minute.
    """
    connected = re.compile(rf"^{re.escape(user)} ", re.MULTILINE)
    async with asyncio.timeout(30):
        while connected.search(await asyncio.to_thread(pbx.cli, "manager show connected")):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a command line tells nothing by itself


def read_members(text: str) -> list[ShownMember]:
    """What such a text says."""
    found = []
    for each in _MEMBER.finditer(text):
        paused = re.search(r"\(paused(?::(.*?) was|:(.*?)\)| was|\))", each["rest"])
        found.append(
            ShownMember(
                name=each["name"] or each["interface"],
                interface=each["interface"],
                penalty=int(each["penalty"] or 0),
                pause=(paused[1] or paused[2] or "") if paused else None,
            )
        )
    return found
