"""Fan-out by rights: the cost of an event grows with its receivers, and with nothing else.

A centre of 1,000 agents in 20 groups and 50 queues; 200 supervisors follow the agents of their
groups, and 800 agents see themselves. Then each of these numbers is doubled by itself. What is
told is the processor's time of the daemon for each event of the same calls, and to how many clients
it went on average. Twice the supervisors are twice the receivers, which says what one costs; all
else that is doubled may only cost what its own receivers do.
"""

import asyncio
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure
from bench.links import PING
from bench.load import Load, load
from bench.machine import LOAD_CORE, cpu_seconds, pin
from bench.played import CalmSize

CALLS, ROUNDS = 200, 4
LIMIT = 1.15
"""What an event may cost more than its receivers let expect, after something else was doubled."""


@dataclass(frozen=True)
class Numbers:
    """How many there are of each."""

    agents: int = 1000
    groups: int = 20
    queues: int = 50
    supervisors: int = 200
    selves: int = 800


class FilteredSize(CalmSize):
    """A centre with supervisors of one group each, who see what is in it and in all queues."""

    def __init__(self, numbers: Numbers) -> None:
        super().__init__(numbers.agents, numbers.queues, numbers.groups)
        self._supervisors = numbers.supervisors

    def center(self) -> str:
        """The contact centre's file."""
        queues = ", ".join(f'"q{number}"' for number in range(1, self.queues + 1))
        rows = [
            f'[[users]]\nlogin = "s{number}"\nfirstName = "Sue"\nlastName = "S{number}"\n'
            f'profile = "Supervisor"\nqueues = [{queues}]\n'
            f'groups = ["Group {number % self.groups + 1}"]\n'
            for number in range(1, self._supervisors + 1)
        ]
        return super().center() + "\n".join(rows)


PLAIN = Numbers()


def measure(plain: Numbers = PLAIN, calls: int = CALLS) -> list[Figure]:
    """The cost of an event, of the centre and with each of its numbers doubled."""
    return asyncio.run(_measure(plain, calls))


@dataclass(frozen=True)
class Cost:
    """Of an event: microseconds of the processor, and clients that were told."""

    us: float
    receivers: float


async def cost(
    loaded: Load, folder: Path, numbers: Numbers, calls: int, rounds: int = ROUNDS
) -> Cost:
    """What an event costs a centre of these numbers, by the daemon's processor time."""
    size = FilteredSize(numbers)
    async with MeasuredXucd(loaded.listen("filtered", size), size, folder) as xucd:
        loaded.open("filtered", xucd.address(), 1)  # sees all, and so knows when a round is over
        supervisors = range(1, numbers.supervisors + 1)
        loaded.open_each("filtered", [xucd.address(login=f"s{each}") for each in supervisors])
        selves = range(1, min(numbers.selves, numbers.agents) + 1)
        loaded.open_each("filtered", [xucd.address(PING, login=f"a{each}") for each in selves])
        loaded.flood("filtered", calls)
        costs, receivers = [], []
        for _ in range(rounds):
            used, told = cpu_seconds(xucd.pid), xucd.metrics()["xucd_messages_total"]
            events = loaded.flood("filtered", calls)["events"]
            costs.append((cpu_seconds(xucd.pid) - used) / events * 1e6)
            receivers.append((xucd.metrics()["xucd_messages_total"] - told) / events)
    loaded.close("filtered")
    return Cost(statistics.median(costs), statistics.median(receivers))


async def _measure(plain: Numbers, calls: int) -> list[Figure]:
    pin(LOAD_CORE)
    costs: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as folder, load() as loaded:
        costs[""] = await cost(loaded, Path(folder, "plain"), plain, calls)
        for name in ("supervisors", "selves", "agents", "groups", "queues"):
            numbers = replace(plain, **{name: 2 * getattr(plain, name)})
            costs[name] = await cost(loaded, Path(folder, name), numbers, calls)
    base, more = costs[""], costs["supervisors"]
    a_receiver = (more.us - base.us) / (more.receivers - base.receivers)
    found: list[Figure] = []
    for name, one in costs.items():
        when = f"twice the {name}" if name else "as it is"
        if name not in ("", "supervisors"):
            due = base.us + a_receiver * (one.receivers - base.receivers)
            found.append(
                Figure(
                    what=f"{when}: an event, of what its receivers let expect", kind="ratio",
                    value=round(one.us / due, 2), bound="at most", limit=LIMIT,
                )
            )  # fmt: skip
        found += [
            Figure(what=f"{when}: an event", value=round(one.us, 1), unit="µs"),
            Figure(what=f"{when}: its receivers", value=round(one.receivers, 2)),
        ]
    return [Figure(what="each receiver more", value=round(a_receiver, 1), unit="µs"), *found]
