"""A second opinion on Asterisk: pyst2's Manager, which knows nothing of xucd.

It has an account of its own, hears every event, and runs in threads of its own. It follows the
queues' members, and the digits that Asterisk received, from the moment it is there; what a test
waits for, it waits for here, too.
(pyst2 takes the answer to `QueueStatus` for one message, so it is events that are followed.)
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from integration.client import DEADLINE
from integration.pbx import Pbx

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyst2 has docstrings and thread calls of an older Python
    from asterisk.manager import Manager, ManagerException

FOLLOWED = (
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberPenalty",
    "QueueMemberStatus",
    "QueueMemberRemoved",
)
NOT_IN_USE, IN_USE, RINGING = 1, 2, 6  # of Asterisk's device states


@dataclass(frozen=True)
class SeenMember:
    """A queue member as its last event told it; `status` is Asterisk's device state number."""

    interface: str
    penalty: int
    paused: bool
    reason: str
    status: int


class Witness:
    """An independent manager session. `members` maps (queue, member's name) to the member."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._manager: Any = Manager()
        self._news = threading.Condition()
        self.members: dict[tuple[str, str], SeenMember] = {}
        self._digits: list[str] = []
        self._history: dict[tuple[str, str], list[SeenMember]] = {}

    def __enter__(self) -> Witness:
        pbx = self._pbx
        self._manager.connect("127.0.0.1", pbx.ami_port)
        for event in FOLLOWED:
            self._manager.register_event(event, self._take)
        self._manager.register_event("DTMFEnd", self._take_digit)
        self._manager.login(pbx.witness_user, pbx.witness_secret)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ManagerException, ValueError):
            # Asterisk lets go of whoever reads too slowly; a test that still needed it has failed.
            self._manager.close()

    def until(
        self,
        queue: str,
        name: str,
        fits: Callable[[SeenMember | None], bool],
        within: float = DEADLINE,
    ) -> None:
        """Wait until Asterisk says so of a member, None being no such member. Blocks.

        Raises AssertionError with what Asterisk says instead.
        """
        with self._news:
            agreed = self._news.wait_for(lambda: fits(self.members.get((queue, name))), within)
            assert agreed, f"Asterisk has {name} of {queue} as {self.members.get((queue, name))}"

    def until_was(self, queue: str, name: str, fits: Callable[[SeenMember], bool]) -> None:
        """Wait until a member is or has been so, or raise AssertionError. Blocks."""
        with self._news:
            seen = self._news.wait_for(
                lambda: any(map(fits, self._history.get((queue, name), ()))), DEADLINE
            )
            assert seen, f"{name} of {queue} never was so"

    def until_received(self, digit: str, times: int) -> None:
        """Wait until channels have received a digit so often, or raise AssertionError. Blocks."""
        with self._news:
            there = self._news.wait_for(lambda: self._digits.count(digit) >= times, DEADLINE)
            assert there, f"{digit} was received {self._digits.count(digit)} times, not {times}"

    def received(self, digit: str) -> int:
        """How often channels have received a digit so far."""
        with self._news:
            return self._digits.count(digit)

    def history(self, queue: str, name: str) -> list[SeenMember]:
        """Everything that a member has been so far, in order."""
        with self._news:
            return list(self._history.get((queue, name), ()))

    def _take(self, event: Any, manager: Any) -> None:
        headers = event.headers
        key = (headers["Queue"], headers["MemberName"])
        with self._news:
            if event.name == "QueueMemberRemoved":
                self.members.pop(key, None)
            else:
                self.members[key] = SeenMember(
                    interface=headers["Interface"],
                    penalty=int(headers["Penalty"]),
                    paused=headers["Paused"] == "1",
                    reason=headers.get("PausedReason", ""),
                    status=int(headers["Status"]),
                )
                self._history.setdefault(key, []).append(self.members[key])
            self._news.notify_all()

    def _take_digit(self, event: Any, manager: Any) -> None:
        if event.headers["Direction"] == "Received":
            with self._news:
                self._digits.append(event.headers["Digit"])
                self._news.notify_all()
