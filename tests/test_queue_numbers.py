"""Which numbers of a dialplan lead to its queues, and which of them each queue gets."""

import pytest

from tests.dialplans import dialplan
from xucd.tools.dialplan_ways import Ways
from xucd.tools.discovery import FoundMember, FoundPbx, FoundPhone, FoundQueue
from xucd.tools.proposal import propose
from xucd.tools.queue_numbers import queue_numbers


def leading(text: str, *queues: str) -> dict[str, tuple[str, ...]]:
    """Which queues each number of a dialplan leads to."""
    numbers = queue_numbers(Ways(dialplan(text)), queues)
    return {f"{place.exten}@{place.context}": leads.queues for place, leads in numbers.items()}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("[a]\nexten => 500,1,Queue(sales,r,,,60)", ["500@a"]),
        ("[a]\nexten => _5XX,1,Queue(${EXTEN})", []),
        ("[a]\nexten => 500,1,Set(__Q=sales)\nsame => n,Goto(b,s,1)\n[b]\nexten => s,1,Queue(${Q})",
         ["500@a"]),
        ("[a]\nexten => 500,1,Gosub(go,s,1(x))\n[go]\nexten => s,1,Queue(Sales)", ["500@a"]),
        ("[in]\nexten => 7,1,Goto(a,500,1)\n[a]\nexten => 500,1,Queue(sales)", ["500@a", "7@in"]),
        ("[a]\nexten => 500,1,GotoIf($[1 > 0]?day,s,1:night,s,1)\n[day]\nexten => s,1,Queue(sales)",
         ["500@a"]),
        ("[a]\nexten => s,1,Queue(sales)\nsame => n,Goto(a,s,1)", []),
        ("[a]\nexten => 500,1,Queue(other)", []),
        ('[a]\nexten => 500,1,Queue("Sales",t)', ["500@a"]),
        ("[a]\nexten => 500,1,goto(b,s,1)\n[b]\nexten => s,1,queue(sales)", ["500@a"]),
        ("[a]\nexten => 500,1,execif(1?GOSUB(b,s,1))\n[b]\nexten => s,1,Queue(sales)", ["500@a"]),
        ("[a]\nexten => 500,1,macro(b)\n[macro-b]\nexten => s,1,Queue(sales)", ["500@a"]),
        # The arguments of a subroutine, and texts with variables in them.
        ("[a]\nexten => 500,1,Gosub(q,s,1(sales,60))\n[q]\nexten => s,1,Queue(${ARG1},t)",
         ["500@a"]),
        ("[a]\nexten => 500,1,Macro(q,60,sales)\n[macro-q]\nexten => s,1,Queue(${ARG2})",
         ["500@a"]),
        ("[a]\nexten => 500,1,GosubIf(${X}?q,s,1(sales))\n[q]\nexten => s,1,Set(LOCAL(n)=${ARG1})\n"
         "same => n,Queue(${n})", ["500@a"]),
        ("[a]\nexten => 500,1,ExecIf($[1]?Queue(sales,t):Hangup())", ["500@a"]),
        ("[a]\nexten => 500,1,ExecIf($[1]?Set(Q=sales))\nsame => n,Queue(${Q})", ["500@a"]),
        ('[a]\nexten => 500,1,Queue(${IF($["${X}" = "a,b"]?other:sales)},t)', ["500@a"]),
        ("[a]\nexten => 500,1,MSet(N=les,Q=sa${N})\nsame => n,Queue(${Q})", ["500@a"]),
        ("[a]\nexten => 1sales,1,Queue(${EXTEN:1})\nexten => 9,1,Goto(1sales,1)", ["9@a"]),
        ("[a]\nexten => 500,1,Goto(${IF($[${X}=1]?q:b)},s,1)\n[q]\nexten => s,1,Queue(sales)",
         ["500@a"]),
        ("[a]\nexten => 500,1,Gosub(q,${IF($[(${X}=1)]?1:2)},1(sales))\n"
         "[q]\nexten => 2,1,Queue(${ARG1})", ["500@a"]),
        # An extension that a jump names, also by a pattern or behind an include.
        ("[a]\nexten => 500,1,Goto(q,sales,1)\n[q]\nexten => sales,1,Queue(${EXTEN})", ["500@a"]),
        ("[a]\nexten => 500,1,Goto(q,3,1)\n[q]\nexten => _X,1,Queue(sales)", ["500@a"]),
        ("[a]\nexten => 5,1,Goto(b,3,1)\n[b]\ninclude => q\n[q]\nexten => 3,1,Queue(sales)",
         ["3@q", "5@a"]),
        ("[a]\nexten => 5,1,Goto(b,3,1)\n[b]\ninclude => q\nexten => 3,1,Hangup()\n[q]\n"
         "exten => 3,1,Queue(sales)", ["3@q"]),
        ("[a]\nexten => _9XXX,1,Goto(q,${EXTEN:1},1)\n[q]\nexten => 300,1,Queue(sales)",
         ["300@q", "9300@a"]),
        ("[a]\nexten => _XXXX,1,Goto(q,${EXTEN:1},1)\n[q]\nexten => 300,1,Queue(sales)",
         ["300@q"]),
        # Several contexts that hand on what was dialled, of which one cuts a code off.
        ("[a]\nexten => _3XX,1,Goto(b,${EXTEN},1)\n[b]\nexten => _X.,1,Goto(q,${EXTEN},1)\n"
         "[q]\nexten => 300,1,Queue(sales)", ["300@q", "300@b", "300@a"]),
        ("[a]\nexten => _9X.,1,Goto(b,${EXTEN:1},1)\n[b]\nexten => _X.,1,Goto(q,${EXTEN},1)\n"
         "[q]\nexten => 300,1,Queue(sales)", ["300@q", "300@b", "9300@a"]),
        ("[a]\nexten => _X.,1,Goto(b,${EXTEN},1)\n[b]\nexten => _9X.,1,Goto(b,${EXTEN:1},1)\n"
         "exten => 300,1,Queue(sales)", ["300@b", "300@a", "9300@b", "9300@a"]),
    ],
)  # fmt: skip
def test_the_numbers_that_lead_to_a_queue_are_found(text: str, places: list[str]) -> None:
    assert list(leading(text, "sales")) == places


