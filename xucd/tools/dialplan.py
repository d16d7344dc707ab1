"""A dialplan as Asterisk lists it, and which numbers lead to its queues.

`Queue()` names its queue outright, by ``${EXTEN}``, or by a variable that was set before; the step
may stand in the number's own extension, or where that one goes to. Of what is decided only during a
call, such as a time of day, both ways are followed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from xucd.ami.framing import Block
from xucd.center.arguments import first_argument
from xucd.center.directory import as_channels_are_named, folded

MAX_HOPS = 5
"""How many jumps lead from a number to a queue at most."""

NUMBER = re.compile(r"[0-9*#+]+")
JUMPS = {"goto", "gosub", "gotoif", "gosubif", "gotoiftime", "execif", "macro"}
"""Applications that jump, in lower case: Asterisk takes their names in any."""

_EXTEN = "${EXTEN}"
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
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


class Dialplan(msgspec.Struct, frozen=True):
    """All steps by extension, in order, and which contexts each context includes."""

    steps: dict[Place, list[Step]] = {}
    includes: dict[str, list[str]] = {}
    hints: tuple[Hint, ...] = ()

    def within(self, context: str) -> set[str]:
        """A context and all that it includes, by itself or through others."""
        found, near = {context}, [context]
        while near:
            near = [each for name in near for each in self.includes.get(name, ())]
            near = [name for name in near if name not in found]
            found.update(near)
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


def queue_places(dialplan: Dialplan, queues: Iterable[str]) -> dict[str, list[Place]]:
    """The dialable numbers that lead to each queue, those with the fewest jumps first."""
    known = {folded(queue): queue for queue in queues}
    back: dict[Place, list[Place]] = {}
    for place, steps in dialplan.steps.items():
        for target in _targets(place, steps):
            back.setdefault(target, []).append(place)
    found: dict[str, dict[Place, int]] = {}
    for place, steps in dialplan.steps.items():
        for step in steps:
            if step.application.lower() != "queue":
                continue
            name = first_argument(step.data).strip()
            for number, queue, hops in _followed(dialplan, back, place, name, known):
                best = found.setdefault(queue, {})
                best[number] = min(hops, best.get(number, hops))
    return {
        queue: sorted(places, key=lambda place: (places[place], len(place.exten), place))
        for queue, places in found.items()
    }


def _followed(
    dialplan: Dialplan,
    back: Mapping[Place, list[Place]],
    place: Place,
    name: str,
    known: Mapping[str, str],
) -> Iterator[tuple[Place, str, int]]:
    """From a `Queue()` step backwards: each number, the queue that it leads to, and the jumps."""
    seen = set()
    near = [(place, name)]
    for hops in range(MAX_HOPS + 1):
        further = []
        for at, text in near:
            if (at, text) in seen:
                continue
            seen.add((at, text))
            for said in values_of(text, dialplan.steps.get(at, [])):
                yield from ((number, queue, hops) for number, queue in _numbers(at, said, known))
                further += [(before, said) for before in back.get(at, [])]
        near = further


def literal_part(text: str) -> str:
    """What of a text does not depend on variables and expressions."""
    while (without := _EXPRESSION.sub("", text)) != text:
        text = without
    return text


def values_of(text: str, steps: Iterable[Step]) -> list[str]:
    """What a variable may be by the steps before; the text itself if it is none that they set."""
    variable = _VARIABLE.fullmatch(text)
    if variable is None or variable[1] == "EXTEN":
        return [text]
    values = []
    for step in steps:
        name, equals, value = step.data.partition("=")
        sets = step.application.lower() == "set" and equals
        if sets and name.strip().lstrip("_") == variable[1]:
            values.append(value.strip().strip('"'))
    return values or [text]


def _numbers(at: Place, text: str, known: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """The numbers of an extension by which a queue of this name is reached."""
    if at.exten.startswith("_"):
        # Of a pattern, the numbers are those that are queues' names themselves.
        if text == "${EXTEN}":
            pattern = pattern_of(at.exten)
            for name in known.values():
                if NUMBER.fullmatch(name) and pattern.fullmatch(name):
                    yield Place(at.context, name), name
        return
    queue = known.get(folded(at.exten if text == "${EXTEN}" else text))
    if queue is not None and NUMBER.fullmatch(at.exten):
        yield at, queue


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


def _targets(place: Place, steps: Iterable[Step]) -> Iterator[Place]:
    """Where an extension jumps to."""
    for step in steps:
        if step.application.lower() not in JUMPS:
            continue
        for label in _labels(step):
            parts = [part.strip() for part in label.partition("(")[0].split(",")]
            if len(parts) < 2:
                continue  # within the extension
            context, exten = (place.context, parts[0]) if len(parts) == 2 else parts[:2]
            exten = place.exten if exten == "${EXTEN}" else exten
            if "$" not in context + exten:
                yield Place(context, exten)


def _labels(step: Step) -> list[str]:
    """What a step may jump to, as it is written."""
    application = step.application.lower()
    if application == "macro":
        return [f"macro-{step.data.partition(',')[0]},s,1"]
    if application in ("goto", "gosub"):
        return [step.data]
    choices = step.data.partition("?")[2]
    if application == "execif":
        return re.findall(r"go(?:to|sub)\(([^()]*)", choices, re.IGNORECASE)
    return choices.split(":")
