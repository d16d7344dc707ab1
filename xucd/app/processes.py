"""Several processes of an edge on one port, and their parent, which serves nobody itself.

The parent is the process that systemd has started. It forks the others, each of which is a node of
its own (NODE-1, NODE-2, …) with a socket of its own at the same port: the kernel gives each new
connection to one of them. One that ends is started again; the others go on. They end when the
parent ends, however that comes about, since the sockets to it end (`xucd.app.process_channel`).

Forking needs a process with one thread and no event loop at work. So the parent imports nothing
that a process serves with, and forks between two runs of its loop.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import NoReturn

import msgspec
import structlog

from xucd.ami.backoff import Backoff
from xucd.app import log_output
from xucd.app.journal_lines import print_error
from xucd.app.merged_metrics import merged
from xucd.app.process_channel import (
    Counts,
    Familiar,
    GiveWay,
    Message,
    ProcessChannel,
    ProcessEnded,
    ProcessState,
    Report,
    pair,
)
from xucd.app.systemd import Notifier
from xucd.config.settings import Settings
from xucd.signin.earlier_attempts import AttemptCells
from xucd.web.elsewhere import WAITING, CountsElsewhere

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""Between the end of a process and its next start."""
STEADY_S = 60.0
"""A process that has served for so long begins with the first pause again."""
STOP_S = 15.0
"""For how long a process may take to its end; systemd kills all after 20 s."""
WATCH_S = 1.0
START_PATIENCE = 3
"""So many times as long as one that serves, a process may stand still while it starts again."""
READY = "READY=1"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
OF_ENDED = 0
"""In place of a process, in the report of what those have counted that have ended."""

log = structlog.get_logger()

Serve = Callable[[Settings, socket.socket, AttemptCells], int]
"""Serves as one of the processes; returns the exit code."""


def run(settings: Settings, serve: Serve) -> int:
    """Serve by `settings.web.processes` processes until told to stop; returns the exit code."""
    web = settings.web
    try:
        place = _held(web.host, web.port)
    except OSError as error:
        print_error(f"xucd: cannot listen on {web.host}:{web.port}: {error}")
        return 2
    web = msgspec.structs.replace(web, port=place.getsockname()[1])
    return Processes(msgspec.structs.replace(settings, web=web), serve).run()


def _held(host: str, port: int) -> socket.socket:
    """A socket that holds a port for the processes, as long as it is kept. Raises OSError.

    Without it, another user's process could take the port while none of them has it. Before, one
    finds out whether another xucd of the same user serves there, with which they would share it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((host, port))
        port = alone.getsockname()[1]
    holder = socket.socket(family)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        holder.setsockopt(socket.SOL_SOCKET, option, 1)
    holder.bind((host, port))
    return holder


class _Process:
    """One of the processes, as its parent knows it; `pid` is 0 while there is none."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.channel: ProcessChannel
        self.pause = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self.ready_at = 0.0  # 0 until it serves
        self.heard_at = 0.0
        self.report: Report | None = None


