"""Making an agent of a queue's member while the daemon runs, for an administrator's page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.center.audit import Actor
from xucd.center.refused import Refused
from xucd.store import AsyncStore, extending
from xucd.web.rest_route import Adopted


@dataclass(frozen=True)
class Adopter:
    """Makes agents of queues' members in the stored centre, and has the daemon go on with that."""

    connection: Connection
    store: AsyncStore
    reload: Callable[[], Awaitable[None]]
    several_pbxs: bool = False

    async def adopt(self, interface: str, actor: Actor, allow: Callable[[], object]) -> Adopted:
        """Read the PBX and add the agent.

        `allow` is called before anything is changed: it raises once `actor` may not any more.
        Raises `StoreError`, and `Refused` with `MemberUnknown`, `NotAdoptable` or an AMI error's
        code.
        """
        if self.several_pbxs:
            raise Refused(
                "NotAdoptable",
                "The centre has several PBXs: write the agent and its line, with the line's pbx,"
                " into the centre's file.",
            )
        # Only now: to be able to propose something takes a twentieth of a start.
        from xucd.tools.adoption import NotAdoptable, adopting  # noqa: PLC0415
        from xucd.tools.discovery import discover  # noqa: PLC0415

        try:
            found = await discover(self.connection.query)
            proposed = adopting(found, interface, allow)
            added = await self.store.run(extending.extend, proposed, actor=actor)
        except AmiError as error:
            raise Refused(error.code, error.text) from error
        except NotAdoptable as error:
            raise Refused(error.code, str(error)) from error
        await self.reload()
        agent = added.plan.agents[-1]
        return Adopted(agent.id, agent.login, added.changes)
