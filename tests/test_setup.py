"""`xucd setup`: what it changes of files, and how that is undone. Beside Asterisk: integration."""

import argparse
import datetime
import difflib
import os
import re
import socket
import subprocess
import sys
import tempfile
import tomllib
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.conftest import PROJECT, as_nobody
from xucd import cli
from xucd.cli import first_users, setup_asterisk, setup_steps
from xucd.cli.setup_run import SETTINGS, Run
from xucd.cli.subcommand import Mistake
from xucd.config import center_file
from xucd.config.plan import Person, Plan, without_callbacks
from xucd.config.settings import Ami, Settings, StorePlace, Web, load
from xucd.config.settings_writing import CannotWrite, with_keys
from xucd.store import Store
from xucd.store.apply import apply
from xucd.tools import first_passwords, service, setup
from xucd.tools.asterisk_files import (
    configuration_folder,
    included_files,
    includes,
    includes_in,
    options_in,
    sections_in,
    with_include,
    without_include,
)
from xucd.tools.discovery import Access, FoundMember, FoundPbx, FoundQueue
from xucd.tools.file_changes import Manifest, alone
from xucd.tools.file_diff import difference
from xucd.tools.manager_conf import is_of, manager_place, switched_on
from xucd.tools.proposal import propose
from xucd.tools.service import settings_in
from xucd.tools.setup_settings import settings_changes
from xucd.tools.whole_files import Change, FilesError

# -- Asterisk's files


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('#include "xucd/manager.conf"', True),
        ("#include xucd/manager.conf", True),
        ("  #include\t<xucd/manager.conf> ; ours", True),
        ('# include "xucd/manager.conf"', True),
        ('#tryinclude "xucd/manager.conf"', True),
        ('#include "{etc}/xucd/manager.conf"', True),
        ('#include "./xucd/manager.conf"', True),
        ('#include "xucd/manager.conf"\r', True),
        (';#include "xucd/manager.conf"', False),
        ('; #include "xucd/manager.conf"', False),
        (';--\n#include "xucd/manager.conf"\n--;', False),
        ('#include "xucd/manager.conf.old"', False),
        ('#include "manager.d/*.conf"', False),
    ],
)
def test_an_include_is_found_however_it_is_written(tmp_path: Path, line: str, found: bool) -> None:
    (tmp_path / "manager.conf").write_text(f"[general]\n{line.format(etc=tmp_path)}\n[x]\n")
    assert includes(tmp_path, "manager.conf", "xucd/manager.conf") is found


def test_an_include_of_an_included_file_counts(tmp_path: Path) -> None:
    (tmp_path / "manager.d").mkdir()
    (tmp_path / "manager.conf").write_text('#include "manager.d/*.conf"\n#include manager.conf\n')
    (tmp_path / "manager.d/own.conf").write_text('#include "xucd/manager.conf"\n')
    assert includes(tmp_path, "manager.conf", "xucd/manager.conf")


def test_a_pattern_includes_as_asterisk_takes_it(tmp_path: Path) -> None:
    (tmp_path / "queues.d").mkdir()
    for name in ("b.conf", "a.conf", ".hidden.conf", "c.conf.old"):
        (tmp_path / "queues.d" / name).touch()
    for pattern in (f"{tmp_path}/queues.d/*.conf", "queues.d/*.conf"):
        (tmp_path / "queues.conf").write_text(f'#include "{pattern}"\n')
        found = included_files(tmp_path, "queues.conf")
        assert [path.name for path in found] == ["queues.conf", "a.conf", "b.conf"]


def test_what_a_program_writes_is_said_not_to_be_seen(tmp_path: Path) -> None:
    pbx = a_pbx(
        tmp_path,
        queues="#include more.conf\n;#exec /no\n",
        more='#exec "/bin/x" ; y\n#EXEC </bin/mysql -p geheim>\n# exec /bin/y z\n',
    )
    assert setup.unseen(pbx) == [  # its arguments may be secret
        f"{tmp_path}/more.conf: #exec {program} was not run: what it writes is not seen"
        for program in ("/bin/x", "/bin/mysql", "/bin/y")
    ]


@pytest.mark.parametrize("text", ["", "[a]\n", "[a]", "[a]\r\nb = c\r\n", "[a]\r\nb = c"])
def test_an_include_is_added_in_the_files_own_line_ends_and_taken_out_again(text: str) -> None:
    added = with_include(text, "xucd/queues.conf")
    assert added.startswith(text)
    assert includes_in(added) == ["xucd/queues.conf"]
    assert "\r\n" in text or "\r" not in added
    assert "\r" not in added or "\n" not in added.replace("\r\n", "")
    assert without_include(added, "xucd/queues.conf", Path("/e")).rstrip("\r\n") == text.rstrip(
        "\r\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[general]\nenabled = no\nport = 5039\n",
         "[general]\nbindaddr = 127.0.0.1\nenabled = yes\nport = 5039\n"),
        ("[general]\nenabled = no\nbindaddr = 0.0.0.0\n[a]\nbindaddr = ::\n",
         "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[a]\nbindaddr = ::\n"),
        ("[general]\nbindaddr = [::]\n", "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"),
        ("[general]\nbindaddr = 192.0.2.7\n",
         "[general]\nenabled = yes\nbindaddr = 192.0.2.7\n"),
        ("[general]\r\nenabled=no\r\n",
         "[general]\r\nbindaddr = 127.0.0.1\r\nenabled = yes\r\n"),
        ("[general]\n;enabled = no\n[a]\n",
         "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n;enabled = no\n[a]\n"),
        ("[general]", "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"),
        ("[a]\nenabled = no\n",
         "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n\n[a]\nenabled = no\n"),
        ("", "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n\n"),
    ],
)  # fmt: skip
def test_the_manager_interface_is_switched_on_where_it_is_off(
    tmp_path: Path, text: str, expected: str
) -> None:
    main = tmp_path / "manager.conf"
    main.write_bytes(text.encode())
    assert switched_on(tmp_path) == {main: expected}


def test_where_the_manager_interface_listens_is_read_off_all_its_files(tmp_path: Path) -> None:
    assert not manager_place(tmp_path).enabled
    (tmp_path / "manager.conf").write_text("[general]\nenabled=yes ; on\n#include more.conf\n")
    (tmp_path / "more.conf").write_text("bindaddr = 192.0.2.7\nport = 5039\n[general]\nport=5040\n")
    place = manager_place(tmp_path)
    assert (place.enabled, place.host, place.port) == (True, "192.0.2.7", 5039)
    assert (place.bound, place.file) == ("192.0.2.7", tmp_path / "more.conf")
    (tmp_path / "more.conf").write_text("[General](+)\nbindaddr = ::1\n[x](!)\nport = 5041\n")
    assert manager_place(tmp_path).host == "::1"
    (tmp_path / "manager.conf").write_text(
        "#include more.conf\n[general](!)\nport=1\n[general](x)\nenabled=1\n[general]\nport=2\n"
    )
    (tmp_path / "more.conf").write_text("[x](!)\nport = 5041\n[a]\nport = 1\n")
    place = manager_place(tmp_path)
    assert (place.enabled, place.host, place.port) == (True, "127.0.0.1", 5041)


