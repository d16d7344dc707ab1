"""What xucd proposes for a PBX: from what Asterisk tells of it to a centre file."""

import re

import pytest

from tests.dialplans import dialplan
from xucd.ami.actions import Action
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.center.directory import Group
from xucd.config.plan import Person, Plan, PlannedAgent
from xucd.tools.dialplan import (
    Dialplan,
    Hint,
    Place,
    read_hint,
    with_pattern_hints,
)
from xucd.tools.discovery import (
    FoundMember,
    FoundPbx,
    FoundPhone,
    FoundQueue,
    discover,
    read_phones,
    read_queues,
    with_numbers,
)
from xucd.tools.proposal import propose
from xucd.tools.proposed_names import login_of, person_name


def member(interface: str, name: str = "", penalty: int = 0, state: str = "") -> FoundMember:
    return FoundMember(interface, name, penalty, state or interface)


def found(*members: FoundMember, queue: str = "sales", phones: tuple[FoundPhone, ...] = (),
          plan: Dialplan = Dialplan()) -> FoundPbx:  # fmt: skip  # noqa: B008
    one = FoundQueue(queue, "ringall", members, (Place("service", "500"),))
    return FoundPbx((one,), phones, plan)


FREEPBX = Dialplan(
    includes={"from-internal": ["extra"], "extra": ["ext-local"]},
    hints=(Hint("204", "ext-local", ("PJSIP/204", "Custom:DND204")),),
)


def test_a_member_through_the_dialplan_is_resolved_to_its_phone() -> None:
    dan = member("Local/204@from-queue/n", "Dan Fields", 3, "hint:204@ext-local")
    plan = propose(found(dan, queue="400", plan=FREEPBX)).plan
    (line,), (agent,) = plan.lines, plan.agents
    assert (line.number, line.interface, line.device, line.context) == (
        "204", "Local/204@from-queue/n", "PJSIP/204", "from-internal",
    )  # fmt: skip
    assert (agent.number, agent.login, agent.queues) == ("204", "dan.fields", {1: 3})


def test_a_phone_that_queues_reach_in_several_ways_is_one_agent() -> None:
    both = [member("Local/204@from-queue/n", "Dan", 0, "hint:204@ext-local"), member("PJSIP/204")]
    proposal = propose(found(*both, plan=FREEPBX))
    assert [line.device or line.interface for line in proposal.plan.lines] == ["PJSIP/204"]
    assert len(proposal.plan.agents) == 1
    assert "# DOUBTFUL: queues also reach this phone by PJSIP/204" in proposal.text


@pytest.mark.parametrize(
    ("interface", "state", "guessed"),
    [
        ("Local/204@elsewhere/n", "", True),
        ("Local/204@elsewhere", "", True),
        ("Local/204@elsewhere/n", "hint:204@no-such-context", True),
        ("Local/204@ext-local/n", "", False),
        ("Local/204@from-internal/n", "", False),
        ("Local/204@elsewhere/n", "hint:204@ext-local", False),
        ("Local/204@elsewhere/n", "PJSIP/204", False),
    ],
)
def test_a_phone_that_is_guessed_from_a_number_alone_is_doubtful(
    interface: str, state: str, guessed: bool
) -> None:
    proposal = propose(found(member(interface, "Dan Fields", 0, state), plan=FREEPBX))
    assert proposal.plan.lines[0].phone == "PJSIP/204"
    note = f"# DOUBTFUL: that {interface} rings PJSIP/204 is guessed from the hint 204@ext-local"
    assert (note in proposal.text) is guessed


def test_of_several_hints_of_a_number_that_in_reach_of_the_member_counts() -> None:
    both = Dialplan(
        includes={"b": ["b-local"]},
        hints=(Hint("204", "a-local", ("PJSIP/a204",)), Hint("204", "b-local", ("PJSIP/b204",))),
    )
    proposal = propose(found(member("Local/204@b/n", "Dan Fields"), plan=both))
    assert proposal.plan.lines[0].phone == "PJSIP/b204"
    assert "guessed" not in proposal.text


