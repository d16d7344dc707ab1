"""Which number a phone has, and which phone a number rings: from hints, Dial() steps and names.

A hint is the word of who wrote the dialplan, and a Dial() that names one phone alone is nearly as
good. But a hint of a group names several phones, that of a feature (``*21201``) is no phone's
number, and a Dial() may be that of an intercom or a speed dial: where the phone's name is an
extension, that is its number rather. What had to be guessed so is told.
"""

from collections.abc import Iterable, Iterator

import msgspec

from xucd.center.directory import as_channels_are_named
from xucd.tools.dialplan import NUMBER, Dialplan, Hint, Place, is_phone, pattern_of
from xucd.tools.dialplan_texts import spelling, with_exten
from xucd.tools.dialplan_ways import Way, Ways

_CONTACTS = "${PJSIP_DIAL_CONTACTS("


class PhoneNumber(msgspec.Struct, frozen=True):
    """A phone's number, and the context in which the dialplan tells it.

    `guess` says why it may be wrong; `hinted`, that a hint tells it, and not a Dial().
    """

    number: str
    context: str
    guess: str = ""
    hinted: bool = True


def dialled(ways: Ways, devices: Iterable[str], numbers: Iterable[str]) -> tuple[Hint, ...]:
    """The extensions that dial one phone alone, each as if it had a hint of that phone.

    Of a pattern, those that dial one of `devices`, and those of `numbers`.
    """
    first: dict[Place, Way] = {}
    for way in ways.to("dial"):
        if way.place not in first or way.rank < first[way.place].rank:
            first[way.place] = way
    found: dict[Place, str] = {}
    patterns = []
    for place, way in first.items():
        device = _dialled_device(way.said)
        if device is not None and place.exten.startswith("_"):
            patterns.append((place, device))
        elif device is not None and NUMBER.fullmatch(place.exten):
            found[place] = device
    for place, text in patterns:
        spelled, pattern = spelling(place.exten, text), pattern_of(place.exten)
        extens = {spelled.exten_for(device) for device in devices} if spelled else set()
        extens |= {number for number in numbers if pattern.fullmatch(number)}
        for exten in sorted(filter(None, extens)):
            if ways.resolved(place.context, exten) == place:
                found[Place(place.context, exten)] = with_exten(text, exten)
    return tuple(
        Hint(place.exten, place.context, (device,))
        for place, device in found.items()
        if "$" not in device and is_phone(device)
    )


def _dialled_device(said: str) -> str | None:
    """The one phone that a step dials, such as ``PJSIP/204``; None if it dials more or others."""
    text = said.strip()
    if text.startswith(_CONTACTS) and text.endswith(")}"):
        text = "PJSIP/" + text[len(_CONTACTS) : -len(")}")].split(",")[0]
    name = text.partition("/")[2]
    # With more than a name it is a number that is dialled through a trunk.
    return None if not is_phone(text) or set(name) & set("/@&,") else as_channels_are_named(text)


def phone_of_hint(hint: Hint) -> tuple[str, str]:
    """The phone of an extension by its hint, "" if there is none, and whence it is guessed."""
    phones = phones_of(hint)
    if not phones:
        return "", ""
    named = [device for device in phones if _name(device) == hint.number]
    if named or len(phones) == 1:
        return (*named, *phones)[0], ""
    return phones[0], f"from the hint {_at(hint)}, which names {' and '.join(phones[1:])} as well"


def phones_of(hint: Hint) -> list[str]:
    """The devices of a hint that are phones, each once."""
    return list(dict.fromkeys(filter(is_phone, hint.devices)))


def numbers_of_phones(dialplan: Dialplan) -> dict[str, list[PhoneNumber]]:
    """The numbers that each phone of a hint or a Dial() may have, the likeliest first."""
    extens = _Extens(dialplan)
    found: dict[str, list[tuple[int, PhoneNumber]]] = {}
    for hint in dialplan.hints:
        if not hint.number.startswith("_"):
            for device in phones_of(hint):
                found.setdefault(device, []).extend(_by_hint(device, hint, extens))
    for hint in dialplan.dialled:
        (device,) = hint.devices
        name = _name(device)
        same = name == hint.number
        if not same and (
            extens.has(name, hint.context) or (name.isdecimal() and not hint.number.isdecimal())
        ):
            continue
        guess = "" if same else f"its Dial() names {device} alone"
        told = PhoneNumber(hint.number, hint.context, guess, hinted=False)
        likely = 1 if same else 3 if hint.number.isdecimal() else 7
        found.setdefault(device, []).append((likely, told))
    return {device: _ranked(numbers) for device, numbers in found.items()}


class _Extens:
    """The extensions of a dialplan, and its patterns of a fixed length."""

    def __init__(self, dialplan: Dialplan) -> None:
        self._extens = {place.exten for place in dialplan.steps}
        patterns = {exten for exten in self._extens if exten.startswith("_")}
        self._patterns = [pattern_of(each) for each in patterns if not set(each) & set(".!")]
        hints = (*dialplan.hints, *dialplan.dialled)
        self._told = {Place(hint.context, hint.number) for hint in hints}

    def has(self, name: str, context: str) -> bool:
        """Whether a phone's name is the number of an extension.

        One that is told of another phone in the context is not counted.
        """
        return (
            name.isdecimal()
            and Place(context, name) not in self._told
            and (name in self._extens or any(each.fullmatch(name) for each in self._patterns))
        )


def _by_hint(device: str, hint: Hint, extens: _Extens) -> Iterator[tuple[int, PhoneNumber]]:
    """What a hint says of a phone's number: how likely it is, from 0 on, and the number."""
    name, others = _name(device), [other for other in phones_of(hint) if other != device]
    of_another = any(_name(other) == hint.number for other in others)
    if hint.number == name:
        yield 0, PhoneNumber(hint.number, hint.context)
        return
    if others:
        why = f"the hint {_at(hint)} names {' and '.join(others)} as well"
        likely = 6
    elif hint.number.isdecimal():
        yield 2, PhoneNumber(hint.number, hint.context)
        return
    else:
        why = f"the hint {_at(hint)} is no number of digits alone"
        likely = 5
    if not of_another and extens.has(name, hint.context):
        yield 4, PhoneNumber(name, hint.context, f"it is the phone's name; {why}")
    yield likely, PhoneNumber(hint.number, hint.context, why)


def _ranked(found: list[tuple[int, PhoneNumber]]) -> list[PhoneNumber]:
    """The numbers by rank; the first is a guess if another one is as likely."""
    ranks = sorted(found, key=lambda each: each[0])
    best, (first, *others) = ranks[0][0], [told for _, told in ranks]
    also = [told for rank, told in ranks[1:] if rank == best and told.number != first.number]
    if also and not first.guess:
        guess = f"the phone has a hint {also[0].number}@{also[0].context} as well"
        first = msgspec.structs.replace(first, guess=guess)
    return [first, *others]


def _name(device: str) -> str:
    return device.partition("/")[2]


def _at(hint: Hint) -> str:
    return f"{hint.number}@{hint.context}"