@pytest.mark.parametrize(("plain", "shared"), [(60, 150), (0, 4100)])
def test_a_step_that_all_numbers_share_leads_to_the_queue_of_each(plain: int, shared: int) -> None:
    own = [f"exten => {1000 + n},1,Queue(p{n})" for n in range(plain)]
    more = [f"exten => {5000 + n},1,Set(__Q=s{n})\nsame => n,Goto(q,s,1)" for n in range(shared)]
    text = "\n".join(["[in]", *own, *more, "[q]", "exten => s,1,Queue(${Q})"])
    queues = [f"p{n}" for n in range(plain)] + [f"s{n}" for n in range(shared)]
    assert {name for (name,) in leading(text, *queues).values()} == set(queues)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("exten => _4[0-2]X,1,Queue(${EXTEN})\nexten => _[9-1],1,Queue(${EXTEN})",
         {"400@a": ("400",)}),
        ("exten => _8XXX,1,Queue(${EXTEN:1})", {"8400@a": ("400",), "8431@a": ("431",)}),
        ("exten => _2X,1,Queue(Q-${EXTEN})", {"22@a": ("q-22",)}),
        ("exten => _4XX,1,Queue(${EXTEN})\nexten => 400,1,Queue(x)",
         {"400@a": ("x",), "431@a": ("431",)}),
        ("exten => _4XX,1,Queue(${EXTEN})\nexten => _40X,1,Hangup()", {"431@a": ("431",)}),
    ],
)  # fmt: skip
def test_of_a_pattern_the_numbers_are_those_that_make_up_queues_names(
    text: str, numbers: dict[str, tuple[str, ...]]
) -> None:
    assert leading(f"[a]\n{text}", "400", "431", "q-22", "x") == numbers


def test_a_number_that_goes_to_another_is_not_taken_for_the_queue_of_its_own_name() -> None:
    text = "[in]\nexten => 400,1,Goto(q,300,1)\n[q]\nexten => _X00,1,Queue(${EXTEN})"
    assert leading(text, "300", "400") == {
        "300@q": ("300",), "400@q": ("400",), "400@in": ("300",),
    }  # fmt: skip


