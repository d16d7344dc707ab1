"""What a link opens with, in the order that clients rely on: protocol.md, section 2.

`LoggedOn` comes first, because clients install their handlers inside its handler; the statuses
come before any status, and the agent's own state last.
"""

from xucd.center.rights import told_profile
from xucd.cti import messages as msg
from xucd.cti import topics, views
from xucd.cti.session import Session
from xucd.desk.desk import Desk
from xucd.desk.own_phone import line_of
from xucd.desk.statuses import status_of


def listen_to_own(desk: Desk, who: Session) -> None:
    """Subscribe a session to what everybody is told, and to what concerns its own user."""
    desk.hub.subscribe(who, topics.EVERYBODY)
    if who.user.agent_id is not None:
        desk.hub.subscribe(who, topics.own_agent(who.user.agent_id))
    desk.hub.subscribe(who, topics.own_phone(who.user.id))


def open_for(desk: Desk, who: Session) -> None:
    """Send what follows `LoggedOn`."""
    user, center = who.user, desk.center
    live = center.agents.get(user.agent_id) if user.agent_id is not None else None
    line = line_of(center, user)
    who.send(msg.RightProfile(profile=told_profile(user), rights=list(user.rights)))
    who.send(msg.UsersStatuses(items=list(desk.statuses)))
    who.send(views.user_config(user))
    who.send(msg.UserStatusUpdate(status=status_of(desk.statuses, live)))
    device = center.devices.get(line.interface) if line is not None else None
    who.send(msg.PhoneStatusUpdate(status=views.phone_status(device)))
    if live is not None:
        who.send(views.agent_state(center.told(live), desk.now()))
    if not desk.current:
        who.send(desk.link_status())
