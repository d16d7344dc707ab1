"""What a PBX has, read over AMI with the rights of xucd's own account: plain data.

Queues, members and strategies come from `QueueStatus`, phones from `DeviceStateList` and hints,
numbers and contexts from `ShowDialPlan`; whose phone it is, from the functions that tell a phone's
settings. What the account may not read, or the PBX has not loaded, is told in `unread`.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable

import msgspec

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.connection import AmiSettings, log_in
from xucd.ami.errors import AmiError, Rejected
from xucd.ami.framing import Block
from xucd.ami.protocol import connect
from xucd.center.directory import JUDGING_CONTEXT, LOCAL, as_channels_are_named
from xucd.center.visitors import is_visitors
from xucd.tools.dialplan import (
    Dialplan,
    Place,
    is_phone,
    read_dialplan,
    read_hint,
    with_pattern_hints,
)
from xucd.tools.dialplan_ways import Ways
from xucd.tools.phone_numbers import dialled, numbers_of_phones, phones_of
from xucd.tools.queue_numbers import Leads, queue_numbers

Query = Callable[[Action], Awaitable[list[Block]]]
"""Sends one action and returns its answer. Raises `AmiError`."""

# What the names of a phone's settings are in Asterisk: the function, and the module it is in.
SETTINGS = {
    "PJSIP": ("PJSIP_ENDPOINT", "func_pjsip_endpoint", "callerid"),
    "SIP": ("SIPPEER", "chan_sip", "callerid_name"),
    "IAX2": ("IAXPEER", "chan_iax2", "callerid_name"),
}
NEEDED_CONTEXT = "xucd-sub-wrap"
"""A context of xucd's own dialplan."""

AT_ONCE = 50
"""How many phones' settings are asked for at a time."""

MAX_ASKED = 2000
"""How many phones are asked for their settings: two actions for each, some 2 ms."""


class FoundMember(msgspec.Struct, frozen=True):
    """A member of a queue. `state_interface` is whose state counts: a device, or a hint."""

    interface: str
    name: str
    penalty: int = 0
    state_interface: str = ""
    membership: str = "static"
    """``static``, ``dynamic`` or ``realtime``."""


class FoundQueue(msgspec.Struct, frozen=True):
    """A queue. `places` are the extensions that lead to it before others, the best first."""

    name: str
    strategy: str = ""
    members: tuple[FoundMember, ...] = ()
    places: tuple[Place, ...] = ()
    wrapup: int = 0
    """Seconds, where Asterisk's files tell them; AMI does not."""


class FoundPhone(msgspec.Struct, frozen=True):
    """A device that may be a phone. What is not known is "".

    `number` is that of its hint or of what dials it, and `hint_context` where this stands; `guess`
    is why it may be wrong. `context` is where the phone dials, `name` its caller id's.
    """

    device: str
    state: str = ""
    number: str = ""
    hint_context: str = ""
    context: str = ""
    name: str = ""
    guess: str = ""


class FoundPbx(msgspec.Struct, frozen=True):
    """All of a PBX that xucd can use. `unread` has a sentence for each part that is unknown.

    `shared` has the numbers that lead to several queues.
    """

    queues: tuple[FoundQueue, ...] = ()
    phones: tuple[FoundPhone, ...] = ()
    dialplan: Dialplan = Dialplan()
    unread: tuple[str, ...] = ()
    shared: dict[Place, Leads] = {}


async def discover_pbx(ami: AmiSettings) -> FoundPbx:
    """Connect, log in and read. Raises `AmiError`."""
    manager = await connect(ami, lambda raw: None)
    try:
        await log_in(manager, ami)
        return await discover(lambda action: manager.query(action, max(ami.action_timeout, 30.0)))
    finally:
        manager.close()


class Access(msgspec.Struct, frozen=True):
    """Whether Asterisk lets xucd in.

    `opens` says that it takes the account; `problem` is what is wrong, None if it has xucd's
    dialplan, too.
    """

    opens: bool
    problem: str | None = None


