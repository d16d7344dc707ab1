"""Being the home of an agent: in a centre of several PBXs, a row in the database decides.

To be called by who holds the agent (`xucd.commands.locks`).
"""

from contextlib import suppress

import msgspec
import structlog

from xucd.center.changes import AgentCameHome
from xucd.center.directory import Agent, Line
from xucd.center.homes import Home, Returning
from xucd.center.refused import Refused
from xucd.center.rules.homes import came, left
from xucd.center.station import Station
from xucd.commands.context import Context
from xucd.store import StoreError, homes
from xucd.store.homes import HomeClaim
from xucd.store.journal import day_of

log = structlog.get_logger()


async def see_home(context: Context, agent_id: int) -> None:
    """Let an agent go that has been at another PBX since homes were asked for last.

    It may be back from there at once: then it is to come home anew, with the figures of there.
    Raises `Refused`.
    """
    center = context.center
    if center.at_home is None or center.is_away(agent_id):
        return
    home = await context.journal.read(homes.home_of, agent_id)
    if home is not None and home.pbx != center.directory.pbx:
        let_go(context, home)


def let_go(context: Context, home: Home) -> None:
    """Have an agent no longer, if this home is later than what is known of its home here."""
    center = context.center
    if center.at_home is None or center.at_home.get(home.agent_id, home.number) >= home.number:
        return
    log.info("an agent works at another PBX", agent=home.agent_id, pbx=home.pbx)
    context.publish()
    left(center, home.agent_id)
    context.publish()


async def take_home(context: Context, agent: Agent, line: Line, *, logged_in: bool = False) -> None:
    """Have an agent that is away here, for a login on a line of this PBX, or for one that is found.

    Raises `Refused` with `LoggedInOnAnotherPhone` while it is logged in at its home.
    """
    station = Station(agent.id, line.id, logged_in, context.now())
    taken = await _take(context, station, line)
    back = await _returning(context, agent.id)
    if back is not None:  # what it was here before is not asked for: its login follows
        back = msgspec.structs.replace(back, station=None, alive=taken.alive, left=taken.left)
        came(context.center, back, context.now())
        context.publish()


async def store_login(context: Context, station: Station, line: Line) -> None:
    """Store that an agent, which is at home here, is logged in on a line; a move may be first.

    Raises `Refused`.
    """
    at_home, journal = context.center.at_home, context.journal
    if at_home is None or journal.pbx is None:
        await journal.put_station(station)
    elif not await journal.now(homes.put_station, journal.pbx, station, usual=False):
        claim = await _take(context, station, line)
        if claim.home is not None:
            at_home[station.agent_id] = claim.home.number
            context.center.changes.append(AgentCameHome(station.agent_id, claim.home.number))
            context.publish()


async def store_logout(context: Context, station: Station) -> None:
    """Store that an agent is to be out. From then on another PBX may be its home, which goes on
    with its figures: they are written first.

    Raises `Refused`.
    """
    if context.center.at_home is not None:
        with suppress(StoreError):  # what is stored next is refused, too
            await context.save_figures()
    await context.journal.put_station(station)


async def bring_home(context: Context, agent_id: int) -> None:
    """Have an agent whose home is this PBX by its row; no error if it is here, or is not."""
    back = await _returning(context, agent_id)
    if back is not None:
        came(context.center, back, context.now())
        context.publish()


async def _returning(context: Context, agent_id: int) -> Returning | None:
    pbx = context.journal.pbx
    if pbx is None or not context.center.is_away(agent_id):
        return None
    return await context.journal.read(homes.returning, agent_id, pbx, day_of(context.now()))


async def _take(context: Context, station: Station, line: Line) -> HomeClaim:
    """Be an agent's home. Raises `Refused` with `LoggedInOnAnotherPhone`."""
    directory, journal = context.center.directory, context.journal
    assert directory.pbx is not None
    await journal.station_written(station.agent_id)
    # By itself: who waits for the lock of the homes may hold no agent's row.
    claim = await journal.run(
        homes.take, directory.pbx, directory.first_home(station.agent_id), station
    )
    if claim.home is None:
        raise Refused(
            "LoggedInOnAnotherPhone",
            "The agent is logged in on another line.",
            phoneNb=claim.phone_number,
            RequestedNb=line.number,
        )
    return claim
