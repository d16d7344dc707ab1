"""A dialplan as Asterisk lists it: extensions, includes and hints."""

import functools
import re
from collections.abc import Iterable

import msgspec

from xucd.ami.framing import Block
from xucd.center.directory import as_channels_are_named

NUMBER = re.compile(r"[0-9*#+]+")
TECHNOLOGIES = (
    "PJSIP",
    "SIP",
    "IAX2",
    "DAHDI",
    "SCCP",
    "SKINNY",
    "MGCP",
    "UNISTIM",
    "ALSA",
    "USTM",
)
"""What the names of phones' devices begin with; the case is the channel driver's own."""

_EXTEN = "${EXTEN}"
_EXPRESSION = re.compile(r"\$\{[^{}]*\}|\$\[[^][]*\]")
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}


class Step(msgspec.Struct, frozen=True):
    """One priority of an extension."""

    application: str
    data: str


class Place(msgspec.Struct, frozen=True, order=True):
    """An extension: its context, and a number, a name such as ``s``, or a pattern."""

    context: str
    exten: str


class Hint(msgspec.Struct, frozen=True):
    """An extension's hint; `devices` are those of phones, such as ``PJSIP/204``."""

    number: str
    context: str
    devices: tuple[str, ...]


def is_phone(device: str) -> bool:
    """Whether a device's name is that of a phone, and not of a queue, a room or a Local channel."""
    technology, slash, name = device.partition("/")
    return bool(slash and name) and technology.upper() in TECHNOLOGIES


class Dialplan(msgspec.Struct, frozen=True):
    """All steps by extension, in order, and which contexts each context includes.

    `dialled` has the extensions that dial one phone alone, as if each had a hint of that.
    """

    steps: dict[Place, list[Step]] = {}
    includes: dict[str, list[str]] = {}
    hints: tuple[Hint, ...] = ()
    dialled: tuple[Hint, ...] = ()

    def within(self, context: str) -> set[str]:
        """A context and all that it includes, by itself or through others."""
        found, near = {context}, [context]
        while near:
            near = [each for name in near for each in self.includes.get(name, ())]
            near = [name for name in near if name not in found]
            found.update(near)
        return found

    def in_order(self, context: str) -> list[str]:
        """As `within`, in the order in which Asterisk looks for a number there."""
        found: list[str] = []
        near = [context]
        while near:
            name = near.pop()
            if name not in found:
                found.append(name)
                near += reversed(self.includes.get(name, ()))
        return found

    def includers(self, context: str) -> list[str]:
        """The contexts that include this one, by themselves or through others; nearest first."""
        found: list[str] = []
        near = [context]
        while near:
            near = [
                outer
                for outer, inner in self.includes.items()
                if outer != context and outer not in found and not set(near).isdisjoint(inner)
            ]
            found += near
        return found


def read_dialplan(blocks: Iterable[Block]) -> Dialplan:
    """The dialplan from the answer to `ShowDialPlan`."""
    steps: dict[Place, list[Step]] = {}
    includes: dict[str, list[str]] = {}
    hints = []
    for block in blocks:
        context = block.get("Context", "")
        if block.get("Event") != "ListDialplan" or not context:
            continue
        if "IncludeContext" in block:
            # An include may be bound to times: "daytime,9:00-17:00,mon-fri,*,*".
            inner = re.split(r"[,|]", block["IncludeContext"])[0]
            includes.setdefault(context, []).append(inner)
        elif block.get("Priority") == "hint":
            hints.append(read_hint(block["Extension"], context, block.get("Application", "")))
        elif "Extension" in block:
            step = Step(block.get("Application", ""), block.get("AppData", ""))
            steps.setdefault(Place(context, block["Extension"]), []).append(step)
    return Dialplan(steps, includes, tuple(hints))


def read_hint(number: str, context: str, text: str) -> Hint:
    """A hint such as ``PJSIP/204&Custom:DND204,CustomPresence:204``."""
    if not number.startswith("_"):
        text = text.replace(_EXTEN, number)
    devices = map(as_channels_are_named, text.partition(",")[0].split("&"))
    return Hint(number, context, tuple(name for name in devices if re.match(r"\w+/.", name)))


def with_pattern_hints(dialplan: Dialplan, devices: Iterable[str]) -> Dialplan:
    """The dialplan with a hint for each device that a pattern's hint stands for.

    ``exten => _2XX,hint,PJSIP/${EXTEN}`` is that of PJSIP/204 as well, with the number 204.
    """
    patterns = [
        (hint, pattern_of(hint.number), device.split(_EXTEN))
        for hint in dialplan.hints
        if hint.number.startswith("_")
        for device in hint.devices
        if device.count(_EXTEN) == 1
    ]
    found = {(hint.number, hint.context): hint for hint in dialplan.hints}
    for device in sorted(map(as_channels_are_named, devices)):
        for hint, pattern, (before, after) in patterns:
            number = device.removeprefix(before).removesuffix(after)
            if device == f"{before}{number}{after}" and pattern.fullmatch(number):
                theirs = tuple(each.replace(_EXTEN, number) for each in hint.devices)
                one = Hint(number, hint.context, theirs)
                found.setdefault((number, hint.context), one)
    return msgspec.structs.replace(dialplan, hints=tuple(found.values()))


def literal_part(text: str) -> str:
    """What of a text does not depend on variables and expressions."""
    while (without := _EXPRESSION.sub("", text)) != text:
        text = without
    return text


@functools.lru_cache(1000)
def pattern_of(exten: str) -> re.Pattern[str]:
    """What a pattern such as ``_9.`` matches; nothing if it is none that Asterisk takes."""
    parts = re.findall(r"\[[^]\[\\^]+\]|.", exten[1:])
    pattern = "".join(
        part if len(part) > 1 else _CLASSES.get(part.upper(), re.escape(part))
        for part in parts
        if part != "-"
    )
    try:
        return re.compile(pattern)
    except re.error:  # such as "[9-1]"
        return re.compile(r"(?!)")