@pytest.mark.parametrize(
    ("patterns", "number"),
    [
        (["_9."], "8000"),
        (["_9.", "_8XXX", "_[1-4]!"], "7000"),
        (["_90[0-4]X"], "9050"),
        (["_."], "10000"),
    ],
)
def test_a_number_that_is_made_up_leads_nowhere_where_phones_dial(
    patterns: list[str], number: str
) -> None:
    text = "[inner]\n" + "".join(f"exten => {each},1,Dial(PJSIP/out)\n" for each in patterns)
    plan = dialplan(f"[phones]\ninclude => inner\n{text}[elsewhere]\nexten => _X.,1,Hangup()")
    phones = (FoundPhone("PJSIP/201", "", "201", "phones", "phones", "Anna Berg"),)
    nowhere = FoundPbx((FoundQueue("sales", "ringall"),), phones, plan)
    assert [queue.number for queue in propose(nowhere).plan.queues] == [number]


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Anna Berg", ("Anna", "Berg")),
        ("Berg, Anna", ("Anna", "Berg")),
        ("Dan", ("Dan", "204")),
        ("Bruno O'Neill", ("Bruno", "O'Neill")),
        ('Zoë "Zo" van der Berg', ("Zoë", '"Zo" van der Berg')),
        ("", ("Phone", "204")),
        ("PJSIP/204", ("Phone", "204")),
        ("204", ("Phone", "204")),
        ("Agent/2501", ("Phone", "204")),
        ("<b>{x}\u202e\n Y", ("b", "x Y")),
    ],
)
def test_a_members_name_becomes_a_persons(name: str, person: tuple[str, str]) -> None:
    assert person_name(name, "204") == person


@pytest.mark.parametrize(
    ("first", "last", "login"),
    [
        ("Anna", "Berg", "anna.berg-204"),
        ("Élodie", "Noël", "elodie.noel"),
        ("Jürgen", "Groß", "jurgen.gross"),
        ("Łukasz", "O'Neill", "lukasz.oneill"),
        ("Дан", "204", "phone204"),
        ("Phone", "204", "phone204"),
        ("Dan", "204", "dan"),
        ("Jan", "van der Berg", "jan.van.der.berg"),
    ],
)
def test_a_login_is_made_of_the_name_and_is_free(first: str, last: str, login: str) -> None:
    assert login_of(first, last, "204", {"anna.berg"}) == login


def test_two_of_one_name_have_logins_of_their_own() -> None:
    plan = propose(found(member("PJSIP/202", "Dan Fox"), member("PJSIP/201", "Dan Fox"))).plan
    assert {agent.number: agent.login for agent in plan.agents} == {
        "201": "dan.fox", "202": "dan.fox-202",
    }  # fmt: skip


def test_of_members_and_phones_that_differ_in_case_only_there_is_one_line() -> None:
    members = member("SIP/anna", "Anna Berg"), member("SIP/Anna", "Anna Berg", 2)
    queues = (FoundQueue("sales", "", members[:1]), FoundQueue("tours", "", members[1:]))
    phones = [FoundPhone(f"PJSIP/{name}", number=name) for name in ("zoe", "Zoe")]
    proposal = propose(FoundPbx(queues, tuple(phones)))
    assert [line.interface for line in proposal.plan.lines] == ["SIP/Anna", "PJSIP/zoe"]
    assert [agent.queues for agent in proposal.plan.agents] == [{1: 0, 2: 2}]
    (left,) = proposal.left_out
    assert left.startswith("left out: PJSIP/Zoe: queues take it for PJSIP/zoe")


def test_a_member_that_is_named_as_an_agent_keeps_that_number() -> None:
    phones = (FoundPhone("PJSIP/1001", "NOT_INUSE", "1001", "internal", "internal", "Bruce Wail"),)
    plan = propose(found(member("PJSIP/1001", "Agent/2501"), phones=phones)).plan
    assert [(agent.number, agent.login) for agent in plan.agents] == [("2501", "bruce.wail")]


