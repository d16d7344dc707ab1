"""Asterisk's ``queue_log``, read backwards as far as it is needed.

A line is ``time|unique id|queue|member|event|data…``: epoch seconds, and data that depend on the
event. Lines of no interest, and broken ones, are left out. The file may have been rotated
meanwhile: ``queue_log.1`` and so on beside it are read, too, those written last first. Not read are
compressed ones, a queue_log that Asterisk keeps in a database (``extconfig.conf``), and one whose
times are text (``queue_log_realtime_use_gmt``).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from xucd.center.logged import Logged

CHUNK = 1 << 18
MAX_BYTES = 1 << 27
"""How much is read at most: a day of 100,000 calls has 30 MB."""


class QueueLogError(Exception):
    """The log cannot be read, or not far enough. The text says why."""


def read(file: Path, since: float) -> list[Logged]:
    """What was logged since a moment of Asterisk's clock, oldest first. Blocks.

    Raises `QueueLogError` if the log does not reach back so far: then it may lack calls.
    """
    lines: list[Logged] = []
    reached, left = False, MAX_BYTES
    for part in _parts(file):
        try:
            for line in _backwards(part):
                left -= len(line) + 1
                if left < 0:
                    raise QueueLogError(f"{part} has too much to read of that time")
                moment = _moment(line)
                if moment is None:
                    continue
                if moment < since:
                    reached = True
                    break
                if (found := parse(line)) is not None:
                    lines.append(found)
        except OSError as error:
            raise QueueLogError(f"cannot read {part}: {error.strerror}") from error
        if reached:
            lines.reverse()
            return lines
    raise QueueLogError(f"{file} does not reach back so far")


def _parts(file: Path) -> list[Path]:
    """The log and its rotated parts, the latest first. Raises `QueueLogError` if there is none."""
    try:
        parts = [
            part
            for part in file.parent.iterdir()
            if part.name == file.name
            or (part.name.startswith(f"{file.name}.") and part.suffix[1:].isdecimal())
        ]
        written = {part: part.stat().st_mtime for part in parts}
    except OSError as error:
        raise QueueLogError(f"cannot read {file}: {error.strerror}") from error
    if not parts:
        raise QueueLogError(f"cannot read {file}: there is no such file")
    return sorted(parts, key=lambda part: (part != file, -written[part]))


def _backwards(file: Path) -> Iterator[bytes]:
    """The whole lines of a file, the last first."""
    with file.open("rb") as source:
        position = source.seek(0, 2)
        rest = b""
        while position > 0:
            size = min(CHUNK, position)
            position -= size
            source.seek(position)
            rest = source.read(size) + rest
            lines = rest.split(b"\n")
            rest = lines[0]
            yield from reversed(lines[1:])
        yield rest


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
