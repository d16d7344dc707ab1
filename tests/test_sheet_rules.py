"""When a sheet is shown, and for which line: as events tell it, without Asterisk."""

import string
from typing import Literal

from tests.scene import ALICE, Scene
from xucd.center import events as ev
from xucd.center.changes import SheetField, SheetShown
from xucd.center.numbers import same_line
from xucd.center.sheets import KEPT, KeptSheet, SheetTemplate, written_down
from xucd.center.snapshot import ChannelSeen, Snapshot

ITEMS = (SheetField("Queue", "text", 1, "{queue}"),)


def shown(scene: Scene) -> list[tuple[int, str]]:
    """The lines that a sheet was shown for, each with the queue that it told."""
    return [
        (change.line_id, change.known["queue"])
        for change in scene.told
        if isinstance(change, SheetShown)
    ]


def with_sheet(scene: Scene, when: Literal["ring", "answer"] = "ring") -> str:
    scene.logs_in()
    scene.logs_in(ALICE)
    caller = scene.caller_waits()
    scene.center.sheets.keep(
        KeptSheet(SheetTemplate("customer", when, ITEMS), "PJSIP/trunk-1", caller, {})
    )
    return caller


def test_each_phone_that_rings_has_the_sheet_shown_once() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    assert shown(scene) == []
    phone = scene.rings(caller)
    scene.rings(caller, agent_id=ALICE)
    scene.answers(caller, phone)
    assert shown(scene) == [(1, "support"), (2, "support")]


def test_a_phone_that_rings_before_its_queue_says_so_is_shown_the_queue_all_the_same() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    phone, ringing = "PJSIP/1001-9", ev.ChannelState.RINGING
    scene.happens(
        ev.ChannelCreated(phone, "9.1", caller, ev.ChannelState.DOWN, "", "", ""),
        ev.ChannelMoved("9.1", caller, ringing, "", "", "", ""),
    )
    assert shown(scene) == [(1, "support")]


def test_a_sheet_is_filled_with_what_is_known_of_its_call() -> None:
    scene = Scene()
    scene.logs_in()
    caller = scene.caller_waits()
    template = SheetTemplate("customer", "ring", ITEMS)
    scene.center.sheets.keep(KeptSheet(template, "PJSIP/trunk-1", caller, {"called_number": "3"}))
    scene.rings(caller)
    (told,) = [change for change in scene.told if isinstance(change, SheetShown)]
    assert (told.channel, told.items) == ("PJSIP/trunk-1", ITEMS)
    assert told.known == {"called_number": "3", "queue": "support", "linked_id": caller}


def test_a_call_that_comes_through_no_queue_is_shown_without_one() -> None:
    scene = Scene()
    ring, down = ev.ChannelState.RING, ev.ChannelState.DOWN
    scene.happens(ev.ChannelCreated("PJSIP/trunk-1", "c", "c", ring, "0230", "", "1001"))
    template = SheetTemplate("customer", "ring", ITEMS)
    scene.center.sheets.keep(KeptSheet(template, "PJSIP/trunk-1", "c", {}))
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-9", "9.1", "c", down, "", "", ""),
        ev.ChannelMoved("9.1", "c", ev.ChannelState.RINGING, "", "", "", ""),
    )
    assert shown(scene) == [(1, "")]


def test_at_answer_only_who_answers_has_it_shown() -> None:
    scene = Scene()
    caller = with_sheet(scene, "answer")
    phone = scene.rings(caller)
    scene.rings(caller, agent_id=ALICE)
    assert shown(scene) == []
    scene.answers(caller, phone)
    assert shown(scene) == [(1, "support")]


def test_a_call_without_a_sheet_shows_none_and_a_call_that_is_over_keeps_none() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    scene.hangs_up(caller)
    scene.rings(scene.caller_waits())
    assert shown(scene) == []
    assert scene.center.sheets.of(scene.center.channels.in_call(caller)) is None


def test_the_oldest_of_too_many_sheets_is_forgotten() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    profile = SheetTemplate("customer", "ring", ITEMS)
    for number in range(KEPT):
        scene.center.sheets.keep(KeptSheet(profile, "PJSIP/trunk-1", f"other{number}", {}))
    scene.rings(caller)
    assert shown(scene) == []


def placed(number: str, unique_id: str, dialled: str) -> tuple[ev.Event, ...]:
    """A line dials a code, and is answered by Asterisk itself."""
    name, up = f"PJSIP/{number}-{unique_id}", ev.ChannelState.UP
    return (
        ev.ChannelCreated(name, unique_id, unique_id, ev.ChannelState.RING, number, "", dialled),
        ev.ChannelMoved(unique_id, unique_id, up, number, "", "", ""),
    )


def joined(unique_id: str, caller: str) -> tuple[ev.Event, ...]:
    return ev.BridgeEntered("b", unique_id, unique_id), ev.BridgeEntered("b", caller, caller)


def test_who_picks_a_call_up_is_shown_its_sheet_with_the_queue() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    phone = scene.rings(caller)
    scene.hangs_up(phone)
    scene.happens(*placed("1002", "p", "*81001"))
    assert shown(scene) == [(1, "support")]
    scene.happens(ev.AgentConnected("support", caller, "p", 3, "PJSIP/1001"))
    scene.happens(*joined("p", caller), *joined("p", caller))
    assert shown(scene) == [(1, "support"), (2, "support")]


