"""Who may command what: one row for each command and whom or what it is about.

The roles are users of the demo's centre, to which `CENTER` adds two supervisors:

- ``admin``: profile Admin
- ``lists``: profile Supervisor, for the queues support and sales and the group default
- ``empty``: profile Supervisor, with empty lists
- ``none``: without a profile, and so an Admin as far as the Agent API goes; agent 8, group default
- ``strict``: the same user where the setting `strict_rights` is on

An agent, a queue or a group is ``listed`` when it is on the lists of the role ``lists``, else
``foreign``; ``own`` is the agent of who asks.
"""

from typing import Any, NamedTuple

CENTER = """
[[users]]
login = "lina"
firstName = "Lina"
lastName = "Lists"
profile = "Supervisor"
queues = ["support", "sales"]
groups = ["default"]
[[users]]
login = "emil"
firstName = "Emil"
lastName = "Empty"
profile = "Supervisor"
queues = []
groups = []
[[callbackLists]]
name = "Foreign list"
queue = "billing"
callbacks = [{ phoneNumber = "0230210099", lastName = "Foreign", dueDate = "today" }]
"""

LOGINS = {"admin": "ada", "lists": "lina", "empty": "emil", "none": "bruce", "strict": "bruce"}

EVERYBODY = frozenset(LOGINS)
LISTED = frozenset({"admin", "lists", "none"})
"""Who may do what is about agents, groups or queues on the lists."""
FOREIGN = frozenset({"admin", "none"})
SUPERVISING = frozenset({"admin", "lists"})
"""Who may do, about the lists, what is not of the Agent API: it takes a profile that is set."""
ADMIN = frozenset({"admin"})
OWN = frozenset({"none", "strict"})
"""Who has an agent."""

ALICE, MARICE = 9, 11  # of the groups default and boats
SUPPORT, SALES, BILLING = 1, 2, 3
DEFAULT, BOATS = 1, 2
ALICE_USER, MARICE_USER = "user of alice", "user of marice"
"""Stand for the user ids, which `center apply` gives."""
LISTED_REQUEST, FOREIGN_REQUEST = "request listed", "request foreign"
LISTED_TICKET, FOREIGN_TICKET = "ticket listed", "ticket foreign"
LISTED_MESSAGE, FOREIGN_MESSAGE = "message listed", "message foreign"


class Case(NamedTuple):
    """What a command is about, its arguments, and which roles are not refused."""

    about: str
    arguments: dict[str, Any]
    may: frozenset[str]


def _agent(key: str, own: bool = True, **more: Any) -> list[Case]:
    """A command about one agent, named by `key`."""
    return [
        *([Case("own agent", more, OWN)] if own else []),
        Case("listed agent", {key: ALICE, **more}, LISTED),
        Case("foreign agent", {key: MARICE, **more}, FOREIGN),
    ]


def _agent_in_queue(**more: Any) -> list[Case]:
    return [
        Case("own agent, listed queue", {"queueId": SUPPORT, **more}, LISTED & OWN),
        Case("own agent, foreign queue", {"queueId": BILLING, **more}, FOREIGN & OWN),
        Case("listed agent and queue", {"agentId": ALICE, "queueId": SALES, **more}, LISTED),
        Case(
            "listed agent, foreign queue", {"agentId": ALICE, "queueId": BILLING, **more}, FOREIGN
        ),
        Case("foreign agent, listed queue", {"agentId": MARICE, "queueId": SALES, **more}, FOREIGN),
    ]


def _group_between(**more: Any) -> list[Case]:
    def case(group: int, source: int, target: int) -> dict[str, Any]:
        return {"groupId": group, "fromQueueId": source, "fromPenalty": 0, "toQueueId": target,
                "toPenalty": 0}  # fmt: skip

    return [
        Case("listed group and queues", case(DEFAULT, SUPPORT, SALES), LISTED),
        Case("listed group, to a foreign queue", case(DEFAULT, SUPPORT, BILLING), FOREIGN),
        Case("listed group, from a foreign queue", case(DEFAULT, BILLING, SALES), FOREIGN),
        Case("foreign group", case(BOATS, SUPPORT, SALES), FOREIGN),
    ]


