"""Asterisk's ``queue_log``, read backwards as far as it is needed.

A line is ``time|unique id|queue|member|event|data…``: epoch seconds, and data that depend on the
event. Lines of no interest, and broken ones, are left out. Not read are a queue_log that Asterisk
keeps in a database (``extconfig.conf``), and one whose times are text
(``queue_log_realtime_use_gmt``).
"""

from collections.abc import Callable
from pathlib import Path

from xucd.center.logged import Logged
from xucd.logs.backwards import LogError, lines_backwards

STRAYS = 20
"""After so many older lines in a row it is read no further: a few may be torn ones, or written by a
clock that was wrong for a moment."""


def read(file: Path, since: float) -> list[Logged]:
    """What was logged since a moment of Asterisk's clock, oldest first. Blocks.

    Raises `LogError` if the log cannot be read or does not reach back so far: it may lack calls.
    """
    lines: list[Logged] = []
    older = 0
    for line in lines_backwards(file):
        moment = _moment(line)
        if moment is None:
            continue
        if moment < since:
            older += 1
            if older == STRAYS:
                break
            continue
        older = 0
        if (found := parse(line)) is not None:
            lines.append(found)
    if not older:
        raise LogError(f"{file} does not reach back so far")
    lines.reverse()
    return lines


def _moment(line: bytes) -> float | None:
    second = line.partition(b"|")[0]
    digits = second.replace(b".", b"", 1)
    return float(second) if len(second) <= LONGEST_TIME and digits.isdigit() else None


LONGEST_TIME = 20


def parse(line: bytes) -> Logged | None:
    """What a line says; None for one of no interest, and for a broken one."""
    at, fields = _moment(line), line.decode(errors="replace").rstrip("\r").split("|")
    if at is None or len(fields) < EVENT + 1:
        return None
    _, unique_id, queue, agent, event, *data = fields
    reader = EVENTS.get(event)
    if reader is None:
        return None
    try:
        return reader(Logged(at, "entered", unique_id, queue, agent), data)
    except (ValueError, IndexError):
        return None


EVENT = 4


def _entered(line: Logged, _: list[str]) -> Logged:
    return Logged(line.at, "entered", line.unique_id, line.queue)


def _connected(line: Logged, data: list[str]) -> Logged:
    waited, phone, rang = data[:3]
    return Logged(
        line.at, "connected", line.unique_id, line.queue, line.agent, phone,
        waited=_seconds(waited), rang=_seconds(rang),
    )  # fmt: skip


def _completed(line: Logged, data: list[str]) -> Logged:
    # Whatever stands before them: wait, talk, and place in the queue are the last.
    waited, talked, _ = data[-3:]
    return Logged(
        line.at, "completed", line.unique_id, line.queue, line.agent,
        waited=_seconds(waited), talked=_seconds(talked),
    )  # fmt: skip


def _left(outcome: str, where: int) -> Callable[[Logged, list[str]], Logged]:
    def read_left(line: Logged, data: list[str]) -> Logged:
        return Logged(
            line.at, "left", line.unique_id, line.queue,
            outcome=outcome, waited=_seconds(data[where]) if where >= 0 else None,  # type: ignore[arg-type]
        )  # fmt: skip

    return read_left


def _not_answered(line: Logged, data: list[str]) -> Logged:
    rang = _seconds(data[0]) / 1000  # of all times, this one is in milliseconds
    return Logged(line.at, "not answered", line.unique_id, line.queue, line.agent, rang=rang)


def _seconds(text: str) -> float:
    """Raises ValueError for what is no time that a call can take."""
    seconds = float(text)
    if not 0 <= seconds < MOST_SECONDS:
        raise ValueError(text)
    return seconds


MOST_SECONDS = 1e8

EVENTS: dict[str, Callable[[Logged, list[str]], Logged]] = {
    "ENTERQUEUE": _entered,
    "CONNECT": _connected,
    "COMPLETEAGENT": _completed,
    "COMPLETECALLER": _completed,
    "BLINDTRANSFER": _completed,
    "ATTENDEDTRANSFER": _completed,
    "ABANDON": _left("abandoned", 2),
    "EXITWITHTIMEOUT": _left("timed out", 2),
    "EXITEMPTY": _left("timed out", 2),
    "EXITWITHKEY": _left("diverted", 3),
    "WITHDRAW": _left("diverted", 2),
    "JOINEMPTY": _left("closed", -1),
    "RINGNOANSWER": _not_answered,
    "RINGCANCELED": _not_answered,
}
"""What each event says, and where its times stand."""
