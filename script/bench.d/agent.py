"""The agent's binary: how it is built, and what it weighs."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from errors import BenchError


@dataclass(frozen=True)
class Binary:
    size: int
    glibc: str | None


def build(repository):
    """Builds the release binary, which takes no time if nothing changed since the last build."""
    try:
        built = subprocess.run(
            [repository / "script" / "build-release"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"The agent could not be built, see script/build-release: {error}") from error
    return Path(built.stdout.strip())


def inspect(program):
    """The size of the stripped binary and the newest glibc it asks for."""
    dump = subprocess.run(["objdump", "-T", program], capture_output=True, text=True)
    versions = set(re.findall(r"GLIBC_(\d+(?:\.\d+)+)", dump.stdout))
    return Binary(Path(program).stat().st_size, max(versions, key=version_key, default=None))


def version_key(version):
    return [int(part) for part in version.split(".")]
