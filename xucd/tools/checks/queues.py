"""The queues: whether Asterisk has them, their members, and the options that matter to xucd.

The options are read by the dialplan function `AST_CONFIG`, through Asterisk itself: templates and
includes are resolved as app_queue resolves them, wherever the file is.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator

import msgspec

from xucd.center.directory import (
    AGENT_MEMBER,
    LOCAL,
    Directory,
    Line,
    Queue,
    as_channels_are_named,
    folded,
)
from xucd.tools.checks import QUEUE_RELOAD, Finding, counted
from xucd.tools.checks.subject import Subject
from xucd.tools.discovery import FoundMember, FoundQueue

MAX_STRATEGIES = 5
"""How many lines with a strategy a queue is read for: its own, and those of its templates."""


class QueueOptions(msgspec.Struct, frozen=True):
    """What queues.conf says of a queue; `strategies` in the order in which app_queue reads them."""

    ringinuse: str
    membergosub: str
    setinterfacevar: str
    wrapuptime: str
    strategies: tuple[str, ...]


async def known(subject: Subject) -> AsyncIterator[Finding]:
    """Queues of xucd's that Asterisk does not have."""
    if not subject.may("QueueStatus"):
        return
    theirs = {folded(queue.name) for queue in subject.pbx.queues}
    missing = sorted(name for name in subject.directory.queue_by_name if folded(name) not in theirs)
    if missing:
        yield Finding(
            "QueueUnknown",
            "error",
            f"Asterisk does not have {counted(missing, 'queue', 'queues')}, configured in xucd",
            f"add [{missing[0]}] to queues.conf, or take the name that the queue has"
            f" there; {QUEUE_RELOAD}",
        )


async def members(subject: Subject) -> AsyncIterator[Finding]:
    """Members that are no agents of xucd's: neither by name, nor by the line that they ring."""
    directory = subject.directory
    theirs: dict[str, list[str]] = {}
    shared: dict[str, list[str]] = {}
    for queue in subject.queues():
        for member in queue.members:
            line = line_of(directory, member)
            # The member of an agent's own line is that agent's: paused while it is logged out.
            owned = line is not None and line.id in directory.agent_ids_by_line
            if owned or member.name in directory.agent_by_member_name:
                continue
            found = shared if line is not None else theirs
            found.setdefault(_shown(member), []).append(queue.name)
    if shared:
        yield Finding(
            "MembersOnLines",
            "warning",
            f"{_listed(shared)} {_are(shared)} on the phones of xucd's lines, which no agent has as"
            " its own: such a phone is rung also while nobody is logged in there",
            "give each of these lines to an agent (line = under [[agents]] in the centre file), or"
            f" remove the members from queues.conf; {QUEUE_RELOAD}",
        )
    if theirs:
        yield Finding(
            "MembersNoAgents",
            "note",
            f"{_listed(theirs)} {_are(theirs)} no agent of xucd's: they get calls of the queue, and"
            " nobody can log them in or out or sees their states",
            "nothing, if that is as it should be; otherwise make them agents: xucd discover"
            " proposes their lines and agents for the centre file",
        )


def line_of(directory: Directory, member: FoundMember) -> Line | None:
    """The line that a member rings: by its interface, its state interface or the number in one."""
    for device in map(as_channels_are_named, (member.interface, member.state_interface)):
        line = directory.line_by_folded.get(folded(device))
        if line is None and device.startswith((LOCAL, "hint:")):
            number = device.removeprefix(LOCAL).removeprefix("hint:").partition("@")[0]
            line = directory.line_by_number.get(number)
        if line is not None:
            return line
    return None


def _shown(member: FoundMember) -> str:
    named = member.name and member.name != member.interface
    return f"{member.interface} {member.name}" if named else member.interface


def _listed(found: dict[str, list[str]]) -> str:
    names = (f"{name} in {', '.join(queues)}" for name, queues in found.items())
    return counted(names, "member", "members")


def _are(found: dict[str, list[str]]) -> str:
    return "is" if len(found) == 1 else "are"