@pytest.mark.parametrize(
    ("main", "more", "expected"),
    [
        ("#include more.conf\n[a]\n", "[general]\nport=5039\nenabled=no\n[b]\n",
         "[general]\nbindaddr = 127.0.0.1\nport=5039\nenabled = yes\n[b]\n"),
        ("#include more.conf\n[general]\nenabled=yes\nport=1\n", "\ufeff[General]\nport=5039",
         "\ufeff[General]\nenabled = yes\nbindaddr = 127.0.0.1\nport=5039"),
        ("[general]\nbindaddr=192.0.2.7\n#include more.conf\n", "port=5039\r\nenabled=no\r\n",
         "port=5039\r\nenabled = yes\r\n"),
        ("[general]\nbindaddr = ::1\nport=1\n#include more.conf\n",
         "[general](+)\nport=5039\nenabled=no\n", "[general](+)\nport=5039\nenabled = yes\n"),
    ],
)  # fmt: skip
def test_the_manager_interface_is_switched_on_in_the_file_that_switches_it_off(
    tmp_path: Path, main: str, more: str, expected: str
) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    files = {tmp_path / "manager.conf": main, tmp_path / "more.conf": more}
    for path, text in files.items():
        path.write_bytes(text.encode())
    account = setup.account_of(pbx, Settings())
    assert account.port == 5039
    manifest = Manifest(tmp_path / "xucd/setup.json")
    manifest.make(setup.asterisk_changes(pbx, account, Settings()))
    assert manager_place(tmp_path).enabled
    assert (tmp_path / "more.conf").read_bytes().decode() == expected
    written = (tmp_path / "manager.conf").read_text()
    assert written == f'{main}#include "xucd/manager.conf"\n'
    assert setup.asterisk_changes(pbx, account, Settings()) == []
    for path in files:
        with path.open("a") as file:
            file.write("\n; mine")
    manifest.undo(partial(setup.without_ours, tmp_path))
    assert {path: path.read_bytes().decode() for path in files} == {
        path: f"{text}\n; mine" for path, text in files.items()
    }


@pytest.mark.parametrize(
    ("bound", "host", "port", "here"),
    [
        ("0.0.0.0", "127.0.0.2", 5039, True),  # an own address as any other
        ("0.0.0.0", "localhost", 5039, True),
        ("0.0.0.0", "192.0.2.7", 5039, False),
        ("0.0.0.0", "no.such.host.invalid", 5039, False),
        ("0.0.0.0", "127.0.0.2", 5040, False),
        ("127.0.0.3", "127.0.0.3", 5039, True),
        ("127.0.0.3", "127.0.0.2", 5039, False),  # another Asterisk of this machine
    ],
)
def test_which_asterisk_is_the_one_that_is_configured_here(
    tmp_path: Path, bound: str, host: str, port: int, here: bool
) -> None:
    (tmp_path / "manager.conf").write_text(f"[general]\nbindaddr = {bound}\nport = 5039\n")
    assert is_of(tmp_path, host, port) is here


def test_templates_are_no_sections() -> None:
    assert sections_in("[a](!)\n[b](a)\n[c](+)\n; [d]\n") == ["b", "c"]


def test_the_mark_that_editors_on_windows_write_is_no_part_of_a_file() -> None:
    """Asterisk skips it, too."""
    assert sections_in("\ufeff[a]\n") == ["a"]
    assert includes_in("\ufeff#include b.conf\n") == ["b.conf"]


def test_asterisk_conf_says_where_the_configuration_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.tools.asterisk_files.PLACES", (tmp_path / "none", tmp_path))
    assert configuration_folder() is None
    main = tmp_path / "asterisk.conf"
    main.write_text("[directories](!)\nastetcdir => /nowhere\n")
    assert configuration_folder() == tmp_path
    main.write_text("[directories]\nastetcdir => /srv/asterisk\n")
    assert configuration_folder() == Path("/srv/asterisk")


# -- the plan


def a_pbx(folder: Path, **files: str) -> setup.PbxFiles:
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)
    return setup.pbx_of(folder)


PLAIN = {
    "manager": "[general]\nenabled = yes\nport = 5039\n",
    "extensions": "[internal]\nexten => 1,1,Answer()\n",
    "queues": "[general]\n[sales]\nstrategy = ringall\n[own]\nmembergosub = my-sub\n",
}
GENERATED = {
    "manager": "[general]\nenabled = yes\n#include manager_custom.conf\n",
    "extensions": "#include extensions_custom.conf\n",
    "queues": "#include queues_additional.conf\n#include queues_post_custom.conf\n",
    "queues_additional": "[400]\nstrategy=ringall\n",
    "manager_custom": "", "extensions_custom": "", "queues_post_custom": "",
}  # fmt: skip


def planned(pbx: setup.PbxFiles, *prepared: str) -> dict[str, str]:
    account = setup.account_of(pbx, Settings())
    changes = setup.asterisk_changes(pbx, account, Settings())
    changes += setup.prepared_changes(pbx, prepared)
    return {str(change.path.relative_to(pbx.etc)): change.text.decode() for change in changes}


