"""Dialling from a queue: an agent first, then the destination, and what is attached to the call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World
from integration.pbx import Pbx
from integration.phones import Leg

SUPPORT, DESTINATION = 1, "0123456789"
AWKWARD = {
    "plain": "value 1",
    "commas": "one, two,three,",
    "quotes": 'say "yes" and \'no\' \\ \\" end\\',
    "evaluated": "${EXTEN} $[1+1] ${SHELL(id)} %{x}",
    "bars": "a|b^c;d=e&f(g)h",
    "unicode": "Élise Noël \u65e5\u672c\u8a9e \U0001f600",
    "blanks": "  two before, two after  ",
    "empty": "",
    "long": "".join(chr(33 + (7 * at) % 94) for at in range(4096)),
    "long_unicode": "é€" * 1500,
}


ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Heard:
    """A second manager session: all values of variables, by channel, as `VarSet` tells them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.values: dict[str, dict[str, str]] = {}
        self.events: list[dict[str, str]] = []

    @classmethod
    async def open(cls, pbx: Pbx) -> Heard:
        heard = cls(*await asyncio.open_connection("127.0.0.1", pbx.ami_port, limit=2**20))
        login = f"Username: {pbx.witness_user}\r\nSecret: {pbx.witness_secret}"
        heard._writer.write(f"Action: Login\r\n{login}\r\n\r\n".encode())
        await heard.until(lambda: any(e.get("Event") == "FullyBooted" for e in heard.events))
        return heard

    async def until(self, fits: Callable[[], bool], within: float = 15.0) -> None:
        """Read on until it is so."""
        async with asyncio.timeout(within):
            while not fits():
                block = (await self._reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
                self.events.append(fields)
                if fields.get("Event") == "VarSet":
                    value = _unescaped(fields.get("Value", ""))
                    name = fields["Variable"].lstrip("_")
                    self.values.setdefault(fields["Channel"], {})[name] = value

    async def all_on(self, interface: str, wanted: dict[str, str]) -> None:
        """Wait until a channel of an interface has all of these, exactly."""

        def there() -> bool:
            return any(
                channel.startswith(interface) and wanted.items() <= values.items()
                for channel, values in self.values.items()
            )

        await self.until(there)

    async def joined(self, interface: str) -> None:
        """Wait until Asterisk has put a channel of an interface into a bridge."""
        await self.until(
            lambda: any(
                event.get("Event") == "BridgeEnter" and event["Channel"].startswith(interface)
                for event in self.events
            )
        )

    def dialled(self) -> bool:
        """Whether any channel came to be."""
        return any(event.get("Event") == "Newchannel" for event in self.events)

    def close(self) -> None:
        self._writer.close()


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), value)


@pytest_asyncio.fixture(loop_scope="session")
async def heard(pbx: Pbx, world: World) -> AsyncIterator[Heard]:
    heard = await Heard.open(pbx)
    yield heard
    heard.close()


async def answered_by_both(world: World, bruce: Client, **arguments: object) -> tuple[Leg, Leg]:
    """Have it dialled; the agent's leg and the destination's, both answered."""
    await bruce.ask("dialFromQueue", destination=DESTINATION, queueId=SUPPORT, **arguments)
    agent = await world.phone("1001").rings()
    assert world.phone(DESTINATION).legs[-1:] == [] or world.phone(DESTINATION).legs[-1].ended_at
    agent.answer()
    await agent.answered()
    destination = await world.phone(DESTINATION).rings()
    assert destination.invited_at is not None and agent.answered_at is not None
    assert destination.invited_at >= agent.answered_at
    destination.answer()
    await destination.answered()
    return agent, destination


def user_data(values: dict[str, str]) -> dict[str, str]:
    return {f"USR_{name}": value for name, value in values.items()}


