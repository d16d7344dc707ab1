"""A caller whose number holds line ends, as Asterisk writes it, tells xucd nothing else."""

from typing import Any

import pytest

from xucd.ami.events import decode
from xucd.ami.framing import Framer, parse
from xucd.center import events

CHANNEL = """Event: {event}
Privilege: call,all
Channel: PJSIP/trunk-00000001
ChannelState: 4
ChannelStateDesc: Ring
CallerIDNum: {caller}
CallerIDName: x
ConnectedLineNum: {connected}
ConnectedLineName: <unknown>
Language: en
AccountCode:\x20
Context: from-trunk
Exten: {exten}
Priority: 1
Uniqueid: 1795667017.3
Linkedid: 1795667017.3
"""
ENTRY = """Event: QueueEntry
Queue: billing
Position: 1
Channel: PJSIP/trunk-00000001
Uniqueid: 1795667017.3
CallerIDNum: {caller}
CallerIDName: x
ConnectedLineNum: unknown
ConnectedLineName: unknown
Wait: 7
Priority: 0
ActionID: 1
"""
OTHER = "Event: DeviceStateChange\nPrivilege: call,all\nDevice: PJSIP/1001\nState: INUSE\n"
SMUGGLED = [
    "1\r\n\r\nEvent: Shutdown",
    "1\r\n\r\n\r\n\r\nEvent: Shutdown\r\n\r\n",
    "1\r\nUniqueid: 1795667000.1",
    "1\nUniqueid: 1795667000.1",
    "1\r",
    "1\r\nCallerIDName: y\r\n\r\nEvent: Shutdown",
    "1\r\nCallerIDName: \r\nConnectedLineNum: \r\nConnectedLineName: \r\n\r\nEvent: X",
    "1\r\nLinkedid: 1795667000.1\r\n\r\nEvent: Shutdown\r\nPrivilege: system",
    "1\r\nChannelStateDesc: Up\r\n\r\nEvent: Shutdown",
    "1\r\n\r\nResponse: Goodbye",
]


def wire(text: str, **smuggled: str) -> str:
    parts = {"event": "Newchannel", "caller": "1", "connected": "<unknown>", "exten": "3000"}
    return text.replace("\n", "\r\n").format_map(parts | smuggled) + "\r\n"


def blocks(*texts: str, size: int = 1 << 20) -> list[bytes]:
    stream, framer = "".join(texts).encode(), Framer(greeted=False)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    return [block for piece in pieces for block in framer.feed(piece)]


@pytest.mark.parametrize("field", ["caller", "connected", "exten"])
@pytest.mark.parametrize("smuggled", SMUGGLED)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_an_event_stays_one_event_whatever_the_caller_calls_itself(
    field: str, smuggled: str, size: int
) -> None:
    changed: Any = {field: smuggled}
    before, torn, after = blocks(wire(CHANNEL), wire(CHANNEL, **changed), wire(OTHER), size=size)
    assert decode(before) == decode(blocks(wire(CHANNEL))[0])
    event = decode(torn)
    assert isinstance(event, events.ChannelCreated)
    assert (event.channel, event.state) == ("PJSIP/trunk-00000001", events.ChannelState.RING)
    assert (event.unique_id, event.linked_id) == ("1795667017.3", "1795667017.3")
    assert decode(after) == events.DeviceChanged("PJSIP/1001", "INUSE")


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_an_item_of_a_list_stays_one_item(smuggled: str) -> None:
    _, torn, after = blocks(wire(ENTRY), wire(ENTRY, caller=smuggled), wire(OTHER))
    item = parse(torn)
    assert (item["Uniqueid"], item["Wait"], item["ActionID"]) == ("1795667017.3", "7", "1")
    assert parse(after)["Device"] == "PJSIP/1001"


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_each_channel_of_an_event_is_mended(smuggled: str) -> None:
    other = "".join(f"Dest{line}\n" for line in CHANNEL.splitlines()[2:])
    torn = wire(CHANNEL, event="DialEnd", caller=smuggled).removesuffix("\r\n")
    torn += wire(other, connected=smuggled).removesuffix("\r\n") + "DialStatus: BUSY\r\n\r\n"
    _, block, after = blocks(wire(CHANNEL), torn, wire(OTHER))
    assert decode(block) == events.DialEnded("1795667017.3", "1795667017.3", "BUSY")
    assert parse(after)["Device"] == "PJSIP/1001"


def test_an_asterisk_that_describes_channels_otherwise_is_heard_as_it_is() -> None:
    other = wire(CHANNEL.replace("AccountCode", "Account"))
    assert len(blocks(other, other, wire(OTHER))) == 3


def test_what_never_ends_is_given_up() -> None:
    torn = wire(CHANNEL.partition("Exten")[0])
    assert len(blocks(wire(CHANNEL), torn, *[wire(OTHER)] * 40)) == 42