def test_a_plain_pbx_gets_its_includes_and_files_of_xucds_own(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    account = setup.account_of(pbx, Settings())
    assert (account.port, account.username, len(account.secret) > 30) == (5039, "xucd", True)
    changes = planned(pbx, "sales")
    assert list(changes) == [
        "xucd/manager.conf", "manager.conf", "xucd/extensions.conf", "extensions.conf",
        "xucd/queue-sales.conf", "xucd/queues-prepared.conf", "queues.conf",
    ]  # fmt: skip
    assert changes["manager.conf"] == PLAIN["manager"] + '#include "xucd/manager.conf"\n'
    assert changes["queues.conf"] == PLAIN["queues"] + '#tryinclude "xucd/queues-prepared.conf"\n'
    assert "[sales](+)" in changes["xucd/queue-sales.conf"]
    assert "strategy" not in changes["xucd/queue-sales.conf"].replace("; ", "")


def test_of_a_generated_pbx_only_the_custom_files_are_changed(tmp_path: Path) -> None:
    changes = planned(a_pbx(tmp_path, **GENERATED), "400")
    assert [name for name in changes if not name.startswith("xucd/")] == [
        "manager_custom.conf", "extensions_custom.conf", "queues_post_custom.conf",
    ]  # fmt: skip


def test_a_second_plan_after_the_first_is_made_has_nothing(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    account = setup.account_of(pbx, Settings())
    manifest = Manifest(tmp_path / "xucd/setup.json")
    manifest.make(setup.asterisk_changes(pbx, account, Settings()))
    manifest.make(setup.prepared_changes(pbx, ["sales"]))
    again = setup.account_of(pbx, Settings())
    assert again == account  # the secret is found again where it stands
    assert setup.asterisk_changes(pbx, again, Settings()) == []
    assert setup.prepared_changes(pbx, ["sales"]) == []


def test_an_account_of_that_name_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, manager="[general]\n[xucd]\nsecret = other\n")
    with pytest.raises(FilesError, match=r"manager\.conf has an account \[xucd\] already"):
        setup.account_of(pbx, Settings())


def test_a_right_account_that_asterisk_does_not_let_in_is_not_called_wrong(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, manager="[general]\nenabled = no\n[xucd]\nsecret = of-the-settings\n")
    settings = Settings(ami=Ami(secret="of-the-settings"))
    with pytest.raises(FilesError, match=r"with the secret of xucd's settings, and Asterisk does"):
        setup.account_of(pbx, settings)
    assert setup.is_used(tmp_path / "manager.conf", settings)
    assert not setup.is_used(tmp_path / "manager.conf", Settings(ami=Ami(secret="another")))


def test_where_asterisk_listens_at_one_address_the_account_permits_that(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, manager="[general]\nenabled=yes\nbindaddr=192.0.2.7\n")
    assert "permit = 192.0.2.7/255.255.255.255\n" in planned(pbx)["xucd/manager.conf"]
    (tmp_path / "manager.conf").write_text("[general]\nenabled=yes\nbindaddr=2001:db8::7\n")
    account = planned(setup.pbx_of(tmp_path))["xucd/manager.conf"]
    rules = [rule for rule in options_in(account, "xucd") if rule[0] in ("permit", "deny")]
    assert rules[-1] == ("permit", "2001:db8::7/128")


def test_of_either_internet_the_account_permits_this_machine_alone(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, manager="[general]\nenabled=yes\nbindaddr=::\n")
    account = planned(pbx)["xucd/manager.conf"]
    rules = [rule for rule in options_in(account, "xucd") if rule[0] in ("permit", "deny")]
    assert rules == [
        ("deny", "0.0.0.0/0.0.0.0"), ("permit", "127.0.0.1/255.255.255.255"),
        ("deny", "::/0"), ("permit", "::1/128"),
    ]  # fmt: skip


def test_which_queues_can_be_prepared(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    can, cannot = setup.preparable(pbx, ["sales", "own", "realtime"])
    assert can == ["sales"]
    assert cannot == {
        "own": "has a subroutine of its own (my-sub)", "realtime": "is not in Asterisk's files",
    }  # fmt: skip


def test_all_queues_are_prepared_but_those_that_are_named_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A queue is not refused over another whose name begins alike."""
    pbx = a_pbx(tmp_path, queues="[sales]\n[sales is busy]\nmembergosub = my-sub\n")
    found = FoundPbx(tuple(map(FoundQueue, ("sales", "sales is busy", "sales nord"))))

    def prepared(names: str) -> str:
        run = a_run(tmp_path, pbx.etc, exact_wrapup=names, dry_run=True)
        setup_asterisk.prepare(run, found)
        return capsys.readouterr().out

    assert "+[sales](+)" in prepared("sales")
    with pytest.raises(Mistake, match="--exact-wrapup: sales nord is not in Asterisk's files"):
        prepared("sales,sales nord")
    said = prepared("all")
    assert "+[sales](+)" in said
    assert "not prepared: sales is busy has a subroutine of its own (my-sub)\n" in said
    assert "not prepared: sales nord is not in Asterisk's files\n" in said


def test_what_a_queue_has_of_its_templates_counts(tmp_path: Path) -> None:
    (tmp_path / "templates.conf").write_text(
        "[all](!)\nwrapuptime = 7\n[common](!,all)\nmembergosub = popup\n"
    )
    pbx = a_pbx(
        tmp_path,
        queues="#include templates.conf\n[a](common)\n[b](all)\n[c](common)\nmembergosub =\n"
        "[d](b)\nwrapuptime = 8\n[e](e)\n",
    )
    can, cannot = setup.preparable(pbx, ["a", "b", "c", "d", "e", "all"])
    assert can == ["b", "c", "d", "e"]
    assert cannot == {
        "a": "has a subroutine of its own (popup)", "all": "is not in Asterisk's files",
    }  # fmt: skip
    found = FoundPbx(tuple(FoundQueue(name) for name in "abcde"))
    assert [queue.wrapup for queue in setup.with_wrapups(found, pbx).queues] == [7, 7, 7, 8, 0]


def test_a_queue_whose_members_a_preparation_does_not_pause_is_prepared_by_its_name_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """xucd-sub-wrap pauses members that are named Agent/…: those of Asterisk's files are not."""
    pbx = a_pbx(tmp_path, queues="[own]\n[mixed]\n[empty]\n")
    anna, agent = FoundMember("PJSIP/201", "Anna Berg"), FoundMember("PJSIP/202", "Agent/2502")
    found = FoundPbx(
        (FoundQueue("own", members=(anna,)), FoundQueue("mixed", members=(anna, agent)),
         FoundQueue("empty"))
    )  # fmt: skip

    def prepared(names: str) -> tuple[list[str], str]:
        run = a_run(tmp_path, pbx.etc, exact_wrapup=names, dry_run=True)
        setup_asterisk.prepare(run, found)
        said = capsys.readouterr().out
        return re.findall(r"\+\[(.*)\]\(\+\)", said), said

    queues, said = prepared("all")
    assert queues == ["mixed", "empty"]
    assert "not prepared: own, which would gain nothing by it" in said
    queues, said = prepared("own,mixed,empty")
    assert queues == ["own", "mixed", "empty"]
    for queue in ("own", "mixed"):
        assert re.search(rf"{queue}: Asterisk pauses members .* alone; of 1 member \(Anna", said)
    assert "empty: Asterisk pauses" not in said


def test_queues_of_similar_names_are_prepared_in_files_of_their_own(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, queues="[a b]\n[a_b]\n[a'b]\n")
    changes = planned(pbx, "a b", "a_b", "a'b")
    files = [name for name in changes if name.startswith("xucd/queue-")]
    assert len(files) == 3
    assert changes["xucd/queues-prepared.conf"].count("#tryinclude") == 3


def test_the_secret_is_in_no_diff(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    account = setup.account_of(pbx, Settings())
    changes = [
        *setup.asterisk_changes(pbx, account, Settings()),
        *settings_changes(tmp_path / "xucd.toml", account, -1, is_first=True),
    ]
    shown = "".join(map(difference, changes))
    assert account.secret not in shown
    assert shown.count("(a random secret)") == 2


@pytest.mark.parametrize(
    "line",
    [
        "secret = of-the-wallboard",
        "  secret=>of-the-wallboard ; theirs",
        "md5secret = of-the-wallboard",
        "; secret = of-the-wallboard",
        'client_secret = "of-the-wallboard" # theirs',
        'bind_password = "of-the-wallboard"',
        'oidc = { client_id = "xucd", secret = "of-the-wallboard" }',
        'url = "postgresql://xucd:of-the-wallboard@db.example.org/xucd"',
    ],
)
def test_nobody_elses_secret_is_in_a_diff(tmp_path: Path, line: str) -> None:
    path = tmp_path / "manager.conf"
    path.write_text(f"[wallboard]\n{line}\nread = call\n")
    for text in (f"[wallboard]\n{line}\nread = call\nnew\n", "[wallboard]\nread = call\n"):
        shown = difference(Change(path, text.encode()))
        assert "of-the-wallboard" not in shown
        assert "read = call" not in shown
    shown = difference(Change(path, b""))
    assert "-read = call" in shown
    assert "of-the-wallboard" not in shown
    assert "(a secret)" in shown
    path.write_text("of-the-wallboard\n")  # a file that is a secret
    shown = difference(Change(path, b"another\n", secret="another"))
    assert shown.splitlines()[-2:] == ["-(a secret)", "+(a random secret)"]


def test_of_a_file_only_what_changes_is_shown_and_in_which_section(tmp_path: Path) -> None:
    """Dialplans have passwords in every form, right above the line that setup adds."""
    path = tmp_path / "extensions.conf"
    kept = "[globals]\nAPIKEY = geheim\n[pin](common)\nexten => 9,1,Authenticate(4711)"
    path.write_text(kept)
    shown = difference(Change(path, with_include(f"{kept}\n", "xucd/extensions.conf").encode()))
    assert shown.splitlines()[2:] == ["@@ -4,0 +5 @@ [pin]", '+#include "xucd/extensions.conf"']
    shown = difference(Change(path, kept.replace("APIKEY = geheim\n", "").encode()))
    assert shown.splitlines()[2:] == ["@@ -2 +1,0 @@ [globals]", "-APIKEY = geheim"]
    for old, new, hunk in (
        ("APIKEY = geheim", "A = 1\nB = 2", "@@ -2 +2,2 @@ [globals]"),
        ("geheim\n", "geheim\nA = 1\nB = 2\n", "@@ -2,0 +3,2 @@ [globals]"),
        ("geheim\n[pin]", "x\n[pin2]", "@@ -2,2 +2,2 @@ [globals]"),
    ):
        shown = difference(Change(path, kept.replace(old, new).encode()))
        assert shown.splitlines()[2] == hunk
    shown = difference(Change(path, f"[new]\nx = 1\n{kept}".encode()))
    assert shown.splitlines()[2:] == ["@@ -0,0 +1,2 @@", "+[new]", "+x = 1"]


def test_a_line_that_only_looks_secret_is_shown(tmp_path: Path) -> None:
    text = '[ami]\nsecret = ""\nsecret_file = "ami-secret"\n[web]\npublic_url = "http://x:8090/"\n'
    shown = difference(Change(tmp_path / "xucd.toml", text.encode()))
    assert [line[1:] for line in shown.splitlines() if line[:1] == "+"][1:] == text.splitlines()


def test_a_queues_wrapup_is_taken_over_from_asterisks_files(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **GENERATED)
    (tmp_path / "queues_additional.conf").write_text("[400]\nwrapuptime=12\n[401]\nwrapuptime=x\n")
    found = FoundPbx((FoundQueue("400"), FoundQueue("401"), FoundQueue("402")))
    Manifest(tmp_path / "xucd/setup.json").make(setup.prepared_changes(pbx, ["400"]))
    assert [queue.wrapup for queue in setup.with_wrapups(found, pbx).queues] == [12, 0, 0]


def test_a_custom_file_that_nothing_includes_is_not_used(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **{**GENERATED, "queues": "#include queues_additional.conf\n"})
    assert "queues.conf" in planned(pbx, "400")
    assert "queues_post_custom.conf" not in planned(pbx, "400")


# -- changes and their undoing


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "a.conf").write_bytes(b"[a]\r\nb = \xe9\r\n")
    (folder / "a.conf").chmod(0o640)
    (folder / "b.conf").write_bytes(b"")
    return folder


def changes_of(etc: Path) -> list[Change]:
    return [
        Change(etc / "a.conf", b"[a]\r\nb = \xe9\r\n#include xucd/manager.conf\r\n"),
        Change(etc / "b.conf", b"new\n"),
        Change(etc / "xucd/c.conf", b"ours\n", 0o600),
    ]


def test_undone_changes_leave_every_byte_and_mode_as_it_was(etc: Path) -> None:
    before = tree(etc)
    Manifest(etc / "xucd/setup.json").make(changes_of(etc))
    assert tree(etc)["a.conf"][1] == before["a.conf"][1]
    assert tree(etc)["xucd/c.conf"][1] & 0o777 == 0o600
    Manifest(etc / "xucd/setup.json").undo(partial(setup.without_ours, etc))
    assert tree(etc) == before
    assert not (etc / "xucd").exists()


def test_a_file_that_somebody_changed_since_loses_our_lines_only(etc: Path) -> None:
    Manifest(etc / "xucd/setup.json").make(changes_of(etc))
    with (etc / "a.conf").open("ab") as file:
        file.write(b"[mine]\r\n")
    (etc / "xucd/c.conf").write_text("mine\n")
    said = Manifest(etc / "xucd/setup.json").undo(partial(setup.without_ours, etc))
    assert (etc / "a.conf").read_bytes() == b"[a]\r\nb = \xe9\r\n[mine]\r\n"
    assert (etc / "xucd/c.conf").read_text() == "mine\n"
    assert any("somebody changed, as it is" in sentence for sentence in said)


@pytest.mark.parametrize("copy", [None, b"of another time\n"])
def test_without_the_copy_our_lines_go_and_with_them_the_account(
    tmp_path: Path, copy: bytes | None
) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    place, kept = tmp_path / "xucd/setup.json", tmp_path / "manager.conf.before-xucd"
    Manifest(place).make(setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings()))
    kept.unlink() if copy is None else kept.write_bytes(copy)
    undo = partial(setup.without_ours, tmp_path), partial(setup.user_of, tmp_path)
    said = "\n".join(Manifest(place).undo(*undo))
    assert (tmp_path / "manager.conf").read_text() == PLAIN["manager"]
    assert not (tmp_path / "xucd").exists()
    assert f"took xucd's lines out of {tmp_path}/manager.conf, and left the rest" in said
    assert f"{kept} is not what was there before" in said
    assert kept.exists() is (copy is not None)


def test_what_somebody_changed_between_two_runs_is_not_lost(etc: Path) -> None:
    path = etc / "a.conf"
    Manifest(etc / "xucd/setup.json").make([Change(path, b"one\n")])
    path.write_bytes(b"one\nmine\n")
    again = Change(path, b"one\nmine\n#include xucd/manager.conf\n")
    Manifest(etc / "xucd/setup.json").make([again])
    Manifest(etc / "xucd/setup.json").undo(partial(setup.without_ours, etc))
    assert path.read_bytes() == b"one\nmine\n"


@pytest.mark.parametrize(
    "before",
    [
        "[general]\nenabled = no\nbindaddr = 0.0.0.0\nport = 5038\n",
        "[general]\r\nport = 5038\r\nENABLED=no ; not yet\r\n",
        "[general]\nbindaddr = 192.0.2.7\n",
        "[general]\nenabled = yes\n",
    ],
)
def test_the_manager_interface_is_switched_off_again_in_a_file_that_somebody_changed(
    tmp_path: Path, before: str
) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    path = tmp_path / "manager.conf"
    path.write_bytes(before.encode())
    changes = setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings())
    Manifest(tmp_path / "xucd/setup.json").make(changes)
    assert manager_place(tmp_path).enabled
    with path.open("ab") as file:
        file.write(b"[theirs]\nsecret = s\n")
    Manifest(tmp_path / "xucd/setup.json").undo(partial(setup.without_ours, tmp_path))
    assert path.read_bytes().decode() == f"{before}[theirs]\nsecret = s\n"