async def try_access(ami: AmiSettings) -> Access:
    """Log in once, and look for xucd's dialplan."""
    try:
        manager = await connect(ami, lambda raw: None)
    except AmiError as error:
        return Access(False, error.text)
    opens = False
    try:
        await log_in(manager, ami)
        opens = True
        await manager.query(actions.show_dialplan(NEEDED_CONTEXT), ami.action_timeout)
    except Rejected as error:
        if not opens:
            return Access(False, error.text)
        if error.code == "NumberUnknown":
            problem = "Asterisk's dialplan has not taken xucd's contexts; its log says why"
            return Access(True, problem)
    except AmiError as error:
        return Access(opens, error.text)
    finally:
        manager.close()
    return Access(True)


async def discover(query: Query) -> FoundPbx:
    """Read everything through a connection that is logged in. Raises `AmiError`."""
    unread: list[str] = []

    async def listed(action: Action, what: str) -> list[Block]:
        try:
            return await query(action)
        except Rejected as error:
            unread.append(f"{what} could not be read: {action.name} was refused ({error.text})")
            return []

    queue_blocks = await listed(actions.queue_status(), "queues and their members")
    device_blocks = await listed(actions.device_state_list(), "phones and their states")
    hint_blocks = await listed(actions.extension_state_list(), "hints")
    dialplan = read_dialplan(await listed(actions.show_dialplan(), "numbers and contexts"))
    queues = read_queues(queue_blocks)
    ways = Ways(dialplan)
    numbers = queue_numbers(ways, [queue.name for queue in queues])
    places: dict[str, list[Place]] = {}
    for place, leads in numbers.items():
        places.setdefault(leads.queues[0], []).append(place)
    if not dialplan.hints:  # of an account that may read hints, and no dialplan
        hints = [
            read_hint(block["Exten"], block["Context"], block.get("Hint", ""))
            for block in hint_blocks
            if block.get("Event") == "ExtensionStatus"
        ]
        dialplan = msgspec.structs.replace(dialplan, hints=tuple(hints))
    known = [block["Device"] for block in device_blocks if is_phone(block.get("Device", ""))]
    dialplan = with_pattern_hints(dialplan, known)
    phones = read_phones(device_blocks, dialplan, queues)
    alone = dialled(ways, [phone.device for phone in phones], _numbers_of_members(queues))
    dialplan = msgspec.structs.replace(dialplan, dialled=alone)
    for name in map(str.title, sorted(ways.given_up)):
        unread.append(
            f"not all numbers may be found: more ways of the dialplan lead to {name}() than xucd"
            " follows"
        )
    return FoundPbx(
        queues=tuple(
            msgspec.structs.replace(queue, places=tuple(places.get(queue.name, ())))
            for queue in queues
        ),
        phones=with_numbers(
            await _with_settings(query, phones), dialplan, _devices_of_members(queues)
        ),
        dialplan=dialplan,
        unread=tuple(unread),
        shared={place: leads for place, leads in numbers.items() if len(leads.queues) > 1},
    )


def _numbers_of_members(queues: Iterable[FoundQueue]) -> set[str]:
    """The numbers of members that ring through the dialplan: 204 of ``Local/204@from-queue/n``."""
    members = [as_channels_are_named(each.interface) for queue in queues for each in queue.members]
    return {each.removeprefix(LOCAL).partition("@")[0] for each in members if LOCAL in each}


def read_queues(blocks: Iterable[Block]) -> tuple[FoundQueue, ...]:
    """The queues by name, each with its members by interface, from the answer to `QueueStatus`."""
    strategies: dict[str, str] = {}
    members: dict[str, list[FoundMember]] = {}
    for block in blocks:
        if block.get("Event") == "QueueParams":
            strategies[block["Queue"]] = block.get("Strategy", "")
        elif block.get("Event") == "QueueMember":
            penalty, state = block.get("Penalty", "0"), block.get("StateInterface", "")
            interface = block.get("Location") or state
            if is_visitors(interface):
                continue  # an agent of another PBX
            member = FoundMember(
                # One that xucd has put behind its own context is that of the phone.
                interface=state if interface.endswith(f"@{JUDGING_CONTEXT}") else interface,
                name=block.get("Name") or block.get("MemberName", ""),
                penalty=int(penalty) if penalty.isdecimal() else 0,
                state_interface=state,
                membership=block.get("Membership", "static"),
            )
            members.setdefault(block["Queue"], []).append(member)
    return tuple(
        FoundQueue(
            name,
            strategies[name],
            tuple(sorted(members.get(name, ()), key=lambda member: member.interface)),
        )
        for name in sorted(strategies)
    )


