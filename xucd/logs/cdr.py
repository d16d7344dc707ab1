"""Asterisk's CDR as ``cdr_csv`` writes it, read backwards as far as it is needed.

A line has, in quotes and parted by commas: account, source, destination, context, caller, channel,
channel that was rung, application, its data, start, answer, end, duration, talk time, disposition,
flags and, with ``loguniqueid = yes``, the unique id of the first channel; what follows is not read.
With ``usegmtime = yes`` the times are UTC. Local ones are not told apart from these: an hour of
each autumn comes twice.
"""

import csv
import datetime
from pathlib import Path

from xucd.center.logged import CallRecord
from xucd.logs.backwards import LogError, lines_backwards

ORDER_S = 3600.0
"""A call's records are written together when it is over: one may have ended so long before."""

COLUMNS = 17
TIME_LENGTH = len("2031-08-01 10:02:11")


def read(file: Path, since: float) -> tuple[list[CallRecord], int]:
    """The calls that ended since a moment of Asterisk's clock, and some before. Blocks.

    With them, how many broken lines were passed over. Raises `LogError` if the file cannot be read
    or does not reach back so far: it may lack calls.
    """
    records: list[CallRecord] = []
    broken, reached = 0, False
    for line in lines_backwards(file):
        if not line:
            continue
        record = parse(line)
        if record is None:
            broken += 1
            continue
        records.append(record)
        reached = reached or record.ended < since
        if record.ended < since - ORDER_S:
            break
    if not reached:
        lacking = f", or not in this form: {broken} lines are broken" if broken else ""
        raise LogError(f"{file} does not reach back so far{lacking}")
    records.reverse()
    return records, broken


def parse(line: bytes) -> CallRecord | None:
    """What a line says; None for a broken one."""
    try:
        fields = next(csv.reader([line.decode(errors="replace")], strict=True))
        if len(fields) < COLUMNS:
            return None
        channel, called, application, _, start, answer, end = fields[5:12]
        began, ended = _moment(start), _moment(end)
        answered = _moment(answer) if answer else None
    except (csv.Error, ValueError):
        return None
    if not channel or max(began, began if answered is None else answered) > ended:
        return None
    taken = fields[14] == "ANSWERED"
    return CallRecord(channel, called, application, began, answered, ended, taken, fields[16])


def _moment(text: str) -> float:
    """Raises ValueError for what is no such time."""
    if len(text) != TIME_LENGTH:
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()
