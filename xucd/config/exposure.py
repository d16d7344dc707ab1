"""Secrets that every user of the machine can read, because of the mode of a file."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import make_url

from xucd.config.settings import SECRETS, Settings, read, secret_file, secret_files


def exposed(settings: Settings, path: Path | None, environ: Mapping[str, str]) -> list[str]:
    """A sentence for each file with a secret that all may read. `path` is that of the settings."""
    return [
        f"{file} holds {what} and can be read by every user of this machine: chmod o-r {file}"
        for file, what in _files(settings, path, environ)
        if readable_by_all(file)
    ]


def _files(
    settings: Settings, path: Path | None, environ: Mapping[str, str]
) -> Iterator[tuple[Path, str]]:
    if path is not None:
        values = read(path)
        url = values.get("store", {}).get("url")
        held = [f"{name}.{key}" for name, key in SECRETS.items() if values.get(name, {}).get(key)]
        if held:
            yield path, " and ".join(held)
        elif url and make_url(url).password:
            yield path, "the database's password"
    for name, file in secret_files(settings).items():
        yield secret_file(file, path, environ), f"{name}.{SECRETS[name]}"
    if settings.web.tls_key is not None:
        yield Path(settings.web.tls_key), "the key of the certificate"
    store = make_url(settings.store.url)
    if store.get_backend_name() == "sqlite" and store.database:
        yield Path(store.database), "the key of all tokens and the hashes of passwords"


def readable_by_all(file: Path) -> bool:
    """Whether every user of the machine can read a file."""
    try:
        folders = file.resolve().parents
        return bool(file.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in folders
        )
    except OSError:  # who needs the file says that it cannot be read
        return False
