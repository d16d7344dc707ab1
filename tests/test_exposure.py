"""Files with a secret that every user of the machine can read are told of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from xucd.config import settings
from xucd.config.exposure import exposed

SECRET = 'secret = "k7-dusk-apron"'


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all may enter; pytest's own are private."""
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def told(folder: Path, text: str, mode: int, environ: dict[str, str] | None = None) -> list[str]:
    path = folder / "xucd.toml"
    path.write_text(text)
    path.chmod(mode)
    return exposed(settings.load(path, environ or {}), path, environ or {})


def test_a_settings_file_with_the_secret_that_all_can_read_is_told_of(folder: Path) -> None:
    (sentence,) = told(folder, f"[ami]\n{SECRET}\n", 0o644)
    assert sentence.startswith(f"{folder / 'xucd.toml'} holds ami.secret")
    assert told(folder, f"[ami]\n{SECRET}\n", 0o640) == []


def test_a_settings_file_without_a_secret_may_be_read_by_all(folder: Path) -> None:
    assert told(folder, "[web]\nport = 1\n", 0o644, {"XUCD_AMI_SECRET": "k7-dusk-apron"}) == []


def test_the_databases_password_is_a_secret(folder: Path) -> None:
    text = f'[store]\nurl = "postgresql://xucd:hidden@db/xucd"\n[ami]\nusername = "x"\n{SECRET}\n'
    text = text.replace(SECRET, "")
    (sentence,) = told(folder, text, 0o644, {"XUCD_AMI_SECRET": "k7-dusk-apron"})
    assert "the database's password" in sentence
    assert "hidden" not in sentence


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_a_secrets_file_and_a_key_are_looked_at(folder: Path, mode: int) -> None:
    for name in ("ami-secret", "key.pem", "cert.pem"):
        (folder / name).write_text("k7-dusk-apron\n")
        (folder / name).chmod(mode)
    text = (
        '[ami]\nsecret_file = "ami-secret"\n'
        f'[web]\ntls_certificate = "{folder}/cert.pem"\ntls_key = "{folder}/key.pem"\n'
    )
    found = [sentence.partition(" ")[0] for sentence in told(folder, text, 0o644)]
    expected = [str(folder / "ami-secret"), str(folder / "key.pem")] if mode == 0o644 else []
    assert found == expected


def test_the_seed_of_a_nodes_nkey_is_a_secret(folder: Path) -> None:
    seed = folder / "nkey"
    seed.write_text("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")
    seed.chmod(0o644)
    text = (
        '[store]\nurl = "postgresql://xucd@db/xucd"\n'
        '[cluster]\nnode = "a"\nservers = ["tls://nats.example"]\nnkey_file = "nkey"\n'
    )
    (sentence,) = told(folder, text, 0o644)
    assert sentence.startswith(f"{seed} holds cluster.nkey")
    (sentence,) = told(folder, text.replace('_file = "nkey"', f' = "{seed.read_text()}"'), 0o644)
    assert sentence.startswith(f"{folder / 'xucd.toml'} holds cluster.nkey")


def test_a_file_in_a_folder_that_only_its_owner_enters_is_not_exposed(folder: Path) -> None:
    os.chmod(folder, 0o700)
    assert told(folder, f"[ami]\n{SECRET}\n", 0o644) == []


def test_a_database_that_all_can_read_is_told_of(folder: Path) -> None:
    database = folder / "xucd.db"
    database.touch(0o600)
    text = f'[store]\nurl = "sqlite:///{database}"\n'
    environ = {"XUCD_AMI_SECRET": "k7-dusk-apron"}
    assert told(folder, text, 0o644, environ) == []
    database.chmod(0o644)
    (sentence,) = told(folder, text, 0o644, environ)
    assert sentence.startswith(f"{database} holds the key of all tokens")