async def options(subject: Subject) -> AsyncIterator[Finding]:
    """QueueOptions of queues.conf: agents that are rung while they talk, strategies, wrap-up."""
    queues = subject.queues()
    if not queues or not subject.may("Getvar"):
        return
    wrapping = [queue for queue in queues if _configured(subject, queue).wrapup]
    if not await subject.loaded("func_config"):
        if wrapping:
            yield _unchecked(wrapping, "without func_config, what queues.conf says")
        return
    found = {queue.name: await _read(subject, queue.name) for queue in queues}
    unseen = [queue for queue in wrapping if found[queue.name] is None]
    if unseen:
        yield _unchecked(unseen, "queues.conf does not hold them, so what their options are")
    read = {name: options for name, options in found.items() if options is not None}
    place = subject.place("queues.conf")
    for finding in (
        *_rung_while_talking(read, place),
        *_strategies(read, queues, place),
        *_wrapup(read, [queue.name for queue in wrapping], place),
        *_left_to_ami(subject.directory, read, wrapping),
    ):
        yield finding


def _configured(subject: Subject, queue: FoundQueue) -> Queue:
    return subject.directory.queue_by_name[queue.name]


def _unchecked(queues: Iterable[FoundQueue], why: str) -> Finding:
    names = counted((queue.name for queue in queues), "queue", "queues")
    return Finding(
        "QueueOptionsUnchecked",
        "note",
        f"{why} is unknown: of {names} with a wrap-up, it could not be seen whether ringinuse = no"
        " and whether membergosub = xucd-sub-wrap",
        "make sure of it where these queues are configured",
    )


async def _read(subject: Subject, queue: str) -> QueueOptions | None:
    """The options of a queue; None where queues.conf does not have it, or it cannot be asked."""
    if not re.fullmatch(r"[\w .@+/&!*#-]+", queue):
        return None

    async def value(option: str, index: int) -> str:
        return await subject.value(f"AST_CONFIG(queues.conf,{queue},{option},{index})")

    strategies = []
    for index in range(MAX_STRATEGIES):
        if not (strategy := await value("strategy", index)):
            break
        strategies.append(strategy)
    names = ("ringinuse", "membergosub", "setinterfacevar", "wrapuptime", "member")
    # Of these, app_queue takes the last.
    values = {name: (await value(name, -1)).strip() for name in names}
    if not strategies and not any(values.values()):
        return None
    return QueueOptions(
        ringinuse=values["ringinuse"],
        membergosub=values["membergosub"],
        setinterfacevar=values["setinterfacevar"],
        wrapuptime=values["wrapuptime"],
        strategies=tuple(strategies),
    )


def _no(text: str) -> bool:
    return text.lower() in {"no", "false", "n", "f", "0", "off"}


def _yes(text: str) -> bool:
    return text.lower() in {"yes", "true", "y", "t", "1", "on"}


def _rung_while_talking(read: dict[str, QueueOptions], place: str) -> Iterator[Finding]:
    # Asterisk's default is yes.
    found = [name for name, options in read.items() if not _no(options.ringinuse)]
    if found:
        yield Finding(
            "RingInUse",
            "warning",
            f"{counted(found, 'queue rings', 'queues ring')} agents who are talking (ringinuse ="
            " yes, which is also Asterisk's default)",
            f"write ringinuse = no into each: below the queue in {place}, or in a section"
            f" [{found[0]}](+); {QUEUE_RELOAD}",
        )


def _strategies(
    read: dict[str, QueueOptions], queues: Iterable[FoundQueue], place: str
) -> Iterator[Finding]:
    for queue in queues:
        said = read[queue.name].strategies if queue.name in read else ()
        if not said or not queue.strategy or said[-1].lower() == queue.strategy.lower():
            continue
        if len(said) > 1 and said[0].lower() == queue.strategy.lower():
            yield Finding(
                "StrategyChanged",
                "warning",
                f"the queue {queue.name} is to distribute calls by {said[-1]}, and does by"
                f" {queue.strategy}: of several lines strategy, Asterisk takes the first, which is"
                " that of the template",
                f"take the template away from [{queue.name}], and write below the queue in {place}:"
                f" {_addition(queue.name)}; {QUEUE_RELOAD}",
            )
        else:
            yield Finding(
                "StrategyNotLoaded",
                "warning",
                f"the queue {queue.name} distributes calls by {queue.strategy}, but queues.conf"
                f" says {said[0]}",
                'run asterisk -rx "queue reload all"; where the strategy stays as it was (from or'
                ' to linear), run asterisk -rx "core restart gracefully"',
            )