def test_a_phone_without_a_queue_is_a_line_and_a_user_and_a_trunk_is_none() -> None:
    phones = (
        FoundPhone("PJSIP/205", "NOT_INUSE", "205", "phones", "internal", "Reception Desk"),
        FoundPhone("PJSIP/206", "NOT_INUSE", "206", "phones", "internal", "206"),
        FoundPhone("PJSIP/carrier", "NOT_INUSE"),
    )
    proposal = propose(found(phones=phones), admin=True)
    plan = proposal.plan
    assert [line.number for line in plan.lines] == ["205", "206"]
    (reason,) = proposal.left_out
    assert reason.startswith("left out: 1 device (PJSIP/carrier): no queue, no hint")
    assert [(person.login, person.profile) for person in plan.people] == [
        ("reception.desk", None), ("admin", "Admin"),
    ]  # fmt: skip


def test_a_number_that_is_too_long_is_none() -> None:
    device = "PJSIP/" + 41 * "x"
    proposal = propose(found(member(device, "Agent/" + 41 * "9")))
    assert [(line.number, line.interface) for line in proposal.plan.lines] == [("9000", device)]
    assert [agent.number for agent in proposal.plan.agents] == ["9000"]


def test_queues_of_one_name_in_other_letters_are_one() -> None:
    proposal = propose(FoundPbx((FoundQueue("Sales"), FoundQueue("sales"))))
    assert [queue.name for queue in proposal.plan.queues] == ["Sales"]


@pytest.mark.parametrize("members", [(), (member("PJSIP/204", "Berg"),)])
def test_all_phones_of_one_hint_and_caller_name_are_one_persons(
    members: tuple[FoundMember, ...],
) -> None:
    phones = tuple(
        FoundPhone(device, number="204", name=name)
        for device, name in (
            ("PJSIP/204", "Anna Berg"),
            ("PJSIP/99204", "Anna Berg"),
            ("PJSIP/99205", "Dan Fields"),
        )
    )
    plan = propose(found(*members, phones=phones)).plan
    assert {line.number for line in plan.lines} == {"204", "99204", "99205"}
    assert len(plan.people) == len({"Anna", "Dan"})
    assert "dan.fields" in {person.login for person in plan.people}
    later = (*phones, FoundPhone("PJSIP/99206", number="204", name="Anna Berg"))
    again = propose(found(*members, phones=later), plan)
    assert again.new == ("line 99206 (PJSIP/99206)",)


def test_a_device_that_is_named_as_an_extension_of_inside_is_a_phone() -> None:
    """Without hints; a provider's number is none, though calls come in by it."""
    names = ("1001", "1002", "1003", "49301234567")
    phones = tuple(FoundPhone(f"PJSIP/{each}", context="in", name="Reception") for each in names)
    steps = ("1001,1,Dial(PJSIP/1001)", "_100[13],1,Dial(x)", "_X.,1,Dial(y)")
    text = "[in]\n" + "\n".join(f"exten => {step}" for step in steps)
    plan = dialplan(f"{text}\n[from-outside]\nexten => 49301234567,1,Queue(sales)")
    proposal = propose(found(phones=phones, plan=plan))
    assert [(line.number, line.interface) for line in proposal.plan.lines] == [
        ("1001", "PJSIP/1001"), ("1003", "PJSIP/1003"),
    ]  # fmt: skip
    assert len(proposal.plan.people) == len({"1001", "1003"})
    (reason,) = proposal.left_out
    assert reason.startswith("left out: 2 devices (PJSIP/1002, PJSIP/49301234567): ")


def test_the_hint_of_a_pattern_is_that_of_each_phone_it_names() -> None:
    hint = Hint("_2XX", "in", ("PJSIP/${EXTEN}", "Custom:DND${EXTEN}"))
    devices = ["PJSIP/204", "pjsip/206", "PJSIP/2040", "SIP/205", "PJSIP/207"]
    own = Hint("207", "in", ("PJSIP/207", "PJSIP/desk"))
    plan = with_pattern_hints(Dialplan(hints=(hint, own)), devices)
    assert plan.hints == (
        hint, own, Hint("204", "in", ("PJSIP/204", "Custom:DND204")),
        Hint("206", "in", ("PJSIP/206", "Custom:DND206")),
    )  # fmt: skip


