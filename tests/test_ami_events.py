"""Decoding of AMI events, in the words of Asterisk 16 and 22."""

import pytest

from xucd.ami.errors import DecodeError
from xucd.ami.events import DECODERS, decode
from xucd.ami.framing import parse
from xucd.ami.resync import SnapshotBuilder
from xucd.center import events
from xucd.center.events import ChannelState, DeviceStatus

CALLER = """Channel: PJSIP/trunk-00000001
ChannelState: 6
ChannelStateDesc: Up
CallerIDNum: 0230210082
CallerIDName: Zoé
ConnectedLineNum: <unknown>
ConnectedLineName: <unknown>
Language: en
AccountCode:\x20
Context: queues
Exten: 3000
Priority: 4
Uniqueid: 1795384810.5
Linkedid: 1795384810.4"""
AGENT = """DestChannel: PJSIP/1001-00000002
DestChannelState: 6
DestUniqueid: 1795384810.6
DestLinkedid: 1795384810.4"""
MEMBER = "Queue: support\nMemberName: Agent/2501\nInterface: PJSIP/1001"


def read(name: str, *parts: str) -> events.Event | None:
    return decode("\r\n".join("\n".join((f"Event: {name}", *parts)).split("\n")).encode())


@pytest.mark.parametrize(
    ("version", "lines"),
    [("16", "PausedReason: lunch\nRinginuse: 0\nReason: lunch"), ("22", "PausedReason: lunch")],
)
def test_a_pause_has_its_reason_in_both_versions(version: str, lines: str) -> None:
    assert read("QueueMemberPause", MEMBER, "Paused: 1", lines) == events.MemberPaused(
        "support", "PJSIP/1001", "Agent/2501", True, "lunch"
    )


def test_a_reason_left_over_from_an_unpause_is_none() -> None:
    event = read("QueueMemberPause", MEMBER, "Paused: 0\nPausedReason: lunch")
    assert event == events.MemberPaused("support", "PJSIP/1001", "Agent/2501", False, "")


def test_a_member_joins() -> None:
    for membership, dynamic in (("dynamic", True), ("static", False), ("realtime", False)):
        event = read(
            "QueueMemberAdded",
            MEMBER,
            "StateInterface: hint:1001@default",
            f"Membership: {membership}",
            "Penalty: 2\nPaused: 1\nPausedReason: \nStatus: 5",
        )
        assert event == events.MemberAdded(
            "support",
            "PJSIP/1001",
            "Agent/2501",
            2,
            True,
            "",
            DeviceStatus.UNAVAILABLE,
            "hint:1001@default",
            dynamic,
        )


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Load", "Module: app_queue.so\nStatus: Success"),
        ("Unload", "Module: app_queue.so\nStatus: Success"),
        ("Reload", "Module: app_queue.so\nStatus: 0"),
    ],
)
def test_modules_come_and_go(name: str, lines: str) -> None:
    assert read(name, lines) == events.ModulesChanged("app_queue.so")


def test_a_queue_says_what_it_holds_a_members_phone_to_do() -> None:
    for status in DeviceStatus:
        assert read("QueueMemberStatus", MEMBER, f"Status: {status.value}") == events.MemberStatus(
            "support", "PJSIP/1001", "Agent/2501", status
        )


def test_a_caller_joins_with_its_number_and_name() -> None:
    assert read("QueueCallerJoin", CALLER, "Queue: support\nPosition: 1\nCount: 1") == (
        events.CallerJoined(
            "support",
            "PJSIP/trunk-00000001",
            "1795384810.5",
            1,
            "0230210082",
            "Zoé",
            at="queues,3000,4",
        )
    )


def test_what_asterisk_calls_unknown_is_empty() -> None:
    assert read("Newstate", CALLER) == events.ChannelMoved(
        "1795384810.5",
        "1795384810.4",
        ChannelState.UP,
        "0230210082",
        "Zoé",
        "",
        "",
        "3000",
    )