def _addition(queue: str) -> str:
    return (
        f"[{queue}](+) with the lines setinterfacevar = yes, membergosub = xucd-sub-wrap and"
        " wrapuptime = 0"
    )


def _wrapup(
    read: dict[str, QueueOptions], wrapping: Iterable[str], place: str
) -> Iterator[Finding]:
    """Whether agents of queues with a wrap-up are paused by Asterisk itself as they answer."""
    queues = {name: read[name] for name in wrapping if name in read}
    ours = {name: options for name, options in queues.items() if _is_ours(options)}
    silent = [name for name, options in ours.items() if not _yes(options.setinterfacevar)]
    if silent:
        yield Finding(
            "WrapupInterface",
            "warning",
            f"{counted(silent, 'queue does', 'queues do')} not tell xucd-sub-wrap whom to pause:"
            " agents have no exact wrap-up",
            f"write setinterfacevar = yes beside membergosub in {place}; {QUEUE_RELOAD}",
        )
    by_ami = [name for name in queues if name not in ours]
    if by_ami:
        own = {queues[name].membergosub for name in by_ami} - {""}
        instead = (
            f"; end the subroutine that is there ({', '.join(sorted(own))}) with"
            " Gosub(xucd-sub-wrap,s,1) instead"
            if own
            else ""
        )
        yield Finding(
            "WrapupByAmi",
            "note",
            f"of {counted(by_ami, 'queue', 'queues')} xucd pauses the agents for their wrap-up"
            " itself, over AMI, once they have answered: a call shorter than some 50 ms can let"
            " another one through",
            "nothing, if that is good enough; for an exact wrap-up, write below each of these"
            f" queues in {place}: {_addition(by_ami[0])}{instead}; {QUEUE_RELOAD}",
        )
    double = [name for name, options in ours.items() if options.wrapuptime not in {"", "0"}]
    if double:
        yield Finding(
            "WrapupTwice",
            "warning",
            f"{counted(double, 'queue has', 'queues have')} a wrap-up of Asterisk's own"
            " (wrapuptime) besides xucd's: it cannot be seen or ended early, and agents whom xucd"
            " shows as ready are not rung",
            f"write wrapuptime = 0 in {place}; {QUEUE_RELOAD}",
        )


def _left_to_ami(
    directory: Directory, read: dict[str, QueueOptions], wrapping: Iterable[FoundQueue]
) -> Iterator[Finding]:
    """The members on lines of xucd's whom a prepared queue does not pause, for their names."""
    found: dict[str, list[str]] = {}
    for queue in wrapping:
        if queue.name not in read or not _is_ours(read[queue.name]):
            continue
        for member in queue.members:
            if not member.name.startswith(AGENT_MEMBER) and line_of(directory, member) is not None:
                found.setdefault(_shown(member), []).append(queue.name)
    if found:
        yield Finding(
            "WrapupByAmi",
            "note",
            f"{_listed(found)} {_are(found)} not named {AGENT_MEMBER}…, and xucd-sub-wrap pauses"
            " such members alone: xucd pauses an agent there itself, over AMI, once it has"
            " answered, and a call shorter than some 50 ms can let another one through",
            "nothing, if that is good enough; for an exact wrap-up, name the member after its"
            f" agent where the queue is configured, such as {AGENT_MEMBER}2501: its agent's number;"
            f" {QUEUE_RELOAD}",
        )


def _is_ours(options: QueueOptions) -> bool:
    return options.membergosub.partition(",")[0].strip() == "xucd-sub-wrap"
