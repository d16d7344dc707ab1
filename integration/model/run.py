"""A model of the world around xucd: random sequences on a real Asterisk, and what must hold after.

Several actors do what people and programs do beside xucd: phones and callers (SIPp), a dialplan, a
foreign AMI client, Asterisk's own command line, pages of xucd, and a hand that kills xucd. `steps`
is the table of what they can do and when. Here steps are chosen by a seed, or taken from a kept
trace, and done in bursts; after each, when Asterisk has been quiet for a second, what xucd tells
(`answers`) is compared with what Asterisk lists (`listed`), by the rules of `compare`. A trace that
failed can be made shorter (`shrink`).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from integration.model import answers
from integration.model.compare import WRAPUP, differences
from integration.model.listed import QUEUES
from integration.model.scene import Scene
from integration.model.steps import BY_NAME, STEPS, Arguments

T = TypeVar("T")
QUIET = 1.0  # seconds without an event
PATIENCE = 20.0  # seconds within which it must become quiet
LONGEST_BURST = 4
LOOKS = 4
"""How many looks in turn have to find a difference, a second apart. What no event has told xucd, it
finds by itself after five: that is a difference, being late with what an event told is none."""
TRIES = 3


@dataclass(frozen=True)
class Done:
    """A step as it was done; those of one burst are followed by one comparison."""

    burst: int
    name: str
    arguments: Arguments

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments.values())})"


class Differs(Exception):
    """Asterisk and xucd do not agree after these steps."""

    def __init__(self, trace: list[Done], found: list[str]) -> None:
        steps = "\n".join(f"  {done.burst}. {done}" for done in trace)
        super().__init__("\n".join(found) + f"\nafter\n{steps}")
        self.trace, self.found = list(trace), found

    @property
    def kinds(self) -> set[str]:
        """What the differences are about, whoever and whichever queue it is."""
        return {each.partition(" ")[0] for each in self.found}


Report = Callable[[list[Done], list[str]], None]
"""Called with the trace and the differences after a burst; it raises `Differs` to stop."""


def stop(trace: list[Done], found: list[str]) -> None:
    """Stop at the first difference."""
    if found:
        raise Differs(trace, found)


async def generate(scene: Scene, seed: int, count: int, report: Report = stop) -> list[Done]:
    """Do `count` steps chosen by the seed. Raises `Differs`."""
    choices = random.Random(seed)
    trace: list[Done] = []
    burst = 0
    while len(trace) < count:
        burst += 1
        for _ in range(min(choices.randint(1, LONGEST_BURST), count - len(trace))):
            await scene.look()
            done = choose(scene, choices, burst)
            trace.append(done)
            await or_crash(trace, do(scene, done))
        report(trace, await or_crash(trace, settle(scene)))
    report(trace, await or_crash(trace, finish(scene)))
    return trace


async def replay(scene: Scene, trace: Iterable[Done], report: Report = stop) -> None:
    """Do a trace again, as far as its steps are possible. Raises `Differs`."""
    so_far: list[Done] = []
    for done in trace:
        if so_far and so_far[-1].burst != done.burst:
            report(so_far, await or_crash(so_far, settle(scene)))
        await scene.look()
        so_far.append(done)
        await or_crash(so_far, do(scene, done))
    report(so_far, await or_crash(so_far, settle(scene)))
    report(so_far, await or_crash(so_far, finish(scene)))


def choose(scene: Scene, choices: random.Random, burst: int) -> Done:
    """A step that is possible now, by the weights."""
    possible = [(step, ways) for step in STEPS if (ways := step.may(scene))]
    step, ways = choices.choices(possible, [step.weight for step, _ in possible])[0]
    return Done(burst, step.name, choices.choice(ways))


async def or_crash(trace: list[Done], act: Awaitable[T]) -> T:
    """Await it; what it raises, such as that xucd is gone, is a difference too."""
    try:
        return await act
    except Exception as error:
        raise Differs(trace, [f"crash: {error!r}"]) from error


async def do(scene: Scene, done: Done) -> None:
    await BY_NAME[done.name].do(scene, **done.arguments)


async def settle(scene: Scene) -> list[str]:
    """Wait until it is quiet and compare; the differences that `LOOKS` comparisons in turn find.

    Where it never becomes quiet nothing is compared; `finish` sees that this is the exception.
    """
    scene.bursts += 1
    found: list[str] = []
    left: list[str] = []
    looks = disturbed = 0
    while disturbed < TRIES and await scene.panel.quiet(QUIET, PATIENCE):
        heard = scene.panel.heard
        listed, seen = await scene.look(), await answers.read(scene.pages, scene.silent)
        if scene.panel.heard != heard:
            disturbed += 1
            continue
        now = differences(listed, seen, scene.known())
        left = [each for each in left if each in now] if looks else now
        looks += 1
        if not left or looks == LOOKS:
            scene.compared += 1
            found = left
            break
    troubles, scene.troubles = scene.troubles + scene.tracebacks(), []
    for login, page in scene.pages.items():
        troubles += scene.stories.wrong(login, page.frames)
    return troubles + found


async def finish(scene: Scene) -> list[str]:
    """End all calls; then nobody is left in any state that a call is the cause of."""
    await scene.end()
    found = [f"end: {what} never ends" for what in await last(scene)]
    found += await settle(scene)
    if 2 * scene.compared < scene.bursts:
        found.append(f"quiet: only {scene.compared} of {scene.bursts} bursts were compared")
    return found + await logged(scene)


async def last(scene: Scene) -> list[str]:
    """Wait until there are no channels and no wrap-ups; what is left when patience is over."""
    for _ in range(int(PATIENCE / QUIET)):
        listed = await scene.look()
        wraps = [each for each in listed.members if each.reason == WRAPUP and each.paused]
        left = [each.name for each in listed.channels] + [str(member) for member in wraps]
        if not left:
            break
        await scene.panel.quiet(QUIET, QUIET)  # a wrap-up ends by itself
    return left


async def logged(scene: Scene) -> list[str]:
    """Where Asterisk's own log of queues counts otherwise than xucd.

    What was logged around the time when xucd was down may be counted or not. Of whom a program
    took out of a queue, and somebody answered, Asterisk says ABANDON and xucd that it was answered.
    """
    rows = await scene.logged()
    seen = (await answers.read(scene.pages, scene.silent)).figures
    return unlike_log(rows, seen, scene.down, scene.takings)


def unlike_log(
    lines: Iterable[str],
    seen: Mapping[int, Mapping[str, float]],
    down: Sequence[tuple[float, float]],
    takings: int,
    queues: Mapping[int, str] = QUEUES,
) -> list[str]:
    """The same of the log's lines; `takings` are how many callers programs may have taken."""
    rows = [row for line in lines if len(row := line.split("|")) > 4]
    most = Counter((row[2], row[4]) for row in rows)
    least = Counter((row[2], row[4]) for row in rows if not around(down, float(row[0])))
    found = []
    for queue_id, queue in queues.items():
        for event, figure, more in (
            ("ENTERQUEUE", "Entered", 0),
            ("CONNECT", "Answered", takings),
        ):
            counted = seen[queue_id][f"TotalNumberCalls{figure}"]
            bounds = least[queue, event], most[queue, event] + more
            if not bounds[0] <= counted <= bounds[1]:
                found.append(f"queue_log of {queue}: {bounds} {event}, but {counted} {figure}")
    return found


def around(spans: Iterable[tuple[float, float]], moment: float) -> bool:
    """Whether it was in one of the spans, or within two seconds of it: the log knows seconds."""
    return any(begun - 2 <= moment <= ended + 2 for begun, ended in spans)


def keep(path: Path, trace: list[Done], found: list[str]) -> None:
    """Write a failing trace to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"found": found, "steps": [asdict(done) for done in trace]}
    path.write_text(json.dumps(content, indent=1) + "\n")


def kept(path: Path) -> list[Done]:
    """The steps of a kept trace."""
    return [Done(**each) for each in json.loads(path.read_text())["steps"]]