def test_members_of_several_pbxs_are_the_phones_of_this_one() -> None:
    blocks = [
        {"Event": "QueueParams", "Queue": "sales", "Strategy": "ringall"},
        *(
            {"Event": "QueueMember", "Queue": "sales", "Location": interface, **state}
            for interface, state in (
                ("Local/2:1005:south@xucd-to-pbx", {"StateInterface": "Custom:xucd-1005"}),
                ("Local/1001@xucd-agent", {"StateInterface": "PJSIP/1001"}),
                ("PJSIP/1002", {}),
            )
        ),
    ]
    (queue,) = read_queues(blocks)
    assert [each.interface for each in queue.members] == ["PJSIP/1001", "PJSIP/1002"]


async def test_phones_of_a_patterns_hint_are_proposed_with_their_numbers() -> None:
    answers: dict[str, list[Block]] = {
        "QueueStatus": [
            {"Event": "QueueParams", "Queue": "sales", "Strategy": "ringall"},
            {"Event": "QueueMember", "Queue": "sales", "Name": "Dan Fields",
             "Location": "Local/204@agents/n", "StateInterface": "hint:204@in"},
        ],
        "DeviceStateList": [
            {"Event": "DeviceStateChange", "Device": f"PJSIP/{name}"} for name in ("204", "206")
        ],
        "ShowDialPlan": [
            {"Event": "ListDialplan", "Context": "in", "Extension": "_2XX", "Priority": "hint",
             "Application": "PJSIP/${EXTEN}"},
        ],
    }  # fmt: skip

    async def query(action: Action) -> list[Block]:
        if action.name in answers:
            return answers[action.name]
        raise Rejected(action.name, "Permission denied")

    lines = propose(await discover(query)).plan.lines
    assert [(line.number, line.interface, line.device) for line in lines] == [
        ("204", "Local/204@agents/n", "PJSIP/204"), ("206", "PJSIP/206", ""),
    ]  # fmt: skip


def test_a_queue_without_a_number_and_a_phone_without_one_get_numbers_that_are_free() -> None:
    dialled = dialplan("[a]\nexten => 9000,1,Answer()")
    nowhere = FoundPbx(
        (FoundQueue("sales", "ringall", (member("Local/desk@start/n", "Eva"),)),), (), dialled
    )
    proposal = propose(nowhere)
    assert [queue.number for queue in proposal.plan.queues] == ["9001"]
    assert [(line.number, line.interface) for line in proposal.plan.lines] == [
        ("9002", "Local/desk@start/n"),
    ]
    assert proposal.text.count("is made up") == 2


def test_what_the_centre_file_cannot_hold_is_left_out_with_a_reason() -> None:
    odd = FoundQueue("of\x07fice", "ringall", (), (Place("a", "501"),))
    proposal = propose(FoundPbx((*found(member("PJSIP/201", "Anna Berg")).queues, odd)))
    assert [queue.name for queue in proposal.plan.queues] == ["sales"]
    (reason,) = proposal.left_out
    assert reason.startswith("left out: queue of\x07fice")
    assert "\x07" not in proposal.text


@pytest.mark.parametrize("odd", ["PJSIP/anna berg", "PJSIP/ännä", "Custom:x", "Local/+49 30@x/n"])
def test_a_member_whose_line_the_centre_file_cannot_hold_stops_no_other(odd: str) -> None:
    proposal = propose(found(member(odd, "Odd One"), member("PJSIP/201", "Anna Berg")))
    assert [agent.login for agent in proposal.plan.agents] == ["anna.berg"]
    (reason,) = proposal.left_out
    assert re.match(rf"left out: line \S+ \({re.escape(odd)}\): interface has to look", reason)


def test_nor_does_a_phone_in_no_queue() -> None:
    phones = (FoundPhone("PJSIP/jörg", number="205"), FoundPhone("PJSIP/206", number="206"))
    proposal = propose(found(phones=phones))
    assert [line.number for line in proposal.plan.lines] == ["206"]
    assert "PJSIP/jörg" in proposal.left_out[0]


