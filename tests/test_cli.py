"""The command line, run as its own process, as an administrator has it."""

import contextlib
import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.ports import free_port
from tests.conftest import DEMO, PROJECT
from xucd import __version__
from xucd.config.plan import Person, Plan
from xucd.config.settings import load
from xucd.signin import passwords
from xucd.store import Store
from xucd.store.apply import apply

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CTRL_C, CTRL_D = b"\x03", b"\x04"


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """SQLite's, for speed: the store's own tests are run over PostgreSQL too."""
    return f"sqlite:///{tmp_path}/xucd.db"


@pytest.fixture
def environ(store_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XUCD_")}
    return {**kept, "XUCD_STORE_URL": store_url, "PYTHONPATH": str(PROJECT)}


@pytest.fixture
def xucd(environ: dict[str, str], tmp_path: Path) -> Run:
    def run(*arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "xucd", *map(str, arguments)],
            input=stdin, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False,
        )  # fmt: skip

    return run


def test_it_knows_its_version(xucd: Run) -> None:
    assert xucd("--version").stdout == f"xucd {__version__}\n"


def test_applying_says_what_changed_and_then_that_nothing_does(xucd: Run) -> None:
    first = xucd("center", "apply", DEMO)
    assert (first.returncode, first.stderr) == (0, "")
    assert "added agent 2501\n" in first.stdout
    assert first.stdout.endswith("takes this over with: systemctl reload xucd\n")
    second = xucd("center", "apply", DEMO)
    assert (second.returncode, second.stdout) == (0, "nothing to change\n")


def test_files_may_begin_with_the_mark_that_editors_on_windows_write(
    xucd: Run, tmp_path: Path
) -> None:
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbf" + DEMO.read_bytes())
    (tmp_path / "ami-secret").write_text("s3cret-of-a-test", encoding="utf-8-sig")
    (tmp_path / "xucd.toml").write_text('[ami]\nsecret_file = "ami-secret"', encoding="utf-8-sig")
    done = xucd("center", "apply", "marked.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert load(tmp_path / "xucd.toml", {}).ami.secret == "s3cret-of-a-test"


def test_an_empty_file_removes_nothing_and_prune_says_first_how_much(
    xucd: Run, store: Store, tmp_path: Path
) -> None:
    xucd("center", "apply", DEMO)
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    done = xucd("center", "apply", "empty.toml")
    assert done.returncode == 0
    assert done.stdout.startswith("nothing to change\nkept, though empty.toml lacks them: ")
    assert "3 queues (support, sales, billing)" in done.stdout
    assert "--prune" in done.stdout
    assert len(store.directory().agents) == 6
    done = xucd("center", "apply", "--prune", "empty.toml")
    first, *rest = done.stdout.splitlines()
    assert first.startswith("to remove, for the file lacks them: ")
    assert "6 agents (2501, 2502, 2503, 2504, 2505, 2506)" in first
    assert "removed agent 2501" in rest
    assert store.directory().agents == {}


def test_prune_asks_where_somebody_can_answer(
    xucd: Run, environ: dict[str, str], store: Store, tmp_path: Path
) -> None:
    xucd("center", "apply", DEMO)
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    for answer, agents in (("n", 6), ("", 6), ("y", 0)):
        ours, theirs = pty.openpty()
        asked = subprocess.Popen(
            [sys.executable, "-m", "xucd", "center", "apply", "--prune", "empty.toml"],
            stdin=theirs, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environ,
        )  # fmt: skip
        os.write(ours, f"{answer}\n".encode())
        said, _ = asked.communicate()
        os.close(ours)
        os.close(theirs)
        assert asked.returncode == 0
        assert said.index("6 agents") < said.index("Remove them")
        assert len(store.directory().agents) == agents


def test_prune_removes_nothing_if_there_is_more_than_it_has_shown(
    xucd: Run, environ: dict[str, str], store: Store, tmp_path: Path
) -> None:
    xucd("center", "apply", DEMO)
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "xucd", "center", "apply", "--prune", "empty.toml"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=environ,
    ) as asked:  # fmt: skip
        assert asked.stdout is not None
        assert asked.stderr is not None
        said = ""
        while not said.endswith("[y/N] "):
            said += asked.stdout.read(1)
        apply(store, Plan(people=(Person("zoe", "Zoe", "Late"),)))
        os.write(ours, b"y\n")
        assert "nothing was changed; run it again" in asked.stderr.read()
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 2
    assert len(store.directory().agents) == 6
    assert "zoe" in store.directory().user_by_login


def test_a_prompt_that_is_left_changes_nothing_and_says_so(
    xucd: Run, environ: dict[str, str], store: Store, tmp_path: Path
) -> None:
    xucd("center", "apply", DEMO)
    xucd("backup", "backup.db")
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    for words, prompt, key in (
        ("center apply --prune empty.toml", "[y/N]", CTRL_C),
        ("restore backup.db", "[y/N]", CTRL_D),
        ("user passwd bruce", "New password:", CTRL_C),
        ("user passwd bruce", "New password:", CTRL_D),
    ):
        said = left_at(prompt, key, words.split(), tmp_path, environ)
        assert "Traceback" not in said
        assert "nothing was changed" in said
    assert len(store.directory().agents) == 6
    assert not list(tmp_path.glob("*before*"))


