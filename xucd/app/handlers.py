"""The command handlers: one table from each command's struct to the function that carries it out.

A command's wire name stands with its struct in `xucd.cti.commands`. Handlers of callback commands
get the callback service, all others the context. A command in neither table belongs to the protocol
but is not supported by this version of xucd.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from xucd.callbacks import commands as callbacks
from xucd.callbacks import voice_messages
from xucd.callbacks.service import Callbacks
from xucd.center.refused import Refused
from xucd.center.rights import Task
from xucd.commands import (
    default_memberships,
    dial_from_queue,
    dialing,
    hints,
    listening,
    lists,
    login,
    own_phone,
    pause,
    queue_figures,
    queues,
    recording,
    statuses,
)
from xucd.commands.context import Context
from xucd.commands.lookup import not_authorized
from xucd.cti import commands as cmd
from xucd.cti.session import Session

Handler = Callable[[Context, Any, Session], Awaitable[str | None]]
"""``await handler(context, command, who)``; returns a warning's code or None, raises `Refused`."""

CallbackHandler = Callable[[Callbacks, Any, Session], Awaitable[None]]
"""``await handler(callbacks, command, who)``; raises `Refused`."""

HANDLERS: dict[type[cmd.Command], Handler] = {
    # -- agents
    cmd.AgentLogin: login.login,
    cmd.AgentLogout: login.logout,
    cmd.PauseAgent: pause.pause,
    cmd.UnpauseAgent: pause.unpause,
    cmd.ListenAgent: listening.listen,
    cmd.MonitorPause: recording.monitor,
    cmd.MonitorUnpause: recording.monitor,
    cmd.SetAgentGroup: queues.set_agent_group,
    # -- agents' queues
    cmd.SetAgentQueue: queues.set_agent_queue,
    cmd.RemoveAgentFromQueue: queues.remove_agent_from_queue,
    cmd.MoveAgentsInGroup: queues.move_group,
    cmd.AddAgentsInGroup: queues.move_group,
    cmd.RemoveAgentGroupFromQueueGroup: queues.remove_group,
    cmd.AddAgentsNotInQueueFromGroupTo: queues.add_group,
    cmd.GetUserDefaultMembership: default_memberships.get_default,
    cmd.SetUserDefaultMembership: default_memberships.set_default,
    cmd.SetUsersDefaultMembership: default_memberships.set_default,
    cmd.ApplyUsersDefaultMembership: default_memberships.apply_default,
    # -- lists, states and figures
    cmd.GetList: lists.get_list,
    cmd.GetConfig: lists.get_config,
    cmd.GetAgentStates: lists.get_agent_states,
    cmd.GetAgentDirectory: lists.get_agent_directory,
    cmd.SubscribeToAgentEvents: lists.subscribe_to_agent_events,
    cmd.SubscribeToAgentStats: lists.subscribe_to_agent_stats,
    cmd.SubscribeToQueueStats: queue_figures.subscribe_to_queue_stats,
    cmd.GetQueueStatisticsCommand: queue_figures.get_queue_statistics,
    cmd.SubscribeToQueueCalls: queue_figures.subscribe_to_queue_calls,
    cmd.UnsubscribeFromQueueCalls: queue_figures.unsubscribe_from_queue_calls,
    # -- the user's status and phone
    cmd.UserStatusUpdateCommand: statuses.user_status_update,
    cmd.SubscribeToPhoneHints: hints.subscribe,
    cmd.UnsubscribeFromAllPhoneHints: hints.unsubscribe,
    cmd.GetCurrentCallsPhoneEvents: own_phone.get_current_calls,
    cmd.Dial: dialing.dial,
    cmd.DialFromQueue: dial_from_queue.dial_from_queue,
    cmd.Hangup: dialing.hang_up,
    cmd.DirectTransfer: dialing.direct_transfer,
}

CALLBACK_HANDLERS: dict[type[cmd.Command], CallbackHandler] = {
    cmd.GetCallbackLists: callbacks.get_callback_lists,
    cmd.GetCallbackPreferredPeriods: callbacks.get_periods,
    cmd.FindCallbackRequest: callbacks.find_callbacks,
    cmd.TakeCallback: callbacks.take_callback,
    cmd.ReleaseCallback: callbacks.release_callback,
    cmd.StartCallback: callbacks.start_callback,
    cmd.UpdateCallbackTicket: callbacks.update_ticket,
    cmd.ListenCallbackMessage: voice_messages.listen_message,
}

TASKS: dict[type[cmd.Command], Task] = {
    cmd.SetAgentGroup: Task.SET_GROUPS,
    cmd.SetUserDefaultMembership: Task.SET_DEFAULT_MEMBERSHIPS,
    cmd.SetUsersDefaultMembership: Task.SET_DEFAULT_MEMBERSHIPS,
    cmd.ApplyUsersDefaultMembership: Task.SET_DEFAULT_MEMBERSHIPS,
}
"""The commands that are not of the Agent API and ask for a profile that is set."""


async def carry_out(
    context: Context, callbacks: Callbacks, command: cmd.Command, who: Session
) -> str | None:
    """Carry out a client's command; returns the code of a warning, or None.

    Raises `Refused`, with `NotSupported` for a command that has no handler, and `NotAuthorized` for
    a task that the user's profile does not allow.
    """
    kind = type(command)
    if (task := TASKS.get(kind)) is not None and not who.rights.may(task):
        raise not_authorized()
    if (handler := HANDLERS.get(kind)) is not None:
        return await handler(context, command, who)
    if (callback_handler := CALLBACK_HANDLERS.get(kind)) is not None:
        await callback_handler(callbacks, command, who)
        return None
    raise Refused("NotSupported", "This version of xucd does not support this command.")
