"""Names as Asterisk allows them, and every place where a name is read, written or checked.

Each table has a row for a kind of name, each test is one place. What breaks a line of AMI, an
argument of the dialplan or a field of a file is refused with a sentence.
"""

import re

import pytest
import tomli_w

from tests.conftest import TODAY
from tests.told import unfit
from xucd.agi import syntax
from xucd.ami.actions import for_intent
from xucd.ami.events import decode
from xucd.center.channels import interface_of
from xucd.center.directory import Directory, Line, Queue, spelled
from xucd.center.events import CallerJoined, OriginateAnswered
from xucd.center.grammar import GRAMMARS
from xucd.center.intents import AddMember, DialFromQueueIntent, DialOut, RemoveMember, SetPause
from xucd.center.numbers import same_line
from xucd.commands.dial_from_queue import extension_of
from xucd.config import center_file, writing
from xucd.config.center_file import CenterFileError
from xucd.config.plan import Plan
from xucd.cti.messages import MESSAGES
from xucd.logs import queue_log
from xucd.tools.masking import Mask

CHANNELS = {
    # A channel's name, as its driver makes it: the device that it is of.
    "PJSIP/204-0000001a": "PJSIP/204",
    "PJSIP/204-home-0000001a": "PJSIP/204-home",
    "PJSIP/bob.smith-0000001a": "PJSIP/bob.smith",
    "PJSIP/bob@example-0000001a": "PJSIP/bob@example",
    "PJSIP/1001-0000001a<ZOMBIE>": "PJSIP/1001",
    "SIP/204-0000000a": "SIP/204",
    "SIP/204-desk.1-0000000a": "SIP/204-desk.1",
    "IAX2/phone-1234": "IAX2/phone",
    "IAX2/phone-2-1234": "IAX2/phone-2",
    "DAHDI/1-1": "DAHDI/1",
    "DAHDI/1-2": "DAHDI/1",
    "DAHDI/i1/204-3": "DAHDI/i1/204",
    "DAHDI/i2/0123456789-1f": "DAHDI/i2/0123456789",
    "DAHDI/pseudo-1804289383": "DAHDI/pseudo",
    "SCCP/204-00000001": "SCCP/204",
    "Skinny/204@phone1-1": "Skinny/204@phone1",
    "MGCP/aaln/1@gateway-1": "MGCP/aaln/1@gateway",
    "Dongle/dongle0-0100000001": "Dongle/dongle0",
    "Local/204@from-queue-00000012;1": "Local/204@from-queue",
    "Local/204@from-queue-00000012;2": "Local/204@from-queue",
    "Agent/2501": "Agent/2501",
}


@pytest.mark.parametrize(("channel", "device"), CHANNELS.items())
def test_a_channel_is_of_the_device_that_its_name_begins_with(channel: str, device: str) -> None:
    assert interface_of(channel) == device


INTERFACES = sorted(
    {device for device in CHANNELS.values() if not device.startswith("Local/")}
    | {"Local/204@from-queue/n", "Local/204@from-queue/nj", "DAHDI/g0/204", "DAHDI/G1", "DAHDI/r0"}
    | {"IAX2/guest:pw@10.0.0.1:4569/204@phones", "SIP/+4930123", "SIP/a~b", "PJSIP/*98"}
)
NOT_INTERFACES = ["204", "PJSIP/", "/204", "PJSIP/a b", "PJSIP/é"] + [
    f"PJSIP/2{bad}4" for bad in ",|;&\"'\\<>$[]{}=?\r\n\0\x7f\u2028"
]
NUMBERS = ["1001", "*97", "#1", "+4930123", "5", "bob", "bob.smith", "204-a", "204_a", "Vente"]
NOT_NUMBERS = [
    "",
    "s",
    "h",
    "-1",
    ".1",
    "_1X",
    "a b",
    "é",
    *(f"2{bad}4" for bad in ",|;@/$&\r\n\0"),
]
CONTEXTS = ["default", "from-internal", "tenant.1", "a+b", "phones@1"]
NOT_CONTEXTS = ["", "a b", "a,b", "a:b", 'a"b', "a\nb", "${x}"]
QUEUES = [
    *(
        "sales",
        "Vente à distance",
        "o'clock?",
        "R&D (new)",
        "日本語",
        "7",
        "Sales/DE",
        "a@b",
        "a:b",
    ),
    *("-x", "100%", "#1", "h", "queue_21"),
]
NOT_QUEUES = ["", " a", "a ", *(f"a{bad}b" for bad in ',|;$"\\<>[]{}\r\n\t\0\x9b\u2028\u202e')]