def test_what_somebody_wrote_of_the_manager_interface_stays_when_setup_is_removed(
    tmp_path: Path,
) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    path = tmp_path / "manager.conf"
    path.write_text("[general]\nenabled = no\nbindaddr = 0.0.0.0\n")
    changes = setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings())
    Manifest(tmp_path / "xucd/setup.json").make(changes)
    path.write_text(path.read_text().replace("127.0.0.1", "192.0.2.7"))
    Manifest(tmp_path / "xucd/setup.json").undo(partial(setup.without_ours, tmp_path))
    assert path.read_text() == "[general]\nenabled = no\nbindaddr = 192.0.2.7\n"


def saved_meanwhile(etc: Path) -> str:
    """What an operator adds to manager.conf in an editor."""
    with (etc / "manager.conf").open("a") as file:
        file.write("[theirs]\nsecret = s\n")
    return (etc / "manager.conf").read_text()


@pytest.mark.parametrize(
    ("host", "held", "said"),
    [
        ("127.0.0.2", "shipped", "Asterisk lets xucd in, and has all that xucd needs."),
        ("127.0.0.2", "older", "-; older\n+"),
        ("127.0.0.2", "by hand", "{file} was changed by hand and stays as it is"),
        ("192.0.2.7", "older", "xucd check says whether its dialplan lacks anything"),
    ],
)
def test_an_asterisk_at_an_address_of_this_machine_gets_the_newer_dialplan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, held: str, said: str
) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    ours = tmp_path / "xucd/extensions.conf"
    changes = setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings())
    if held == "older":
        changes = [replace(c, text=b"; older\n") if c.path == ours else c for c in changes]
    Manifest(tmp_path / "xucd/setup.json").make(changes)
    if held == "by hand":
        ours.write_text("; mine\n")
    (tmp_path / "xucd.toml").touch()
    settings = Settings(
        ami=Ami(host=host, port=5039), store=StorePlace(url=f"sqlite:///{tmp_path}/none.db")
    )
    assert setup_asterisk.connect(a_run(tmp_path, tmp_path, dry_run=True), settings, Access(True))
    shown = capsys.readouterr().out
    assert said.format(file=ours) in shown
    assert ("has all that xucd needs" in shown) is (held == "shipped")


