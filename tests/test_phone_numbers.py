"""Which number a phone has, and which phone a member rings, by hints, Dial() steps and names."""

from collections.abc import Mapping

import pytest

from tests.dialplans import listed
from xucd.ami.actions import Action
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.tools.discovery import discover
from xucd.tools.proposal import Proposal, propose

ANNA, BOB = "Anna Berg", "Bob Cole"


async def proposal_of(
    text: str, members: Mapping[str, str], phones: Mapping[str, str], context: str = "in"
) -> Proposal:
    """What is proposed for a dialplan, a queue's members by interface, and phones by device.

    Both have a name; the phones dial in `context`, which Asterisk tells of those of PJSIP.
    """
    names = {device.partition("/")[2]: name for device, name in phones.items()}
    answers: dict[str, list[Block]] = {
        "QueueStatus": [
            {"Event": "QueueParams", "Queue": "sales", "Strategy": "ringall"},
            *(
                {"Event": "QueueMember", "Queue": "sales", "Name": name, "Location": interface,
                 "StateInterface": interface}
                for interface, name in members.items()
            ),
        ],
        "DeviceStateList": [{"Event": "DeviceStateChange", "Device": each} for each in phones],
        "ShowDialPlan": listed(f"{text}\n[in]\nexten => 500,1,Queue(sales)"),
    }  # fmt: skip

    async def query(action: Action) -> list[Block]:
        if action.name in answers:
            return answers[action.name]
        variable = dict(action.headers).get("Variable", "")
        if variable == "IFMODULE(func_pjsip_endpoint.so)":
            return [{"Value": "1"}]
        name, _, what = variable.removeprefix("PJSIP_ENDPOINT(").removesuffix(")").partition(",")
        if name in names and variable.startswith("PJSIP_ENDPOINT"):
            return [{"Value": context if what == "context" else names[name]}]
        raise Rejected(action.name, "Permission denied")

    found = await discover(query)
    proposal = propose(found)
    assert propose(found, proposal.plan).new == ()
    return proposal


def lines(proposal: Proposal) -> dict[str, str]:
    """The phone of each line by its number."""
    return {line.number: line.phone for line in proposal.plan.lines}


GROUP = "[in]\nexten => 100,hint,PJSIP/201&PJSIP/202\nexten => 100,1,Dial(PJSIP/201&PJSIP/202)\n"
EACH = "exten => 201,hint,PJSIP/201\nexten => 202,hint,PJSIP/202\n"
TWO = {"PJSIP/201": ANNA, "PJSIP/202": BOB}


@pytest.mark.parametrize(
    "text",
    [
        GROUP + EACH,
        "[in]\nexten => *21201,hint,PJSIP/201&Custom:CF201\n" + EACH,
        "[in]\nexten => 100,hint,PJSIP/201\n" + EACH,
        GROUP + "exten => _20X,1,Dial(PJSIP/${EXTEN},30)",
        "[in]\nexten => 100,hint,PJSIP/201\nexten => _20X,1,Dial(PJSIP/${EXTEN},30)",
        "[in]\nexten => 201,hint,PJSIP/${EXTEN}\nexten => 202,1,Dial(PJSIP/202)",
    ],
)
async def test_a_phone_has_the_number_that_is_its_own_and_not_a_groups(text: str) -> None:
    proposal = await proposal_of(text, TWO, TWO)
    assert lines(proposal) == {"201": "PJSIP/201", "202": "PJSIP/202"}
    assert [agent.number for agent in proposal.plan.agents] == ["201", "202"]
    assert "DOUBTFUL" not in proposal.text