def test_a_call_that_nobody_answered_is_told_even_when_its_caller_has_gone() -> None:
    assert read("AgentRingNoAnswer", CALLER, MEMBER) == events.AgentRangNoAnswer("1795384810.5")
    assert read("AgentRingNoAnswer", MEMBER) == events.AgentRangNoAnswer("")


def test_a_field_that_nothing_reads_may_be_missing_or_malformed() -> None:
    gone = events.ChannelGone("PJSIP/trunk-00000001", "1795384810.5")
    assert read("Hangup", CALLER) == gone
    assert read("Hangup", CALLER, "Cause: sixteen") == gone


def test_a_dial_of_asterisks_own_has_no_dialling_channel() -> None:
    assert read("DialEnd", AGENT, "DialStatus: ANSWER") == events.DialEnded(
        "", "1795384810.6", "ANSWER"
    )


@pytest.mark.parametrize(
    ("escaped", "value"),
    [
        (r"plain", "plain"),
        (r"a\\nb\"é\\", 'a\\nb"é\\'),
        (r"two\r\nlines\t\a\b\f\v\?\'", "two\r\nlines\t\a\b\f\v?'"),
        ("", ""),
    ],
)
def test_a_variables_value_is_as_it_was_set(escaped: str, value: str) -> None:
    event = read("VarSet", CALLER, f"Variable: __USR_x\nValue: {escaped}")
    assert event == events.VariableSet("1795384810.5", "__USR_x", value)


@pytest.mark.parametrize("name", ["Newchannel", "Newstate", "QueueCallerJoin"])
def test_the_names_of_a_channels_events_are_as_they_were_set(name: str) -> None:
    caller = CALLER.replace("Zoé", r"Shaun O\'Neill \? DOM\\user \"x\" a\\tb").replace(
        "ConnectedLineName: <unknown>", r"ConnectedLineName: Qui\?"
    )
    event = read(name, caller, "Queue: support\nPosition: 1")
    assert isinstance(event, events.ChannelCreated | events.ChannelMoved | events.CallerJoined)
    assert event.name == r"""Shaun O'Neill ? DOM\user "x" a\tb"""
    assert not isinstance(event, events.ChannelMoved) or event.connected_name == "Qui?"


def test_a_list_of_callers_is_raw_and_one_of_channels_escaped() -> None:
    builder = SnapshotBuilder()
    caller = CALLER.replace("Zoé", r"O\'N DOM\\user")
    for lines in (
        ("Event: QueueEntry\nQueue: support\nPosition: 1", CALLER.replace("Zoé", r"O'N DOM\user")),
        (
            "Event: CoreShowChannel",
            caller,
            "Application: Queue\nApplicationData: support\nDuration: 00:00:01\nBridgeId: ",
        ),
    ):
        builder.feed(parse("\r\n".join("\n".join(lines).split("\n")).encode()))
    snapshot = builder.snapshot()
    assert snapshot.callers[0].name == snapshot.channels[0].name == r"O'N DOM\user"


def test_a_number_that_cannot_be_dialled_is_told_as_a_name() -> None:
    caller = CALLER.replace("0230210082", "<img src=x>").replace("Zoé", "<unknown>")
    event = read("QueueCallerJoin", caller, "Queue: support\nPosition: 1")
    assert isinstance(event, events.CallerJoined)
    assert (event.number, event.name) == ("", "img src=x")


def test_a_global_variable_belongs_to_no_channel() -> None:
    event = read("VarSet", "Channel: none\nUniqueid: none\nVariable: XUCD_CHECK\nValue: 1")
    assert event == events.VariableSet("", "XUCD_CHECK", "1")


def test_transfers_that_failed_are_not_told() -> None:
    assert read("BlindTransfer", "Result: Fail\nTransfererUniqueid: 1") is None
    assert read(
        "BlindTransfer", "Result: Success\nTransfererUniqueid: 1\nTransfereeUniqueid: 2"
    ) == events.Transferred("1", ("2",))


