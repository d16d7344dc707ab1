"""Recorded calls that others act on: what users of phones and supervisors are told of them.

Each trace was recorded beside a real Asterisk 22 and 16. Bruce is logged in on 1001, Jack on 1003
(Etienne on 1006 where a follow-me leads there); Alice calls queue 3000 from 0230210082. The queue
``support`` has a wrap-up.
"""

from pathlib import Path

import pytest

from xucd.center.changes import AgentChanged, Change, PhoneCallChanged
from xucd.center.directory import Agent, Directory, Group, Line, Queue
from xucd.tools import replay

TRACES = Path(__file__).parent / "traces"
BRUCE, JACK, ETIENNE = 8, 10, 12
CALLER, OUTSIDE = "0230210082", "0123456789"


def directory() -> Directory:
    queues = [
        Queue(1, "support", "Support", "3000", wrapup=5),
        Queue(2, "sales", "Sales", "3001"),
        Queue(3, "billing", "Billing", "3002"),
    ]
    agents = [(BRUCE, "2501", 1), (9, "2502", 2), (JACK, "2503", 3), (ETIENNE, "2505", 6)]
    return Directory(
        groups=[Group(1, "default")],
        queues=queues,
        lines=[Line(n, f"100{n}", f"PJSIP/100{n}") for n in range(1, 9)],
        agents=[
            Agent(id, number, "", "", group_id=1, user_id=id, line_id=line)
            for id, number, line in agents
        ],
    )


def played(name: str, version: str) -> list[Change]:
    path = TRACES / f"{name}-{version}.ami"
    return [change for _, change in replay.changes(path, directory(), {})]


def told(changes: list[Change], line_id: int) -> list[tuple[str, str, str, str]]:
    """What the user of a line is told: stage, other number, direction, queue; each once."""
    found = [
        (
            change.call.stage.value,
            change.call.number,
            "in" if change.call.incoming else "out",
            change.call.queue,
        )
        for change in changes
        if isinstance(change, PhoneCallChanged) and change.line_id == line_id
    ]
    return [one for one, before in zip(found, [None, *found], strict=False) if one != before]


def shown(changes: list[Change], agent_id: int) -> list[str]:
    """The states of an agent; of a call with direction, queue call, internal and recording."""
    found = []
    for change in changes:
        if isinstance(change, AgentChanged) and change.agent_id == agent_id:
            state, call = change.shown.state.removeprefix("Agent"), change.shown.call
            if call is not None:
                direction = "in" if call.incoming else "out"
                parts = (
                    direction,
                    "acd" if call.acd else "",
                    "internal" if call.internal else "external",
                    call.recording.lower(),
                )
                state = " ".join(filter(None, (state, *parts)))
            found.append(state)
    return found


EVERY = pytest.mark.parametrize("version", ["22", "16"])
QUEUE_CALL = "OnCall in acd external active"
TALKED = [
    ("ringing", CALLER, "in", "support"),
    ("established", CALLER, "in", "support"),
    ("released", CALLER, "in", "support"),
]


@EVERY
@pytest.mark.parametrize(("name", "dialled"), [("pickup", "*81001"), ("grouppickup", "*8")])
def test_who_picks_up_a_queues_call_talks_and_wraps_up_and_who_was_rung_is_ready_again(
    name: str, dialled: str, version: str
) -> None:
    changes = played(name, version)
    assert shown(changes, BRUCE)[-2:] == ["Ringing", "Ready"]
    assert "OnWrapup" not in shown(changes, BRUCE)
    assert told(changes, 1) == [TALKED[0], TALKED[2]]
    assert shown(changes, JACK)[-2:] == [QUEUE_CALL, "OnWrapup"]
    assert told(changes, 3) == [
        ("dialing", dialled, "out", ""),
        *TALKED[1:],
    ]


@EVERY
def test_who_is_rung_by_another_program_to_pick_up_a_queues_call_talks_and_wraps_up(
    version: str,
) -> None:
    changes = played("ami-pickup", version)
    assert shown(changes, BRUCE)[-2:] == ["Ringing", "Ready"]
    assert "OnWrapup" not in shown(changes, BRUCE)
    assert shown(changes, JACK)[-2:] == [QUEUE_CALL, "OnWrapup"]
    assert told(changes, 3)[0] == ("dialing", "", "out", "")
    assert told(changes, 3)[-2:] == TALKED[1:]