def left_at(
    prompt: str, key: bytes, words: list[str], folder: Path, environ: dict[str, str]
) -> str:
    """What a command says on a terminal where somebody answers its prompt by a control key."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        # What a script runs in the background, as these tests are, ignores Ctrl-C.
        ["env", "--default-signal=INT", "setsid", "--ctty", sys.executable, "-m", "xucd", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environ,
    ):  # fmt: skip
        os.close(theirs)
        said = ""
        with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # its end
            while part := terminal.read(4096):
                said += part.decode()
                # Again, if it came between the prompt and the wait for an answer.
                waits = prompt in said and "changed" not in said
                while waits and not select.select([ours], [], [], 0.5)[0]:
                    os.write(ours, key)
    return said


def test_a_dry_run_shows_the_difference_and_makes_not_even_a_database(
    xucd: Run, store_url: str, tmp_path: Path
) -> None:
    done = xucd("center", "apply", "--dry-run", DEMO)
    assert done.returncode == 0
    assert "added agent 2501\n" in done.stdout
    assert done.stdout.endswith("this was a dry run: nothing was changed\n")
    assert list(tmp_path.iterdir()) == []
    xucd("center", "apply", DEMO)
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    done = xucd("center", "apply", "--dry-run", "--prune", "empty.toml")
    assert "removed agent 2501\n" in done.stdout
    assert len(Store(store_url).directory().agents) == 6


def test_postgresql_is_chosen_by_its_url(
    xucd: Run, environ: dict[str, str], postgresql: Callable[[str], str]
) -> None:
    environ["XUCD_STORE_URL"] = postgresql("command-line")
    assert "added agent 2501\n" in xucd("center", "apply", DEMO).stdout
    assert xucd("center", "apply", DEMO).stdout == "nothing to change\n"


def test_an_invalid_file_is_refused_by_key_and_changes_nothing(xucd: Run, tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8").replace('line = "1003"', 'line = "1099"')
    (tmp_path / "center.toml").write_text(text, encoding="utf-8")
    done = xucd("center", "apply", "center.toml")
    assert done.returncode == 2
    assert done.stderr == "center.toml: agents[2].line: there is no line 1099\n"
    assert not (tmp_path / "xucd.db").exists()


def test_a_user_id_that_the_store_has_otherwise_is_refused_by_key(
    xucd: Run, tmp_path: Path
) -> None:
    xucd("center", "apply", DEMO)
    text = DEMO.read_text(encoding="utf-8").replace('login = "sue"', 'login = "sue"\nid = 99')
    (tmp_path / "center.toml").write_text(text, encoding="utf-8")
    done = xucd("center", "apply", "center.toml")
    assert done.returncode == 2
    assert done.stderr == "center.toml: users[0].id: sue has the id 7 already\n"


def test_what_is_exported_applies_to_the_same(xucd: Run, tmp_path: Path) -> None:
    xucd("center", "apply", DEMO)
    exported = xucd("center", "export")
    assert exported.returncode == 0
    (tmp_path / "copy.toml").write_text(exported.stdout, encoding="utf-8")
    assert xucd("center", "apply", "copy.toml").stdout == "nothing to change\n"


def test_a_password_is_read_from_standard_input(xucd: Run, store: Store) -> None:
    xucd("center", "apply", DEMO)
    done = xucd("user", "passwd", "bruce", stdin="bruce-démo\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert passwords.verify(store.password_hash("bruce"), "bruce-démo")


def test_a_short_password_and_an_unknown_login_are_refused(xucd: Run, store: Store) -> None:
    xucd("center", "apply", DEMO)
    short = xucd("user", "passwd", "bruce", stdin="1234567\n")
    assert (short.returncode, short.stderr) == (
        2,
        "xucd: a password needs at least 8 characters\n",
    )
    unknown = xucd("user", "passwd", "nobody", stdin="long-enough\n")
    assert (unknown.returncode, unknown.stderr) == (2, "xucd: there is no user nobody\n")
    assert store.password_hash("bruce") is None


def test_a_new_password_and_user_logout_end_all_sign_ins_of_a_user(xucd: Run, store: Store) -> None:
    xucd("center", "apply", DEMO)
    before = store.generations()
    done = xucd("user", "logout", "bruce")
    assert (done.returncode, done.stdout) == (0, "bruce is signed out everywhere\n")
    between = store.generations()
    assert xucd("user", "passwd", "bruce", stdin="bruce-démo\n").returncode == 0
    after = store.generations()
    assert len({each["bruce"] for each in (before, between, after)}) == 3
    assert {each["alice"] for each in (before, between, after)} == {before["alice"]}
    unknown = xucd("user", "logout", "nobody")
    assert (unknown.returncode, unknown.stderr) == (2, "xucd: there is no user nobody\n")


@pytest.mark.parametrize(("again", "code"), [("by-terminal", 0), ("by-terminak", 2)])
def test_a_terminal_is_asked_twice_and_shows_nothing(
    xucd: Run, environ: dict[str, str], store: Store, again: str, code: int
) -> None:
    xucd("center", "apply", DEMO)
    # In a session of its own the process takes the terminal for its controlling one.
    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            sys.executable, [sys.executable, "-m", "xucd", "user", "passwd", "bruce"], environ
        )
    shown = b""

    def until(prompt: bytes) -> None:
        nonlocal shown
        while prompt not in shown:
            shown += os.read(terminal, 1000)

    until(b"New password: ")
    os.write(terminal, b"by-terminal\n")
    until(b"Again: ")
    os.write(terminal, again.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    assert b"by-term" not in shown
    assert passwords.verify(store.password_hash("bruce"), "by-terminal") == (code == 0)


def test_mistakes_end_in_a_sentence_and_code_2(
    xucd: Run, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("[web]\nport = 'x'\n")
    for arguments, said in (
        (("-c", "none.toml", "run"), "xucd: none.toml: cannot be read: No such file or directory"),
        (("-c", "bad.toml", "center", "export"), "xucd: bad.toml: web.port: expected a whole"),
        (("center", "apply", "none.toml"), "none.toml: cannot be read"),
        (("run",), "xucd: settings: ami.secret is empty"),
        (("nonsense",), "invalid choice"),
        ((), "required"),
    ):
        done = xucd(*arguments)
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    environ["XUCD_STORE_URL"] = f"sqlite:///{tmp_path}/none/xucd.db"
    done = xucd("center", "export")
    assert done.returncode == 2
    assert done.stderr.startswith("xucd: ")
    assert "Traceback" not in done.stderr


def test_settings_are_found_in_the_variable_or_in_the_current_folder(
    xucd: Run, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "xucd.toml").write_text("[here]\n")
    assert "xucd.toml: here: there is no such key" in xucd("center", "export").stderr
    (tmp_path / "other.toml").write_text("[there]\n")
    environ["XUCD_CONFIG"] = str(tmp_path / "other.toml")
    assert "other.toml: there: there is no such key" in xucd("center", "export").stderr
    (tmp_path / "third.toml").write_text("[third]\n")
    assert "third.toml: third: there" in xucd("-c", "third.toml", "center", "export").stderr


def test_a_trace_is_replayed_to_the_states_it_led_to(xucd: Run, tmp_path: Path) -> None:
    xucd("center", "apply", DEMO)
    added = (
        "Event: QueueMemberAdded\r\nQueue: {queue}\r\nMemberName: Agent/2501\r\n"
        "Interface: PJSIP/1001\r\nStateInterface: PJSIP/1001\r\nMembership: dynamic\r\n"
        "Penalty: 0\r\nCallsTaken: 0\r\nLastCall: 0\r\nLastPause: 0\r\nInCall: 0\r\n"
        "Status: 1\r\nPaused: 0\r\nPausedReason: \r\nRinginuse: 0\r\nWrapuptime: 0\r\n\r\n"
    )
    text = "Asterisk Call Manager/9.0.0\r\n" + added.format(queue="support")
    (tmp_path / "trace").write_text(text, newline="")
    done = xucd("replay", "trace")
    assert (done.returncode, done.stderr) == (0, "")
    changes = [json.loads(line)["change"] for line in done.stdout.splitlines()]
    states = [one["shown"]["state"] for one in changes if one["type"] == "AgentChanged"]
    assert states == ["AgentReady"]
    assert xucd("replay", "trace").stdout == done.stdout


def test_a_trace_that_cannot_be_read_is_refused(xucd: Run, tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("Event: QueueMemberAdded\r\nQueue: x\r\n\r\n", newline="")
    for name in ("trace", "none"):
        done = xucd("replay", name)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith(f"xucd: {name}: ")


def test_a_database_that_cannot_be_reached_at_a_start_is_no_wrong_setting(
    xucd: Run, environ: dict[str, str], store: Store, tmp_path: Path
) -> None:
    # The unit has xucd started again after code 1, and not after 2.
    environ["XUCD_AMI_SECRET"] = "nobody-listens"
    with sqlite3.connect(tmp_path / "xucd.db") as other:
        other.execute("BEGIN IMMEDIATE")
        locked = xucd("run")
    assert locked.returncode == 1
    assert locked.stderr.endswith("\nxucd: database: database is locked\n")
    environ["XUCD_STORE_URL"] = f"postgresql+psycopg://xucd@127.0.0.1:{free_port()}/xucd"
    refused = xucd("run")
    assert refused.returncode == 1
    assert "xucd: database: " in refused.stderr
    unit = (PROJECT / "systemd" / "xucd.service").read_text(encoding="utf-8")
    assert "Restart=on-failure\n" in unit
    assert "RestartPreventExitStatus=2\n" in unit
