"""Users in bulk from a CSV file: what a file asks for, and what becomes of the database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from tests.ws_client import Client
from xucd import cli
from xucd.client import connect
from xucd.config import user_file
from xucd.config.csv_table import CsvError
from xucd.config.plan import Plan
from xucd.config.user_file import UserFileError
from xucd.signin import passwords
from xucd.store import Store, audit, directory_users, tables
from xucd.store.apply import apply
from xucd.store.audit import AuditSearch
from xucd.store.directory_users import DirectoryUser
from xucd.store.repository import Granted
from xucd.store.user_import import import_users

HEADER = "login;firstName;lastName;profile;line;rights;queues;groups;password"
ZOE = "zoe;Zoë;Zet;Supervisor;1001;recording, dissuasion;support;default;zoe-is-long-enough"


@pytest.fixture
def centre(store: Store, demo_plan: Plan) -> Store:
    apply(store, demo_plan)
    return store


@pytest.fixture
def sqlite_centre(tmp_path: Path, demo_plan: Plan) -> Any:
    """A database in a file, and the settings that name it."""
    store = Store(f"sqlite:///{tmp_path}/x.db")
    store.migrate()
    apply(store, demo_plan)
    settings = tmp_path / "xucd.toml"
    settings.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/x.db"\n')

    def run(text: str | bytes, *options: str) -> int:
        file = tmp_path / "users.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return cli.main(["-c", str(settings), "user", "import", str(file), *options])

    yield store, run
    store.close()


def asked(store: Store, text: str | bytes) -> user_file.UserImport:
    data = text.encode() if isinstance(text, str) else text
    return user_file.read(data, store.directory(), passwords.MIN_LENGTH)


# --- Reading


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(("separator", "end"), [(";", "\r\n"), (",", "\n")])
def test_a_file_is_read_as_spreadsheets_write_it(
    sqlite_centre: Any, begin: bytes, separator: str, end: str
) -> None:
    store, _ = sqlite_centre
    cells = [f'"{cell}"' if "," in cell else cell for cell in ZOE.split(";")]
    text = end.join((HEADER.replace(";", separator), separator.join(cells), ""))
    (zoe,) = asked(store, begin + text.encode()).plan.people
    directory = store.directory()
    assert (zoe.first_name, zoe.last_name, zoe.profile) == ("Zoë", "Zet", "Supervisor")
    assert zoe.line_id == directory.line_by_number["1001"].id
    assert zoe.rights == ("recording", "dissuasion")
    assert {directory.queues[one].name for one in zoe.queue_ids} == {"support"}
    assert {directory.groups[one].name for one in zoe.group_ids} == {"default"}


def test_rows_that_a_spreadsheet_has_formatted_alone_are_no_users(sqlite_centre: Any) -> None:
    text = f"{HEADER};\r\n{ZOE};\r\n" + ";" * 9 + "\r\n"
    assert [person.login for person in asked(sqlite_centre[0], text).plan.people] == ["zoe"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused_in_a_sentence(sqlite_centre: Any, encoding: str) -> None:
    store, _ = sqlite_centre
    with pytest.raises(CsvError) as refused:
        asked(store, f"{HEADER}\n{ZOE}\n".encode(encoding))
    assert "not UTF-8" in refused.value.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("name;firstName\nx;y\n", "Column 1 of the header is not one of login, "),
        ("firstName;lastName\nx;y\n", "no column login"),
        ("login;Login\nx;y\n", "twice"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(sqlite_centre: Any, text: str, said: str) -> None:
    with pytest.raises(CsvError) as refused:
        asked(sqlite_centre[0], text)
    assert said in refused.value.text


def test_every_error_of_every_line_is_told_with_its_line(sqlite_centre: Any) -> None:
    text = (
        "login;First name;last_name;profile;line;rights;queues;groups;password;agentNumber;"
        "agentGroup;agentQueues\n"
        "zoe;;Zet;Boss;1099;listening;nowhere;nobody;short;;;\n"
        ";a;b;;;;;;;;;\n"
        "max;Max;<b>;;;;;;;;;\n"
        "max;Max;M;;;;;;;;;\n"
        "two words;a;b;;;;;;;;;\n"
        "one;a\n"
        "new;New;One;;;;;;;2501;default;support=x\n"
        "newer;New;One;;;;;;;2601;;\n"
        "newest;New;One;;;;;;;;;support\n"
    )
    with pytest.raises(UserFileError) as refused:
        asked(sqlite_centre[0], text)
    told = [(bad.line, bad.message.partition(": ")[0]) for bad in refused.value.lines]
    assert sorted(told) == sorted([
        (2, "profile"), (2, "rights"), (2, "password"), (2, "firstName"), (2, "line"),
        (2, "queues"), (2, "groups"), (3, "login"), (4, "lastName"), (5, "login"), (6, "login"),
        (7, "The line has 2 fields, the header 12."), (8, "agentNumber"), (8, "agentQueues"),
        (9, "agentGroup"), (10, "agentQueues"),
    ])  # fmt: skip
    assert 'profile: expected "Admin" or "Supervisor", got "Boss"' in {
        bad.message for bad in refused.value.lines
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("login;lastName\nbruce;-", "lastName: cannot be emptied by -"),
        ("login;firstName\nbruce;-", "firstName: cannot be emptied by -"),
        ("login;agentNumber\nbruce;-", "agentNumber: cannot be emptied by -"),
        ("login;agentGroup\nbruce;-", "agentGroup: cannot be emptied by -"),
        ("login;agentQueues\nbruce;support=3, SUPPORT=4", "agentQueues: SUPPORT is named twice"),
        (
            "login;firstName;lastName\nBruce;B;W",
            "login: Bruce is new, and differs from bruce in case only",
        ),
        (
            "login;firstName;lastName\nzoe;Z;Z\nZoe;Z;Z",
            "login: Zoe is new, and differs from zoe in case only",
        ),
    ],
)
def test_what_would_be_taken_for_something_else_is_an_error(
    sqlite_centre: Any, text: str, said: str
) -> None:
    with pytest.raises(UserFileError) as refused:
        asked(sqlite_centre[0], text)
    assert [bad.message for bad in refused.value.lines] == [said]


# --- What becomes of the database


def imported(store: Store, text: str) -> list[str]:
    wanted = asked(store, text)
    return import_users(store, wanted.plan, {}, audit.command_line)


def test_users_are_added_and_changed_and_nobody_is_removed(centre: Store) -> None:
    before = centre.directory().user_by_login
    changes = imported(centre, f"{HEADER}\n{ZOE}\nbruce;Brus;;;;;;;\nsue;;;;;-;-;;\n")
    assert "added user zoe" in changes
    assert "changed user bruce: first name Bruce to Brus" in changes
    after = centre.directory().user_by_login
    assert set(after) == {*before, "zoe"}
    bruce = after["bruce"]
    assert (bruce.first_name, bruce.last_name) == ("Brus", before["bruce"].last_name)
    # An empty cell says nothing, and a dash empties.
    assert (bruce.line_id, bruce.agent_id) == (before["bruce"].line_id, before["bruce"].agent_id)
    assert (after["sue"].queue_ids, after["sue"].group_ids) == (
        frozenset(),
        before["sue"].group_ids,
    )
    assert imported(centre, f"{HEADER}\n{ZOE}\nbruce;Brus;;;;;;;\nsue;;;;;-;-;;\n") == []


def test_a_line_with_an_agents_number_makes_an_agent(centre: Store) -> None:
    header = "login;firstName;lastName;line;agentNumber;agentGroup;agentQueues"
    imported(centre, f"{header}\nmax;Max;M;1002;2599;default;support, sales=5\n")
    directory = centre.directory()
    max_ = directory.user_by_login["max"]
    assert max_.agent_id is not None
    agent = directory.agents[max_.agent_id]
    assert (agent.number, directory.groups[agent.group_id].name) == ("2599", "default")
    names = {directory.queues[one].name: p for one, p in centre.memberships()[agent.id].items()}
    assert names == {"support": 0, "sales": 5}
    # Changed without a word of its queues, it keeps them.
    imported(centre, f"{header}\nmax;Maxim;;;2600;;\n")
    assert centre.directory().agents[max_.agent_id].number == "2600"
    assert centre.memberships()[agent.id] != {}


def test_one_wrong_line_changes_nothing(
    sqlite_centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = sqlite_centre
    assert run(f"{HEADER}\n{ZOE}\nmax;Max;M;;1099;;;;\n") == 2
    assert "users.csv: line 3: line: there is no line 1099" in capsys.readouterr().err
    assert "zoe" not in store.directory().user_by_login


def test_a_file_may_come_through_a_pipe(tmp_path: Path, sqlite_centre: Any) -> None:
    store, _ = sqlite_centre
    end, begin = os.pipe()
    with open(begin, "wb") as pipe:
        pipe.write(f"{HEADER}\n{ZOE}\n".encode())
    command = ["-c", str(tmp_path / "xucd.toml"), "user", "import", f"/dev/fd/{end}"]
    try:
        assert cli.main(command) == 0
    finally:
        os.close(end)
    assert "zoe" in store.directory().user_by_login


def test_passwords_are_set_once_and_sign_the_users_out(
    sqlite_centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = sqlite_centre
    text = "login;firstName;lastName;password\nzoe;Z;Z;  two  blanks  \nbruce;;;bruce-is-new\n"
    before = store.generations()
    assert run(text) == 0
    assert "set the password of bruce" in capsys.readouterr().out
    assert passwords.verify(store.password_hash("zoe"), "  two  blanks  ")
    assert passwords.verify(store.password_hash("bruce"), "bruce-is-new")
    between = store.generations()
    assert (between["bruce"] != before["bruce"], between["alice"]) == (True, before["alice"])
    assert run(text) == 0
    assert "nothing to change" in capsys.readouterr().out
    assert store.generations() == between
    entries = [stored.entry for stored in audit.read(store, AuditSearch())]
    (passwords_set,) = [entry for entry in entries if entry.kind == "set_password"]
    assert [target.name for target in passwords_set.targets] == ["zoe", "bruce"]
    assert "bruce-is-new" not in str(entries)


def test_generated_passwords_are_in_a_new_file_of_ones_own(
    sqlite_centre: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = sqlite_centre
    text = "login;firstName;lastName\nzoe;Z;Z\n"
    file = tmp_path / "passwords.csv"
    file.write_text("of another day")
    assert run(text, "--passwords", str(file)) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text() == "of another day"
    assert "zoe" not in store.directory().user_by_login
    file.unlink()
    assert run(text, "--passwords", str(file), "--dry-run") == 0
    assert not file.exists()
    assert run(text, "--passwords", str(file)) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    header, line = file.read_text().splitlines()
    assert header == "login;password"
    login, password = line.split(";")
    assert passwords.verify(store.password_hash(login), password)
    assert password not in capsys.readouterr().out
    file.unlink()
    # Who has one keeps it.
    assert run(text, "--passwords", str(file)) == 0
    assert not file.exists()


def test_a_dry_run_says_what_would_be_changed_and_changes_nothing(
    sqlite_centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = sqlite_centre
    assert run(f"{HEADER}\n{ZOE}\n", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "added user zoe\nset the password of zoe\n" in said
    assert "zoe" not in store.directory().user_by_login
    entries = audit.read(store, AuditSearch())
    assert run(f"{HEADER}\n{ZOE}\n") == 0
    assert len(audit.read(store, AuditSearch())) == len(entries) + 2


def test_what_a_directorys_groups_give_is_not_made_the_files_own(
    sqlite_centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = sqlite_centre
    given = msgspec.to_builtins(Granted(profile="Admin", rights=("recording",)))
    brought = DirectoryUser(
        login="zoe", first_name="Z", last_name="Z", origin="ldap", granted=None, is_member=True
    )
    directory_users.admit(store, brought, "", 0.0, create=True)
    with store.writing() as connection:
        table = tables.users
        connection.execute(update(table).where(table.c.login == "bruce").values(granted=given))
    assert store.directory().user_by_login["bruce"].profile == "Admin"
    assert run("login;firstName;lastName\nbruce;Brus;\nzoe;Zoë;Zet\n") == 0
    assert "changed user bruce: first name Bruce to Brus\n" in capsys.readouterr().out
    configured = store.configured().user_by_login
    assert (configured["bruce"].profile, configured["bruce"].rights) == (None, ())
    assert configured["zoe"].first_name == "Zoë"
    assert store.directory().user_by_login["bruce"].profile == "Admin"


# --- By REST


CSV = "text/csv"
USERS = "/users/import"


async def test_an_administrator_imports_users_who_can_sign_in_at_once(tmp_path: Path) -> None:
    async with LoneXucd(tmp_path) as xucd:
        ada, sue = (RestClient(xucd.port, xucd.token(login)) for login in ("ada", "sue"))
        text = f"{HEADER}\n{ZOE}\nbruce;Brus;;;;;;;\n"
        assert (await sue.ask("POST", USERS, text, CSV))[1]["error"] == "NotAuthorized"
        status, answer = await ada.ask("POST", f"{USERS}?dryRun=true", text, CSV)
        assert (status, "added user zoe" in answer["changes"]) == (200, True)
        async with await Client.connect(
            xucd.port, f"/xuc/api/2.0/cti?token={xucd.token('bruce')}"
        ) as bruce:
            assert (await bruce.hear())["msgType"] == "LoggedOn"
            status, answer = await ada.ask("POST", USERS, text, CSV)
            assert (status, answer["changes"]) == (
                200,
                [
                    "added user zoe",
                    "changed user bruce: first name Bruce to Brus",
                    "set the password of zoe",
                ],
            )
            # Whose names have changed connects again.
            assert (await bruce.goodbye()).code == 1012
        zoe = await connect(f"http://127.0.0.1:{xucd.port}", "zoe", "zoe-is-long-enough")
        await zoe.close()
        status, answer = await ada.ask("POST", USERS, text, CSV)
        assert (status, answer["changes"]) == (200, [])
        _, page = await ada.ask("GET", "/audit?actor=ada")
        assert {"configure", "set_password"} <= {entry["kind"] for entry in page["list"]}
        assert "zoe-is-long-enough" not in str(page)

        # The same in JSON, and what is wrong with it.
        users = [{"login": "max", "firstName": "Max", "lastName": "M", "rights": "recording"}]
        status, answer = await ada.ask("POST", USERS, users)
        assert (status, answer["changes"]) == (200, ["added user max"])
        users = [{"login": "max", "line": "1099"}, {"login": "new"}]
        status, answer = await ada.ask("POST", USERS, users)
        assert (status, answer["error"]) == (422, "LinesInvalid")
        assert [(bad["line"], bad["message"]) for bad in answer["lines"]] == [
            (1, "line: there is no line 1099"),
            (2, "firstName: is missing, and the user is new"),
            (2, "lastName: is missing, and the user is new"),
        ]
        latin = f"{HEADER}\n{ZOE}\n".encode("latin-1")
        status, answer = await ada.ask("POST", USERS, latin, CSV)
        assert (status, answer["error"]) == (422, "CharsetInvalid")
