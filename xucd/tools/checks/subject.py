"""What the checks of Asterisk look at: a connection that is logged in, and what was read by it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from xucd.ami import actions
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.center.directory import Directory, folded
from xucd.tools.asterisk_files import layout_of
from xucd.tools.discovery import FoundPbx, FoundQueue, Query


class AgiSettings(Protocol):
    """The address for the dialplan's FastAGI requests."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be looked at.

    `originate` says whether xucd has features that place calls, `clustered` whether other nodes may
    own the PBX; `etc` is the folder of Asterisk's configuration if it is on this machine.
    """

    originate: bool = True
    clustered: bool = False
    etc: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A PBX, and the contact centre that is to work beside it.

    `commands` are the actions that the manager user may run.
    """

    query: Query
    commands: Block
    pbx: FoundPbx
    directory: Directory
    agi: AgiSettings
    scope: Scope = Scope()

    def may(self, *names: str) -> bool:
        """Whether the manager user may run these actions; one that is missing has a finding."""
        return all(name in self.commands for name in names)

    def has_context(self, name: str) -> bool:
        """Whether the dialplan, as far as it was read, has steps in a context."""
        return any(place.context == name for place in self.pbx.dialplan.steps)

    async def value(self, variable: str) -> str:
        """What a global variable or a function of the dialplan gives; "" for nothing."""
        try:
            (answer,) = await self.query(actions.getvar(variable))
        except Rejected:
            return ""
        return answer.get("Value", "")

    async def loaded(self, module: str) -> bool:
        """Whether a module is loaded; False also where func_module cannot tell."""
        return await self.value(f"IFMODULE({module}.so)") == "1"

    def place(self, main: str) -> str:
        """The file that takes what is to be added to one of Asterisk's, as ``queues.conf``.

        Its whole path where that can be told; on FreePBX and Issabel, the file that they leave.
        """
        etc = self.scope.etc
        if etc is None:
            return main
        try:
            return str(etc / getattr(layout_of(etc), main.removesuffix(".conf")))
        except OSError:
            return str(etc / main)

    def queues(self) -> list[FoundQueue]:
        """Asterisk's queues that xucd has as well, which Asterisk names in any case of letters."""
        ours = {folded(name) for name in self.directory.queue_by_name}
        return [queue for queue in self.pbx.queues if folded(queue.name) in ours]