@pytest.mark.parametrize(
    ("text", "numbers", "said"),
    [
        # The extension is told by its name, or by a Dial() alone.
        (GROUP + "exten => _20X,1,Gosub(phone,s,1(${EXTEN}))", {"201", "202"},
         "its number 201 is guessed: it is the phone's name; the hint 100@in names PJSIP/202 as"),
        ("[in]\nexten => *21201,hint,PJSIP/201&Custom:CF201\nexten => 201,1,Macro(x)\n"
         "exten => 202,hint,PJSIP/202", {"201", "202"},
         "its number 201 is guessed: it is the phone's name; the hint *21201@in is no number of"),
        ("[in]\nexten => 301,1,Dial(PJSIP/201)\nexten => 302,hint,PJSIP/202", {"301", "302"},
         "its number 301 is guessed: its Dial() names PJSIP/201 alone"),
        ("[in]\nexten => 301,1,Macro(ext,${EXTEN},PJSIP/201)\nexten => 302,hint,PJSIP/202\n"
         "[macro-ext]\nexten => s,1,Dial(${ARG2},20)", {"301", "302"},
         "its number 301 is guessed: its Dial() names PJSIP/201 alone"),
        ("[in]\nexten => 301,1,Dial(${PJSIP_DIAL_CONTACTS(201)},9)\nexten => 302,hint,PJSIP/202",
         {"301", "302"}, "its number 301 is guessed: its Dial() names PJSIP/201 alone"),
        # Nothing tells it better.
        ("[in]\nexten => 301,hint,PJSIP/201\nexten => 401,hint,PJSIP/201\n"
         "exten => 302,hint,PJSIP/202", {"301", "302"},
         "its number 301 is guessed: the phone has a hint 401@in as well"),
        ("[in]\nexten => 100,hint,PJSIP/201&PJSIP/202", {"100", "202"},
         "its number 100 is guessed: the hint 100@in names PJSIP/202 as well"),
    ],
)  # fmt: skip
async def test_a_number_that_is_guessed_is_doubtful(
    text: str, numbers: set[str], said: str
) -> None:
    proposal = await proposal_of(text, TWO, TWO)
    assert lines(proposal).keys() == numbers
    assert f"# DOUBTFUL: {said}" in proposal.text


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("[did]\nexten => 0301,1,Dial(PJSIP/201)", "in"),  # for calls from outside
        ("[in]\nexten => 300,1,Dial(PJSIP/202,9)\nsame => n,Dial(PJSIP/201)", "in"),  # the second
        ("[in]\nexten => 300,1,Dial(PJSIP/201&PJSIP/202)", "in"),  # a group
        ("[in]\nexten => 300,1,Dial(PJSIP/112@201)\nexten => 301,1,Dial(SIP/201/112)", "in"),
    ],
)
async def test_what_dials_other_than_one_phone_of_inside_is_no_phones_number(
    text: str, context: str
) -> None:
    found = await proposal_of(text, TWO, TWO, context)
    assert lines(found)["201"] == "PJSIP/201"


@pytest.mark.parametrize(
    "text",
    [
        "_2XX,1,Gosub(d,s,1(${EXTEN}))\nexten => _*80X.,1,Dial(PJSIP/${EXTEN:3})",  # an intercom
        "_X.,1,Gosub(d,s,1(${EXTEN}))\nexten => _*80X.,1,Dial(PJSIP/${EXTEN:3})",
        "_2XX,1,Macro(d,${EXTEN})\nexten => _8XXX,1,Dial(PJSIP/${EXTEN:1})",  # a speed dial
        "_2XX,1,Macro(d)\n[did]\nexten => _4930XXX,1,Dial(PJSIP/${EXTEN:4})",
    ],
)
@pytest.mark.parametrize("context", ["in", ""])
async def test_a_phone_whose_name_is_an_extension_has_no_number_of_a_feature(
    text: str, context: str
) -> None:
    proposal = await proposal_of(f"[in]\nexten => {text}", TWO, TWO, context)
    assert lines(proposal) == {"201": "PJSIP/201", "202": "PJSIP/202"}
    assert "guessed" not in proposal.text


async def test_a_name_that_is_the_number_of_another_phone_is_not_taken_for_an_own_one() -> None:
    text = "[in]\nexten => 201,1,Dial(PJSIP/202)\nexten => 202,1,Dial(PJSIP/201)"
    assert lines(await proposal_of(text, TWO, TWO)) == {"201": "PJSIP/202", "202": "PJSIP/201"}


