"""A caller whose number holds line ends, as Asterisk writes it, tells xucd nothing else."""

import asyncio
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.ami_wire import Wire
from xucd.ami import protocol
from xucd.ami.errors import ConnectionLost
from xucd.ami.events import decode
from xucd.ami.framing import Framer, name_of, parse
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
ConnectedLineNum: {connected}
ConnectedLineName: unknown
Wait: 7
Priority: 0
ActionID: 1
"""
LISTED = CHANNEL.replace(
    "Event: {event}\nPrivilege: call,all", "Event: CoreShowChannel\nActionID: 1"
)
LISTED += """Application: Dial
ApplicationData: {data}
Duration: 00:00:02
BridgeId:\x20
"""
STATUS = (
    CHANNEL.replace("{event}", "Status")
    + """Type: PJSIP
DNID: {dialled}
EffectiveConnectedLineNum: {effective}
EffectiveConnectedLineName: x
TimeToHangup: 0
BridgeID:\x20
Application: Dial
Data: {data}
Nativeformats: (slin)
Readformat: slin
Readtrans:\x20
Writeformat: slin
Writetrans:\x20
Callgroup: 0
Pickupgroup: 0
Seconds: 3
Variable: DIALEDPEERNUMBER={variable}
Variable: USR_x=1
ActionID: xucd-resync/1/variables
"""
)
ENTERED = (
    CHANNEL.replace("{event}", "Newexten")
    + "Extension: {exten}\nApplication: Queue\nAppData: {data}\n"
)
DIALS = CHANNEL.replace("{event}", "DialBegin") + "DialString: {data}\n"
SAYS = CHANNEL.replace("{event}", "UserEvent") + "UserEvent: Foo\nNumber: {data}\n"
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
    "1\r\nPriority: 1\r\nUniqueid: 1\r\nLinkedid: 1\r\n\r\nEvent: Shutdown",
    "1\r\nPriority: \r\nUniqueid: \r\nLinkedid: \r\n\r\nEvent: FullyBooted\r\n\r\n",
    "1\r\nPriority: \r\nUniqueid: \r\nLinkedid: \r\n\r\nEvent: Shutdown\r\n\r\nEvent: X\r\n",
    "1\r\nPriority: \r\nUniqueid: \r\nLinkedid: \r\n\r\n\r\nPriority: \r\nUniqueid: \r\nLinkedid: ",
    "1\r\nPriority: \r\nUniqueid: \r\nLinkedid: \r\n\r\nChannelStateDesc: \r\nCallerIDNum: ",
    "1\r\nPriority: 1\r\nUniqueid: 1795667000.1\r\nLinkedid: 1795667000.1",
    "1\r\nPriority: 1\r\nUniqueid: 1795667000.1\r\nLinkedid: 1795667000.1\r\n\r\nEvent: X",
    "1\r\nLanguage: \r\nAccountCode: \r\nContext: \r\nExten: 1\r\n\r\nEvent: Shutdown",
]
SMUGGLED_INTO_A_QUEUE = [
    *SMUGGLED,
    "1\r\nConnectedLineName: \r\nWait: 1\r\nPriority: 1\r\n\r\nEvent: Shutdown",
    "1\r\nCallerIDName: \r\nConnectedLineNum: \r\nConnectedLineName: \r\nWait: 1\r\n\r\nX",
]


def wire(text: str, **smuggled: str) -> str:
    parts = {"event": "Newchannel", "caller": "1", "connected": "<unknown>", "exten": "3000"}
    parts |= {"dialled": "3000", "effective": "1", "data": "PJSIP/1001,60", "variable": "1001"}
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


LOOSE = [
    *(number for number in SMUGGLED if ".1\r\n\r\n" not in number),
    "1\r\nApplication: Queue\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all",
    "1\r\nApplication: Queue\r\n\r\nEvent: X\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all",
]


@pytest.mark.parametrize(
    ("text", "smuggled"),
    [
        *((ENTERED, number) for number in LOOSE),
        # Where several channels may be described, another description is waited for.
        *(
            (text, number)
            for text in (DIALS, SAYS)
            for number in LOOSE
            if "StateDesc" not in number
        ),
    ],
)
@pytest.mark.parametrize("data", ["{}", "PJSIP/{}@trunk,60", "{},{}", "billing"])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_nothing_is_forged_by_what_the_dialplan_makes_of_a_number(
    text: str, data: str, smuggled: str, size: int
) -> None:
    torn = wire(text, exten=smuggled, data=data.format(smuggled, smuggled))
    heard = blocks(wire(CHANNEL), torn, wire(OTHER), wire(CHANNEL), size=size)
    told = [parse(block) for block in heard if block.startswith(b"Event: ") and b"Privil" in block]
    name = parse(wire(text).encode())["Event"]
    assert [block["Event"] for block in told] == [
        *("Newchannel", name, "DeviceStateChange", "Newchannel")
    ]
    assert told[1]["Uniqueid"].split("\r\n")[0] == "1795667017.3"
    assert told[1].get("Application", "Queue").split("\r\n")[0] == "Queue"


@pytest.mark.parametrize("data", ["x={}", "{}", "Local/{}@phones"])
@pytest.mark.parametrize("smuggled", LOOSE[-2:])
def test_nothing_is_forged_by_a_number_that_was_kept_in_a_variable(
    data: str, smuggled: str
) -> None:
    kept = wire(ENTERED, exten="s", data=data.format(smuggled))
    heard = blocks(wire(CHANNEL, exten=smuggled), wire(CHANNEL), kept, wire(OTHER), wire(ENTERED))
    assert [parse(block)["Event"] for block in heard] == [
        *("Newchannel", "Newchannel", "Newexten", "DeviceStateChange", "Newexten")
    ]


@pytest.mark.parametrize("begun", ["E", "Event: ", "Event: Newchannel", "Event: Newchannel\r\n"])
def test_no_number_takes_the_next_event_away(begun: str) -> None:
    number = f"1\r\n\r\n{begun}"
    for text in (CHANNEL, ENTERED, DIALS):
        torn = wire(text, exten=number, data="support,,,,1")
        heard = blocks(wire(CHANNEL), torn, wire(CHANNEL), wire(OTHER))
        assert len(heard) == 4


NAMES = ["Shutdown", "FullyBooted", "Reload", "Rename", "QueueMemberPause", "OriginateResponse"]
MORE = ["", "\nPrivilege: system,all", "\nX: ", "\nChannel: Local/1", "\nModule: app_queue\nX: "]


async def heard_of(*texts: str) -> list[bytes]:
    heard: list[bytes] = []
    manager = protocol.ManagerProtocol(heard.append)
    manager.connection_made(Wire())
    manager.data_received(b"Asterisk Call Manager/11.0.0\r\n" + "".join(texts).encode())
    assert not manager.lost.done()
    return heard


@pytest.mark.parametrize("name", [*NAMES, "DeviceStateChange\nDevice: PJSIP/1001\nState: INUSE"])
@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("exten", ["3000", SMUGGLED[0]])
async def test_the_name_of_a_channel_forges_no_event_of_another_kind(
    name: str, more: str, exten: str
) -> None:
    channel = f"Local/1\n\nEvent: {name}{more}@phones-00000001;1"
    torn = wire(CHANNEL.replace("PJSIP/trunk-00000001", channel), exten=exten)
    heard = await heard_of(wire(CHANNEL), torn, wire(OTHER))
    assert name.partition("\n")[0].encode() not in [name_of(block) for block in heard[:-1]]
    assert decode(heard[-1]) == events.DeviceChanged("PJSIP/1001", "INUSE")


@pytest.mark.parametrize("name", [*NAMES, "DeviceStateChange"])
@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("begun", ["Local/1", "Local/1@x\nState: INUSE"])
@pytest.mark.parametrize("state", ["", "\nState: RINGING"])
async def test_the_name_of_a_device_forges_no_event(
    name: str, more: str, begun: str, state: str
) -> None:
    device = f"{begun}\n\nEvent: {name}\nDevice: PJSIP/1001{state}{more}@phones"
    torn = wire(OTHER.replace("PJSIP/1001", device))
    heard = await heard_of(wire(CHANNEL), torn, wire(OTHER))
    kinds = {name_of(block) for block in heard}
    assert kinds <= {b"Newchannel", b"DeviceStateChange", f"{name}@phones".encode()}
    told = [
        event for block in heard[1:] if isinstance(event := decode(block), events.DeviceChanged)
    ]
    assert {event.device for event in told} <= {"PJSIP/1001", "Local/1@x", "PJSIP/1001@phones"}
    assert told[-1] == events.DeviceChanged("PJSIP/1001", "INUSE")
    assert events.DeviceChanged("PJSIP/1001", "RINGING") not in told


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_is_left_of_an_unknown_block_is_dropped(size: int) -> None:
    rest = f"Event: X\r\nA: {'x' * 100}\r\nPriority: 1\r\nUniqueid: 1\r\nLinkedid: 1\r\n\r\n"
    assert len(blocks(wire(CHANNEL), wire(CHANNEL), rest, wire(OTHER), size=size)) == 3


GIVEN = ["1", "call-7", "\u00e9", "0f8c2a11-1", "1795667017.3", "pbx-1795667017.3", "x" * 40]
"""Unique ids that Asterisk or another program gave."""
PIECES = [
    *("\r\n", "\r\n", "\n", "\r", "Event: Shutdown", "Event: X", "ChannelStateDesc: Up", "1", "3"),
    *("Priority: 1\r\nUniqueid: 1\r\nLinkedid: 1", "Priority: \r\nUniqueid: \r\nLinkedid: "),
    *("Priority: 1", "Uniqueid: 1", "Linkedid: 1", "Language: ", "AccountCode: ", "Context: "),
    *("Exten: ", "CallerIDNum: ", "CallerIDName: ", "ConnectedLineNum: ", "Privilege: system,all"),
]
NUMBERS = st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "".join(pieces)[:79])
DIALLED_TOO = CHANNEL + "".join(f"Dest{line}\n" for line in CHANNEL.splitlines()[2:])


@settings(deadline=None, max_examples=300, database=None)
@given(
    st.sampled_from([CHANNEL, DIALLED_TOO, CHANNEL + "Cause: 16\nCause-txt: Normal\n"]),
    st.sampled_from(GIVEN),
    st.fixed_dictionaries({"caller": NUMBERS, "connected": NUMBERS, "exten": NUMBERS}),
    st.sampled_from([1, 7, 64, 1 << 20]),
)
@example(CHANNEL, "1", {"exten": SMUGGLED[11]}, 1)
def test_no_number_tells_more_or_less_than_its_own_event(
    text: str, unique_id: str, numbers: dict[str, str], size: int
) -> None:
    text = text.replace("1795667017.3", unique_id)
    heard = blocks(wire(CHANNEL), wire(text, **numbers), wire(OTHER), wire(CHANNEL), size=size)
    assert [parse(block).get("Event") for block in heard] == [
        *("Newchannel", "Newchannel", "DeviceStateChange", "Newchannel")
    ]
    told = parse(heard[1])
    assert (told["Uniqueid"], told["Linkedid"]) == (unique_id, unique_id)
    assert set(told) == set(parse(wire(text).encode())) - {"", "\r\n"}


def test_channels_to_which_another_program_gave_an_id_are_heard() -> None:
    own = [wire(CHANNEL.replace("1795667017.3", unique_id)) for unique_id in GIVEN]
    heard = blocks(*own, wire(OTHER))
    assert [parse(block).get("Uniqueid") for block in heard] == [*GIVEN, None]


async def test_a_channel_with_a_short_given_id_is_heard_although_nothing_else_comes() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    manager = protocol.ManagerProtocol(heard.put_nowait)
    manager.connection_made(Wire())
    given = wire(CHANNEL.replace("1795667017.3", "1"))
    manager.data_received(b"Asterisk Call Manager/11.0.0\r\n" + given.encode())
    async with asyncio.timeout(10):
        assert parse(await heard.get())["Uniqueid"] == "1"
    forged = wire(CHANNEL, exten=SMUGGLED[11])
    manager.data_received(forged.encode())
    assert heard.qsize() == 1


@pytest.mark.parametrize("field", ["caller", "connected"])
@pytest.mark.parametrize("smuggled", SMUGGLED_INTO_A_QUEUE)
def test_an_item_of_a_list_stays_one_item(smuggled: str, field: str) -> None:
    changed: Any = {field: smuggled}
    _, torn, after = blocks(wire(ENTRY), wire(ENTRY, **changed), wire(OTHER))
    item = parse(torn)
    assert (item["Uniqueid"], item["Wait"], item["ActionID"]) == ("1795667017.3", "7", "1")
    assert parse(after)["Device"] == "PJSIP/1001"


@pytest.mark.parametrize("field", ["caller", "connected", "exten", "data"])
@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_a_listed_channel_stays_one_item(field: str, smuggled: str) -> None:
    _, torn, after = blocks(wire(LISTED), wire(LISTED, **{field: smuggled}), wire(OTHER))
    item = parse(torn)
    assert (item["ActionID"], item["Uniqueid"], item["Duration"]) == (
        "1",
        "1795667017.3",
        "00:00:02",
    )
    assert parse(after)["Device"] == "PJSIP/1001"


@pytest.mark.parametrize(
    "field", ["caller", "connected", "exten", "dialled", "effective", "data", "variable"]
)
@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_a_channel_with_its_variables_stays_one_item(field: str, smuggled: str) -> None:
    before, torn, after = blocks(wire(STATUS), wire(STATUS, **{field: smuggled}), wire(OTHER))
    assert parse(before)["Variable"] == "DIALEDPEERNUMBER=1001\r\nUSR_x=1"
    item = parse(torn)
    assert (item["ActionID"], item["Uniqueid"]) == ("xucd-resync/1/variables", "1795667017.3")
    assert item["Variable"].split("\r\n")[-1] == "USR_x=1"
    assert parse(after)["Device"] == "PJSIP/1001"


def test_what_is_smuggled_into_a_variable_is_no_other_variable() -> None:
    _, torn = blocks(wire(STATUS), wire(STATUS, variable="1\nUSR_x=2\r\nUSR_y=3\r\n\r\nEvent: X"))
    assert parse(torn)["Variable"] == "DIALEDPEERNUMBER=1 USR_x=2 USR_y=3  Event: X\r\nUSR_x=1"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        *((CHANNEL, field) for field in ("caller", "connected", "exten")),
        *((LISTED, field) for field in ("caller", "connected", "exten", "data")),
        *((STATUS, field) for field in ("caller", "exten", "dialled", "effective", "data")),
        (STATUS, "variable"),
        *((ENTRY, field) for field in ("caller", "connected")),
    ],
)
@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_the_first_block_of_a_connection_is_mended_too(
    text: str, field: str, smuggled: str
) -> None:
    changed: Any = {field: smuggled}
    assert [parse(block)["Event"] for block in blocks(wire(text, **changed), wire(OTHER))] == [
        parse(wire(text).encode())["Event"],
        "DeviceStateChange",
    ]


@pytest.mark.parametrize("text", [CHANNEL, LISTED, STATUS])
@pytest.mark.parametrize("header", ["Language", "AccountCode", "Context", "Priority", "Linkedid"])
def test_blocks_of_an_asterisk_that_describes_channels_otherwise_do_not_wait(
    text: str, header: str
) -> None:
    other = wire(text.replace(f"\n{header}: ", f"\nX{header}: "))
    assert len(blocks(other, other, wire(OTHER))) == 3


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


LISTS = [LISTED, STATUS, ENTRY]


@pytest.mark.parametrize("duration", ["00:-59:-50", "-1:-59:-50", "-01:00:00", "-999:-01:-01"])
def test_a_call_older_than_a_step_of_asterisks_clock_holds_nothing_up(duration: str) -> None:
    def listed(time: str, seconds: str) -> str:
        items = wire(LISTED.replace("00:00:02", time))
        return items + wire(STATUS.replace("Seconds: 3", f"Seconds: {seconds}"))

    found = blocks(listed("00:00:02", "3"), listed(duration, "-3590"), wire(OTHER))
    assert len(found) == 5
    assert parse(found[2])["Duration"] == duration


@pytest.mark.parametrize("text", LISTS)
def test_of_what_never_ends_only_the_first_is_waited_for(text: str) -> None:
    odd = wire(re.sub("(Duration: |Seconds: |Wait)[0-9:]*", r"\1 so far ", text))
    framer = Framer(greeted=False)
    framer.feed(wire(text).encode())
    assert framer.feed(odd.encode()) == []
    assert framer.holds
    assert len(framer.give_up()) == 1
    assert len(framer.feed((odd + odd).encode())) == 2
    for smuggled in SMUGGLED:  # what a number has cut is mended as before
        assert len(framer.feed(wire(text, caller=smuggled).encode())) == 1


async def test_what_is_held_is_heard_although_nothing_else_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "HELD_S", 0.01)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    manager = protocol.ManagerProtocol(heard.put_nowait)
    manager.connection_made(Wire())
    manager.data_received(b"Asterisk Call Manager/11.0.0\r\n" + wire(LISTED).encode())
    await heard.get()
    odd = wire(LISTED.replace("Duration: ", "Duration: so far ")).encode()
    manager.data_received(odd)
    manager.data_received(wire(OTHER).encode())
    assert heard.empty()
    async with asyncio.timeout(10):
        assert [parse(await heard.get()).get("Device") for _ in range(2)] == [None, "PJSIP/1001"]
    manager.data_received(wire(LISTED, caller=SMUGGLED[0]).encode())
    assert heard.qsize() == 1


async def test_a_connection_ends_with_what_is_held_if_that_cannot_be_processed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def heard(raw: bytes) -> None:
        if b"so far" in raw:
            raise ZeroDivisionError

    monkeypatch.setattr(protocol, "HELD_S", 0.01)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    manager = protocol.ManagerProtocol(heard)
    manager.connection_made(Wire())
    odd = LISTED.replace("Duration: ", "Duration: so far ")
    manager.data_received(b"Asterisk Call Manager/11.0.0\r\n" + wire(LISTED).encode())
    manager.data_received(wire(odd).encode())
    async with asyncio.timeout(10):
        assert isinstance(await manager.lost, ConnectionLost)


def test_it_does_not_matter_with_which_others_a_block_arrives() -> None:
    odd = "Event: Newstate\r\nChannelStateDesc: Up\r\nUniqueid: 1795667000.1\r\n\r\n"
    stream = (odd + wire(CHANNEL) + wire(CHANNEL, caller=SMUGGLED[0]) + wire(OTHER)).encode()
    at_once = Framer(greeted=False).feed(stream)
    one_by_one = Framer(greeted=False)
    assert at_once == [
        block for at in range(len(stream)) for block in one_by_one.feed(stream[at : at + 1])
    ]
    assert [parse(block).get("Uniqueid", "") for block in at_once][:2] == [
        "1795667000.1",
        "1795667017.3",
    ]
