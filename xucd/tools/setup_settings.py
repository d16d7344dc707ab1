"""What `xucd setup` changes of xucd's own settings: the account, its secret, and a first sheet."""

import tomllib
from pathlib import Path

from xucd.config import shipped
from xucd.config.settings_writing import MARK, CannotWrite, Keys, line_end, with_keys
from xucd.tools.asterisk_files import bytes_of, text_of
from xucd.tools.setup import Account
from xucd.tools.whole_files import Change, FilesError, is_new, unreadable

SECRET_FILE = "ami-secret"

QUEUE_SHEET = """
# What a page shows when a queue's call rings: change it as you like.
[[sheets]]
name = "queue"
items = [
  { name = "Number", type = "text", order = 10, value = "{caller_number}" },
  { name = "Name", type = "text", order = 20, value = "{caller_name}" },
  { name = "Queue", type = "text", order = 30, value = "{queue}" },
]
"""


def settings_changes(
    path: Path, account: Account | None, group: int, *, is_first: bool, held: str = ""
) -> list[Change]:
    """The changes of xucd's own settings; a new file has the secret in one beside it.

    `group` may read the secret, besides root. `held` is one that the settings have, and that
    systemd takes from that file: its service does not start without. Where nobody can sign in yet,
    `is_first`, users have the rights of their profile alone. Raises `FilesError`.
    """
    try:
        base = bytes_of(text_of(path))
        new = shipped.path("docs/xucd.toml")
        text = base.decode() if path.exists() else new.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, shipped.NotShipped) as error:
        raise FilesError(f"{path}: cannot be read: {error}") from error
    keys: dict[tuple[str, str], str | int | bool | None] = {}
    if is_first and account is not None:
        keys[("", "strict_rights")] = True
    changes = []
    if account is not None:
        keys |= {
            ("ami", "host"): account.host,
            ("ami", "port"): account.port,
            ("ami", "username"): account.username,
        }
        if not _has_sheets(path, text):
            keys[("", "queue_sheet")] = "queue"
            end = line_end(text)
            text = (text if text.endswith("\n") else text + end) + QUEUE_SHEET.replace("\n", end)
    secret = held if account is None else account.secret
    if secret:
        keys |= {("ami", "secret"): None, ("ami", "secret_file"): SECRET_FILE}
        file, mode = path.with_name(SECRET_FILE), 0o640 if group > 0 else 0o600
        try:
            held_file = bytes_of(text_of(file))
        except OSError as error:
            raise unreadable(error) from error
        line = f"{secret}\n".encode()
        changes.append(Change(file, line, mode, 0, max(group, 0), secret=secret, base=held_file))
    changes.append(Change(path, _with_keys(path, text, keys).encode(), base=base))
    return [change for change in changes if is_new(change)]


def _has_sheets(path: Path, text: str) -> bool:
    try:
        values = tomllib.loads(text.removeprefix(MARK))
    except tomllib.TOMLDecodeError as error:
        raise FilesError(f"{path}: is not valid TOML: {error}") from error
    return "sheets" in values or bool(values.get("queue_sheet"))


def _with_keys(path: Path, text: str, keys: Keys) -> str:
    try:
        return with_keys(text, keys)
    except CannotWrite as error:
        raise FilesError(f"{path}: {error}") from error
