"""Blocks of Asterisk's configuration in the documents, in a real Asterisk."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.fixtures import World
from integration.pbx import Pbx
from integration.shown import ShownMember, members_of
from integration.witness import Witness
from tests.doc_blocks import Block, blocks_for

BY_CODE = "integration/test_doc_blocks.py::test_an_agent_by_code_and_one_by_page_share_a_queue"
FOLDER = "/etc/asterisk"
COMMANDS = {
    "extensions.conf": "dialplan reload",
    "queues.conf": "queue reload all",
    "cdr.conf": "module reload cdr",
}


class Conf:
    """Files of an Asterisk's configuration, to be put back as they were."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._were: dict[str, str] = {}

    async def add(self, name: str, text: str) -> None:
        """Add lines to a file's end, and have Asterisk read it."""
        path = f"{FOLDER}/{name}"
        was = await asyncio.to_thread(self._pbx.read, path)
        self._were.setdefault(name, was)
        await asyncio.to_thread(self._pbx.write, path, f"{was}\n{text}\n")
        await asyncio.to_thread(self._pbx.cli, COMMANDS[name])

    async def without_templates(self) -> None:
        """Make the queues plain ones, in a file that includes nothing of xucd's."""
        path = f"{FOLDER}/queues.conf"
        was = await asyncio.to_thread(self._pbx.read, path)
        self._were.setdefault("queues.conf", was)
        plain = re.sub(r'^#include "xucd/.*|(?<=\])\(xucd-.*\)', "", was, flags=re.M)
        assert "xucd-" not in plain
        await asyncio.to_thread(self._pbx.write, path, plain)

    async def put_back(self) -> None:
        for name, text in self._were.items():
            await asyncio.to_thread(self._pbx.write, f"{FOLDER}/{name}", text)
            await asyncio.to_thread(self._pbx.cli, COMMANDS[name])


@pytest_asyncio.fixture(loop_scope="session")
async def conf(pbx: Pbx) -> AsyncIterator[Conf]:
    made = Conf(pbx)
    yield made
    await made.put_back()


def parts(block: Block) -> dict[str, str]:
    """The files that a block is of, and what it says of each."""
    found = re.split(r"^; (\w+\.conf).*$", block.text, flags=re.M)
    if len(found) > 1:
        return dict(zip(found[1::2], found[2::2], strict=True))
    if "[csv]" in block.text:
        return {"cdr.conf": block.text}
    return {"queues.conf" if "(+)" in block.text else "extensions.conf": block.text}


@pytest.mark.parametrize("block", blocks_for("conf"), ids=str)
async def test_an_asterisk_takes_the_block(block: Block, pbx: Pbx, conf: Conf) -> None:
    for name, text in parts(block).items():
        before = len(pbx.log())
        if name == "extensions.conf":
            await conf.add(name, f"[shown-in-documents]\n{text}")
            shown = await asyncio.to_thread(pbx.cli, "dialplan show shown-in-documents")
            steps = re.findall(r"^(?:exten =>| same =>)", text, re.M)
            assert f"({len(steps)} priorities)" in shown
        elif name == "queues.conf":
            # Most PBXs have nothing of asterisk-conf/queues.conf: xucd setup does not place it.
            await conf.without_templates()
            await conf.add(name, text)
            queues = re.findall(r"^\[(\w+)\]\(\+\)", text, re.M)
            assert queues
            for queue in queues:
                assert "has 0 calls" in await asyncio.to_thread(pbx.cli, f"queue show {queue}")
        else:
            await conf.add(name, text)
            assert "Logging:" in await asyncio.to_thread(pbx.cli, "cdr show status")
        assert "ERROR" not in pbx.log()[before:]


async def add_codes(conf: Conf) -> None:
    """The page's codes beside those of this PBX's own: *49 and *48 in place of *41 and *42."""
    [block] = blocks_for(BY_CODE)
    text = block.text.replace("[codes]", "[codes](+)").replace("*41", "*49").replace("*42", "*48")
    await conf.add("extensions.conf", text)


async def test_an_agent_by_code_and_one_by_page_share_a_queue(
    world: World, conf: Conf, witness: Witness
) -> None:
    await add_codes(conf)
    bruce = await world.agent("bruce", "1001")
    await world.phones.dial("*493000", phone="1004").ended()
    both = {"PJSIP/1001", "PJSIP/1004"}
    shown = {each.interface: each for each in await members_of(world.pbx, "support")}
    assert both <= shown.keys()
    assert shown["PJSIP/1001"].name == "Agent/2501"
    # Both are rung, in turn; who came by the code gets no wrap-up and is never paused.
    for number, other in (("1001", "1004"), ("1004", "1001")):
        begun = len(bruce.frames)
        await asyncio.to_thread(
            world.pbx.cli, f"queue pause member PJSIP/{other} queue support reason other"
        )
        call = world.phones.dial("3000")
        leg = await world.phone(number).rings()
        leg.answer()
        await call.answered()
        await call.hang_up()
        await leg.ended()
        await asyncio.to_thread(world.pbx.cli, f"queue unpause member PJSIP/{other} queue support")
        if number == "1001":
            await bruce.until_state("AgentOnWrapup", after=begun)
    assert not any(
        seen.paused and seen.reason != "other"
        for seen in await asyncio.to_thread(witness.history, "support", "PJSIP/1004")
    )
    await world.phones.dial("*483000", phone="1004").ended()
    left = {each.interface for each in await members_of(world.pbx, "support")}
    assert left & both == {"PJSIP/1001"}
    # The code on the agent's own phone: taken out by it, and back with the next login.
    begun = len(bruce.frames)
    await world.phones.dial("*493000", phone="1001").ended()
    await world.phones.dial("*483000", phone="1001").ended()
    assert not {each.interface for each in await members_of(world.pbx, "support")} & both
    await bruce.ask("agentLogout")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    assert "PJSIP/1001" in {each.interface for each in await members_of(world.pbx, "support")}


async def test_an_agent_logs_in_on_the_page_over_the_member_of_a_code(
    world: World, conf: Conf
) -> None:
    await add_codes(conf)

    async def member() -> ShownMember | None:
        """The phone's only member in the queue."""
        shown = [one for one in await members_of(world.pbx, "support") if "1001" in one.interface]
        assert len(shown) <= 1
        return shown[0] if shown else None

    await world.phones.dial("*493000", phone="1001").ended()
    bruce = await world.agent("bruce", "1001")
    found = await member()
    assert found is not None
    assert (found.interface, found.name, found.pause) == ("PJSIP/1001", "PJSIP/1001", None)
    # It takes calls, and the wrap-up holds for it.
    call = world.phones.dial("3000")
    (await world.phone("1001").rings()).answer()
    await call.answered()
    await bruce.until_state("AgentOnCall")
    begun = len(bruce.frames)
    await call.hang_up()
    await bruce.until_state("AgentOnWrapup", after=begun)
    assert (found := await member()) is not None
    assert found.pause == "xucd-wrapup"
    await bruce.until_state("AgentReady", after=begun)
    # A pause, too; the logout makes it ready again, and leaves it.
    await bruce.ask("pauseAgent", reason="lunch")
    assert (found := await member()) is not None
    assert found.pause == "lunch"
    await bruce.ask("agentLogout")
    assert (found := await member()) is not None
    assert (found.name, found.pause) == ("PJSIP/1001", None)
    await world.phones.dial("*483000", phone="1001").ended()
    assert await member() is None
