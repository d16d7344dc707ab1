"""The hooks of .pre-commit-config.yaml: the project's own tools, and the commit's subject."""

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
CHECK_SUBJECT = PROJECT / "integration/bin/check-subject"


@pytest.mark.parametrize(("size", "code"), [(72, 0), (73, 1)])
def test_a_subject_has_at_most_72_characters(size: int, code: int, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("é" * size + "\n\n" + "A longer line of the text. " * 9, encoding="utf-8")
    assert subprocess.run([CHECK_SUBJECT, message], check=False).returncode == code


def test_every_hook_is_a_program_of_the_checkout() -> None:
    config = (PROJECT / ".pre-commit-config.yaml").read_text()
    assert "://" not in config
    entries = [line.split()[1] for line in config.splitlines() if line.strip().startswith("entry:")]
    folders = {entry.rpartition("/")[0] for entry in entries}
    assert folders == {".venv/bin", "node_modules/.bin", "integration/bin"}
