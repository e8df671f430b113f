"""The package: what it says of itself, and where it belongs."""

import dataclasses
import hashlib
import os
import subprocess
from pathlib import Path

from failure import Failure, last_line, need

NAME = "autoheal-agent"
DIST = Path(__file__).parents[2] / "dist"


@dataclasses.dataclass(frozen=True)
class PackageFile:
    content: bytes
    # As in its control file (deb-control(5)).
    control: str

    @property
    def version(self) -> str:
        return field(self.control, "Version")

    @property
    def architecture(self) -> str:
        return field(self.control, "Architecture")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def path(self) -> str:
        """Below the place where it is published. A name has no epoch."""
        version = self.version.rpartition(":")[2]
        return f"pool/main/a/{NAME}/{NAME}_{version}_{self.architecture}.deb"

    @property
    def stanza(self) -> str:
        """Its lines in an index Packages."""
        return f"{self.control}Filename: {self.path}\nSize: {len(self.content)}\nSHA256: {self.sha256}\n"


def field(stanza: str, name: str) -> str:
    """Of a stanza of control fields; nothing if it is not there."""
    lines = (line.partition(":") for line in stanza.splitlines() if not line.startswith((" ", "\t")))
    return next((value.strip() for key, _, value in lines if key.lower() == name.lower()), "")


def built(dist: Path = DIST) -> Path:
    """What script/package has made."""
    found = sorted(dist.glob(f"{NAME}_*.deb"))
    if not found:
        raise Failure(
            os.EX_NOINPUT, f"There is no {NAME}_*.deb in {dist}: script/package makes it, or name one by --deb."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise Failure(os.EX_USAGE, f"There are several packages in {dist} ({names}): name one by --deb.")
    return found[0]


def read(path: Path) -> PackageFile:
    need("dpkg-deb", os.EX_UNAVAILABLE, "to read the package")
    if not path.is_file():
        raise Failure(os.EX_NOINPUT, f"There is no file {path}.")
    content = path.read_bytes()
    done = subprocess.run(["dpkg-deb", "--field", path], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(os.EX_DATAERR, f"{path} is no package: {last_line(done.stderr, 'dpkg-deb cannot read it')}")
    package = PackageFile(content, done.stdout)
    if field(package.control, "Package") != NAME:
        raise Failure(os.EX_DATAERR, f"{path} is {field(package.control, 'Package')}, not {NAME}.")
    return package
