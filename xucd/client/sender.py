"""The base of the generated methods of all commands."""

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from xucd.cti.messages import Message

M = TypeVar("M", bound=Message)


class CommandSender(ABC):
    """Sends commands as the wire spells them."""

    @abstractmethod
    async def ask(self, command: str, values: dict[str, Any] | None = None) -> None:
        """Send a command; returns once it has been carried out. Raises `Refused`."""

    @abstractmethod
    async def _query(
        self,
        command: str,
        values: dict[str, Any],
        answer: type[M],
        same: tuple[str, str] | None = None,
    ) -> M:
        """Send a query; returns its answer.

        `same` names a key of the answer and the argument that it repeats. Raises `Refused`.
        """
