"""The Python functions of the stack, in the form in which they are deployed."""

from pathlib import Path

FUNCTIONS = Path(__file__).parents[2] / "Sources" / "CloudTemplates" / "Functions"


def deployed(name: str) -> str:
    """One file: the common part stands in place of the line that imports it."""
    common = (FUNCTIONS / "common.py").read_text().removesuffix("\n")
    lines = (FUNCTIONS / f"{name}.py").read_text().split("\n")
    return "\n".join(common if line.startswith("from common import ") else line for line in lines)