async def test_a_name_is_no_number_if_another_phone_has_that_for_certain() -> None:
    text = "[in]\nexten => 201,hint,PJSIP/anna"
    proposal = await proposal_of(text, {"IAX2/201": BOB, "PJSIP/anna": ANNA}, {"PJSIP/anna": ANNA})
    assert lines(proposal) == {"201": "PJSIP/anna", "9000": "IAX2/201"}


@pytest.mark.parametrize("trunk", ["PJSIP/trunk", "DAHDI/1"])
async def test_a_trunk_that_an_emergency_number_dials_is_no_phone(trunk: str) -> None:
    text = f"[in]\nexten => 201,1,Dial(PJSIP/201)\nexten => 112,1,Dial({trunk})"
    proposal = await proposal_of(text, {}, {"PJSIP/201": ANNA, trunk: "Provider"})
    assert lines(proposal) == {"201": "PJSIP/201"}
    assert [person.login for person in proposal.plan.people] == ["anna.berg"]


DOOR = {"PJSIP/door": "Door", "PJSIP/201": ANNA}


@pytest.mark.parametrize(
    ("text", "phones", "said"),
    [
        ("[in]\nexten => 201,hint,PJSIP/door&PJSIP/201", DOOR, ""),
        ("[in]\nexten => 201,hint,PJSIP/anna&PJSIP/door", {"PJSIP/anna": ANNA},
         "from the hint 201@in, which names PJSIP/door as well"),
        ("[in]\nexten => 201,1,Dial(PJSIP/201,30)", DOOR, "from the Dial() of 201@in"),
        ("[in]\nexten => 201,1,Dial(PJSIP/anna)", {"PJSIP/anna": ANNA},
         "from the Dial() of 201@in"),
        ("[in]\nexten => _2XX,1,Dial(PJSIP/p${EXTEN})", {"PJSIP/p201": ANNA},
         "from the Dial() of 201@in"),
        ("[else]\nexten => 201,1,Dial(PJSIP/door)\n[in]\nexten => _2XX,1,Dial(PJSIP/${EXTEN})",
         DOOR, "from the Dial() of 201@in"),
        ("[in]\nexten => 201,1,AGI(ring.py)", DOOR, "from its name"),
    ],
)  # fmt: skip
async def test_a_member_through_the_dialplan_is_one_agent_on_one_phone(
    text: str, phones: dict[str, str], said: str
) -> None:
    proposal = await proposal_of(text, {"Local/201@in/n": ANNA}, phones)
    device = next(device for device, name in phones.items() if name == ANNA)
    found = {number: phone for number, phone in lines(proposal).items() if phone != "PJSIP/door"}
    assert found == {"201": device}
    assert [person.login for person in proposal.plan.people].count("anna.berg") == 1
    assert "anna.berg-" not in proposal.text
    note = f"# DOUBTFUL: that Local/201@in/n rings {device} is guessed {said}"
    assert (note in proposal.text) is bool(said)


async def test_which_phone_rings_is_unknown_where_nothing_tells_it() -> None:
    proposal = await proposal_of(
        "[in]\nexten => 201,1,AGI(ring.py)", {"Local/201@in/n": ANNA}, {"PJSIP/desk": "Desk"}
    )
    assert "# DOUBTFUL: which phone rings at Local/201@in/n is unknown" in proposal.text


async def test_a_second_phone_of_a_number_leaves_it_to_the_one_that_is_named_so() -> None:
    """As FreePBX does it for WebRTC, here with a name that comes before the number."""
    text = "[in]\nexten => 204,hint,PJSIP/19204&PJSIP/204\nexten => _XXXXX,1,Gosub(out,s,1)"
    proposal = await proposal_of(text, {}, {"PJSIP/19204": ANNA, "PJSIP/204": ANNA})
    assert lines(proposal) == {"19204": "PJSIP/19204", "204": "PJSIP/204"}
    assert [person.login for person in proposal.plan.people] == ["anna.berg"]
