"""The messages that a link opens with, in the order that clients rely on: protocol.md, section 2.

`LoggedOn` comes first, because clients install their handlers inside its handler. `UsersStatuses`
comes before any `UserStatusUpdate`, and the state of the user's own agent last.
"""

from xucd.center.lines import line_of, speaks_for
from xucd.center.rights import shown_profile
from xucd.commands.context import Context, Options
from xucd.commands.lookup import state_for
from xucd.cti import messages as msg
from xucd.cti.session import Session
from xucd.publishing.link_status import link_status
from xucd.views import agents as agent_views
from xucd.views import topics
from xucd.views.phones import phone_status
from xucd.views.statuses import status_of


def subscribe_to_own(context: Context, who: Session) -> None:
    """Subscribe a session to messages for everybody, and to those about its own user."""
    context.hub.subscribe(who, topics.EVERYBODY)
    if who.user.agent_id is not None:
        context.hub.subscribe(who, topics.own_agent(who.user.agent_id))
    context.hub.subscribe(who, topics.own_phone(who.user.id))


def send_opening(context: Context, who: Session) -> None:
    """Send the messages that follow `LoggedOn`."""
    send_configured(context.options, who)
    send_live(context, who)


def send_configured(options: Options, who: Session) -> None:
    """Send the first of them, which tell what is configured."""
    user = who.user
    who.send(msg.RightProfile(profile=shown_profile(user), rights=list(user.rights)))
    who.send(msg.UsersStatuses(items=list(options.statuses)))
    who.send(agent_views.user_config(user))


def send_live(context: Context, who: Session) -> None:
    """Send the rest, which tell what is live; of several PBXs, one speaks for the user."""
    user, center = who.user, context.center
    if speaks_for(center, user):
        live = center.agents.get(user.agent_id) if user.agent_id is not None else None
        line = line_of(center, user)
        who.send(msg.UserStatusUpdate(status=status_of(context.options.statuses, live)))
        device = center.devices.get(line.phone) if line is not None else None
        who.send(msg.PhoneStatusUpdate(status=phone_status(device)))
        if live is not None:
            who.send(state_for(context, live, who))
    # Of several PBXs, a client is to know which there are.
    if not context.asterisk.current or center.directory.pbx is not None:
        who.send(link_status(context.asterisk.lost_since, context.options.pbx))