class Processes:
    """The parent."""

    def __init__(self, settings: Settings, serve: Serve) -> None:
        self._settings = settings
        self._serve = serve
        self._systemd = Notifier()
        self._cells = AttemptCells.empty()
        self._counts = CountsElsewhere()
        self._all = [_Process(number) for number in range(1, settings.web.processes + 1)]
        self._due = list(self._all)  # to be started
        self._reloading: set[int] = set()
        self._ended_counted = Report(OF_ENDED, None, [])
        self._has_begun = False
        self._stopping = False
        self._code = 0

    def run(self) -> int:
        """Start all, start again what ends, until told to stop; returns the exit code."""
        self._loop = asyncio.new_event_loop()
        self._work = asyncio.Event()  # there is something to start, or all have ended
        for number, handle in zip(
            SIGNALS, (self._stop, self._stop, self._reload, self._reap), strict=True
        ):
            self._loop.add_signal_handler(number, handle)
        tasks = [self._loop.create_task(each) for each in (self._systemd_alive(), self._watch())]
        while not self._stopping or any(process.pid for process in self._all):
            for process in self._due:
                self._start(process)
            self._due.clear()
            self._work.clear()
            self._loop.run_until_complete(self._work.wait())
        for task in tasks:
            task.cancel()
        return self._code

    async def _systemd_alive(self) -> None:
        await self._systemd.stay_alive()

    # -- starting, and starting again

    def _start(self, process: _Process) -> None:
        ours, theirs = pair()
        # A signal that came in between would be taken for one of the parent.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        process.pid = os.fork()
        if not process.pid:
            ours.close()
            self._become(process, theirs)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        theirs.close()
        process.heard_at = self._loop.time()
        process.channel = ProcessChannel(
            ours, self._loop, lambda message: self._heard(process, message), lambda: None
        )
        for other in self._serving_beside(process):
            process.channel.send(Counts(other.pid, dict(self._counts.told(other.pid))))
            if other.report is not None:
                process.channel.send(other.report)
        process.channel.send(self._ended_counted)

    def _become(self, process: _Process, end: socket.socket) -> NoReturn:
        """Be the process that was just forked. The parent's loop is left as it is, and unused."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for other in self._all:
                if other is not process and other.pid:
                    other.channel.socket.close()
            log_output.name_process(process.number)
            code = self._serve(node_of(self._settings, process.number), end, self._cells)
        except BaseException:
            log.critical("xucd ends by a fault of its own", exc_info=True)
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for process in self._all:
            if process.pid:
                pid, status = os.waitpid(process.pid, os.WNOHANG)
                if pid:
                    self._ended(process, os.waitstatus_to_exitcode(status))

    def _ended(self, process: _Process, code: int) -> None:
        process.channel.close()
        pid, process.pid = process.pid, 0
        self._counts.forget(pid)
        self._keep_totals(process)
        for other in self._serving_beside(process):
            other.channel.send(ProcessEnded(pid))
            other.channel.send(self._ended_counted)
        if process.ready_at and self._loop.time() - process.ready_at > STEADY_S:
            process.pause.reset()
        process.ready_at = 0.0
        if self._stopping:
            self._work.set()
        elif self._has_begun:
            delay = process.pause()
            log.error(
                "a process has ended, and is started again",
                process=process.number,
                reason=_reason(code),
                delay=round(delay, 2),
            )
            self._loop.call_later(delay, self._start_soon, process)
        else:  # what it has met, the others will meet as well
            self._code = code if code >= 0 else 1
            self._stop()
        self._told(process, READY)

    def _start_soon(self, process: _Process) -> None:
        if not self._stopping:
            self._due.append(process)
            self._work.set()

    def _keep_totals(self, process: _Process) -> None:
        """Count on what a process has counted, or the sums would fall."""
        if process.report is not None:
            counted = merged([*self._ended_counted.metrics, *process.report.metrics])
            kept = [each for each in counted if each.is_total]
            self._ended_counted = Report(OF_ENDED, None, kept)
            process.report = None

    async def _watch(self) -> None:
        """Kill a process that stands still, as systemd does with a service of one process."""
        while self._systemd.watchdog_s > 0:
            await asyncio.sleep(WATCH_S)
            for process in self._all:
                if process.pid and self._stands_still(process):
                    log.error("a process stands still, and is killed", process=process.number)
                    os.kill(process.pid, signal.SIGKILL)

    def _stands_still(self, process: _Process) -> bool:
        """Whether it has said nothing for too long."""
        longest = self._systemd.watchdog_s
        if not process.ready_at:
            if not self._has_begun:
                return False  # systemd itself waits for the first start of all, and not for ever
            longest *= START_PATIENCE
        return self._loop.time() - process.heard_at > longest

    # -- signals

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._due.clear()
        self._systemd.send("STOPPING=1")
        self._signal(signal.SIGTERM)
        self._loop.call_later(STOP_S, self._signal, signal.SIGKILL)
        self._work.set()

    def _reload(self) -> None:
        self._systemd.send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self._reloading = {process.number for process in self._all if process.ready_at}
        for process in self._all:
            if process.ready_at:
                os.kill(process.pid, signal.SIGHUP)
        self._reloaded()

    def _signal(self, number: int) -> None:
        for process in self._all:
            if process.pid:
                os.kill(process.pid, number)

    # -- what the processes say

    def _heard(self, process: _Process, message: Message) -> None:
        process.heard_at = self._loop.time()
        match message:
            case ProcessState(state):
                self._told(process, state)
            case GiveWay(address):
                self._ask_to_give_way(process, address)
            case Counts(pid, numbers):
                self._counts.hear(pid, numbers)
                self._pass_on(process, message)
            case Report():
                process.report = message
                self._pass_on(process, message)
            case Familiar():
                self._pass_on(process, message)

    def _told(self, process: _Process, state: str) -> None:
        """A process serves, or has reloaded; or it has ended, and nobody waits for it."""
        if state != READY:
            return
        if process.pid and not process.ready_at:
            process.ready_at = self._loop.time()
        if not self._has_begun and all(each.ready_at for each in self._all):
            self._has_begun = True
            self._systemd.send(READY)
        elif process.number in self._reloading:
            self._reloading.discard(process.number)
            self._reloaded()

    def _reloaded(self) -> None:
        if not self._reloading:
            self._systemd.send(READY)

    def _ask_to_give_way(self, asking: _Process, address: str) -> None:
        name = f"{WAITING} {address}"
        most = max(
            self._serving_beside(asking),
            key=lambda process: self._counts.told(process.pid).get(name, 0),
            default=None,
        )
        if most is not None:
            most.channel.send(GiveWay(address))

    def _pass_on(self, process: _Process, message: Message) -> None:
        for other in self._serving_beside(process):
            other.channel.send(message)

    def _serving_beside(self, process: _Process) -> list[_Process]:
        return [other for other in self._all if other.pid and other is not process]


def node_of(settings: Settings, number: int) -> Settings:
    """The settings of one of the processes."""
    assert settings.cluster is not None
    node = f"{settings.cluster.node}-{number}"
    cluster = msgspec.structs.replace(settings.cluster, node=node)
    return msgspec.structs.replace(settings, cluster=cluster)


def _reason(code: int) -> str:
    return f"it ended with code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
