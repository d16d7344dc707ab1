"""Making an agent of a queue's member while the daemon runs, for an administrator's page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.center.audit import Actor
from xucd.center.refused import Refused
from xucd.store import AsyncStore, Store
from xucd.store import apply as store_apply
from xucd.store import export as store_export
from xucd.tools.adoption import NotAdoptable, adoption
from xucd.tools.discovery import discover
from xucd.web.rest_route import Adopted


@dataclass(frozen=True)
class Adopter:
    """Makes agents of queues' members in the stored centre, and has the daemon go on with that."""

    connection: Connection
    store: AsyncStore
    reload: Callable[[], Awaitable[None]]

    async def adopt(self, interface: str, actor: Actor, allow: Callable[[], object]) -> Adopted:
        """Read the PBX and add the agent.

        `allow` is called before anything is changed: it raises once `actor` may not any more.
        Raises `StoreError`, and `Refused` with `MemberUnknown`, `NotAdoptable` or an AMI error's
        code.
        """
        try:
            found = await discover(self.connection.query)
            plan = adoption(found, await self.store.run(store_export.export), interface).plan
        except AmiError as error:
            raise Refused(error.code, error.text) from error
        except NotAdoptable as error:
            raise Refused(error.code, str(error)) from error

        def add(opened: Store) -> list[str]:
            allow()
            return store_apply.apply(opened, plan, actor=actor)

        changes = await self.store.run(add)
        await self.reload()
        agent = plan.agents[-1]
        return Adopted(agent.id, agent.login, tuple(changes))
