"""The commands of a section of README.md, and a shell on loopback in which they run one after the other."""

import os
import re
import subprocess
import threading
from pathlib import Path

from generator import ROOT, program
from publisher import PATH

README = ROOT / "README.md"
MARK = "-- ended with"


def commands(text: str, section: str) -> list[str]:
    """Of all fenced blocks, each as a shell would take it, with its comment."""
    found = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    whole, part = [], ""
    for block in re.findall(r"^```[a-z]*\n(.*?)^```$", found, re.M | re.S):
        for each in block.splitlines():
            part += each
            if part.strip() and not part.endswith("\\") and is_complete(part):
                whole.append(part)
                part = ""
            elif part:
                part += "\n"
    assert not part, part
    return whole


def is_complete(command: str) -> bool:
    return subprocess.run(["bash", "-n", "-c", command], capture_output=True).returncode == 0


def comment(command: str) -> str:
    return command.rpartition(" # ")[2].strip() if " # " in command else ""


class Terminal:
    """One bash, whose variables and functions stay, in a checkout whose long builds are played."""

    def __init__(self, checkout: Path, endpoint: str) -> None:
        environment = os.environ | {"PATH": PATH, "AWS_ENDPOINT_URL": endpoint}
        self.bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=checkout, env=environment,
        )  # fmt: skip

    def __call__(self, command: str) -> str:
        """What it says. It must succeed."""
        deadline = threading.Timer(120, self.bash.kill)
        deadline.start()
        # In braces, so that what it sets stays, and nothing reads what comes after it.
        self.bash.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n%s %s\\n' '{MARK}' $?\n")
        self.bash.stdin.flush()
        said = []
        for text in self.bash.stdout:
            if text.startswith(MARK):
                break
            said.append(text)
        deadline.cancel()
        output = "".join(said).strip()
        status = text.removeprefix(MARK).strip() if said or text.startswith(MARK) else "nothing"
        assert status == "0", f"{command}\nended with {status}: {output}"
        return output

    def close(self) -> None:
        self.bash.stdin.close()
        self.bash.wait()


# What takes minutes is played, but refuses what the real one refuses.
PLAYED = {
    "bootstrap": """
        for each; do
            grep -qF -e "  $each)" {root}/script/bootstrap || {{ echo "there is no option $each" >&2; exit 64; }}
        done""",
    "package": """
        [ $# -eq 0 ] || exit 64
        mkdir -p dist && cp {package} dist/ && ls "$PWD"/dist/autoheal-agent_*.deb""",
    "build-release": """
        grep -qF -e "name: \\"$1\\"" {root}/Package.swift || {{ echo "no product named '$1'" >&2; exit 1; }}
        mkdir -p dist && ln -sf {program} "dist/$1" """,
}


def make_checkout(directory: Path, package: Path) -> None:
    """script/publish is the real one, the package a small one, and the generator the one that is tested."""
    scripts = directory / "script"
    scripts.mkdir(parents=True)
    for name in ("publish", "publish.d"):
        (scripts / name).symlink_to(ROOT / "script" / name)
    for name, text in PLAYED.items():
        body = text.format(root=ROOT, package=package, program=Path(program()).resolve())
        (scripts / name).write_text(f"#!/bin/bash\nset -e\n{body}\n")
        (scripts / name).chmod(0o755)
