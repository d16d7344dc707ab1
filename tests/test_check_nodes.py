"""`xucd check` in a centre of several nodes: what an edge checks, and PBXs that nobody owns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_cluster_settings import loaded
from tests.test_lease import end_lease
from tests.test_pbxs import read
from xucd.store import Store
from xucd.store.apply import apply
from xucd.store.lease import Leases
from xucd.tools import check
from xucd.tools.checks.machine import Machine


@pytest.fixture
def url(postgresql: Callable[[str], str]) -> str:
    made = postgresql("check_nodes")
    store = Store(made)
    store.migrate()
    apply(store, read())
    store.close()
    return made


def found(folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What the check of an edge finds of PBXs and Asterisk: the texts, by code."""
    text = f'[store]\nurl = "{url}"\n[cluster]\nnode = "e"\nservers = ["nats://127.0.0.1"]\n'
    settings = loaded(folder, text)
    assert settings.is_edge
    check.run(Machine(settings, root=folder), json=True)
    texts: dict[str, list[str]] = {}
    for finding in json.loads(capsys.readouterr().out):
        texts.setdefault(finding["code"], []).append(finding["text"])
    return texts


def test_an_edge_is_checked_without_asterisk_and_tells_which_pbx_nobody_owns(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leases = Leases(url)
    leases.take("main", "first")
    leases.take("north", "second")
    assert found(tmp_path, url, capsys).keys() <= {"TooFewFiles", "NatsUnusable"}
    end_lease(url)
    leases.take("main", "third")
    leases.close()
    texts = found(tmp_path, url, capsys)
    assert len(texts["PbxUnowned"]) == 1
    assert "no node owns the PBX north" in texts["PbxUnowned"][0]
    assert "the last one was second" in texts["PbxUnowned"][0]
    assert not any("Connect" in code or "Asterisk" in code for code in texts)
