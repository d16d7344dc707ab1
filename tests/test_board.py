"""The pure parts of the supervisor's board, run by Node."""

import asyncio
from pathlib import Path

PROJECT = Path(__file__).parent.parent


async def test_the_board_does_in_node_what_its_tests_say() -> None:
    node = await asyncio.create_subprocess_exec(
        "node", "--test", "tests/js/board.test.mjs", cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await node.communicate()
    assert node.returncode == 0, said.decode()
