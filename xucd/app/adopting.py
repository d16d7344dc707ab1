"""Making an agent of a queue's member while the daemon runs, for an administrator's page."""

from collections.abc import Awaitable, Callable

from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.center.audit import Actor
from xucd.center.refused import Refused
from xucd.store import AsyncStore
from xucd.store import apply as store_apply
from xucd.store import export as store_export
from xucd.tools.adoption import NotAdoptable, adoption
from xucd.tools.discovery import discover
from xucd.web.rest_route import Adopted


async def adopt(
    interface: str,
    actor: Actor,
    connection: Connection,
    store: AsyncStore,
    reload: Callable[[], Awaitable[None]],
) -> Adopted:
    """Read the PBX, add the agent to the stored centre, and go on with that.

    Raises `StoreError`, and `Refused` with `MemberUnknown`, `NotAdoptable` or an AMI error's code.
    """
    try:
        found = await discover(connection.query)
        plan = adoption(found, await store.run(store_export.export), interface).plan
    except AmiError as error:
        raise Refused(error.code, error.text) from error
    except NotAdoptable as error:
        raise Refused(error.code, str(error)) from error
    changes = await store.run(lambda opened: store_apply.apply(opened, plan, actor=actor))
    await reload()
    agent = plan.agents[-1]
    return Adopted(agent.id, agent.login, tuple(changes))