def own_address() -> str:
    """An address of this machine that others see; of one without a network, its own alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(unsent.getsockname()[0])


@pytest.mark.parametrize(
    ("bound", "more"),
    [
        ("{host}", ""),
        ("0.0.0.0", ""),
        ("::", ""),
        ("0.0.0.0", "[xucd](+)\nwritetimeout = 500\n"),
    ],
)
def test_who_opens_the_manager_interface_later_does_not_lock_xucd_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bound: str, more: str
) -> None:
    """It goes on to call where it did, and so from the address that was permitted for that."""
    host, manager = own_address(), tmp_path / "manager.conf"
    pbx = a_pbx(tmp_path, **{**PLAIN, "manager": f"{PLAIN['manager']}bindaddr = {host}\n"})
    account = setup.account_of(pbx, Settings())
    Manifest(tmp_path / "xucd/setup.json").make(setup.asterisk_changes(pbx, account, Settings()))
    opened = manager.read_text().replace(f"= {host}", f"= {bound.format(host=host)}")
    manager.write_text(opened + more)
    settings = Settings(
        ami=Ami(host=account.host, port=account.port, secret=account.secret),
        store=StorePlace(url=f"sqlite:///{tmp_path}/none.db"),
    )
    (tmp_path / "xucd.toml").touch()
    assert setup_asterisk.connect(a_run(tmp_path, tmp_path, dry_run=True), settings, Access(True))
    assert "has all that xucd needs" in capsys.readouterr().out


def test_what_is_saved_while_setup_asks_is_not_overwritten(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    account = setup.account_of(pbx, Settings())
    asked = setup.asterisk_changes(pbx, account, Settings())
    mine = saved_meanwhile(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(FilesError, match=r"manager\.conf: was changed meanwhile"):
        Manifest(tmp_path / "xucd/setup.json").make(asked)
    assert tree(tmp_path) == before
    again = setup.asterisk_changes(pbx, account, Settings())
    Manifest(tmp_path / "xucd/setup.json").make(again)
    assert (tmp_path / "manager.conf").read_text().startswith(mine)


def test_settings_saved_while_setup_asks_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "xucd.toml"
    path.write_text("[web]\nport = 8090\n")
    account = setup.Account("127.0.0.1", 5038, "xucd", "s" * 30)
    asked = settings_changes(path, account, 0, is_first=False)
    path.write_text("[web]\nport = 8091\n")
    with pytest.raises(FilesError, match="was changed meanwhile"):
        Manifest(tmp_path / "setup.json").make(asked)
    assert path.read_text() == "[web]\nport = 8091\n"


def test_what_is_saved_while_asterisk_does_not_let_xucd_in_stays(tmp_path: Path) -> None:
    run = a_run(tmp_path, tmp_path)
    pbx = a_pbx(tmp_path, **PLAIN)
    changes = setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings())

    def not_let_in() -> None:
        saved_meanwhile(tmp_path)
        raise Mistake("Asterisk does not let xucd in")

    with pytest.raises(Mistake):
        run.make(changes, (), not_let_in)
    left = (tmp_path / "manager.conf").read_text()
    assert "[theirs]" in left
    assert "xucd/" not in left
    assert not (tmp_path / "xucd").exists()
    assert (tmp_path / "extensions.conf").read_text() == PLAIN["extensions"]


def test_what_asterisk_would_miss_is_not_removed(tmp_path: Path) -> None:
    pbx = a_pbx(tmp_path, **PLAIN)
    place = tmp_path / "xucd/setup.json"
    Manifest(place).make(setup.asterisk_changes(pbx, setup.account_of(pbx, Settings()), Settings()))
    moved = (tmp_path / "manager.conf", tmp_path / "extensions.conf")
    (tmp_path / "more.conf").write_text('#include "xucd/*.conf"\n')
    moved[0].write_text(PLAIN["manager"] + "#include more.conf\n")
    moved[1].write_text(PLAIN["extensions"] + f"; mine\n#include {tmp_path}/xucd/extensions.conf\n")
    undo = partial(setup.without_ours, tmp_path), partial(setup.user_of, tmp_path)
    said = Manifest(place).undo(*undo)
    assert (tmp_path / setup.MANAGER).exists()
    assert any(f"{setup.MANAGER}, for {tmp_path}/more.conf includes it" in each for each in said)
    assert moved[1].read_text() == PLAIN["extensions"] + "; mine\n"
    assert (tmp_path / "manager.conf.before-xucd").exists()  # it was not put back
    (tmp_path / "more.conf").unlink()
    Manifest(place).undo(*undo)
    assert not (tmp_path / "xucd").exists()


def test_what_includes_our_files_is_put_back_before_they_go(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Manifest(etc / "xucd/setup.json").make(changes_of(etc))
    removed = []
    unlink = Path.unlink

    def seen(path: Path, missing_ok: bool = False) -> None:
        if path.name == "c.conf":
            removed.append((etc / "a.conf").read_bytes())
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", seen)
    Manifest(etc / "xucd/setup.json").undo(partial(setup.without_ours, etc))
    assert removed == [b"[a]\r\nb = \xe9\r\n"]


def test_a_failure_half_way_leaves_nothing(etc: Path) -> None:
    before = tree(etc)
    with pytest.raises(FilesError, match="cannot be written"):
        Manifest(etc / "xucd/setup.json").make(
            [*changes_of(etc), Change(etc / "x" / ("n" * 260), b"")]
        )
    (etc / "x").rmdir()
    assert tree(etc) == before


def test_a_file_is_held_until_somebody_else_changes_it(etc: Path) -> None:
    manifest = Manifest(etc / "xucd/setup.json")
    manifest.make(changes_of(etc))
    assert manifest.holds(etc / "a.conf")
    (etc / "a.conf").write_text("mine\n")
    assert not manifest.holds(etc / "a.conf")
    assert not manifest.holds(etc / "none.conf")


@pytest.mark.parametrize("is_first", [True, False])
def test_rights_are_strict_where_nobody_could_sign_in_before(
    tmp_path: Path, is_first: bool
) -> None:
    path = tmp_path / "xucd.toml"
    path.write_text("strict_rights = false # as the package has it\n[web]\nport = 1\n")
    account = setup.Account("127.0.0.1", 5038, "xucd", "a long secret")
    written = settings_changes(path, account, -1, is_first=is_first)[-1].text.decode()
    assert tomllib.loads(written)["strict_rights"] is is_first
    assert tomllib.loads(written)["queue_sheet"] == "queue"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "# ours\n", "[ami]\nport = 5038", "[web]\nport = 1\n\n"])
def test_settings_keep_their_line_ends_and_their_mark(
    tmp_path: Path, start: str, end: str, mark: str
) -> None:
    path = tmp_path / "xucd.toml"
    path.write_bytes((mark + start.replace("\n", end)).encode())
    # Of an empty text, or of one line, nobody can tell how its lines would end.
    ends = end if "\n" in start else "\n"
    account = setup.Account("127.0.0.1", 5039, "xucd", "s" * 30)
    changes = settings_changes(path, account, -1, is_first=True)
    Manifest(tmp_path / "setup.json").make(changes)
    written = path.read_bytes().decode()
    assert written.startswith(mark)
    assert written.count("\n") == written.count(ends) > 10
    assert ("\r" in written) is (ends == "\r\n")
    assert "\n[ami]" in f"\n{written.removeprefix(mark)}"
    assert load(path, {}).ami.port == 5039
    again = settings_changes(path, account, -1, is_first=True)
    assert again == []


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_settings_that_have_all_are_not_touched_whatever_their_line_ends(
    tmp_path: Path, mark: str
) -> None:
    path = tmp_path / "xucd.toml"
    path.write_bytes(
        (mark + (PROJECT / "docs/xucd.toml").read_text()).replace("\n", "\r\n").encode()
    )
    assert settings_changes(path, None, -1, is_first=False) == []


@pytest.mark.parametrize("ami", ['secret = "by-hand"', 'secret_file = "other"', ""])
def test_a_secret_that_works_is_put_where_the_service_takes_it_from(
    tmp_path: Path, ami: str
) -> None:
    path = tmp_path / "xucd.toml"
    path.write_text(f"[ami]\n{ami}\n[web]\nport = 1\n")
    changes = settings_changes(path, None, -1, is_first=False, held="by-hand")
    assert "by-hand" not in "".join(map(difference, changes))
    Manifest(tmp_path / "setup.json").make(changes)
    assert (tmp_path / "ami-secret").read_text() == "by-hand\n"
    assert tomllib.loads(path.read_text()) == {
        "ami": {"secret_file": "ami-secret"}, "web": {"port": 1},
    }  # fmt: skip
    assert settings_changes(path, None, -1, is_first=False, held="by-hand") == []


@pytest.mark.parametrize(
    ("start", "settings"),
    [
        ("/opt/xucd/bin/xucd -c /etc/xucd/xucd.toml run", "/etc/xucd/xucd.toml"),
        ("/x/xucd run", "/etc/xucd/xucd.toml"),
        ("/x/xucd -c /a run\n# drop-in\n[Service]\nExecStart=\nExecStart=/x --config=/b run", "/b"),
    ],
)
def test_the_service_is_of_the_settings_that_its_unit_names(start: str, settings: str) -> None:
    assert settings_in(f"[Service]\nExecStart={start}\n[Install]\n") == Path(settings)


@pytest.mark.parametrize(
    ("program", "start"),
    [
        (["/srv/x/bin/xucd"], "/srv/x/bin/xucd"),
        (["/usr/bin/python3", "-m", "xucd"], "/usr/bin/python3 -m xucd"),
        (["/srv/50%/xucd"], "/srv/50%%/xucd"),
    ],
)
def test_the_unit_that_setup_places_runs_this_installation(program: list[str], start: str) -> None:
    shipped = (PROJECT / "systemd/xucd.service").read_text()
    unit = service.unit_of(shipped, program)
    changed = difflib.ndiff(shipped.splitlines(), unit.splitlines())
    assert [line for line in changed if line[0] == "+"] == [
        f"+ ExecStart={start} -c /etc/xucd/xucd.toml run"
    ]
    assert settings_in(unit) == SETTINGS


@pytest.mark.parametrize(("mode", "hidden"), [(0o755, False), (0o750, True)])
def test_an_installation_that_a_service_cannot_read_is_found(
    monkeypatch: pytest.MonkeyPatch, mode: int, hidden: bool
) -> None:
    with tempfile.TemporaryDirectory(dir="/var") as folder:
        Path(folder).chmod(mode)
        for name in ("bin/python", "xucd"):
            (Path(folder) / name).mkdir(parents=True)
        monkeypatch.setattr(service, "PACKAGE", Path(folder) / "xucd")
        monkeypatch.setattr(sys, "executable", f"{folder}/bin/python")
        monkeypatch.setattr(service, "command", lambda: [f"{folder}/bin/xucd"])
        assert (service.out_of_reach() is not None) is hidden
        monkeypatch.setattr(service, "PACKAGE", Path("/var/tmp"))  # all may read it, but no service
        assert service.out_of_reach() is not None


@pytest.mark.parametrize(
    ("web", "page"),
    [
        (Web(host="::1"), "http://[::1]:8090/"),
        (Web(host="192.0.2.7", port=80), "http://192.0.2.7:80/"),
        (Web(host="::"), f"http://{os.uname().nodename}:8090/"),
        (Web(host="fd00::7", tls_certificate="c", tls_key="k"), "https://[fd00::7]:8090/"),
    ],
)
def test_the_pages_address_can_be_opened_as_it_is_printed(web: Web, page: str) -> None:
    assert setup_steps.page_of(web) == page


KILLED = """
import os, sys
from pathlib import Path
from xucd.tools import file_changes
from tests.test_setup import changes_of
steps = int(sys.argv[2])
replaced = os.replace
def replace(*names):
    global steps
    if steps == 0:
        os._exit(9)
    steps -= 1
    return replaced(*names)
