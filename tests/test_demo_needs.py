"""What the demo needs is brought with few words, and what is in its way is said in a sentence.

The scripts run in copies of the project, with images of a name that nobody else uses.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.project_copy import ProjectCopy

OFFLINE = ("unshare", "--net")
UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[ProjectCopy]:
    """A copy whose images nobody has: it has to make them."""
    made = ProjectCopy(tmp_path / "project")
    script = made.project / "integration/bin/build-images"
    text = script.read_text(encoding="utf-8")
    name = f"xucd-nobodys-{uuid4().hex}"
    script.write_text(text.replace('"xucd-asterisk:', f'"{name}:').replace('"debian:', f'"{name}:'))
    yield made
    for pid in left_of(made):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # What was made in spite of what the test expects; quietly, where Docker does not answer.
    subprocess.run(["docker", "rmi", f"{name}:22"], capture_output=True, check=False)


def run(command: list[str], copy: ProjectCopy, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env=copy.environment(**more), capture_output=True, text=True, check=False
    )


class PipStandIn:
    """A Python whose pip installs nothing and remembers what it was asked for."""

    def __init__(self, copy: ProjectCopy, asked: Path) -> None:
        self._asked = asked
        copy.stand_in(
            "bin/python3",
            'case "$1 $2" in',
            '"-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;',
            f'"-m pip") echo "$*" >>{asked}; [ ! -e hangs ] || sleep 1000; [ ! -e fails ] ;;',
            "esac",
        )

    def asked(self) -> list[list[str]]:
        """The words of each installation since the last time."""
        lines = self._asked.read_text().splitlines() if self._asked.exists() else []
        self._asked.unlink(missing_ok=True)
        return [line.split()[3:] for line in lines]


@pytest.fixture
def pip(copy: ProjectCopy, tmp_path: Path) -> PipStandIn:
    return PipStandIn(copy, tmp_path / "asked")


def test_the_virtual_environment_gets_nothing_whose_hash_is_not_locked(
    copy: ProjectCopy, pip: PipStandIn
) -> None:
    ran = copy.run("ensure-venv")
    assert ran.returncode == 0, ran.stderr
    locked, itself = pip.asked()
    assert {"--require-hashes", "locks/test.txt"} <= set(locked)
    assert {"--no-deps", "--no-build-isolation"} <= set(itself)  # which would fetch others
    assert itself[-1] == "."
    copy.run("ensure-venv")
    assert pip.asked() == []  # it is there


def test_other_targets_add_their_libraries_to_those_of_the_demo(
    copy: ProjectCopy, pip: PipStandIn
) -> None:
    assert copy.run("ensure-venv", "demo").returncode == 0
    [demo] = pip.asked()
    assert {"--require-hashes", "locks/demo.txt"} <= set(demo)
    mark = copy.project / ".venv/kept"
    mark.touch()
    assert "adding" in copy.run("ensure-venv", "test").stderr
    assert "locks/test.txt" in pip.asked()[0]
    assert mark.exists()
    # These have all that the demo needs, and go on having it.
    copy.run("ensure-venv", "demo")
    copy.run("ensure-venv", "test")
    assert pip.asked() == []


def test_an_environment_that_was_left_half_made_is_made_anew(
    copy: ProjectCopy, pip: PipStandIn
) -> None:
    copy.run("ensure-venv", "demo")
    (copy.project / "fails").touch()
    assert copy.run("ensure-venv", "test").returncode == 1
    (copy.project / "fails").unlink()
    (copy.project / ".venv/left").touch()
    pip.asked()
    assert "making .venv" in copy.run("ensure-venv", "demo").stderr
    assert not (copy.project / ".venv/left").exists()
    assert "locks/demo.txt" in pip.asked()[0]


def test_one_script_runs_apt_at_a_time_and_what_it_starts_keeps_nobody_waiting(
    copy: ProjectCopy,
) -> None:
    copy.stand_in(
        "bin/apt-get",
        "flock --nonblock build/apt.lock true && touch build/shared",
        'echo "$*" >build/asked',
        "sleep 1000 >/dev/null 2>&1 & echo $! >build/started",  # as a package starts its service
    )
    script = (
        "me=test; . integration/bin/common; install one two; flock --nonblock build/apt.lock true"
    )
    ran = subprocess.run(
        ["bash", "-ec", script], cwd=copy.project, env=copy.environment(), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    os.kill(int((copy.project / "build/started").read_text()), signal.SIGKILL)
    assert ran.returncode == 0, ran.stderr
    assert not (copy.project / "build/shared").exists()
    asked = (copy.project / "build/asked").read_text()
    assert "DPkg::Lock::Timeout=300" in asked
    assert asked.endswith("install one two\n")


def test_what_tests_start_themselves_is_no_service_of_the_machine(copy: ProjectCopy) -> None:
    copy.stand_in("bin/apt-get")
    copy.stand_in(
        "bin/systemctl",
        'case "$*" in "cat nginx.service") ;; cat*) exit 1 ;;',
        "*) echo $* >>asked ;; esac",
    )
    # A machine on which systemd runs, for this one process.
    script = (
        "mount -t tmpfs xucd /run; mkdir -p /run/systemd/system; me=test;"
        " . integration/bin/common; install_without_services curl nginx"
    )
    ran = subprocess.run(
        ["unshare", "--mount", "bash", "-ec", script], cwd=copy.project, env=copy.environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert (copy.project / "asked").read_text() == "disable --now nginx.service\n"


def test_an_image_without_a_network_is_a_sentence_that_names_the_log(copy: ProjectCopy) -> None:
    ran = run([*OFFLINE, *copy.command("build-images", "22")], copy)
    assert ran.returncode == 1
    lines = ran.stderr.splitlines()
    assert len(lines) <= 4, ran.stderr
    assert "the network gives nothing" in lines[-1], ran.stderr
    assert "(log: build/image-22.log)" in lines[-1]
    assert "apt-get update" in (copy.project / "build/image-22.log").read_text()


def test_a_part_that_fails_says_why_and_ends_the_other(copy: ProjectCopy) -> None:
    copy.stand_in(
        "integration/bin/build-images", "trap 'exit 1' INT; sleep 1000"
    )  # until a signal comes
    ran = run([*OFFLINE, *copy.command("ensure-demo")], copy)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert "environment: pip failed: the network gives nothing" in last
    assert "(log: build/pip.log)" in last
    assert stays_of(copy) == {}


def left_of(copy: ProjectCopy) -> dict[int, str]:
    """The processes that work in the copy's folder, with what they are."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            at = os.readlink(folder / "cwd")
            what = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if at.startswith(str(copy.project)):
            found[int(folder.name)] = what
    return found