@EVERY
def test_who_a_rung_phone_forwards_to_talks_and_who_was_rung_is_ready_again(version: str) -> None:
    changes = played("forward-to-agent", version)
    assert shown(changes, BRUCE)[-2:] == ["Ringing", "Ready"]
    assert shown(changes, JACK)[-3:] == ["Ringing", QUEUE_CALL, "OnPause"]
    assert told(changes, 3) == TALKED


@EVERY
def test_the_phone_behind_a_local_member_has_its_queues_call_and_recording(version: str) -> None:
    changes = played("local-member", version)
    assert shown(changes, BRUCE)[-3:-1] == ["Ringing", QUEUE_CALL]
    assert told(changes, 1) == TALKED


@EVERY
def test_whom_a_follow_me_finds_has_the_queues_call(version: str) -> None:
    assert told(played("followme", version), 6) == TALKED


@EVERY
@pytest.mark.parametrize("name", ["park", "park-ami"])
def test_who_takes_a_caller_back_from_parking_has_its_queues_call(name: str, version: str) -> None:
    changes = played(name, version)
    assert shown(changes, BRUCE)[-3:] == ["Ringing", QUEUE_CALL, "OnWrapup"]
    assert shown(changes, JACK)[-2:] == [QUEUE_CALL, "OnWrapup"]
    assert told(changes, 3) == [
        ("dialing", "701", "out", ""),
        ("established", "701", "out", ""),
        *TALKED[1:],
    ]


@EVERY
def test_whom_another_program_redirects_a_caller_to_has_its_queues_call(version: str) -> None:
    changes = played("redirect-talking", version)
    assert shown(changes, BRUCE)[-3:] == ["Ringing", QUEUE_CALL, "OnWrapup"]
    assert shown(changes, JACK)[-3:] == ["Ringing", QUEUE_CALL, "OnWrapup"]
    assert told(changes, 3) == TALKED


@EVERY
def test_a_phone_that_another_program_bridges_with_a_caller_has_an_incoming_call(
    version: str,
) -> None:
    changes = played("bridge", version)
    assert QUEUE_CALL in shown(changes, JACK)
    assert told(changes, 3)[:3] == [
        ("dialing", "3102", "out", ""),
        ("established", "3102", "out", ""),
        ("established", CALLER, "in", "support"),
    ]


@EVERY
def test_who_gets_a_caller_by_an_attended_transfer_has_its_queue_and_no_wrapup(
    version: str,
) -> None:
    changes = played("attended", version)
    assert shown(changes, BRUCE)[-1] == "OnWrapup"
    assert shown(changes, JACK)[-3:] == ["OnCall in internal disabled", QUEUE_CALL, "Ready"]
    assert told(changes, 3) == [
        ("ringing", "1001", "in", ""),
        ("established", "1001", "in", ""),
        *TALKED[1:],
    ]


@EVERY
def test_who_gets_a_caller_by_a_blind_transfer_has_its_queue_and_no_wrapup(version: str) -> None:
    changes = played("blind", version)
    assert shown(changes, JACK)[-3:] == ["Ringing", QUEUE_CALL, "OnPause"]
    assert told(changes, 3) == TALKED


@EVERY
@pytest.mark.parametrize("name", ["crm", "crm-local", "originate-app"])
def test_a_call_that_another_program_places_for_an_agent_is_outgoing_to_the_number_dialled(
    name: str, version: str
) -> None:
    changes = played(name, version)
    assert told(changes, 1) == [
        ("dialing", "", "out", ""),
        ("dialing", OUTSIDE, "out", ""),
        ("established", OUTSIDE, "out", ""),
        ("released", OUTSIDE, "out", ""),
    ]
    assert shown(changes, BRUCE)[-3:] == ["Dialing", "OnCall out external disabled", "Ready"]


