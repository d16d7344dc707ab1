# Made by python -m xucd.cti.schema out of the message structs; do not edit.
# fmt: off
# ruff: noqa: E501
"""Every command as a method; see docs/protocol.md. Each raises `Refused`."""

from typing import Literal, overload

from xucd.client.asking import Asking
from xucd.cti import commands as cmd
from xucd.cti import messages as msg


class Commands(Asking):
    """The commands. A missing agent id is the user's own agent; dates are ``YYYY-MM-DD``."""

    async def log_in_agent(self, *, phone_number: str, agent_id: int | None = None) -> None:
        """Logs an agent in on a line, which it takes over from whoever holds it."""
        await self.ask("agentLogin", {"agentphonenumber": phone_number, "agentid": agent_id})

    async def log_out_agent(self, *, agent_id: int | None = None) -> None:
        """Logs an agent out."""
        await self.ask("agentLogout", {"agentid": agent_id})

    async def pause_agent(self, *, agent_id: int | None = None, reason: str | None = None) -> None:
        """Pauses an agent in all its queues; `reason` is free."""
        await self.ask("pauseAgent", {"agentid": agent_id, "reason": reason})

    async def unpause_agent(self, *, agent_id: int | None = None) -> None:
        """Makes an agent ready."""
        await self.ask("unpauseAgent", {"agentid": agent_id})

    async def listen_agent(self, *, agent_id: int | None = None) -> None:
        """Rings the user's phone and lets it hear an agent's call."""
        await self.ask("listenAgent", {"agentid": agent_id})

    async def set_agent_queue(self, *, agent_id: int | None = None, queue_id: int, penalty: int) -> None:
        """Puts an agent into a queue, or changes its penalty there."""
        await self.ask("setAgentQueue", {"agentId": agent_id, "queueId": queue_id, "penalty": penalty})

    async def remove_agent_from_queue(self, *, agent_id: int | None = None, queue_id: int) -> None:
        """Takes an agent out of a queue."""
        await self.ask("removeAgentFromQueue", {"agentId": agent_id, "queueId": queue_id})

    async def monitor_pause(self, *, agent_id: int | None = None) -> None:
        """Pauses the recording of an agent's call."""
        await self.ask("monitorPause", {"agentid": agent_id})

    async def monitor_unpause(self, *, agent_id: int | None = None) -> None:
        """Goes on with the recording of an agent's call."""
        await self.ask("monitorUnpause", {"agentid": agent_id})

    async def subscribe_to_agent_stats(self) -> None:
        """Every visible agent's `AgentStatistics`, now and from now on."""
        await self.ask("subscribeToAgentStats", {})

    async def subscribe_to_agent_events(self) -> None:
        """Every visible agent's `AgentStateEvent`, from now on."""
        await self.ask("subscribeToAgentEvents", {})

    async def get_agent_states(self) -> None:
        """One `AgentStateEvent` for each visible agent, now."""
        await self.ask("getAgentStates", {})

    async def get_agent_directory(self) -> msg.AgentDirectory:
        """All visible agents, each with its state."""
        return await self._query("getAgentDirectory", {}, msg.AgentDirectory)

    @overload
    async def get_list(self, *, object_type: Literal["agent"]) -> msg.AgentList: ...
    @overload
    async def get_list(self, *, object_type: Literal["agentgroup"]) -> msg.AgentGroupList: ...
    @overload
    async def get_list(self, *, object_type: Literal["queue"]) -> msg.QueueList: ...
    @overload
    async def get_list(self, *, object_type: Literal["queuemember"]) -> msg.QueueMemberList: ...
    @overload
    async def get_list(self, *, object_type: Literal["basequeuemember"]) -> msg.UsersQueueDefaultMembership: ...
    async def get_list(self, *, object_type: str) -> msg.Message:
        """A list, and from now on what changes in it."""
        answers: dict[str, type[msg.Message]] = {
            "agent": msg.AgentList,
            "agentgroup": msg.AgentGroupList,
            "queue": msg.QueueList,
            "queuemember": msg.QueueMemberList,
            "basequeuemember": msg.UsersQueueDefaultMembership,
        }
        return await self._query("getList", {"objectType": object_type}, answers[object_type])

    @overload
    async def get_config(self, *, object_type: Literal["agent"]) -> msg.AgentList: ...
    @overload
    async def get_config(self, *, object_type: Literal["agentgroup"]) -> msg.AgentGroupList: ...
    @overload
    async def get_config(self, *, object_type: Literal["queue"]) -> msg.QueueList: ...
    @overload
    async def get_config(self, *, object_type: Literal["queuemember"]) -> msg.QueueMemberList: ...
    @overload
    async def get_config(self, *, object_type: Literal["basequeuemember"]) -> msg.UsersQueueDefaultMembership: ...
    @overload
    async def get_config(self, *, object_type: Literal["line"]) -> msg.LineConfig: ...
    async def get_config(self, *, object_type: str) -> msg.Message:
        """A list as it is now, or the user's own line."""
        answers: dict[str, type[msg.Message]] = {
            "agent": msg.AgentList,
            "agentgroup": msg.AgentGroupList,
            "queue": msg.QueueList,
            "queuemember": msg.QueueMemberList,
            "basequeuemember": msg.UsersQueueDefaultMembership,
            "line": msg.LineConfig,
        }
        return await self._query("getConfig", {"objectType": object_type}, answers[object_type])

    async def set_agent_group(self, *, agent_id: int | None = None, group_id: int) -> None:
        """Moves an agent to another group."""
        await self.ask("setAgentGroup", {"agentId": agent_id, "groupId": group_id})

    async def move_agents_in_group(self, *, group_id: int, from_queue_id: int, from_penalty: int, to_queue_id: int, to_penalty: int) -> None:
        """Moves a group's agents of one penalty from a queue to another."""
        await self.ask("moveAgentsInGroup", {"groupId": group_id, "fromQueueId": from_queue_id, "fromPenalty": from_penalty, "toQueueId": to_queue_id, "toPenalty": to_penalty})

    async def add_agents_in_group(self, *, group_id: int, from_queue_id: int, from_penalty: int, to_queue_id: int, to_penalty: int) -> None:
        """Puts a group's agents of one penalty in a queue into another as well."""
        await self.ask("addAgentsInGroup", {"groupId": group_id, "fromQueueId": from_queue_id, "fromPenalty": from_penalty, "toQueueId": to_queue_id, "toPenalty": to_penalty})

    async def remove_agent_group_from_queue_group(self, *, group_id: int, queue_id: int, penalty: int) -> None:
        """Takes a group's agents of one penalty out of a queue."""
        await self.ask("removeAgentGroupFromQueueGroup", {"groupId": group_id, "queueId": queue_id, "penalty": penalty})

    async def add_agents_not_in_queue_from_group_to(self, *, group_id: int, queue_id: int, penalty: int) -> None:
        """Puts a group's agents that are not in a queue into it."""
        await self.ask("addAgentsNotInQueueFromGroupTo", {"groupId": group_id, "queueId": queue_id, "penalty": penalty})

    async def subscribe_to_queue_stats(self) -> None:
        """Every visible queue's `QueueStatistics`, now and from now on."""
        await self.ask("subscribeToQueueStats", {})

    async def get_queue_statistics(self, *, queue_id: int, window: int, xqos: int) -> msg.GetQueueStatistics:
        """A queue's figures of the last `window` seconds, `xqos` in place of 15."""
        return await self._query("getQueueStatistics", {"queueId": queue_id, "window": window, "xqos": xqos}, msg.GetQueueStatistics, ("queueId", "queueId"))

    async def subscribe_to_queue_calls(self, *, queue_id: int) -> msg.QueueCalls:
        """Who waits in a queue, now and from now on."""
        return await self._query("subscribeToQueueCalls", {"queueId": queue_id}, msg.QueueCalls, ("queueId", "queueId"))

    async def un_subscribe_to_queue_calls(self, *, queue_id: int) -> None:
        """No more of who waits in a queue."""
        await self.ask("unSubscribeToQueueCalls", {"queueId": queue_id})

    async def get_user_default_membership(self, *, user_id: int) -> msg.UserQueueDefaultMembership:
        """The queues that a user's agent is in when nothing else is said."""
        return await self._query("getUserDefaultMembership", {"userId": user_id}, msg.UserQueueDefaultMembership, ("userId", "userId"))

    async def set_user_default_membership(self, *, user_id: int, membership: list[cmd.Place]) -> None:
        """Sets those of one user."""
        await self.ask("setUserDefaultMembership", {"userId": user_id, "membership": membership})

    async def set_users_default_membership(self, *, user_ids: list[int], membership: list[cmd.Place]) -> None:
        """Sets those of many users at once."""
        await self.ask("setUsersDefaultMembership", {"userIds": user_ids, "membership": membership})

    async def apply_users_default_membership(self, *, user_ids: list[int]) -> None:
        """Makes agents' queues exactly their default ones."""
        await self.ask("applyUsersDefaultMembership", {"userIds": user_ids})

    async def user_status_update(self, *, status: str) -> None:
        """Chooses a status out of `UsersStatuses`, with what it does."""
        await self.ask("userStatusUpdate", {"status": status})

    async def subscribe_to_phone_hints(self, *, phone_numbers: list[str]) -> None:
        """What these phones do, now and from now on."""
        await self.ask("subscribeToPhoneHints", {"phoneNumbers": phone_numbers})

    async def unsubscribe_from_all_phone_hints(self) -> None:
        """No more of what any phone does."""
        await self.ask("unsubscribeFromAllPhoneHints", {})

    async def get_current_calls_phone_events(self) -> msg.CurrentCallsPhoneEvents:
        """The calls that the user's phone has now."""
        return await self._query("getCurrentCallsPhoneEvents", {}, msg.CurrentCallsPhoneEvents)

    async def dial(self, *, destination: str, variables: dict[str, str | int | float | bool | None] | None = None) -> None:
        """Rings the user's phone and then dials."""
        await self.ask("dial", {"destination": destination, "variables": variables})

    async def dial_from_queue(self, *, destination: str, queue_id: int, caller_id: str | None = None, caller_id_name: str | None = None, caller_id_number: str | None = None, variables: dict[str, str | int | float | bool | None] | None = None) -> None:
        """Dials on behalf of a queue: a free agent of it is rung first."""
        await self.ask("dialFromQueue", {"destination": destination, "queueId": queue_id, "callerId": caller_id, "callerIdName": caller_id_name, "callerIdNumber": caller_id_number, "variables": variables})

    async def hangup(self, *, unique_id: str | None = None) -> None:
        """Hangs up the user's call, or the one that is named."""
        await self.ask("hangup", {"uniqueId": unique_id})

    async def answer(self, *, unique_id: str | None = None) -> None:
        """Answers the user's call, where the phone can be told to."""
        await self.ask("answer", {"uniqueId": unique_id})

    async def direct_transfer(self, *, destination: str) -> None:
        """Hands the user's call on."""
        await self.ask("directTransfer", {"destination": destination})

    async def get_callback_lists(self) -> msg.CallbackLists:
        """All visible lists of callbacks, and from now on what becomes of them."""
        return await self._query("getCallbackLists", {}, msg.CallbackLists)

    async def get_callback_preferred_periods(self) -> msg.PreferredCallbackPeriodList:
        """The times of day that a callback can be wanted at."""
        return await self._query("getCallbackPreferredPeriods", {}, msg.PreferredCallbackPeriodList)

    async def find_callback_request(self, *, request: cmd.CallbackSearch) -> msg.FindCallbackResponseWithId:
        """Searches callbacks, those that are closed included."""
        return await self._query("findCallbackRequest", {"request": request}, msg.FindCallbackResponseWithId, ("id", "id"))

    async def take_callback(self, *, uuid: str) -> None:
        """Takes a callback for the user's agent."""
        await self.ask("takeCallback", {"uuid": uuid})

    async def release_callback(self, *, uuid: str) -> None:
        """Gives a callback back."""
        await self.ask("releaseCallback", {"uuid": uuid})

    async def start_callback(self, *, uuid: str, number: str) -> msg.CallbackStarted:
        """Rings the user's phone, then dials whoever wants to be called."""
        return await self._query("startCallback", {"uuid": uuid, "number": number}, msg.CallbackStarted, ("requestUuid", "uuid"))

    async def update_callback_ticket(self, *, uuid: str, status: Literal["Answered", "Callback", "Email", "Fax", "NoAnswer"], comment: str | None = None, due_date: str | None = None, period_uuid: str | None = None) -> None:
        """Says what came of a callback: it is closed, or wanted again."""
        await self.ask("updateCallbackTicket", {"uuid": uuid, "status": status, "comment": comment, "dueDate": due_date, "periodUuid": period_uuid})

    async def listen_callback_message(self, *, voice_message_ref: str) -> None:
        """Rings the user's phone and plays a caller's message."""
        await self.ask("listenCallbackMessage", {"voiceMessageRef": voice_message_ref})
