"""Taking xucd away: what becomes of the queue members that it has added or paused."""

from pathlib import Path

import pytest

from tests.scene import ALICE, BRUCE, CAROLINE, Scene
from tests.test_members_found import QUEUES, seen
from xucd import cli
from xucd.center.directory import Directory
from xucd.center.intents import LOGOUT_REASON, WRAPUP_REASON, RemoveMember, SetPause
from xucd.center.snapshot import MemberSeen, QueuesSeen
from xucd.center.station import Station
from xucd.tools.file_changes import Manifest
from xucd.tools.left_members import Ending, endings
from xucd.tools.whole_files import Change

PHONE, OTHER = "PJSIP/1001", "PJSIP/1002"
AT_LUNCH = [
    Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch"),
    Station(ALICE, 2, False, 0.0),
    Station(CAROLINE, 3, False, 0.0, paused=True, reason="lunch"),  # a kill ended xucd first
]


def static(interface: str, reason: str | None, queue: str = "support") -> MemberSeen:
    paused = reason is not None
    return seen(interface, "Dan", queue, paused=paused, reason=reason or "", dynamic=False)


@pytest.mark.parametrize(
    ("member", "ending"),
    [
        (static(PHONE, LOGOUT_REASON), SetPause(PHONE, False, "", "support")),
        (static(PHONE, WRAPUP_REASON, "theirs"), SetPause(PHONE, False, "", "theirs")),
        (static(PHONE, "lunch", "theirs"), SetPause(PHONE, False, "", "theirs")),
        (seen(PHONE, "Agent/2501", "SALES"), RemoveMember("sales", PHONE)),
        (static(PHONE, None), None),
        (static(PHONE, "office"), None),
        (static(OTHER, "lunch"), None),  # its agent is not on pause
        (static("PJSIP/1003", "lunch"), SetPause("PJSIP/1003", False, "", "support")),
        (static("PJSIP/9999", "lunch"), None),
        (seen(PHONE, "Agent/2501", "theirs"), None),
        (seen(PHONE, "Panel"), None),
        (seen("PJSIP/9999", "Agent/2501"), None),
    ],
)
def test_what_xucd_has_made_of_members_ends_and_what_others_have_stays(
    member: MemberSeen, ending: Ending | None
) -> None:
    directory = Scene().center.directory
    listed = QueuesSeen(QUEUES | {"theirs"}, (member,))
    assert endings(listed, directory, AT_LUNCH) == ([ending] if ending is not None else [])


def test_without_a_centre_what_is_paused_for_a_logout_is_made_ready_all_the_same() -> None:
    listed = QueuesSeen(QUEUES, (static(PHONE, LOGOUT_REASON), static(OTHER, "lunch")))
    assert endings(listed, Directory()) == [SetPause(PHONE, False, "", "support")]


@pytest.mark.parametrize("database", [None, b"", b"is no database"])
def test_where_asterisk_cannot_be_asked_the_steps_by_hand_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: bytes | None
) -> None:
    """It is asked for what is paused for a logout also where nobody can read the centre."""
    if database is not None:
        (tmp_path / "x.db").write_bytes(database)
    file = tmp_path / "xucd.toml"
    file.write_text(
        f'[ami]\nport = 1\nsecret = "long enough"\n[store]\nurl = "sqlite:///{tmp_path}/x.db"\n'
    )
    etc = tmp_path / "etc"
    etc.mkdir()
    Manifest(etc / "xucd/setup.json").make([Change(etc / "manager.conf", b"[xucd]\n")])
    words = ["-c", str(file), "setup", "--asterisk-etc", str(etc), "--remove", "--yes"]
    assert cli.main(words) == 0
    said = capsys.readouterr().err
    assert "members of queues stay as xucd has left them: 127.0.0.1:1: " in said
    assert "queue unpause member INTERFACE queue QUEUE" in said
    assert ("the centre cannot be read: " in said) is (database == b"is no database")
    assert not (etc / "manager.conf").exists()
