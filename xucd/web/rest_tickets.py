"""The tickets of callbacks as a CSV file."""

import datetime
from collections.abc import Iterable

from xucd.center.callbacks import CallbackListRow, Period, Ticket
from xucd.center.directory import Directory
from xucd.web.rest_csv import CsvFile, write

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
    """A line for each ticket. Times are local, with their offset; `duration` is in seconds."""
    list_names = {row.uuid: row.name for row in lists}
    period_names = {period.uuid: period.name for period in periods}
    rows: list[list[object]] = []
    for ticket in tickets:
        queue = directory.queues.get(ticket.queue_id)
        agent = directory.agents.get(ticket.agent_id) if ticket.agent_id is not None else None
        rows.append(
            [
                ticket.uuid,
                ticket.request_uuid,
                list_names.get(ticket.list_uuid),
                queue and queue.name,
                agent and agent.number,
                agent and f"{agent.first_name} {agent.last_name}",
                ticket.phone_number,
                _local(ticket.started),
                _local(ticket.answered),
                _local(ticket.ended),
                ticket.duration if ticket.duration is None else round(ticket.duration),
                ticket.failure,
                ticket.status,
                ticket.comment,
                ticket.due_date,
                ticket.period_uuid and period_names.get(ticket.period_uuid),
            ]
        )
    return CsvFile(write(HEADER, rows))


def _local(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
