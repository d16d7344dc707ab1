"""The settings as a start of xucd has seen them, so that the next tells the audit trail of changes.

Numbers and switches are kept as they are, text as a digest: it may be a secret, or somebody's
address. The digest of a secret takes work, so that trying all secrets does.
"""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import select

from xucd.center.audit import XUCD, AuditEntry, Kind
from xucd.store import audit, tables
from xucd.store.repository import Store
from xucd.store.rows import put_rows

SETTINGS = "settings"
"""The key of the settings in the table `meta`."""
SECRETS = ("ami.secret", "oidc.secret", "ldap.secret", "store.url")

Seen = Mapping[str, bool | int | float | str]
"""By names such as ``ami.port``; text is a digest."""


def record_changes(
    store: Store, settings: msgspec.Struct, defaults: msgspec.Struct, at: float
) -> None:
    """Write into the audit trail which settings are others than at the last start.

    A setting that was not there then had its value of `defaults`. `at` is in epoch seconds.
    Raises `StoreError`.
    """
    salt = store.token_secret()
    present = {name: _seen(name, value, salt) for name, value in _values(settings)}
    this_key, value = tables.meta.c.key == SETTINGS, tables.meta.c.value
    with store.writing() as connection:
        text = connection.scalar(select(value).where(this_key))
        if text is not None:
            known = msgspec.json.decode(text, type=dict[str, bool | int | float | str])
            new = {name: value for name, value in _values(defaults) if name not in known}
            known |= {name: _seen(name, value, salt) for name, value in new.items()}
            changed = {
                name: _change(known[name], now)
                for name, now in sorted(present.items())
                if known[name] != now
            }
            if changed:
                detail = {"settings": changed}
                entry = AuditEntry(at=at, actor=XUCD, kind=Kind.CONFIGURE, detail=detail)
                audit.append(connection, entry)
        row = {"key": SETTINGS, "value": msgspec.json.encode(present).decode()}
        put_rows(connection, tables.meta, [row])


def _values(settings: msgspec.Struct) -> Iterator[tuple[str, object]]:
    """Each setting by its name, such as ``ami.port``; a list is one."""
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if isinstance(value, msgspec.Struct):
            yield from ((f"{name}.{key}", each) for key, each in _values(value))
        else:
            yield name, value


def _seen(name: str, value: object, salt: bytes) -> bool | int | float | str:
    if isinstance(value, bool | int | float):
        return value
    text = msgspec.json.encode(value)
    if name in SECRETS:
        return hashlib.scrypt(text, salt=salt, n=2**14, r=8, p=1, dklen=16).hex()
    return hashlib.blake2b(text, key=salt, digest_size=16).hexdigest()


def _change(before: bool | float | str, now: bool | float | str) -> dict[str, object]:
    """What is told of a setting that has changed: of text no more than that."""
    return {} if isinstance(before, str) or isinstance(now, str) else {"from": before, "to": now}
