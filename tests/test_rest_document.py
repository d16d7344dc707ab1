"""The OpenAPI document, held against a real xucd by schemathesis."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.lone_xucd import LoneXucd
from tests.rest_client import PREFIX
from xucd.web.rest_openapi import document
from xucd.web.rest_routes import ROUTES

PROJECT = Path(__file__).parent.parent
CONFIG = PROJECT / "tests/schemathesis.toml"


@pytest.mark.timeout(600)  # many requests, one after the other
async def test_the_routes_do_what_their_document_says(tmp_path: Path) -> None:
    async with LoneXucd(tmp_path) as xucd:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(CONFIG),
            "run",
            f"http://127.0.0.1:{xucd.port}{PREFIX}/openapi.json",
            cwd=tmp_path,
            env={**os.environ, "XUCD_TOKEN": xucd.token("ada")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()
        assert f"{len(ROUTES)} selected / {len(ROUTES)} total" in told.decode()
        assert "Traceback" not in xucd.log.read_text()


def test_every_route_is_told_in_the_document_and_on_the_page() -> None:
    paths = document()["paths"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert told == {(route.method, route.path) for route in ROUTES}
    page = (PROJECT / "docs/rest.md").read_text(encoding="utf-8")
    for method, path in told:
        assert f"`{method} {path}`" in page
