"""Writes the bill of materials that the package carries: xucd/sbom.cdx.json, CycloneDX.

It lists what the lock files name: the Python libraries that xucd runs on, and the npm packages of
which its pages have something, as required; the npm packages with which the pages are checked as
excluded, since nothing of them is installed with it.
The same lock files give the same bytes. `make locks` runs it after a change of the locks.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.model import HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from xucd import __version__

PROJECT = Path(__file__).parent.parent
BILL = PROJECT / "xucd/sbom.cdx.json"
REQUIREMENT = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def main() -> None:
    root = _component(PackageURL("pypi", None, "xucd", __version__), ComponentScope.REQUIRED)
    python = list(_python())
    bom = Bom(components=[*python, *_npm()])
    bom.metadata.component = root
    bom.register_dependency(root, python)
    bill = json.loads(JsonV1Dot6(bom).output_as_string())
    # These two would differ in each run.
    del bill["serialNumber"], bill["metadata"]["timestamp"]
    BILL.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _python() -> Iterator[Component]:
    text = (PROJECT / "locks/runtime.txt").read_text(encoding="utf-8")
    for name, version in REQUIREMENT.findall(text):
        yield _component(PackageURL("pypi", None, name, version), ComponentScope.REQUIRED)


def _npm() -> Iterator[Component]:
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in lock["packages"].items():
        if not path:  # the checkout itself
            continue
        group, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        purl = PackageURL("npm", group or None, name, package["version"])
        algorithm, _, digest = package["integrity"].partition("-")
        found = f"{algorithm}:{base64.b64decode(digest).hex()}"
        hashed = HashTypeFactory().from_composite_str(found)
        checks = package.get("dev", False)
        scope = ComponentScope.EXCLUDED if checks else ComponentScope.REQUIRED
        yield _component(purl, scope, hashed)


def _component(purl: PackageURL, scope: ComponentScope, *hashes: HashType) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=purl.name,
        group=purl.namespace,
        version=purl.version,
        scope=scope,
        purl=purl,
        bom_ref=str(purl),
        hashes=hashes,
    )


if __name__ == "__main__":
    main()
