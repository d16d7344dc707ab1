"""The sdist and the wheel of this checkout, made as a release makes them, once in a test run."""

import atexit
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

PROJECT = Path(__file__).parent.parent
EPOCH = 1_700_000_000
"""The time of the wheel's files, in seconds since 1970."""


def copied(target: Path) -> Path:
    """A copy of the checkout without what git ignores: nothing that an earlier build left."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if not (PROJECT / name).is_file():  # removed, and not yet committed
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, place)
    return target


@cache
def built() -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from it; the folder goes as the run ends."""
    source = Path(mkdtemp(prefix="xucd-dist-"))
    atexit.register(shutil.rmtree, source, ignore_errors=True)
    copied(source)
    assets = "xucd/web/static/vendor"
    subprocess.run([PROJECT / "packages/make-assets"], check=True)
    shutil.copytree(PROJECT / assets, source / assets)
    (source / ".venv").symlink_to(PROJECT / ".venv")
    ran = subprocess.run(
        [source / "packages/make-dist"], env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [sdist] = source.glob("dist/xucd-*.tar.gz")
    [wheel] = source.glob("dist/xucd-*.whl")
    return sdist, wheel
