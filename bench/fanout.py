"""Fan-out beside the floor: a C program that does nothing but `send()` the same ready bytes.

What is timed is the server's part, from the first publish of a round to its last send: choosing the
audience, encoding, framing, keeping what clients may miss, and writing. The whole loop stands
beside it: a real xucd, from the first of Asterisk's bytes on its AMI port to the last client. Every
side has as many clients, which one process on the other core reads. The sides take turns; a ratio
is taken round by round.
"""

import asyncio
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Bound, Figure, in_turns, measured, ratio, ratios
from bench.links import Address, frame_file, frames_of
from bench.load import Load, load
from bench.machine import ROOT, SERVER_CORE, on_core, pin
from bench.played import CalmSize
from bench.recorded import GENERATION, SECRET, messages
from xucd.signin.tokens import Tokens

ROUNDS = {500: 5, 2000: 3}
"""By clients."""
PER_TURN = (1, 10)
DELIVERIES = {1: 100_000, 10: 500_000}
"""Messages times clients of a round, by messages a turn; the slow sides have a fifth of it."""
SLOW = ("tls", "autobahn")
SLOW_CLIENTS = 500
"""These sides have no more clients than so many: to open 2,000 over TLS takes most of a minute."""
FEW, FEW_ROUNDS = (1, 10), 15
PUBLISH, LOOP = 0.8, {500: 0.7, 2000: 0.8}
RESUMES = 1.3
"""What a client that resumes may cost, in costs of one that does not."""
FLOOR = ROOT / "build/floor"
KINDS = {"plain": "", "resuming": "&resume=1"}


