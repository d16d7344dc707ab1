"""A settings file that cannot be read ends each command with one sentence, and with code 2."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import as_nobody
from xucd.cli import COMMANDS, main, subcommand

ARGUMENTS = {
    "FILE": "center.toml",
    "TRACE": "trace.ami",
    "LOGIN": "bruce",
    "NUMBER": "0301234567",
    "INTERFACE": "PJSIP/1001",
}
"""What stands for the arguments that a command asks for, by their names in its help."""
MAKES_IT = "setup"
"""The command that makes a settings file where there is none."""


def _missing(file: Path) -> None:
    pass


def _folder(file: Path) -> None:
    file.mkdir()


def _not_toml(file: Path) -> None:
    file.write_text("[web\n")


def _not_utf8(file: Path) -> None:
    file.write_bytes(b'[ami]\nsecret = "gr\xfcn"\n')


def _nested(file: Path) -> None:
    file.write_text("a = " + "[" * 5000)


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (_missing, "cannot be read: No such file or directory"),
    "a folder": (_folder, "cannot be read: Is a directory"),
    "not TOML": (_not_toml, "is not valid TOML: "),
    "not UTF-8": (_not_utf8, "is not UTF-8 text"),
    "nested": (_nested, "is not valid TOML: its values are nested too deeply"),
}


@pytest.fixture
def words(capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    """A command with all that it asks for, found by what its help shows."""

    def found(command: str) -> list[str]:
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        usage = capsys.readouterr().out.partition("\n\n")[0]
        usage = re.sub(r"\[[^]]*\]", "", usage)  # what may be left out
        return [*command.split(), *(ARGUMENTS[name] for name in re.findall(r"\b[A-Z]+\b", usage))]

    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("command", [each.words for each in COMMANDS])
def test_every_command_says_why(
    command: str,
    kind: str,
    words: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("center.toml").write_text("")
    make, says = UNREADABLE[kind]
    make(Path("other.toml"))
    if (command, kind) == (MAKES_IT, "missing"):
        return
    dry = ["--dry-run"] if command == MAKES_IT else []
    code = main(["-c", "other.toml", *words(command), *dry])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert re.match(rf"xucd: (?:/\S*/)?other\.toml: {says}", told.err), told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("given", ["argument", "variable", "place"])
def test_a_file_that_this_user_may_not_read_is_not_passed_over(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    file = folder / "xucd.toml"
    file.write_text('[ami]\nsecret = "s3cret"\n')
    folder.chmod(0o000)
    monkeypatch.chdir("/")
    monkeypatch.setattr(subcommand, "PLACES", (str(file),) if given == "place" else ())
    if given == "variable":
        monkeypatch.setenv("XUCD_CONFIG", str(file))
    with as_nobody():
        code = main([*(["-c", str(file)] if given == "argument" else []), "check"])
    folder.chmod(0o700)
    assert code == 2
    assert capsys.readouterr().err == f"xucd: {file}: cannot be read: Permission denied\n"


@pytest.mark.parametrize("secret", ["a folder", "not UTF-8", "not allowed"])
def test_a_secret_file_that_cannot_be_read_is_a_sentence_too(
    secret: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, file = tmp_path / "xucd.toml", tmp_path / "ami-secret"
    settings.write_text('[ami]\nsecret_file = "ami-secret"\n')
    match secret:
        case "a folder":
            file.mkdir()
        case "not UTF-8":
            file.write_bytes(b"\xff\xfe")
        case _:
            file.symlink_to("ami-secret")  # nobody can read it, not even root
    assert main(["-c", str(settings), "check"]) == 2
    reason = {
        "a folder": "cannot be read: Is a directory",
        "not UTF-8": "is not UTF-8 text",
        "not allowed": "cannot be read: Too many levels of symbolic links",
    }[secret]
    said = capsys.readouterr().err
    assert said == f"xucd: xucd.toml: ami.secret_file: {file} {reason}\n"
