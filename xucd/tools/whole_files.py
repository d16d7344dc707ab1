"""An operator's files: read, and replaced whole, with the owner and the mode that they have.

Root writes here into folders of Asterisk's user. So no link is followed that leads to what its
owner may not write, and nothing is taken for setup's own that others can have written.
"""

import contextlib
import errno
import glob
import hashlib
import os
import stat
import tempfile
from pathlib import Path

import msgspec

NEW = ".xucd-new"


class FilesError(Exception):
    """A file cannot be read or written. The text names it and says what to do."""


class Change(msgspec.Struct, frozen=True):
    """What a file is to hold. `mode` and `group` are for one that is not there yet.

    `base` is what the file held (b"" for no file) as the text was made from it, or None if the text
    is made of nothing that was there.
    """

    path: Path
    text: bytes
    mode: int = 0o644
    owner: int = -1
    group: int = -1
    secret: str = ""
    """What of the text is not shown."""
    base: bytes | None = None


def is_new(change: Change) -> bool:
    """Whether a change makes a file, or makes another text of what the file held."""
    return not change.path.exists() or change.base != change.text


def digest(content: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def read_own(path: Path) -> bytes:
    """What only this user or root can have written: no link, and nobody else's. Raises OSError.

    Asterisk's user may own the folder around it, and is not to say which files root removes.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FilesError(f"{path}: is a link, which setup has not made: remove it") from error
        raise
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
            raise FilesError(f"{path}: was not written by setup: others can write it; remove it")
        return file.read()


def refuse_planted(path: Path) -> None:
    """Raises `FilesError` for a link that leads a user's file to one which that user may not write.

    As the kernel does in /tmp: a link of root's is followed, or one to a file of the link's owner.
    """
    for each in (path.parent, path):
        if not each.is_symlink():
            continue
        owner = each.lstat().st_uid
        target = each.resolve()
        if owner not in (0, os.geteuid()) and not (
            target.exists() and target.stat().st_uid == owner
        ):
            raise FilesError(
                f"{each}: is a link of another user's to {target}: replace it by a file"
            )


def read(path: Path) -> bytes | None:
    """A file's content, None if there is none. Raises `FilesError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(error) from error


def unreadable(error: OSError) -> FilesError:
    """What to say of a file that cannot be read."""
    return FilesError(
        f"{error.filename}: cannot be read: {error.strerror};"
        " run it as a user who may, such as root"
    )


def unwritable(error: OSError, path: Path) -> FilesError:
    """What to say of one that cannot be written; `path` where the error names none."""
    return FilesError(
        f"{error.filename or path}: cannot be written: {error.strerror};"
        " run it as a user who may, such as root"
    )


def _make_folder(folder: Path) -> None:
    """A folder that is missing has the owner and mode of the one above it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    above = folder.parent.stat()
    folder.mkdir()
    folder.chmod(stat.S_IMODE(above.st_mode))
    if os.geteuid() == 0:
        os.chown(folder, above.st_uid, above.st_gid)


def replace(change: Change, like: Path | None = None, *, own: bool = False) -> None:
    """Write a file as a whole, with the owner and mode that it has. Raises OSError."""
    # A link stays one; but for what is only ours, where nobody has a link.
    path = change.path.absolute() if own else change.path.resolve()
    _make_folder(path.parent)
    mode, owner, group = change.mode, change.owner, change.group
    with contextlib.suppress(FileNotFoundError):
        found = (like or path).stat(follow_symlinks=not own or like is not None)
        mode, owner, group = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{NEW}"):
        left.unlink(missing_ok=True)  # of a run that was killed: see `alone`
    handle, name = tempfile.mkstemp(NEW, f".{path.name}.", path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(change.text)
            file.flush()
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner, group)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