QUEUE, LINE = "Vente à distance", "bob"


def centre(
    queue: str = QUEUE, number: str = LINE, interface: str = "PJSIP/bob.smith", context: str = "a"
) -> str:
    """A centre file with one of each that has a name."""
    return tomli_w.dumps(
        {
            "groups": [{"id": 1, "name": "all"}],
            "queues": [
                {"id": 21, "name": queue, "displayName": "Q", "number": "3000", "context": context}
            ],
            "lines": [{"id": 1, "number": number, "interface": interface, "context": context}],
            "agents": [
                {
                    **{"id": 8, "number": number, "login": "b", "firstName": "B", "lastName": "S"},
                    **{"line": number, "group": 1, "queues": {queue: 0}, "context": context},
                }
            ],
        }
    )


def read(text: str) -> Plan:
    return center_file.parse(text, "center.toml", TODAY).plan


KEYS = ("queue", "number", "interface", "context")
ACCEPTED = [
    (key, value)
    for key, values in zip(KEYS, (QUEUES, NUMBERS, INTERFACES, CONTEXTS), strict=True)
    for value in values
]
REFUSED = [
    (key, value)
    for key, values in zip(
        KEYS, (NOT_QUEUES, NOT_NUMBERS, NOT_INTERFACES, NOT_CONTEXTS), strict=True
    )
    for value in values
]
SENTENCES = {
    "queue": r"queues\[0\]\.name: (may hold no comma|expected text in quotes of length >= 1)",
    "number": r"lines\[0\]\.number: may hold only digits",
    "interface": r"lines\[0\]\.interface: has to look like PJSIP/1001",
    "context": r"lines\[0\]\.context: may hold only the letters",
}


@pytest.mark.parametrize(("key", "value"), ACCEPTED)
def test_the_centre_file_takes_a_name_and_an_export_gives_it_back(key: str, value: str) -> None:
    plan = read(centre(**{key: value}))
    assert read(writing.write(plan)) == plan
    assert (
        value
        in {
            "queue": plan.queues[0].name,
            "number": plan.lines[0].number,
            "interface": plan.lines[0].interface,
            "context": plan.lines[0].context,
        }[key]
    )


@pytest.mark.parametrize(("key", "value"), REFUSED)
def test_what_would_break_a_line_is_refused_with_a_sentence(key: str, value: str) -> None:
    with pytest.raises(CenterFileError) as refused:
        read(centre(**{key: value}))
    assert any(re.search(SENTENCES[key], each) for each in refused.value.problems)


@pytest.mark.parametrize(("kind", "name"), [("sip", "SIP"), ("Pjsip", "PJSIP"), ("local", "Local")])
def test_a_technology_is_spelled_as_in_the_names_of_channels(kind: str, name: str) -> None:
    (line,) = read(centre(interface=f"{kind}/204")).lines
    assert line.interface == f"{name}/204"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_fits_what_clients_are_told_and_may_send(number: str) -> None:
    assert re.fullmatch(GRAMMARS["number"].pattern, number)
    assert re.fullmatch(GRAMMARS["extension"].pattern, number)