def _group_in_queue() -> list[Case]:
    return [
        Case("listed", {"groupId": DEFAULT, "queueId": SUPPORT, "penalty": 0}, LISTED),
        Case("foreign queue", {"groupId": DEFAULT, "queueId": BILLING, "penalty": 0}, FOREIGN),
        Case("foreign group", {"groupId": BOATS, "queueId": SUPPORT, "penalty": 0}, FOREIGN),
    ]


def _queue(**more: Any) -> list[Case]:
    return [
        Case("listed queue", {"queueId": SUPPORT, **more}, LISTED),
        Case("foreign queue", {"queueId": BILLING, **more}, FOREIGN),
    ]


def _lists(*kinds: str) -> list[Case]:
    """Lists are cut to what may be seen; nobody is refused."""
    return [Case(kind, {"objectType": kind}, EVERYBODY) for kind in kinds]


def _pair(key: str, listed: str, foreign: str, **more: Any) -> list[Case]:
    return [
        Case("listed queue", {key: listed, **more}, LISTED),
        Case("foreign queue", {key: foreign, **more}, FOREIGN),
    ]


def _nobody_is_refused(**arguments: Any) -> list[Case]:
    """It concerns only who asks, or its answer is cut to what may be seen."""
    return [Case("", arguments, EVERYBODY)]


_MEMBERSHIP = [{"queueId": SUPPORT, "penalty": 0}]
_KINDS = ("agent", "agentgroup", "queue", "queuemember", "basequeuemember")

COMMANDS: dict[str, list[Case]] = {
    "agentLogin": _agent("agentid", agentphonenumber="1001"),
    "agentLogout": _agent("agentid"),
    "pauseAgent": _agent("agentid"),
    "unpauseAgent": _agent("agentid"),
    "listenAgent": _agent("agentid"),
    "monitorPause": _agent("agentid"),
    "monitorUnpause": _agent("agentid"),
    "subscribeToAgentStats": _nobody_is_refused(),
    "subscribeToAgentEvents": _nobody_is_refused(),
    "getAgentStates": _nobody_is_refused(),
    "getAgentDirectory": _nobody_is_refused(),
    "setAgentGroup": [
        Case("own agent, listed group", {"groupId": DEFAULT}, frozenset()),
        Case("listed agent and group", {"agentId": ALICE, "groupId": DEFAULT}, SUPERVISING),
        Case("listed agent, foreign group", {"agentId": ALICE, "groupId": BOATS}, ADMIN),
        Case("foreign agent, listed group", {"agentId": MARICE, "groupId": DEFAULT}, ADMIN),
        # For the next role everybody is back.
        Case("listed agent, back", {"agentId": ALICE, "groupId": DEFAULT}, SUPERVISING),
        Case("foreign agent, back", {"agentId": MARICE, "groupId": BOATS}, ADMIN),
    ],
    "setAgentQueue": _agent_in_queue(penalty=0),
    "removeAgentFromQueue": _agent_in_queue(),
    "moveAgentsInGroup": _group_between(),
    "addAgentsInGroup": _group_between(),
    "removeAgentGroupFromQueueGroup": _group_in_queue(),
    "addAgentsNotInQueueFromGroupTo": _group_in_queue(),
    "subscribeToQueueStats": _nobody_is_refused(),
    "getQueueStatistics": _queue(window=3600, xqos=15),
    "subscribeToQueueCalls": _queue(),
    "unSubscribeToQueueCalls": _queue(),
    "getList": _lists(*_KINDS),
    "getConfig": _lists(*_KINDS, "line"),
    "getUserDefaultMembership": [
        Case("listed user", {"userId": ALICE_USER}, LISTED),
        Case("foreign user", {"userId": MARICE_USER}, FOREIGN),
    ],
    "setUserDefaultMembership": [
        Case("listed user", {"userId": ALICE_USER, "membership": _MEMBERSHIP}, SUPERVISING),
        Case("foreign user", {"userId": MARICE_USER, "membership": _MEMBERSHIP}, ADMIN),
        Case(
            "listed user, foreign queue",
            {"userId": ALICE_USER, "membership": [{"queueId": BILLING, "penalty": 0}]},
            ADMIN,
        ),
    ],
    "setUsersDefaultMembership": [
        Case("listed user", {"userIds": [ALICE_USER], "membership": _MEMBERSHIP}, SUPERVISING),
        Case(
            "a foreign user among them",
            {"userIds": [ALICE_USER, MARICE_USER], "membership": _MEMBERSHIP},
            ADMIN,
        ),
    ],
    "applyUsersDefaultMembership": [
        Case("listed user", {"userIds": [ALICE_USER]}, SUPERVISING),
        Case("a foreign user among them", {"userIds": [ALICE_USER, MARICE_USER]}, ADMIN),
    ],
    "userStatusUpdate": [Case("own agent", {"status": "available"}, OWN)],
    "subscribeToPhoneHints": _nobody_is_refused(phoneNumbers=["1001", "1004"]),
    "unsubscribeFromAllPhoneHints": _nobody_is_refused(),
    "getCurrentCallsPhoneEvents": _nobody_is_refused(),
    "dial": _nobody_is_refused(destination="3000"),
    "dialFromQueue": _queue(destination="3000"),
    "hangup": _nobody_is_refused(),
    "answer": _nobody_is_refused(),
    "directTransfer": _nobody_is_refused(destination="3000"),
    "getCallbackLists": _nobody_is_refused(),
    "getCallbackPreferredPeriods": _nobody_is_refused(),
    "findCallbackRequest": _nobody_is_refused(id="1", request={"filters": []}),
    "takeCallback": [
        Case("for the own agent, listed queue", {"uuid": LISTED_REQUEST}, LISTED & OWN),
        Case("for the own agent, foreign queue", {"uuid": FOREIGN_REQUEST}, FOREIGN & OWN),
    ],
    "releaseCallback": _pair("uuid", LISTED_REQUEST, FOREIGN_REQUEST),
    "startCallback": _pair("uuid", LISTED_REQUEST, FOREIGN_REQUEST, number="0230210099"),
    "updateCallbackTicket": _pair("uuid", LISTED_TICKET, FOREIGN_TICKET, status="NoAnswer"),
    "listenCallbackMessage": _pair("voiceMessageRef", LISTED_MESSAGE, FOREIGN_MESSAGE),
}
"""Every command of the protocol: a test compares this with the commands that there are."""