def test_who_takes_a_caller_back_from_parking_is_shown_its_sheet() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.happens(ev.BridgeEntered("lot", caller, caller, holding=True))
    scene.hangs_up(phone)
    scene.happens(*placed("1002", "p", "701"))
    assert shown(scene) == [(1, "support")]
    scene.happens(*joined("p", caller))
    assert shown(scene) == [(1, "support"), (2, "support")]


def test_who_asked_a_colleague_is_shown_the_sheet_of_the_caller_that_it_is_handed() -> None:
    scene = Scene()
    caller = with_sheet(scene)
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.happens(*joined(phone, caller), *placed("1003", "asks", "1001"))
    assert shown(scene) == [(1, "support")]
    scene.happens(*joined("asks", caller))
    assert shown(scene) == [(1, "support"), (3, "support")]


def test_a_caller_on_one_of_our_own_lines_is_not_shown_its_own_sheet() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(*placed("1003", "c", "3000"))
    template = SheetTemplate("customer", "ring", ITEMS)
    scene.center.sheets.keep(KeptSheet(template, "PJSIP/1003-c", "c", {}))
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-9", "9.1", "c", ev.ChannelState.DOWN, "", "", ""),
        ev.ChannelMoved("9.1", "c", ev.ChannelState.UP, "1001", "", "", ""),
        *joined("9.1", "c"),
    )
    assert shown(scene) == [(1, "")]


def test_a_sheet_that_was_written_down_is_known_again_and_shown_to_nobody_who_talks() -> None:
    scene = Scene()
    scene.center.sheets.templates_are({"customer": SheetTemplate("customer", "ring", ITEMS)})
    template = SheetTemplate("customer", "ring", ITEMS)
    kept = KeptSheet(template, "PJSIP/trunk-1", "c", {"caller_name": 'Ann, "Q" & Co\n'})
    sheets = {"c": written_down(kept), "d": "rubbish", "e": written_down(kept)}
    up = ev.ChannelState.UP
    seen = [
        ChannelSeen(
            "PJSIP/trunk-1", "c", "c", up, "0230", "", "", "", "", "Queue", "support", "b", 9
        ),
        ChannelSeen("PJSIP/1001-2", "m", "c", up, "1001", "", "", "", "", "AppQueue", "", "b", 8),
    ]
    scene.rebuilds(Snapshot(frozenset(), (), (), tuple(seen), {}, sheets=sheets))
    assert shown(scene) == []
    scene.happens(
        ev.ChannelCreated("PJSIP/1002-3", "n", "c", ev.ChannelState.DOWN, "", "", ""),
        ev.ChannelMoved("n", "c", ev.ChannelState.RINGING, "1002", "", "", ""),
    )
    (told,) = [change for change in scene.told if isinstance(change, SheetShown)]
    assert (told.line_id, told.known["caller_name"]) == (2, 'Ann, "Q" & Co\n')
    assert set(written_down(kept)) <= set(string.ascii_letters + string.digits + "%_.-~")


def test_a_persons_sheets_are_emptied_and_not_restored_from_their_channels() -> None:
    sheets, template = Scene().center.sheets, SheetTemplate("customer", "ring", ITEMS)
    sheets.templates_are({"customer": template})
    known = {
        "1": {"caller_number": "0301234567", "called_number": "3000"},
        "2": {"caller_number": "", "var:CUSTOMER": "+49301234567"},
        "3": {"caller_number": "0309999999", "called_number": "0301234567"},
    }
    kept = {id: KeptSheet(template, "PJSIP/trunk-1", id, each) for id, each in known.items()}
    for sheet in kept.values():
        sheets.keep(sheet)
    written = {id: written_down(sheet) for id, sheet in kept.items()}
    is_persons = same_line("0049301234567")
    assert [sheet.unique_id for sheet in sheets.about(is_persons)] == ["1", "2"]
    sheets.erase(is_persons)
    for id, each in written.items():
        assert sheets.restore(id, "PJSIP/trunk-1", each) is None
    assert sheets.about(is_persons) == []
    assert [sheet.known for sheet in kept.values()] == [{}, {}, known["3"]]


def of_queues(scene: Scene) -> None:
    scene.center.sheets.templates_are({"queue": SheetTemplate("queue", "ring", ITEMS)}, "queue")


def test_a_queues_call_without_a_sheet_has_the_one_for_queues() -> None:
    scene = Scene()
    of_queues(scene)
    scene.logs_in()
    scene.logs_in(ALICE)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.rings(caller, agent_id=ALICE)
    scene.answers(caller, phone)
    assert shown(scene) == [(1, "support"), (2, "support")]
    (first, *_) = [change for change in scene.told if isinstance(change, SheetShown)]
    assert (first.known["caller_number"], first.known["unique_id"]) == ("0230210082", caller)


def test_a_sheet_that_the_dialplan_asked_for_goes_before_the_one_for_queues() -> None:
    scene = Scene()
    of_queues(scene)
    caller = with_sheet(scene)
    scene.rings(caller)
    (only,) = [change for change in scene.told if isinstance(change, SheetShown)]
    assert only.known.get("caller_number") is None
