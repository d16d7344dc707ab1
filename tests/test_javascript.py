"""The tests of the JavaScript in tests/js, run by Node."""

import asyncio
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FILES = sorted((PROJECT / "tests/js").glob("*.test.mjs"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_javascript_passes_its_tests_in_node(file: Path) -> None:
    node = await asyncio.create_subprocess_exec(
        "node", "--test", file, cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await node.communicate()
    assert node.returncode == 0, output.decode()