async def test_an_agent_is_rung_first_and_the_caller_id_shows_on_both_sides(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    agent, destination = await answered_by_both(world, bruce, callerId='"Élise, Noël" <0298765432>')
    for leg in (agent, destination):
        assert (leg.other_number, leg.other_name) == ("0298765432", "Élise, Noël")
    await bruce.until("AgentStateEvent", name="AgentOnCall", acd=True)
    await destination.hang_up()
    await agent.ended()


async def test_what_is_attached_arrives_as_sent_with_the_agent_the_destination_and_a_transfer(
    world: World, heard: Heard
) -> None:
    bruce = await world.agent("bruce", "1001")
    marice = await world.client("marice")
    agent, destination = await answered_by_both(
        world, bruce, callerIdName="0298765432", callerIdNumber=AWKWARD
    )
    assert (agent.other_number, destination.other_number) == ("0298765432", "0298765432")
    wanted = user_data(AWKWARD)
    await heard.all_on("PJSIP/1001-", wanted)
    await heard.all_on("PJSIP/trunk-", wanted)
    await heard.joined("PJSIP/1001-")
    event = await bruce.until("PhoneEvent", eventType="EventEstablished")
    assert event["userData"] == wanted
    assert event["queueName"] == "support"
    handing_on = asyncio.create_task(agent.transfer("1004"))
    moved = await world.phone("1004").rings()
    moved.answer()
    await moved.answered()
    await handing_on
    await heard.all_on("PJSIP/1004-", wanted)
    assert (await marice.until("PhoneEvent"))["userData"] == wanted
    await destination.hang_up()
    await moved.ended()


async def test_between_two_phones_both_are_told_what_is_attached(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    marice = await world.client("marice")
    await bruce.ask(
        "dialFromQueue", destination="1004", queueId=SUPPORT, variables={"var1": "value 1", "n": 7}
    )
    agent = await world.phone("1001").rings()
    agent.answer()
    other = await world.phone("1004").rings()
    wanted = {"USR_var1": "value 1", "USR_n": "7"}
    for client in (bruce, marice):
        event = await client.until("PhoneEvent", eventType="EventRinging")
        assert event["userData"] == wanted
    await agent.hang_up()
    await other.ended()


async def test_without_a_free_agent_the_queue_gives_up_and_nobody_is_dialled(
    make_xucd: MakeXucd, world: World, heard: Heard
) -> None:
    await world.xucd.stop()
    xucd = await make_xucd("[dialing]\nqueue_timeout = 1")
    bruce = await xucd.client("bruce")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await bruce.ask("pauseAgent", reason="lunch")
    rung = [len(world.phone(number).legs) for number in ("1001", DESTINATION)]
    await bruce.ask("dialFromQueue", destination=DESTINATION, queueId=SUPPORT)
    ends = {"QueueCallerLeave", "OriginateResponse"}  # in either order
    await heard.until(lambda: ends <= {event.get("Event") for event in heard.events})
    names = [event.get("Event") for event in heard.events]
    assert names.index("QueueCallerJoin") < names.index("QueueCallerLeave")
    answer = heard.events[names.index("OriginateResponse")]
    assert answer["Response"] == "Failure"
    assert [len(world.phone(number).legs) for number in ("1001", DESTINATION)] == rung
    await bruce.close()


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"queueId": 99}, "QueueUnknown"),
    ({"destination": "0123456789_"}, "DestinationNotAllowed"),
    ({"destination": "s"}, "DestinationNotAllowed"),
    ({"destination": "0123,456"}, "InvalidArgument"),
    ({"variables": {"a b": "1"}}, "InvalidArgument"),
    ({"variables": {"x)": "1"}}, "InvalidArgument"),
    ({"variables": {f"v{n}": "1" for n in range(51)}}, "InvalidArgument"),
    ({"variables": {"line": "a\r\nAction: x"}}, "InvalidArgument"),
    ({"variables": {"long": "a" * 4097}}, "InvalidArgument"),
    ({"variables": {f"v{n}": "a" * 4096 for n in range(10)}}, "VariablesTooLarge"),
    ({"callerId": "Shop <12;34>"}, "InvalidCallerId"),
]


async def test_what_cannot_be_dialled_is_refused_with_a_code_and_nothing_is_dialled(
    world: World, heard: Heard
) -> None:
    bruce = await world.agent("bruce", "1001")
    for arguments, code in REFUSED:
        with pytest.raises(Refused) as refused:
            asked = {"destination": DESTINATION, "queueId": SUPPORT, **arguments}
            await bruce.ask("dialFromQueue", **asked)
        assert (arguments, refused.value.code) == (arguments, code)
    # What comes after all of that is the first channel that there is.
    await bruce.ask("dialFromQueue", destination=DESTINATION, queueId=SUPPORT)
    await heard.until(heard.dialled)
    first = next(e for e in heard.events if e.get("Event") == "Newchannel")
    assert first["Uniqueid"].startswith("xucd-")
    assert sum(e.get("Event") == "OriginateResponse" for e in heard.events) == 0
    await world.phone("1001").rings()


async def test_a_queue_that_is_not_the_users_is_refused(world: World) -> None:
    sue = await world.client("sue")
    with pytest.raises(Refused, match="NotAuthorized"):
        await sue.ask("dialFromQueue", destination=DESTINATION, queueId=3)


async def test_the_feature_can_be_switched_off(make_xucd: MakeXucd) -> None:
    xucd = await make_xucd("[features]\ndial = false")
    bruce = await xucd.client("bruce")
    with pytest.raises(Refused, match="FeatureDisabled"):
        await bruce.ask("dialFromQueue", destination=DESTINATION, queueId=SUPPORT)
    await bruce.close()
