"""The Python functions of the stack, in the form in which they are deployed."""

import re
from pathlib import Path

import python_minifier

FUNCTIONS = Path(__file__).parents[2] / "Sources" / "CloudTemplates" / "Functions"
NAMES = ("device_attachment", "scale_up")


def whole(name: str) -> str:
    """One file as it is written: the common part stands in place of the line that imports it."""
    common = (FUNCTIONS / "common.py").read_text().removesuffix("\n")
    lines = (FUNCTIONS / f"{name}.py").read_text().split("\n")
    return "\n".join(common if line.startswith("from common import ") else line for line in lines)


def inlined_path(name: str) -> Path:
    return FUNCTIONS / "Inlined" / f"{name}.py"


def deployed(name: str) -> str:
    """What a template and a module carry."""
    return inlined_path(name).read_text()


def shortened(name: str) -> str:
    """The same program in few bytes."""
    # Traces and the log have the names of functions and classes; for the others, tests put something else.
    named = re.findall(r"^(?:class|def) (\w+)", whole(name), re.MULTILINE)
    text = python_minifier.minify(
        whole(name),
        remove_literal_statements=True,
        rename_globals=True,
        preserve_globals=[*named, "boto3", "json", "os", "print", "random", "time", "CALLS", "KEPT_FOR"],
    )
    head = f"# {name}.py of autoheal-agent, shortened\n"
    # YAML writes no tabs at the begin of lines of a literal block.
    return head + re.sub("^\t+", lambda tabs: " " * len(tabs[0]), text, flags=re.MULTILINE).rstrip() + "\n"