os.replace = replace
Path.replace = lambda self, target: replace(self, target)
file_changes.Manifest(Path(sys.argv[1]) / "xucd/setup.json").make(changes_of(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("steps", range(6))
def test_killed_at_any_moment_a_second_run_ends_it_or_it_is_undone(etc: Path, steps: int) -> None:
    before = tree(etc)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(etc), str(steps)], check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert ended.returncode == 9
    Manifest(etc / "xucd/setup.json").make(changes_of(etc))
    assert (etc / "b.conf").read_bytes() == b"new\n"
    Manifest(etc / "xucd/setup.json").undo(partial(setup.without_ours, etc))
    left = {name for name in tree(etc) if not name.endswith(".xucd-new")}
    assert {name: tree(etc)[name] for name in left} == before


def test_what_asterisk_has_not_read_is_remembered_until_it_has(etc: Path) -> None:
    place = etc / "xucd/setup.json"
    Manifest(place).make(changes_of(etc), ("queue reload all",))
    again = Manifest(place)  # of the next run, the first was killed
    assert again.unread == ["queue reload all"]
    again.make([], ("dialplan reload", "queue reload all"))
    assert Manifest(place).unread == ["queue reload all", "dialplan reload"]
    again.has_read()
    assert Manifest(place).unread == []


def test_what_asterisks_user_plants_leads_nowhere(etc: Path, tmp_path: Path) -> None:
    place, target = etc / "xucd/setup.json", tmp_path / "preload"
    copy = etc / "a.conf.before-xucd"
    copy.symlink_to(target)  # dangling, and so not there for Path.exists
    Manifest(place).make(changes_of(etc))
    assert not target.exists()
    assert copy.read_bytes() == b"[a]\r\nb = \xe9\r\n"
    copy.unlink()
    copy.write_text("planted\n")
    said = Manifest(place).undo(partial(setup.without_ours, etc))
    assert any("before-xucd is not what was there before" in sentence for sentence in said)
    assert b"planted" not in (etc / "a.conf").read_bytes()


def test_a_manifest_that_others_can_write_is_refused(etc: Path, tmp_path: Path) -> None:
    place = etc / "xucd/setup.json"
    Manifest(place).make(changes_of(etc))
    place.chmod(0o666)
    with pytest.raises(FilesError, match=r"setup\.json: was not written by setup"):
        Manifest(place)
    place.rename(tmp_path / "theirs")
    place.symlink_to(tmp_path / "theirs")
    with pytest.raises(FilesError, match=r"setup\.json: is a link"):
        Manifest(place)


@pytest.mark.parametrize("planted", ["a.conf", "xucd"])
def test_a_link_of_asterisks_user_to_a_file_of_roots_is_refused(
    etc: Path, tmp_path: Path, planted: str
) -> None:
    (tmp_path / "roots").mkdir()
    (etc / "a.conf").unlink()
    (etc / planted).symlink_to(tmp_path / "roots")
    os.chown(etc / planted, 65534, 65534, follow_symlinks=False)
    with pytest.raises(FilesError, match=f"{planted}: is a link of another user's"):
        Manifest(tmp_path / "setup.json").make(changes_of(etc))
    assert not list((tmp_path / "roots").iterdir())


def test_two_setups_at_once_do_not_meet(
    etc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-c", str(tmp_path / "x.toml"), "setup", "--yes", "--asterisk-etc", str(etc)]
    with alone(etc):
        assert cli.main(words) == 2
        assert cli.main([*words, "--remove"]) == 2
    assert capsys.readouterr().err.count("another xucd setup is running") == 2
    with alone(etc / "none"):
        pass


# -- xucd's settings


def test_keys_are_written_into_settings_and_nothing_else_of_them_changes() -> None:
    text = (PROJECT / "docs/xucd.toml").read_text()
    written = with_keys(
        text, {("ami", "port"): 5039, ("ami", "secret"): None, ("ami", "secret_file"): "s"}
    )
    compared = difflib.ndiff(text.splitlines(), written.splitlines())
    assert sorted(line for line in compared if line[0] in "+-") == [
        '+ port = 5039', '+ secret_file = "s"', '- port = 5038', '- secret = ""',
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "[web]\nport = 1", "[ami]\nhost = 'x' # mine\n\n[web]\n"])
def test_keys_find_their_section_or_make_it(text: str) -> None:
    assert with_keys(with_keys(text, {("ami", "port"): 1}), {("ami", "port"): 2}).count("port = 2")


def test_settings_that_cannot_be_changed_so_are_said() -> None:
    with pytest.raises(CannotWrite, match=r"cannot write ami\.port"):
        with_keys('ami = { host = "x" }\n', {("ami", "port"): 1})


# -- passwords


def test_first_passwords_are_on_a_list_that_only_its_owner_reads(
    tmp_path: Path, demo_plan: Plan
) -> None:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    store.migrate()
    apply(store, demo_plan)
    users = first_passwords.without_password(store)[:2]
    made = {user.login: first_passwords.new_password() for user in users}
    path = tmp_path / "first-passwords.csv"
    first_passwords.write_list(path, users, dict.fromkeys(made, "old-one-here"), store)
    first_passwords.write_list(path, users, made, store)
    rows = path.read_text().splitlines()
    assert rows[0] == "login,name,phone,password"
    assert [row.split(",")[3] for row in rows[1:]] == list(made.values())
    assert path.stat().st_mode & 0o777 == 0o600
    first_passwords.set_passwords(store, made)
    left = {user.login for user in first_passwords.without_password(store)}
    assert left.isdisjoint(made)
    store.close()


@pytest.mark.parametrize("names", [(), ("anna.berg",)])
def test_only_those_whom_setup_added_get_a_password_and_a_killed_run_is_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: tuple[str, ...]
) -> None:
    settings, url = tmp_path / "xucd.toml", f"sqlite:///{tmp_path}/xucd.db"
    people = tuple(Person(login, "Anna", "Berg", 1 + at) for at, login in enumerate(names))
    present = Plan(people=people)
    proposal = propose(FoundPbx(), present, admin=True)
    first_users.remember(settings, proposal, present)
    store = Store(url)
    store.migrate()
    apply(store, proposal.plan)  # and here the first run was killed
    store.close()
    arguments = argparse.Namespace(yes=True, admin_password_file=None)
    first_users.make(settings, url, arguments)
    # Nobody is at a terminal: the administrator's is on the list alone.
    (row,) = (tmp_path / first_users.LIST).read_text().splitlines()[1:]
    said = capsys.readouterr().out
    assert row.startswith("admin,")
    assert row.split(",")[-1] not in said
    first_users.forget(settings)
    assert f"{first_users.LIST} has first passwords: delete it" in capsys.readouterr().out
    store = Store(url)
    assert [user.login for user in first_passwords.without_password(store)] == list(names)
    store.close()
    assert not (tmp_path / first_users.PENDING).exists()


