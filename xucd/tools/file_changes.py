"""Changes of an operator's files that can be undone: shown first, made whole, remembered.

A manifest remembers each changed file: what it held before, which a copy beside it keeps, and what
it was left with. It is written before the first file is changed, and each file is replaced whole,
so that a process killed at any moment leaves what `undo` or a second run puts right. A file that
somebody changed since is not put back: only our own lines are taken out of it.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from xucd.tools.whole_files import (
    Change,
    FilesError,
    digest,
    read,
    read_own,
    refuse_planted,
    replace,
    unwritable,
)

KEPT = ".before-xucd"
"""What the name of the copy of a file ends with that was there before."""


WithoutOurs = Callable[[Path, str, str], str]
"""Takes what is ours out of a file: its path, its text, and what it held before."""


class Changed(msgspec.Struct):
    """A file that was changed: digests of what it held before ("" for no file), and of all that was
    written to it since. None is there of a file that somebody else changed in between.
    """

    path: str
    before: str
    after: list[str] = []
    mixed: bool = False


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """As the only one that changes files which belong to a folder. Raises `FilesError`."""
    while not folder.is_dir():
        folder = folder.parent
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FilesError("another xucd setup is running: wait until it has ended") from None
        yield
    finally:
        os.close(handle)


class ManifestFile(msgspec.Struct):
    """What a manifest holds. `unread` are commands that are to be run for what was changed."""

    files: list[Changed]
    unread: list[str] = []


class Manifest:
    """What was changed, by a file that remembers it.

    `unread` are the commands by which what was changed is to be read, until `has_read` is called.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, Changed] = {}
        self.unread: list[str] = []
        try:
            held = msgspec.json.decode(read_own(path), type=ManifestFile)
            self.files = {entry.path: entry for entry in held.files}
            self.unread = held.unread
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            raise FilesError(f"{path}: cannot be read: {error}") from error

    def holds(self, path: Path) -> bool:
        """Whether a file is as it was last written here: nobody has changed it since.

        Raises `FilesError`.
        """
        entry, held = self.files.get(str(path)), read(path)
        return entry is not None and held is not None and digest(held) in entry.after

    def make(self, changes: Iterable[Change], unread: Iterable[str] = ()) -> None:
        """Make all changes; on an error, none is left.

        Raises `FilesError`, also if a file does not hold any more what a change was made from.
        """
        changes = list(changes)
        for change in changes:
            refuse_planted(change.path)
        contents = {change.path: read(change.path) for change in changes}
        for change in changes:
            if change.base not in (None, contents[change.path] or b""):
                raise FilesError(f"{change.path}: was changed meanwhile: run xucd setup again")
        self.unread += [command for command in unread if command not in self.unread]
        earlier = self._copied()
        for change in changes:
            self._remember(change, contents[change.path])
        made: list[Change] = []
        try:
            self._write()
            for change in changes:
                held = contents[change.path]
                entry = self.files[str(change.path)]
                if held is not None and digest(held) == entry.before:
                    self._keep(change.path, held)
                made.append(change)
                replace(change)
        except OSError as error:
            self._put_back(made, contents, earlier)
            raise unwritable(error, self.path) from error

    def has_read(self) -> None:
        """The commands that `make` was given have been run. Raises `FilesError`."""
        self.unread = []
        try:
            self._write()
        except OSError as error:
            raise unwritable(error, self.path) from error

    def _copied(self) -> dict[str, Changed]:
        return {
            name: msgspec.structs.replace(entry, after=[*entry.after])
            for name, entry in self.files.items()
        }

    def _put_back(
        self,
        made: Iterable[Change],
        contents: dict[Path, bytes | None],
        earlier: dict[str, Changed],
        without_ours: WithoutOurs = lambda _, text, before: text,
    ) -> None:
        """As it was before `make`; what somebody else wrote since stays, without our own lines."""
        for change in reversed(list(made)):  # what includes a file comes after it
            path, before = change.path, contents[change.path]
            with contextlib.suppress(OSError, FilesError):
                held = read(path)
                if held in (None, before):
                    continue
                if held != change.text:
                    rest = without_ours(path, _text(held), _text(before))
                    before = rest.encode("utf-8", "surrogateescape")
                if before is None:
                    path.unlink(missing_ok=True)
                elif before != held:
                    replace(Change(path, before))
        for name in self.files.keys() - earlier.keys():
            with contextlib.suppress(OSError):
                _copy_of(Path(name)).unlink(missing_ok=True)
        self.files, self.unread = earlier, []
        with contextlib.suppress(OSError):
            self._write()

    def reverter(
        self,
        changes: Sequence[Change],
        without_ours: WithoutOurs = lambda _, text, before: text,
    ) -> Callable[[], None]:
        """Call it after `make` of these changes, to have everything as it is now.

        `without_ours` is for a file that somebody changed meanwhile.
        """
        contents = {change.path: read(change.path) for change in changes}
        earlier = self._copied()
        return lambda: self._put_back(changes, contents, earlier, without_ours)

    def undo(
        self,
        without_ours: WithoutOurs,
        user_of: Callable[[Path], Path | None] = lambda _: None,
    ) -> list[str]:
        """Have all files as they were; returns a sentence for each.

        `without_ours` is for a file that somebody changed meanwhile; `user_of` names a file that
        still needs another one, which stays then. Raises `FilesError`.
        """
        said = []
        try:
            for name, entry in self._outermost_first():
                path = Path(name)
                user = None if entry.before else user_of(path)
                if user is not None:
                    said.append(
                        f"left {path}, for {user} includes it: take that line out, and run this"
                        " again"
                    )
                    continue
                said.append(self._undo_one(path, entry, without_ours))
                del self.files[name]
                self._write()
        except OSError as error:
            raise unwritable(error, self.path) from error
        return said

    def _outermost_first(self) -> list[tuple[str, Changed]]:
        """The files that include those beside the manifest come first: none lacks one meanwhile."""
        own = self.path.parent
        return sorted(self.files.items(), key=lambda item: (own in Path(item[0]).parents, item[0]))

    def _undo_one(self, path: Path, entry: Changed, without_ours: WithoutOurs) -> str:
        held, kept = read(path), read(_copy_of(path))
        if kept is not None and digest(kept) != entry.before:
            kept = None  # of another time
        is_left = False
        if held is None:
            said = f"{path} is gone already"
        elif digest(held) == entry.before:
            said = f"{path} is as it was"
        elif digest(held) in entry.after:
            if entry.before and kept is None:
                return self._without_copy(path, held, without_ours)
            said = _put_back_one(path, kept)
        else:
            text = _text(held)
            is_known = kept is not None or not entry.before
            rest = without_ours(path, text, _text(kept) if is_known else text)
            if rest == text:
                is_left = kept is not None
                before = f"; {_copy_of(path)} has what was there before" if is_left else ""
                said = f"left {path}, which somebody changed, as it is{before}"
            else:
                replace(Change(path, rest.encode("utf-8", "surrogateescape")))
                said = f"took xucd's lines out of {path}, which somebody changed"
        if not is_left:
            _copy_of(path).unlink(missing_ok=True)
        return said

    @staticmethod
    def _without_copy(path: Path, held: bytes, without_ours: WithoutOurs) -> str:
        """Undo what is known to be ours in a file whose copy cannot be put back."""
        text = _text(held)
        rest = without_ours(path, text, text)
        reason = f"{_copy_of(path)} is not what was there before"
        if rest == text:
            return f"left {path} as it is: {reason}"
        replace(Change(path, rest.encode("utf-8", "surrogateescape")))
        return f"took xucd's lines out of {path}, and left the rest as it is: {reason}"

    def _remember(self, change: Change, held: bytes | None) -> None:
        name = str(change.path)
        entry = self.files.get(name)
        if entry is None:
            entry = self.files[name] = Changed(name, "" if held is None else digest(held))
        elif held is not None and digest(held) not in (entry.before, *entry.after):
            entry.after, entry.mixed = [], True  # what is kept beside it is too old to be put back
        if not entry.mixed:
            entry.after.append(digest(change.text))

    def _keep(self, path: Path, held: bytes) -> None:
        copy = _copy_of(path)
        if read(copy) != held:  # none, or one that an earlier removal has left
            replace(Change(copy, held), like=path, own=True)

    def _write(self) -> None:
        if not self.files:
            self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()  # ours, if it is empty
            return
        held = ManifestFile([self.files[name] for name in sorted(self.files)], self.unread)
        text = msgspec.json.format(msgspec.json.encode(held))
        replace(Change(self.path, text, 0o600, os.geteuid(), -1), own=True)


def _put_back_one(path: Path, kept: bytes | None) -> str:
    """A file that is as it was written, as it was before. Raises OSError."""
    if kept is None:
        path.unlink()
        return f"removed {path}"
    replace(Change(path, kept))
    return f"put back {path}"


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + KEPT)
