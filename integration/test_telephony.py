"""The test environment: Asterisk, its phones and callers, and the files of asterisk-conf."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.fixtures import LINES
from integration.pbx import Pbx, remove_leftovers
from integration.phones import NotAnswered, Phone, Phones
from integration.ports import is_free

OURS = "PJSIP/1001"
CLOCKS = 1.0  # seconds by which a SIPp may be late to log what it has sent
NEEDED = {
    *("Newchannel", "Newstate", "DialEnd", "BridgeEnter", "BridgeLeave", "Hangup", "VarSet"),
    *("QueueCallerJoin", "QueueCallerLeave", "QueueMemberPause", "QueueMemberStatus"),
    *("AgentCalled", "AgentConnect", "HangupRequest", "DeviceStateChange", "MixMonitorStart"),
    *("Newexten", "SoftHangupRequest"),
}


class Wire:
    """A bare AMI link, and every event that came over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.events: list[dict[str, str]] = []

    @classmethod
    async def open(cls, pbx: Pbx, user: str, secret: str) -> "Wire":
        wire = cls(*await asyncio.open_connection("127.0.0.1", pbx.ami_port))
        wire._writer.write(
            f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode()
        )
        await wire.until("FullyBooted")
        return wire

    def send(self, action: str, **fields: str) -> None:
        """Send an action, as another program beside xucd does."""
        lines = [f"Action: {action}", *(f"{key}: {value}" for key, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def until(self, name: str, channel: str = "") -> None:
        """Read on until an event of this name, on a channel that starts like this."""
        async with asyncio.timeout(60):
            while True:
                event = await self._next()
                if event["Event"] == name and event.get("Channel", "").startswith(channel):
                    return

    async def until_all(self, names: set[str]) -> None:
        """Read on until each of these names has been an event's, now or before."""
        async with asyncio.timeout(60):
            while not names.issubset(self.names()):
                await self._next()

    async def _next(self) -> dict[str, str]:
        while True:
            block = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
            if "Event" in fields:
                self.events.append(fields)
                return fields

    def names(self) -> list[str]:
        return [event["Event"] for event in self.events]

    def variables(self) -> list[str]:
        return [event["Variable"] for event in self.events if event["Event"] == "VarSet"]

    def close(self) -> None:
        self._writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(pbx: Pbx, phones: Phones) -> AsyncIterator[Phone]:
    """The phone 1001, a member of support and sales."""
    for queue in ("support", "sales"):
        pbx.cli(f"queue add member {OURS} to {queue} penalty 0 as Agent/2501")
    yield phones.phone("1001")
    for queue in ("support", "sales"):
        pbx.cli(f"queue remove member {OURS} from {queue}")


async def test_registered_phones_are_in_reach_and_others_are_not(pbx: Pbx, phones: Phones) -> None:
    lines = pbx.cli("pjsip show endpoints").splitlines()
    shown = {line.split()[1].split("/")[0]: line for line in lines if line.startswith(" Endpoint:")}
    assert all("Not in use" in shown[number] for number in LINES)
    assert "Unavailable" in shown["1009"]
    await phones.register("1008", seconds=0)
    try:
        assert "1008/sip" not in pbx.cli("pjsip show contacts")
    finally:
        await phones.register("1008")
    assert "1008/sip" in pbx.cli("pjsip show contacts")


async def test_a_caller_to_a_queue_rings_a_member_who_answers(phone: Phone, phones: Phones) -> None:
    earlier = phones.complaints()
    call = phones.dial("3000", caller_number="0230210082", name="Élise Noël")
    leg = await phone.rings()
    assert (leg.other_number, leg.other_name) == ("0230210082", "Élise Noël")
    assert call.answered_at is None
    leg.answer()
    answered = await call.answered()
    assert await leg.answered() <= answered + CLOCKS
    ended = await call.hang_up()
    assert await leg.ended() >= ended - CLOCKS
    assert ended > answered
    assert call.ended_by_us
    assert not leg.ended_by_us
    assert phones.complaints() == earlier


async def test_the_member_is_paused_in_all_its_queues_before_the_talk_begins(
    pbx: Pbx, phone: Phone, phones: Phones
) -> None:
    wire = await Wire.open(pbx, pbx.ami_user, pbx.ami_secret)
    call = phones.dial("3000")
    (await phone.rings()).answer()
    await call.answered()
    await call.hang_up()
    await wire.until("Hangup", OURS)
    names = wire.names()
    pauses = [event for event in wire.events if event["Event"] == "QueueMemberPause"]
    assert {(event["Queue"], event["Paused"], event["PausedReason"]) for event in pauses} == {
        ("support", "1", "xucd-wrapup"),
        ("sales", "1", "xucd-wrapup"),
    }
    last_pause = len(names) - 1 - names[::-1].index("QueueMemberPause")
    assert last_pause < names.index("AgentConnect") < names.index("BridgeEnter")
    wire.close()


async def test_a_queue_without_wrap_up_pauses_nobody(
    pbx: Pbx, phone: Phone, phones: Phones
) -> None:
    wire = await Wire.open(pbx, pbx.ami_user, pbx.ami_secret)
    call = phones.dial("3001")
    (await phone.rings()).answer()
    await call.answered()
    await call.hang_up()
    await wire.until("Hangup", OURS)
    assert "QueueMemberPause" not in wire.names()
    assert [name for name in wire.variables() if name != "QUEUESTATUS"] == ["XUCD_T"]
    wire.close()


async def test_the_filter_lets_through_what_is_needed_and_nothing_else(
    pbx: Pbx, phone: Phone, phones: Phones
) -> None:
    ours = await Wire.open(pbx, pbx.ami_user, pbx.ami_secret)
    everything = await Wire.open(pbx, pbx.witness_user, pbx.witness_secret)
    call = phones.dial("3000")
    (await phone.rings()).answer()
    await call.answered()
    await call.hang_up()
    for wire in (ours, everything):
        # The call's last events, in no fixed order.
        await wire.until("Hangup", OURS)
        await wire.until_all(NEEDED)
        wire.close()
    # Who was put into the queues for this may be told yet.
    others = {"FullyBooted", "QueueMemberAdded", "QueueMemberRemoved"}
    assert set(ours.names()) - others == NEEDED
    assert {"XUCD_T"} <= set(ours.variables()) <= {"XUCD_T", "QUEUESTATUS"}
    devices = {event["Device"] for event in ours.events if event["Event"] == "DeviceStateChange"}
    assert devices == {"PJSIP/trunk", OURS}
    assert len(everything.events) > 2 * len(ours.events)


@pytest.mark.parametrize("dialling_phone", [None, "1002"])
async def test_a_call_can_be_given_up_while_it_rings(
    phones: Phones, dialling_phone: str | None
) -> None:
    call = phones.dial("1001", phone=dialling_phone)
    leg = await phones.phone("1001").rings()
    await call.rang()
    given_up = await call.hang_up()
    assert await leg.ended() >= given_up - CLOCKS
    with pytest.raises(NotAnswered, match="487"):
        await call.answered()


async def test_a_phone_can_refuse_a_call(phones: Phones) -> None:
    call = phones.dial("1001")
    leg = await phones.phone("1001").rings()
    await leg.decline()
    with pytest.raises(NotAnswered, match="486"):
        await call.answered()


async def test_a_phone_reaches_another_and_the_outside_world(phones: Phones) -> None:
    for number in ("1002", "0612345678"):
        call = phones.dial(number, phone="1001")
        leg = await phones.phone(number).rings()
        assert leg.other_number == "1001"
        leg.answer()
        await call.answered()
        await leg.hang_up()
        assert await call.ended() > (call.answered_at or 0)


async def test_a_call_is_handed_on_to_another_phone(pbx: Pbx, phones: Phones) -> None:
    earlier = phones.complaints()
    wire = await Wire.open(pbx, pbx.ami_user, pbx.ami_secret)
    call = phones.dial("1001")
    leg = await phones.phone("1001").rings()
    leg.answer()
    await wire.until("BridgeEnter")
    await wire.until("BridgeEnter")
    wire.close()
    phones.phone("1002").answer_after = 0.0
    await leg.transfer("1002")
    target = await phones.phone("1002").rings()
    await target.answered()
    phones.phone("1002").answer_after = None
    assert target.other_number == call.number
    assert call.ended_at is None
    await call.hang_up()
    await target.ended()
    assert phones.complaints() == earlier


async def test_twenty_calls_at_once_and_twenty_in_a_row_are_all_heard(phones: Phones) -> None:
    earlier = phones.complaints()
    phone = phones.phone("1001")
    phone.answer_after = 0.05
    calls = [phones.dial("1001", caller_number=f"02302100{n}") for n in range(10, 30)]
    legs = [await phone.rings() for _ in calls]
    assert {leg.other_number for leg in legs} == {call.number for call in calls}
    await asyncio.gather(*(call.answered() for call in calls))
    await asyncio.gather(*(call.hang_up() for call in calls))
    await asyncio.gather(*(leg.ended() for leg in legs))
    for _ in range(20):
        call = phones.dial("1001")
        leg = await phone.rings()
        answered = await leg.answered()
        assert answered - (leg.invited_at or 0) >= 0.05
        await call.answered()
        await leg.hang_up()
        await call.ended()
    phone.answer_after = None
    assert phones.complaints() == earlier


async def test_a_restarted_asterisk_keeps_its_phones_and_forgets_its_members(
    pbx: Pbx, phones: Phones
) -> None:
    pbx.cli(f"queue add member {OURS} to billing penalty 0 as Agent/2501")
    await asyncio.to_thread(pbx.restart_asterisk)
    assert OURS not in pbx.cli("queue show billing")
    call = phones.dial("1001")
    leg = await phones.phone("1001").rings()
    leg.answer()
    await call.answered()
    await call.hang_up()


async def test_a_frozen_asterisk_answers_only_once_it_thaws(pbx: Pbx, phones: Phones) -> None:
    await asyncio.to_thread(pbx.freeze)
    call = phones.dial("1001")
    with pytest.raises(TimeoutError):
        await call.rang(within=0.5)
    await asyncio.to_thread(pbx.thaw)
    leg = await phones.phone("1001").rings()
    await call.rang()
    await call.hang_up()
    await leg.ended()


START_AND_TELL = """
import sys
from integration.pbx import Pbx
print(Pbx(sys.argv[1]).start().ami_port, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_run_left_behind_is_removed(asterisk_image: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_TELL, asterisk_image],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as run:
        assert run.stdout is not None
        port = int(run.stdout.readline())
        remove_leftovers()
        assert not is_free(port, socket.SOCK_STREAM)
        run.send_signal(signal.SIGKILL)
    remove_leftovers()
    assert is_free(port, socket.SOCK_STREAM)