@pytest.mark.parametrize("interface", INTERFACES)
def test_an_interface_fits_what_clients_are_told(interface: str) -> None:
    assert re.fullmatch(GRAMMARS["interface"].pattern, interface)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queues_name_fits_what_clients_are_told(queue: str) -> None:
    config = {"id": 1, "context": "a", "name": queue, "displayName": "Q", "number": "vente"}
    assert "QueueConfig" in MESSAGES
    assert unfit("QueueConfig", config) == []


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("queue", QUEUES)
def test_a_member_of_any_name_is_one_action(queue: str, interface: str) -> None:
    added = for_intent(AddMember(queue, interface, "Agent/bob", 0, state_interface="hint:b@ext"))
    assert added.as_dict()["Interface"] == interface
    assert added.as_dict()["Queue"] == queue
    assert added.as_dict()["StateInterface"] == "hint:b@ext"
    assert for_intent(RemoveMember(queue, interface)).as_dict()["Interface"] == interface
    assert for_intent(SetPause(interface, True, queue=queue)).as_dict()["Queue"] == queue


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_dialled_by_its_name_in_the_context_of_the_line(
    number: str, context: str
) -> None:
    action = for_intent(DialOut("PJSIP/bob.smith", context, number, "bob", "id", "request"))
    variables = dict(each.split("=") for each in action.as_dict()["Variable"].split(","))
    assert (variables["XUCD_CONTEXT"], variables["XUCD_DIAL"]) == (context, number)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_dial_from_a_queue_goes_by_a_name_that_is_an_extension_else_by_the_id(
    queue: str,
) -> None:
    extension = extension_of(Queue(21, queue, "Q", "3000"))
    assert extension == (
        queue if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]+", queue) else "queue_21"
    )
    intent = DialFromQueueIntent(extension, "12", "a", "", "", 25, "request", "call")
    assert for_intent(intent).as_dict()["Channel"] == f"Local/{extension}@xucd-dial-from-queue/n"
    line = syntax.command("SET", "VARIABLE", '"XUCDQUEUE"', syntax.quoted(queue))
    assert line == f'SET VARIABLE "XUCDQUEUE" "{queue}"\n'.encode()


@pytest.mark.parametrize("queue", QUEUES)
def test_an_event_of_a_queue_is_of_ours_in_any_case_of_its_letters(queue: str) -> None:
    said = "".join(letter.swapcase() if letter.isascii() else letter for letter in queue)
    event = decode(
        f"Event: QueueCallerJoin\r\nQueue: {said}\r\nChannel: PJSIP/trunk-1\r\nUniqueid: 1.1\r\n"
        "Position: 1\r\nCallerIDNum: 12\r\nCallerIDName: <unknown>\r\nContext: a\r\nExten: 1\r\n"
        "Priority: 1\r\n\r\n".encode()
    )
    assert isinstance(event, CallerJoined)
    directory = Directory(queues=[Queue(1, queue, "Q", "3000")])
    assert spelled(directory, event).queue == queue


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("interface", INTERFACES)
def test_the_log_of_queues_tells_both_names(queue: str, interface: str) -> None:
    line = f"1700000000|1.1|{queue}|Agent/2501|CONNECT|3|{interface}-0000001a|2"
    logged = queue_log.parse(line.encode())
    assert logged is not None
    assert (logged.queue, logged.phone) == (queue, f"{interface}-0000001a")


@pytest.mark.parametrize(("key", "value"), ACCEPTED)
def test_what_is_configured_stays_in_a_masked_trace(key: str, value: str) -> None:
    line = Line(1, value if key == "number" else "204", value if key == "interface" else "SIP/204")
    queue = Queue(1, value if key == "queue" else "sales", "Q", "3000")
    mask = Mask(Directory(queues=[queue], lines=[line]))
    block = (
        f"Event: X\r\nQueue: {queue.name}\r\nInterface: {line.interface}\r\nExten: {line.number}"
    )
    assert mask.block(block.encode()) == block.encode()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_the_same_line_as_itself_and_as_no_other(number: str) -> None:
    assert same_line(number)(number)
    assert not any(same_line(number)(other) for other in (*NUMBERS, "204") if other != number)


DIALLED = {
    # What a program lets Dial ring, and the number in it.
    "PJSIP/0123@trunk,60": "0123",
    "PJSIP/trunk/sip:0123@10.0.0.1:5060": "0123",
    "SIP/trunk/0123": "0123",
    "SIP/12/0123": "0123",
    "DAHDI/g1/0123": "0123",
    "DAHDI/1/0123": "0123",
    "DAHDI/i1/0123,30": "0123",
    "IAX2/user:pw@host/0123@phones": "0123",
    "SCCP/0123": "0123",
    "Local/0123@context/n": "0123",
    "Dongle/dongle0/0123": "0123",
    "PJSIP/bob.smith": "",
}


@pytest.mark.parametrize(("data", "number"), DIALLED.items())
def test_the_number_that_another_program_dials_is_read_of_its_dial_string(
    data: str, number: str
) -> None:
    event = decode(
        "Event: OriginateResponse\r\nActionID: 1\r\nResponse: Success\r\nUniqueid: 1.5\r\n"
        f"Exten: \r\nApplication: Dial\r\nData: {data}\r\n\r\n".encode()
    )
    assert event == OriginateAnswered("1", True, "1.5", number)