# -- the centre file


def a_run(folder: Path, etc: Path | None = None, **arguments: object) -> Run:
    values = {"yes": True, "dry_run": False, "exact_wrapup": None, "admin_password_file": None}
    return Run(argparse.Namespace(**{**values, **arguments}), folder / "xucd.toml", etc)


def test_a_centre_file_that_somebody_changed_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "center.toml"
    setup_steps.keep(a_run(tmp_path), "# one\n")
    setup_steps.keep(a_run(tmp_path), "# two\n")
    assert path.read_text() == "# two\n"
    assert path.stat().st_mode & 0o007 == 0
    path.write_text("# two\n# mine\n")
    setup_steps.keep(a_run(tmp_path), "# three\n")
    setup_steps.keep(a_run(tmp_path), "# four\n")
    assert path.read_text() == "# two\n# mine\n"


def test_the_centre_file_is_there_before_its_centre_and_not_without_it(tmp_path: Path) -> None:
    """Else a run that is killed in between leaves a centre that has no file."""
    path = tmp_path / "center.toml"
    held = []

    def apply() -> None:
        held.append(path.read_text())
        if len(held) > 1:
            raise Mistake("somebody has changed the centre meanwhile")

    def refused(text: str) -> None:
        with pytest.raises(Mistake):
            setup_steps.keep(a_run(tmp_path), text, apply)

    setup_steps.keep(a_run(tmp_path), "# one\n", apply)
    refused("# two\n")
    assert (held, path.read_text()) == (["# one\n", "# two\n"], "# one\n")
    path.write_text("# mine\n")
    refused("# three\n")
    assert held[2:] == ["# mine\n"]
    path.unlink()
    refused("# four\n")
    assert held[3:] == ["# four\n"]
    assert not path.exists()