def test_the_second_proposal_for_the_same_pbx_adds_nothing() -> None:
    pbx = found(member("PJSIP/201", "Anna Berg"), member("PJSIP/202"))
    first = propose(pbx, admin=True)
    again = propose(pbx, first.plan, admin=True)
    assert (again.new, again.plan) == ((), first.plan)


def test_a_penalty_that_is_too_high_leaves_no_agent_out() -> None:
    proposal = propose(found(member("PJSIP/201", "Anna Berg", 20_000)))
    (agent,) = proposal.plan.agents
    assert agent.queues == {1: 10_000}
    assert "DOUBTFUL: its penalty in sales is 20000; 10000 is the highest here" in proposal.text


@pytest.mark.parametrize(
    ("interfaces", "hinted"),
    [
        (["sip/204"], "SIP/204"),
        (["Sip/204"], "sip/204"),
        (["pjsip/204", "PJSIP/204"], "PJSIP/204"),
        (["local/204@in/n", "Local/204@in/n"], "pjsip/204"),
        (["local/204@in/n", "Local/204@in/n"], "Custom:204"),
    ],
)
def test_a_technology_in_other_letters_is_the_same_phone(
    interfaces: list[str], hinted: str
) -> None:
    queues = tuple(
        FoundQueue(f"q{index}", "ringall", (member(interface, "Anna Berg"),))
        for index, interface in enumerate(interfaces)
    )
    plan = Dialplan(hints=(read_hint("204", "in", hinted),))
    devices = [{"Event": "DeviceStateChange", "Device": hinted}]
    phones = with_numbers(read_phones(devices, plan, queues), plan)
    pbx = FoundPbx(queues, phones, plan)
    first = propose(pbx)
    assert [line.number for line in first.plan.lines] == ["204"]
    assert "queues also reach this phone" not in first.text
    assert [len(agent.queues or ()) for agent in first.plan.agents] == [len(interfaces)]
    assert propose(pbx, first.plan).new == ()


def test_a_centre_that_is_there_stays_and_gets_what_is_new() -> None:
    present = propose(found(member("PJSIP/201", "Anna Berg"))).plan
    changed = FoundQueue("sales", "rrmemory", (member("PJSIP/201", "Renamed Person", 7),))
    new = FoundQueue(
        "boats", "ringall", (member("PJSIP/201", "Anna Berg", 2),), (Place("a", "501"),)
    )
    proposal = propose(FoundPbx((new, changed)), present)
    assert proposal.new == ("queue boats (501)", "agent anna.berg in boats")
    assert proposal.plan.agents[0].queues == {1: 0, 2: 2}


def test_an_agent_is_known_by_its_number_on_whatever_phone_it_is() -> None:
    present = Plan(
        (Group(1, "agents"),),
        propose(found()).plan.queues,
        agents=(PlannedAgent(1, "2501", "bruce", 1, {}),),
        people=(Person("bruce", "Bruce", "Wail", 1),),
    )
    proposal = propose(found(member("PJSIP/1009", "Agent/2501")), present)
    assert proposal.new == ()


def test_thousands_of_members_have_logins_of_their_own() -> None:
    many = [member(f"PJSIP/{number}", f"Person {number % 50}") for number in range(10_000, 14_000)]
    plan = propose(found(*many)).plan
    assert len(plan.agents) == len({agent.login for agent in plan.agents}) == 4000


async def test_what_may_not_be_read_is_told_and_the_rest_is_proposed() -> None:
    async def query(action: Action) -> list[Block]:
        if action.name == "QueueStatus":
            return [
                {"Event": "QueueParams", "Queue": "sales", "Strategy": "ringall"},
                {"Event": "QueueMember", "Queue": "sales", "Name": "Anna Berg",
                 "Location": "PJSIP/201", "Penalty": "1", "Membership": "static"},
            ]  # fmt: skip
        raise Rejected(action.name, "Permission denied")

    read = await discover(query)
    proposal = propose(read)
    assert [agent.login for agent in proposal.plan.agents] == ["anna.berg"]
    assert len(read.unread) == 3
    assert "# numbers and contexts could not be read: ShowDialPlan was refused" in proposal.text