JUMP = "[in]\nexten => {},1,Goto({},1)\n[q]\nexten => {},1,Queue({})"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        # Where a call goes on, ${EXTEN} is what the jump names.
        (JUMP.format("400", "q,301", "_3XX", "q${EXTEN:1}"), {"301@q": "q01", "400@in": "q01"}),
        (JUMP.format("400", "q,301", "_3XX", "q${EXTEN:1:1}1"), {"400@in": "q01"}),
        (JUMP.format("400", "q,301", "_3XX", "q${EXTEN:-2}"), {"400@in": "q01"}),
        (JUMP.format("_1X", "q,9${EXTEN}", "_9XX", "${EXTEN:1}"), {"911@q": "11", "11@in": "11"}),
        (JUMP.format("_801", "q,9${EXTEN:1}", "_901", "q${EXTEN:1}"),
         {"901@q": "q01", "801@in": "q01"}),
        (JUMP.format("_9801", "q,${EXTEN:1}", "_801", "q${EXTEN:1}"),
         {"801@q": "q01", "9801@in": "q01"}),
        (JUMP.format("_1X", "q,9${EXTEN}", "_9XX", "${EXTEN:1:2}"), {}),
        # A part of an argument or a variable that is made of ${EXTEN}.
        ("[in]\nexten => _3XX,1,Gosub(q,s,1(${EXTEN}))\n[q]\nexten => s,1,Queue(q${ARG1:1})",
         {"301@in": "q01"}),
        ("[in]\nexten => 301,1,Gosub(q,s,1(${EXTEN}))\n[q]\nexten => s,1,Queue(q${ARG1:-2})",
         {"301@in": "q01"}),
        ("[in]\nexten => _3XX,1,Set(N=${EXTEN})\nsame => n,Queue(q${N:1})", {"301@in": "q01"}),
        ("[in]\nexten => _93XX,1,Set(N=${EXTEN:1})\nsame => n,Queue(q${N:1})",
         {"9301@in": "q01"}),
        ("[in]\nexten => _3XX,1,Set(N=x${EXTEN})\nsame => n,Queue(q${N:2})", {"301@in": "q01"}),
        # A variable that is made of its own value.
        ("[in]\nexten => 5,1,Set(__N=301)\nsame => n,Goto(q,s,1)\n[q]\n"
         "exten => s,1,Set(N=${N:1})\nsame => n,Queue(q${N})", {"5@in": "q01"}),
        ("[in]\nexten => 5,1,Set(N=301)\nsame => n,Set(N=${N:1})\nsame => n,Queue(q${N})",
         {"5@in": "q01"}),
    ],
)  # fmt: skip
def test_a_part_of_a_value_is_cut_out_of_what_stands_there(
    text: str, numbers: dict[str, str]
) -> None:
    found = leading(text, "11", "q01", "q301")
    first = {number: queues[0] for number, queues in found.items()}
    assert first == numbers


@pytest.mark.parametrize(
    ("text", "queues", "decided"),
    [
        ("500,1,Queue(b,,,,30)\nsame => n,Queue(a)", ("b", "a"), False),
        ("500,1,Queue(b)\nsame => n,Goto(500a,1)\nexten => 500a,1,Queue(a)", ("b", "a"), False),
        ("500,1,GotoIfTime(9:00-17:00,*,*,*?o,1)\nsame => n,Queue(a)\nexten => o,1,Queue(b)",
         ("b", "a"), True),
        ("500,1,GotoIf(${DB(night/on)}?n,1)\nsame => n,Queue(b)\nexten => n,1,Queue(a)",
         ("b", "a"), True),
        ("500,1,ExecIf(${X}?Queue(a))\nsame => n,Queue(b)", ("b", "a"), True),
        ("500,1,Queue(${IF(${X}?b:a)})", ("b", "a"), True),
        # What is decided behind the first queue.
        ('500,1,Queue(b,,,,30)\nsame => n,GotoIf($["${QUEUESTATUS}"="TIMEOUT"]?o,1)\n'
         "exten => o,1,Queue(a)", ("b", "a"), False),
        ("500,1,Queue(b)\nsame => n,ExecIf(${X}?Queue(a))", ("b", "a"), False),
        ("500,1,Gosub(first,1)\nsame => n,ExecIf(${X}?Queue(a))\nexten => first,1,Queue(b)",
         ("b", "a"), False),
        ("500,1,Gosub(vip,1)\nsame => n,Queue(b)\nexten => vip,1,ExecIf(${X}?Queue(a))",
         ("b", "a"), True),
    ],
)  # fmt: skip
def test_a_number_that_leads_to_several_queues_is_the_first_ones(
    text: str, queues: tuple[str, ...], decided: bool
) -> None:
    (leads,) = queue_numbers(Ways(dialplan(f"[in]\nexten => {text}")), ["a", "b"]).values()
    assert (leads.queues, leads.decided) == (queues, decided)


ANNA = FoundPhone("PJSIP/201", "NOT_INUSE", "201", "in", "in", "Anna Berg")