def test_queues_own_lamps_are_no_devices() -> None:
    assert read("DeviceStateChange", "Device: Queue:support_avail\nState: INUSE") is None
    assert read("DeviceStateChange", "Device: PJSIP/1001\nState: INUSE") == events.DeviceChanged(
        "PJSIP/1001", "INUSE"
    )


def test_an_originate_that_failed_has_no_channel() -> None:
    event = read("OriginateResponse", "ActionID: a\nResponse: Failure\nReason: 3\nUniqueid: <null>")
    assert event == events.OriginateAnswered("a", False)


@pytest.mark.parametrize("cause", ["", "\nCause: sixteen"])
def test_a_field_that_no_rule_needs_may_be_missing_or_malformed(cause: str) -> None:
    event = read("Hangup", CALLER + cause)
    assert event == events.ChannelGone("PJSIP/trunk-00000001", "1795384810.5")


def test_what_xucd_does_not_read_is_none() -> None:
    assert read("RTCPSent", "SSRC: 1") is None
    assert decode(b"Response: Success\r\nMessage: x") is None
    assert decode(b"") is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Newstate", CALLER.replace("ChannelState: 6", "ChannelState: 77")),
        ("Hangup", "Uniqueid: 1"),
        ("QueueCallerAbandon", "Queue: support\nUniqueid: 1\nHoldTime: sixteen"),
        ("QueueMemberAdded", MEMBER + "\nPenalty: \nPaused: 0"),
    ],
)
def test_a_malformed_event_is_an_error_that_names_it(name: str, parts: str) -> None:
    with pytest.raises(DecodeError, match=name):
        read(name, parts)


# Of a caller who has gone meanwhile, Asterisk tells nothing that is read.
@pytest.mark.parametrize("name", sorted(DECODERS.keys() - {b"AgentRingNoAnswer"}))
def test_every_event_without_its_fields_is_an_error_and_nothing_else(name: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(b"Event: " + name)


@pytest.mark.parametrize("queue", ["support", '"support"'])
def test_of_the_dialplans_steps_only_queue_is_read(queue: str) -> None:
    step = f"Event: Newexten\n{CALLER}\nExtension: 3000\nApplication: %s\nAppData: {queue},r,,,60"
    sent = decode((step % "Queue").replace("\n", "\r\n").encode())
    assert sent == events.CallerSent("support", "1795384810.5")
    assert decode((step % "Playback").replace("\n", "\r\n").encode()) is None


@pytest.mark.parametrize(
    ("data", "number"),
    [
        ("PJSIP/0123456789@trunk,60", "0123456789"),
        ("PJSIP/trunk/sip:0123456789@host", "0123456789"),
        ("SIP/trunk/0123456789,60,t", "0123456789"),
        ("DAHDI/g1/0123456789", "0123456789"),
        ("Local/0123456789@outbound/n,60", "0123456789"),
        ("PJSIP/1002&PJSIP/1003", "1002"),
        ("PJSIP/alice", ""),
        ("", ""),
    ],
)
def test_the_number_that_a_phone_is_rung_to_dial_is_read_off_the_data_of_dial(
    data: str, number: str
) -> None:
    event = read(
        "OriginateResponse",
        f"Response: Success\nUniqueid: 1.5\nExten: \nApplication: Dial\nData: {data}",
    )
    assert event == events.OriginateAnswered("", True, "1.5", number)


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-9999999999", "", "1.5", "two"])
def test_a_number_that_asterisk_does_not_count_with_is_an_error(number: str) -> None:
    for name, field in (("QueueMemberPenalty", "Penalty"), ("QueueMemberStatus", "Status")):
        with pytest.raises(DecodeError):
            read(name, "Queue: q\nInterface: i\nMemberName: m", f"{field}: {number}")