# -- REST


class RestCase(NamedTuple):
    """What a request is about, the parts of its path, its body, and which roles are not refused."""

    about: str
    parts: dict[str, str]
    may: frozenset[str]
    body: Any = None


PROFILED = frozenset({"admin", "lists", "empty"})
"""Who has a profile that is set. What the empty lists leave is nothing, but it is not refused."""
LISTED_LIST, FOREIGN_LIST = "list listed", "list foreign"
DOOMED_LISTED, DOOMED_FOREIGN = "doomed listed", "doomed foreign"
"""Requests that each role has of its own, to delete."""
_WANTED = {"phoneNumber": "0230210077"}
_PERSON = {"number": "0230219999"}


def _requests(may_listed: frozenset[str], may_foreign: frozenset[str], body: Any = None) -> Any:
    return [
        RestCase("listed queue", {"uuid": LISTED_REQUEST}, may_listed, body),
        RestCase("foreign queue", {"uuid": FOREIGN_REQUEST}, may_foreign, body),
    ]


ROUTES: dict[tuple[str, str], list[RestCase]] = {
    ("GET", "/callback_lists"): [RestCase("cut to what may be seen", {}, EVERYBODY)],
    ("GET", "/callback_lists/{uuid}"): [
        RestCase("listed queue", {"uuid": LISTED_LIST}, LISTED),
        RestCase("foreign queue", {"uuid": FOREIGN_LIST}, FOREIGN),
    ],
    ("POST", "/callback_lists/{uuid}/callback_requests"): [
        RestCase("listed queue", {"uuid": LISTED_LIST}, LISTED, _WANTED),
        RestCase("foreign queue", {"uuid": FOREIGN_LIST}, FOREIGN, _WANTED),
    ],
    ("GET", "/callback_periods"): [RestCase("", {}, EVERYBODY)],
    ("GET", "/callback_requests"): [RestCase("cut to what may be seen", {}, EVERYBODY)],
    ("GET", "/callback_requests/{uuid}"): _requests(LISTED, FOREIGN),
    ("PUT", "/callback_requests/{uuid}"): _requests(SUPERVISING, ADMIN, _WANTED),
    ("DELETE", "/callback_requests/{uuid}"): [
        RestCase("listed queue", {"uuid": DOOMED_LISTED}, SUPERVISING),
        RestCase("foreign queue", {"uuid": DOOMED_FOREIGN}, ADMIN),
    ],
    ("GET", "/callback_tickets"): [RestCase("cut to what may be seen", {}, PROFILED)],
    ("GET", "/gaps"): [RestCase("cut to what may be seen", {}, EVERYBODY)],
    ("GET", "/other_members"): [RestCase("cut to what may be seen", {}, PROFILED)],
    ("POST", "/other_members/adopt"): [
        RestCase("there is no Asterisk", {}, ADMIN, {"interface": "PJSIP/1009"})
    ],
    ("POST", "/persons/find"): [RestCase("", {}, ADMIN, _PERSON)],
    ("POST", "/persons/export"): [RestCase("", {}, ADMIN, _PERSON)],
    ("POST", "/persons/erase"): [RestCase("", {}, ADMIN, _PERSON)],
    # Who is there already stays as it is.
    ("POST", "/users/import"): [RestCase("", {}, ADMIN, {"login": "ada"})],
    ("GET", "/audit"): [RestCase("", {}, ADMIN)],
}
"""Every REST route, below `PREFIX`: a test compares this with the routes that there are."""