def test_customers_who_are_to_be_called_back_are_in_no_proposal(demo_plan: Plan) -> None:
    assert any(each.callbacks for each in demo_plan.callback_lists)
    names = [each.name for each in demo_plan.callback_lists]
    text = propose(FoundPbx(), without_callbacks(demo_plan)).text
    plan = center_file.parse(text, "it", datetime.date(2026, 1, 1)).plan
    assert [each.name for each in plan.callback_lists] == names
    assert not any(each.callbacks for each in plan.callback_lists)


# -- the commands, where there is no Asterisk


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["discover"], "cannot read the PBX: 127.0.0.1:1: "),
        (["setup", "--asterisk-etc", "{folder}/none"], "none is no folder: give Asterisk's"),
        (["setup", "--yes"], "run xucd setup on the PBX's machine, as root"),
        (["setup", "--yes", "--asterisk-etc", "{folder}"], "there is no program asterisk"),
    ],
)
def test_without_an_asterisk_a_sentence_says_what_to_do(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setattr("xucd.tools.asterisk_files.PLACES", ())
    monkeypatch.setattr("xucd.tools.service.PLACES", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    file = tmp_path / "xucd.toml"
    file.write_text(
        f'[ami]\nport = 1\nsecret = "long enough"\n[store]\nurl = "sqlite:///{tmp_path}/x.db"\n'
    )
    before = tree(tmp_path)
    assert cli.main(["-c", str(file), *(word.format(folder=tmp_path) for word in words)]) == 2
    assert said in capsys.readouterr().err
    assert tree(tmp_path) == before


@pytest.mark.parametrize("named", [True, False])
def test_who_may_not_see_asterisks_files_is_told_so(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
) -> None:
    etc = tmp_path / "hidden/etc"
    etc.mkdir(parents=True)
    (etc / "asterisk.conf").touch()
    etc.parent.chmod(0)
    monkeypatch.setattr("xucd.tools.asterisk_files.PLACES", (etc,))
    monkeypatch.chdir("/")
    with as_nobody():
        code = cli.main(["setup", "--dry-run", *(["--asterisk-etc", str(etc)] if named else [])])
    etc.parent.chmod(0o700)
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert re.fullmatch(rf"xucd: {etc}\S*: Permission denied; run it as a .* root\n", said.err)


def test_removing_what_was_never_set_up_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-c", str(tmp_path / "xucd.toml"), "setup", "--remove", "--yes"]
    words += ["--asterisk-etc", str(tmp_path)]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == "xucd setup has changed nothing here\n"
    (tmp_path / first_users.LIST).write_text("login,name,phone,password\n")
    assert cli.main(words) == 0
    assert f"{first_users.LIST} has first passwords: delete it" in capsys.readouterr().out