def stays_of(copy: ProjectCopy) -> dict[int, str]:
    """As `left_of`, once those have ended that were told to: nobody waits for them."""
    deadline = time.monotonic() + 10
    while (found := left_of(copy)) and time.monotonic() < deadline:
        time.sleep(0.02)  # another program's process ends without telling
    return found


def test_an_interrupted_start_leaves_nothing_behind(
    copy: ProjectCopy, pip: PipStandIn, tmp_path: Path
) -> None:
    hangs = copy.project / "hangs"
    hangs.touch()
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o755)
    making = subprocess.Popen(
        ["env", "--default-signal=INT", *copy.command("ensure-demo")],
        env=copy.environment(TMPDIR=str(scratch)), text=True,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert making.stderr is not None
    waits_for = {"environment: making .venv", "so making it from packages"}
    for line in making.stderr:
        waits_for -= {what for what in waits_for if what in line}
        if not waits_for:
            break
    assert list(scratch.iterdir()) != []
    os.killpg(making.pid, signal.SIGINT)
    making.stderr.read()
    assert making.wait(60) != 0
    assert stays_of(copy) == {}
    assert list(scratch.iterdir()) == []
    hangs.unlink()
    pip.asked()
    assert "making .venv" in copy.run("ensure-venv", "demo").stderr  # and not: adding
    assert pip.asked() != []


def test_a_full_disk_is_said_before_anything_is_fetched(copy: ProjectCopy) -> None:
    # The project lies on a disk of 20 MB, for this one process.
    small = (
        "mount -t tmpfs -o size=20m xucd /mnt && cp -r . /mnt/project && exec /mnt/project/$1 $2"
    )
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", small, "sh", "integration/bin/ensure-venv", "demo"],
        cwd=copy.project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "project needs 300 MB of room and has 20 MB: make room" in ran.stderr


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Err:1 … Temporary failure resolving 'deb.example'", "the network gives nothing"),
        ("ERROR: No matching distribution found for alembic", "the last that was said: ERROR: No"),
    ],
)
def test_what_a_log_gives_as_the_reason(
    copy: ProjectCopy, tmp_path: Path, said: str, reason: str
) -> None:
    log = tmp_path / "log"
    log.write_text(f"fetching\n{said}\n\n", encoding="utf-8")
    ran = subprocess.run(
        ["bash", "-c", '. integration/bin/common; why "$1"', "bash", log], cwd=copy.project,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert reason in ran.stdout


def test_without_docker_and_without_root_it_is_said_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # somebody else reads it
        copy = ProjectCopy(Path(folder) / "project")
        command = [*UNPRIVILEGED, *copy.command("ensure-docker")]
        ran = run(command, copy, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ran.returncode == 1
    assert "Docker does not answer and I am not root" in ran.stderr
    assert "Start Docker, let this user into the group docker, or run me as root" in ran.stderr
