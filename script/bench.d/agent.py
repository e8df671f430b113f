"""The agent's binary: how it is built, and what it weighs."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from errors import BenchError

RELEASE = ["-c", "release", "--static-swift-stdlib", "--disable-local-rpath",
           "-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"]


@dataclass(frozen=True)
class Binary:
    size: int
    glibc: str | None


def build(repository):
    """Builds the release binary, which takes no time if nothing changed since the last build."""
    build = ["swift", "build", "--package-path", str(repository), "--product", "autoheal-agent", *RELEASE]
    try:
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        shown = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"The agent could not be built: {error}") from error
    return Path(shown.stdout.strip()) / "autoheal-agent"


def inspect(program):
    """The size of the stripped binary and the newest glibc it asks for."""
    dump = subprocess.run(["objdump", "-T", program], capture_output=True, text=True)
    versions = set(re.findall(r"GLIBC_(\d+(?:\.\d+)+)", dump.stdout))
    return Binary(Path(program).stat().st_size, max(versions, key=version_key, default=None))


def version_key(version):
    return [int(part) for part in version.split(".")]
