"""The systemd unit: sound to systemd itself, and as closed as it is meant to be."""

import re
import subprocess
from pathlib import Path

from xucd.app import file_limit

UNIT = Path(__file__).parent.parent / "systemd" / "xucd.service"
MOST = 2.0  # systemd's own score, from 0 (closed) to 10


def test_the_exposure_is_at_most_two() -> None:
    told = _analyze("security", "--offline=true", "--no-pager", str(UNIT))
    found = re.search(r"Overall exposure level for xucd\.service: ([\d.]+)", told.stdout)
    assert found is not None, told.stdout + told.stderr
    assert float(found[1]) <= MOST, told.stdout


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    # Systemd also looks for the program, which is installed where the unit is, not here.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/xucd/bin/xucd", "/bin/true"))
    told = _analyze("verify", "--man=no", str(unit))
    assert (told.returncode, told.stderr) == (0, "")


def test_it_may_have_files_for_as_many_clients_as_xucd_ever_lets_in() -> None:
    found = re.search(r"^LimitNOFILE=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    assert file_limit.for_clients(int(found[1])) == file_limit.MAX_CLIENTS


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )
