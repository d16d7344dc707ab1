"""A second opinion on Asterisk: pyst2's Manager, which knows nothing of xucd.

It has an account of its own, hears every event, and runs in threads of its own. Ask it what the
queues hold at this moment.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from asterisk.manager import Manager

from integration.pbx import Pbx


@dataclass(frozen=True)
class SeenMember:
    """A queue member as `QueueStatus` lists it; `status` is Asterisk's device state number."""

    name: str
    interface: str
    penalty: int
    paused: bool
    reason: str
    in_call: bool
    status: int


class Witness:
    """An independent manager session."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._manager: Any = Manager()

    def __enter__(self) -> Witness:
        pbx = self._pbx
        self._manager.connect("127.0.0.1", pbx.ami_port)
        self._manager.login(pbx.witness_user, pbx.witness_secret)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._manager.logoff()
        self._manager.close()

    async def members(self) -> dict[str, dict[str, SeenMember]]:
        """All members of all queues, now: {queue: {member's name: member}}."""
        return await asyncio.to_thread(self._members)

    async def member(self, queue: str, name: str) -> SeenMember | None:
        """One member of one queue, now."""
        return (await self.members()).get(queue, {}).get(name)

    def _members(self) -> dict[str, dict[str, SeenMember]]:
        found: dict[str, dict[str, SeenMember]] = {}
        for event in self._events("QueueStatus", "QueueStatusComplete"):
            if event.get("Event") == "QueueParams":
                found.setdefault(event["Queue"], {})
            elif event.get("Event") == "QueueMember":
                found.setdefault(event["Queue"], {})[event["Name"]] = SeenMember(
                    name=event["Name"],
                    interface=event.get("Location") or event["StateInterface"],
                    penalty=int(event["Penalty"]),
                    paused=event["Paused"] == "1",
                    reason=event.get("PausedReason", ""),
                    in_call=event.get("InCall") == "1",
                    status=int(event["Status"]),
                )
        return found

    def _events(self, action: str, complete: str) -> list[dict[str, str]]:
        """What a list action answers, taken from the events that follow it."""
        import threading

        events: list[dict[str, str]] = []
        done = threading.Event()

        def take(event: Any, manager: Any) -> None:
            if not done.is_set():
                events.append(event.headers)
                if event.name == complete:
                    done.set()

        names = ("QueueParams", "QueueMember", "QueueEntry", complete)
        for name in names:
            self._manager.register_event(name, take)
        try:
            self._manager.send_action({"Action": action})
            if not done.wait(10):
                raise TimeoutError(f"{action}: no {complete}")
        finally:
            for name in names:
                self._manager.unregister_event(name, take)
        return events