class Published:
    """A server whose messages are published by itself, in a process of its own."""

    def __init__(self, side: str) -> None:
        spawn = get_context("spawn")
        self._end, far = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(side, far), daemon=True)
        self._process.start()
        far.close()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid or 0

    @functools.cached_property
    def port(self) -> int:
        """Where it listens, once it does."""
        return int(self._end.recv())

    def until_ready(self, clients: int) -> None:
        """Wait until the server has so many clients."""
        while True:
            self._end.send("ready")
            if self._end.recv() == clients:
                return
            time.sleep(0.01)  # the hubs that are measured announce no client that has come

    def round(self, per_turn: int, count: int) -> float:
        """Send the first `count` messages; returns the seconds that it took."""
        self._end.send((per_turn, count))
        return float(self._end.recv())

    def stop(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._end.send("stop")
        self._process.join(5)
        self._process.kill()


class Floor:
    """The C program with the frames that it sends."""

    def __init__(self, frames: Sequence[bytes], folder: Path) -> None:
        file = folder / f"frames-{len(list(folder.iterdir()))}"
        file.write_bytes(frame_file(frames))
        self.messages = len(frames)
        self._program = subprocess.Popen(
            [*on_core(SERVER_CORE), str(FLOOR), str(file)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.port = int(self._answer("port"))

    def accept(self, clients: int) -> None:
        """Begin to accept so many clients; `accepted` waits for them."""
        self._tell(f"accept {clients}")

    def accepted(self) -> None:
        """Wait until all are there."""
        self._answer("accepted")

    def round(self, per_turn: int, count: int) -> float:
        """Send the first `count` messages; returns the seconds that it took."""
        self._tell(f"send {per_turn} {count}")
        return int(self._answer("sent").split()[0]) / 1e9

    def stop(self) -> None:
        """End the program."""
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(5)

    def _tell(self, line: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(line + "\n")

    def _answer(self, word: str) -> str:
        assert self._program.stdout is not None
        line = self._program.stdout.readline()
        if not line.startswith(word):
            raise RuntimeError(f"the floor says {line!r}, not {word}")
        return line.removeprefix(word).strip()


def build() -> None:
    """Build the floor, unless it is newer than its text. Raises where there is no compiler."""
    source = ROOT / "bench/floor.c"
    if FLOOR.exists() and FLOOR.stat().st_mtime > source.stat().st_mtime:
        return
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("the floor needs a C compiler: install gcc")
    FLOOR.parent.mkdir(exist_ok=True)
    # Another run beside this one finds it whole or not at all.
    made = FLOOR.with_name(f"floor.{os.getpid()}")
    subprocess.run([compiler, "-O2", "-Wall", "-o", str(made), str(source)], check=True)
    made.replace(FLOOR)


def _serve(side: str, commands: object) -> None:
    pin(SERVER_CORE)
    # Imported here because it installs a reactor, of which a process can have but one.
    from bench import fanout_server  # noqa: PLC0415

    fanout_server.serve(side, commands)  # type: ignore[arg-type]


def measure() -> list[Figure]:
    """All figures of the fan-out."""
    found: list[Figure] = []
    for part in (published, whole_loop):
        for clients, rounds in ROUNDS.items():
            found += part(clients, rounds)
    return [*found, *(resuming(clients, FEW_ROUNDS) for clients in FEW)]


def resuming(clients: int, rounds: int) -> Figure:
    """What it costs that clients resume, where few are told: the log is written all the same."""
    build()
    with contextlib.ExitStack() as stack:
        sides = _sides(stack, clients, quick=True)
        rates = in_turns({name: sides[name](1) for name in KINDS}, rounds)
    cost = ratios(rates["plain"], rates["resuming"])
    return ratio(f"publish to {clients}, 1 a turn: cost of resuming", cost)


def published(clients: int, rounds: int, *, quick: bool = False) -> list[Figure]:
    """From publish to the last send, for clients of each kind; quickly without the slow sides."""
    build()
    found: list[Figure] = []
    with contextlib.ExitStack() as stack:
        sides = _sides(stack, clients, quick)
        for per_turn in PER_TURN:
            rates = in_turns({name: side(per_turn) for name, side in sides.items()}, rounds)
            found += _figures(f"to {clients:,}, {per_turn} a turn", rates)
    return found


Side = Callable[[int], Callable[[], float]]
"""Of so many messages a turn: what sends a round, and returns the messages a second."""


def _sides(stack: contextlib.ExitStack, clients: int, quick: bool) -> dict[str, Side]:
    """All servers with their clients, for as long as the stack lasts."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    loaded = stack.enter_context(load())
    found: dict[str, Side] = {}

    def side(name: str, round_of: Callable[[int, int], float], most: int) -> Side:
        def of_turns(per_turn: int) -> Callable[[], float]:
            many = DELIVERIES[per_turn] // clients // (5 if name in SLOW else 1 + quick)
            count = max(per_turn, min(most, many) // per_turn * per_turn)

            def rate() -> float:
                loaded.begin_reading(name)
                seconds = round_of(per_turn, count)
                loaded.read()
                return count * clients / seconds

            return rate

        return of_turns

    tokens = Tokens(SECRET, 3600, 43200, time.time)
    token = tokens.sign(tokens.begin("bench", GENERATION))
    most = len(messages())
    kinds = (*KINDS, *(() if quick or clients > SLOW_CLIENTS else SLOW))
    servers = {kind: Published(kind if kind not in KINDS else "xucd") for kind in kinds}
    for server in servers.values():
        stack.callback(server.stop)
    for kind, server in servers.items():
        path = f"/xuc/api/2.0/cti?token={token}{KINDS.get(kind, '')}"
        path = "/" if kind == "autobahn" else path
        loaded.open(kind, Address(server.port, path, tls=kind == "tls"), clients)
        server.until_ready(clients)
        found[kind] = side(kind, server.round, most)
        if kind in KINDS:
            loaded.begin_reading(kind)
            server.round(10, most)
            frames = frames_of(loaded.read())
            floor = stack.enter_context(_floor(frames, folder, loaded, f"{kind} floor", clients))
            found[f"{kind} floor"] = side(f"{kind} floor", floor.round, most)
    return found


def _figures(to: str, rates: dict[str, list[float]]) -> list[Figure]:
    found: list[Figure] = []
    for kind in KINDS:
        floor = rates[f"{kind} floor"]
        found += [
            ratio(
                f"publish {to}, {kind}: of the floor", ratios(rates[kind], floor), "at least",
                PUBLISH,
            ),
            measured(f"publish {to}, {kind}", rates[kind], "messages/s"),
            measured(f"floor {to}, {kind}", floor, "messages/s"),
        ]  # fmt: skip
    cost = ratios(rates["plain"], rates["resuming"])
    found.append(ratio(f"publish {to}: cost of resuming", cost, "at most", RESUMES))
    if "tls" not in rates:
        return found
    return [
        *found,
        measured(f"publish {to}, TLS", rates["tls"], "messages/s"),
        ratio(f"publish {to}, TLS: of plain", ratios(rates["tls"], rates["plain"])),
        measured(f"bare Autobahn's prepared broadcast {to}", rates["autobahn"], "messages/s"),
        ratio(f"publish {to}, plain: of bare Autobahn", ratios(rates["plain"], rates["autobahn"])),
    ]


@contextlib.contextmanager
def _floor(
    frames: Sequence[bytes], folder: Path, loaded: Load, name: str, clients: int
) -> Iterator[Floor]:
    """The floor with its clients, which are opened under this name."""
    floor = Floor(frames, folder)
    floor.accept(clients)
    loaded.open(name, Address(floor.port), clients)
    floor.accepted()
    try:
        yield floor
    finally:
        floor.stop()


def whole_loop(clients: int, rounds: int, kinds: Collection[str] = tuple(KINDS)) -> list[Figure]:
    """From the first of Asterisk's bytes to the last client of a real xucd."""
    build()
    return asyncio.run(_whole_loop(clients, rounds, kinds))


async def _whole_loop(clients: int, rounds: int, kinds: Collection[str]) -> list[Figure]:
    found: list[Figure] = []
    size = CalmSize(agents=50, queues=5, groups=5)
    calls = max(10, min(40, 15_000 // clients))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        loaded = stack.enter_context(load())
        for kind in kinds:
            xucd = MeasuredXucd(loaded.listen(kind, size), size, folder / kind)
            await stack.enter_async_context(xucd)
            loaded.open(kind, xucd.address(resume=kind == "resuming"), clients)
        for kind in kinds:
            frames = frames_of(loaded.in_lockstep(kind, calls, 1)["stream"])
            (folder / "floors").mkdir(exist_ok=True)
            name = f"{kind} floor"
            with _floor(frames, folder / "floors", loaded, name, clients) as floor:
                for per_turn in PER_TURN:
                    rates = _loop_rates(loaded, kind, floor, (clients, calls, per_turn, rounds))
                    to = f"to {clients:,}, {per_turn} a turn, {kind}"
                    of_the_floor = ratios(rates[kind], rates[name])
                    limit = LOOP.get(clients)
                    bound: Bound = "at least" if limit else ""
                    found += [
                        ratio(f"whole loop {to}: of the floor", of_the_floor, bound, limit),
                        measured(f"whole loop {to}", rates[kind], "messages/s"),
                    ]
                loaded.close(name)
    return found


def _loop_rates(
    loaded: Load, kind: str, floor: Floor, plan: tuple[int, int, int, int]
) -> dict[str, list[float]]:
    clients, calls, per_turn, rounds = plan
    name = f"{kind} floor"

    def of_xucd() -> float:
        played = loaded.in_lockstep(kind, calls, per_turn)
        seconds: float = played["seconds"]
        return len(frames_of(played["stream"])) * clients / seconds

    def of_floor() -> float:
        loaded.begin_reading(name)
        seconds = floor.round(per_turn, floor.messages)
        loaded.read()
        return floor.messages * clients / seconds

    return in_turns({kind: of_xucd, name: of_floor}, rounds)