PREFIX = "/xuc/api/2.0"

# -- what else is served over HTTP


class OtherRoute(NamedTuple):
    """Where a request has its token, and the statuses with a token of any role and without one.

    `place` is "header", "query", "password" (a token is none, and opens nothing), or "" where
    nobody is asked who it is. `served` has the kinds of bad tokens that are answered all the same,
    since nothing comes of it.
    """

    place: str
    good: int
    without: int
    served: frozenset[str] = frozenset()


_NEEDS_WEBSOCKET = 426  # what a link is answered with whose request is no upgrade, at the very end
_BY_TOKEN = OtherRoute("query", _NEEDS_WEBSOCKET, 401)
_BY_PASSWORD = OtherRoute("password", _NEEDS_WEBSOCKET, _NEEDS_WEBSOCKET)
_PUBLIC = OtherRoute("", 200, 200)

OTHER_ROUTES: dict[tuple[str, str], OtherRoute] = {
    ("GET", f"{PREFIX}/cti"): _BY_TOKEN,
    ("GET", "/xuc/ctichannel/tokenAuthentication"): _BY_TOKEN,
    ("GET", "/ctichannel/tokenAuthentication"): _BY_TOKEN,
    ("GET", "/xuc/ctichannel"): _BY_PASSWORD,
    ("GET", "/ctichannel"): _BY_PASSWORD,
    ("GET", f"{PREFIX}/asyncapi.json"): _PUBLIC,
    ("GET", f"{PREFIX}/openapi.json"): _PUBLIC,
    ("GET", "/metrics"): _PUBLIC,
    ("GET", "/health"): OtherRoute("", 503, 503),  # there is no Asterisk
    ("POST", f"{PREFIX}/auth/login"): OtherRoute("", 400, 400),  # the body is what counts
    ("GET", f"{PREFIX}/auth/methods"): _PUBLIC,
    ("GET", f"{PREFIX}/auth/check"): OtherRoute("header", 200, 400),
    ("POST", f"{PREFIX}/auth/password"): OtherRoute("header", 400, 400),  # without a body
    # Last: it ends the sign-ins of whose token it is.
    ("POST", f"{PREFIX}/auth/logout"): OtherRoute(
        "header",
        204,
        400,
        served=frozenset(
            {
                "expired",
                "of a sign-in that is over",
                "of a sign-in that was ended",
                "of another generation",
                "of nobody",
            }
        ),
    ),
}
"""Every other route: a test compares this with all that the application serves."""