@EVERY
def test_a_call_of_a_dialler_that_reached_its_customer_first_is_incoming(version: str) -> None:
    changes = played("predictive", version)
    assert told(changes, 1) == [
        (stage, OUTSIDE, "in", "") for stage in ("ringing", "established", "released")
    ]
    assert shown(changes, BRUCE)[-3:] == ["Ringing", "OnCall in external disabled", "Ready"]


@EVERY
def test_a_call_that_another_program_places_stays_outgoing_whoever_picks_it_up(
    version: str,
) -> None:
    changes = played("click-picked-up", version)
    assert told(changes, 1) == [
        ("dialing", "", "out", ""),
        ("dialing", "1002", "out", ""),
        ("established", "1003", "out", ""),
        ("released", "1003", "out", ""),
    ]
    assert shown(changes, BRUCE)[-2:] == ["OnCall out internal disabled", "Ready"]


@EVERY
def test_who_picks_up_a_forwarded_call_is_dialing_until_its_caller_is_reached(version: str) -> None:
    assert told(played("pickup-forwarded", version), 3) == [
        ("dialing", "*81006", "out", ""),
        ("established", CALLER, "in", ""),
        ("released", CALLER, "in", ""),
    ]


@EVERY
def test_who_picks_up_while_the_phone_answers_talks_in_its_place(version: str) -> None:
    changes = played("pickup-answered", version)
    assert told(changes, 8)[-3:] == [
        ("established", "1003", "out", ""),
        ("established", "1001", "out", ""),
        ("released", "1001", "out", ""),
    ]
    assert told(changes, 1) == [
        ("dialing", "*81003", "out", ""),
        ("established", "1008", "in", ""),
        ("released", "1008", "in", ""),
    ]
    assert told(changes, 3)[-1][0] == "released"


@EVERY
def test_who_picks_up_a_phone_that_is_rung_to_dial_dials_in_its_place(version: str) -> None:
    changes = played("originate-picked-up", version)
    assert told(changes, 3) == [
        ("dialing", "*81001", "out", ""),
        ("dialing", OUTSIDE, "out", ""),
        ("established", OUTSIDE, "out", ""),
        ("released", OUTSIDE, "out", ""),
    ]
    assert shown(changes, JACK)[-3:] == ["Dialing", "OnCall out external disabled", "Ready"]
    assert told(changes, 1) == [("dialing", "", "out", ""), ("released", "", "out", "")]


@EVERY
def test_who_dials_has_dialled_whoever_picks_its_call_up(version: str) -> None:
    changes = played("picked-up-callee", version)
    assert told(changes, 8) == [
        ("dialing", "1002", "out", ""),
        ("established", "1002", "out", ""),
        ("established", "1006", "out", ""),
        ("released", "1006", "out", ""),
    ]
    assert told(changes, 6)[-2:] == [
        ("established", "1008", "in", ""),
        ("released", "1008", "in", ""),
    ]


@EVERY
def test_a_restarted_xucd_takes_both_for_called_whom_a_transfer_has_joined(version: str) -> None:
    """1001 called 1003 and 1002, and handed the one over to the other before xucd was there."""
    changes = played("handed-over-before", version)
    for line, other in ((2, "1003"), (3, "1002")):
        assert told(changes, line) == [
            ("established", other, "in", ""),
            ("released", other, "in", ""),
        ]


@EVERY
def test_a_restarted_xucd_takes_one_for_called_whom_a_blind_transfer_lets_dial(
    version: str,
) -> None:
    """1007 called 1001 and handed it on to 1006 before xucd was there."""
    changes = played("blind-before", version)
    assert told(changes, 1) == [("established", "1006", "in", "")]
    assert told(changes, 6) == [("established", "1001", "in", "")]


@EVERY
def test_who_rang_when_the_caller_was_handed_over_stays_called(version: str) -> None:
    """1003 had 1006 rung, asked 1001 meanwhile and handed it over before 1006 answered."""
    assert told(played("semi-attended", version), 6) == [
        ("ringing", "1003", "in", ""),
        ("established", "1001", "in", ""),
        ("released", "1001", "in", ""),
    ]
