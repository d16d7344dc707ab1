"""Tickets of callbacks as a CSV file, for spreadsheets."""

import datetime
from collections.abc import Iterable

from xucd.center.callbacks import CallbackListRow, Period, Ticket
from xucd.center.directory import Directory
from xucd.web.rest_csv import CsvFile, written

HEADER = [
    "ticketUuid", "requestUuid", "list", "queue", "agentNumber", "agentName", "phoneNumber",
    "start", "answer", "end", "duration", "failure", "status", "comment", "dueDate", "period",
]  # fmt: skip


def sheet(
    tickets: Iterable[Ticket],
    lists: Iterable[CallbackListRow],
    periods: Iterable[Period],
    directory: Directory,
) -> CsvFile:
    """All tickets, a line for each: times are local, with their offset, `duration` in seconds."""
    list_names = {one.uuid: one.name for one in lists}
    period_names = {one.uuid: one.name for one in periods}
    rows: list[list[object]] = []
    for one in tickets:
        queue = directory.queues.get(one.queue_id)
        agent = directory.agents.get(one.agent_id) if one.agent_id is not None else None
        rows.append(
            [
                one.uuid,
                one.request_uuid,
                list_names.get(one.list_uuid),
                queue and queue.name,
                agent and agent.number,
                agent and f"{agent.first_name} {agent.last_name}",
                one.phone_number,
                _local(one.started),
                _local(one.answered),
                _local(one.ended),
                one.duration if one.duration is None else round(one.duration),
                one.failure,
                one.status,
                one.comment,
                one.due_date,
                one.period_uuid and period_names.get(one.period_uuid),
            ]
        )
    return CsvFile(written(HEADER, rows))


def _local(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