def pbx(text: str, *queues: str, phones: tuple[FoundPhone, ...] = (ANNA,)) -> FoundPbx:
    """A PBX with queues whose members are its first phone, and this dialplan."""
    plan = dialplan(text)
    numbers = queue_numbers(Ways(plan), queues)
    return FoundPbx(
        tuple(
            FoundQueue(
                name, "ringall", tuple(FoundMember(phone.device, "Anna") for phone in phones[:1]),
                tuple(place for place, leads in numbers.items() if leads.queues[0] == name),
            )
            for name in sorted(queues)
        ),
        phones,
        plan,
        shared={place: leads for place, leads in numbers.items() if len(leads.queues) > 1},
    )  # fmt: skip


OVERFLOW = "[in]\nexten => 300,1,Queue(sales,t,,,30)\nexten => 300,2,Queue(more)\n"


@pytest.mark.parametrize(
    ("text", "numbers", "said"),
    [
        (OVERFLOW, {"more": "9000", "sales": "300"},
         "# DOUBTFUL: 300 leads to it, but first of all to sales; 9000 is made up"),
        (OVERFLOW + "exten => 301,1,Queue(more)", {"more": "301", "sales": "300"},
         "# from it, calls of 300 go on to more"),
        ("[in]\nexten => 300,1,Queue(more)\nexten => 300,2,Queue(sales)\n"
         "exten => 20,1,Goto(300,1)\nexten => 4000,1,Queue(sales)",
         {"more": "300", "sales": "4000"}, "also reached by 20"),
        ("[in]\nexten => 300,1,GotoIf(${X}?n,1)\nsame => n,Queue(sales)\n"
         "exten => n,1,Queue(more)\nexten => 30,1,Goto(n,1)", {"more": "30", "sales": "300"},
         "# DOUBTFUL: during a call it is decided whether 300 leads to it or to more"),
        ("[t1]\nexten => 5,1,Queue(more)\n[t2]\nexten => 5,1,Queue(sales)",
         {"more": "5", "sales": "9000"},
         "# DOUBTFUL: its number 5 in t2 is that of another queue, too; 9000 is made up"),
        ("[ivr]\nexten => s,1,Background(menu)\nexten => 1,1,Queue(sales)\nexten => 2,1,Queue(more)"
         "\n[in]\nexten => 500,1,Queue(sales)", {"more": "2", "sales": "500"},
         "# DOUBTFUL: 2 is a choice of the menu ivr, and no number that phones dial"),
        ("[did]\nexten => 0301,1,Queue(sales)\n[in]\nexten => 500,1,Goto(q,s,1)\n"
         "[q]\nexten => s,1,Queue(sales)", {"sales": "500"}, "also reached by 0301"),
        ("[ivr]\nexten => s,1,WaitExten()\nexten => 1,1,Queue(sales)\n"
         "[did]\nexten => 0301,1,Goto(ivr,1,1)", {"sales": "0301"}, "also reached by 1"),
        ("[did]\nexten => 0301,1,Queue(sales)", {"sales": "0301"},
         "# DOUBTFUL: 0301 is not dialled by phones, but leads to it in the context did"),
        ("[in]\nexten => 500,1,Queue(other)", {"sales": "9000"},
         "# DOUBTFUL: no number of the dialplan was found that leads to it; 9000 is made up"),
    ],
)  # fmt: skip
def test_each_queue_gets_the_number_that_is_its_own(
    text: str, numbers: dict[str, str], said: str
) -> None:
    proposal = propose(pbx(text, *numbers))
    assert {queue.name: queue.number for queue in proposal.plan.queues} == numbers
    assert said in proposal.text
    assert propose(pbx(text, *numbers), proposal.plan).new == ()


def test_trunks_do_not_say_where_phones_dial() -> None:
    """Two phones, of which one has neither a queue nor a hint, and three trunks."""
    bob = FoundPhone("PJSIP/202", "", "", "", "in", "Bob Cole")
    trunks = tuple(FoundPhone(f"PJSIP/trunk{n}", "", "", "", "from-trunk") for n in range(3))
    text = "[in]\nexten => 202,1,Dial(PJSIP/202)\n[from-trunk]\nexten => 0301,1,Goto(in,202,1)"
    for phones in ((ANNA, bob, *trunks), (FoundPhone("SCCP/a"), bob, *trunks)):
        proposal = propose(pbx(text, "sales", phones=phones))
        assert "202" in {line.number for line in proposal.plan.lines}
        assert [queue.context for queue in proposal.plan.queues] == ["in"]