def read_phones(
    blocks: Iterable[Block], dialplan: Dialplan, queues: Iterable[FoundQueue]
) -> tuple[FoundPhone, ...]:
    """The phones by device: all whose state Asterisk knows, that have a hint or are members."""
    states: dict[str, str] = {}
    for block in blocks:
        if block.get("Event") == "DeviceStateChange" and is_phone(block.get("Device", "")):
            states[as_channels_are_named(block["Device"])] = block.get("State", "")
    hints = [
        device
        for hint in dialplan.hints
        if not hint.number.startswith("_")
        for device in phones_of(hint)
    ]
    devices = sorted({*states, *hints, *_devices_of_members(queues)})
    return tuple(FoundPhone(device, states.get(device, "")) for device in devices)


def _devices_of_members(queues: Iterable[FoundQueue]) -> set[str]:
    """The phones that members name outright, or by their state interface."""
    return {
        as_channels_are_named(device)
        for queue in queues
        for member in queue.members
        for device in (member.interface, member.state_interface)
        if is_phone(device)
    }


def with_numbers(
    phones: Iterable[FoundPhone], dialplan: Dialplan, members: Collection[str] = ()
) -> tuple[FoundPhone, ...]:
    """The phones with their numbers, as far as the dialplan tells them.

    An extension that dials a phone has the phone's number only if that can dial it, too: others are
    for calls from outside. If the number is not the phone's name, it counts for `members` alone:
    what has no queue may be a trunk, for calls of 112.
    """
    numbers = numbers_of_phones(dialplan)
    reach = {phone.context: dialplan.within(phone.context) for phone in phones if phone.context}
    found = []
    for phone in phones:
        for told in numbers.get(phone.device, ()):
            dials = not phone.context or told.context in reach[phone.context]
            if told.hinted or (dials and (not told.guess or phone.device in members)):
                phone = msgspec.structs.replace(  # noqa: PLW2901
                    phone, number=told.number, hint_context=told.context, guess=told.guess
                )
                break
        found.append(phone)
    return tuple(found)


async def _with_settings(query: Query, phones: tuple[FoundPhone, ...]) -> tuple[FoundPhone, ...]:
    """The phones with their contexts and names, as far as the PBX tells them."""

    async def value(variable: str) -> str:
        try:
            (answer,) = await query(actions.getvar(variable))
        except Rejected:
            return ""
        return answer.get("Value", "")

    loaded = {
        technology
        for technology, (_, module, _) in SETTINGS.items()
        if any(phone.device.startswith(f"{technology}/") for phone in phones)
        and await value(f"IFMODULE({module}.so)") == "1"
    }

    async def told(phone: FoundPhone) -> FoundPhone:
        technology, _, name = phone.device.partition("/")
        if technology not in loaded or not re.fullmatch(r"[\w.@+-]+", name):
            return phone
        function, _, caller = SETTINGS[technology]
        return msgspec.structs.replace(
            phone,
            context=await value(f"{function}({name},context)"),
            name=_caller_name(await value(f"{function}({name},{caller})")),
        )

    asked, others = phones[:MAX_ASKED], phones[MAX_ASKED:]
    found: list[FoundPhone] = []
    for start in range(0, len(asked), AT_ONCE):
        found += await asyncio.gather(*map(told, asked[start : start + AT_ONCE]))
    return (*found, *others)


def _caller_name(text: str) -> str:
    """The name of a caller id: ``"Anna Berg" <201>``, or the name alone."""
    name = re.sub(r"\s*<[^<>]*>\s*\Z", "", text).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return "" if name in ("<unknown>", "unknown") else name.strip()
