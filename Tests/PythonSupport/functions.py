"""The Python functions of the stack, as they are written and as they are deployed."""

import base64
import zlib
from pathlib import Path

import python_minifier

FUNCTIONS = Path(__file__).parents[2] / "Sources" / "CloudTemplates" / "Functions"
NAMES = ("device_attachment", "scale_up")
# The only line of an inline function that is not an import or a comment. In a template ${ and %{ would be expanded, so
# commas, which base 85 has not, stand for braces.
UNPACK = 'exec(zlib.decompress(base64.b85decode("{}".replace(",", "{{"))).decode())'


def whole(name: str) -> str:
    """One file as it is written: the common part stands in place of the line that imports it. What a module carries."""
    common = (FUNCTIONS / "common.py").read_text().removesuffix("\n")
    lines = (FUNCTIONS / f"{name}.py").read_text().split("\n")
    return "\n".join(common if line.startswith("from common import ") else line for line in lines)


def bare(source: str) -> str:
    """The same program without comments, docstrings and long names of local variables: a template may not be long. All
    other names stay: traces and logs have them."""
    return python_minifier.minify(source, remove_literal_statements=True, hoist_literals=False) + "\n"


def inline_path(name: str) -> Path:
    return FUNCTIONS / f"{name}_inline.py"


def inlined(name: str) -> str:
    """What a template carries."""
    return inline_path(name).read_text()


def unpacked(name: str) -> str:
    """What runs of it, found as its head says, but without running anything."""
    text = inlined(name).split('"')[1]
    assert inlined(name).endswith("\n" + UNPACK.format(text) + "\n")
    return zlib.decompress(base64.b85decode(text.replace(",", "{"))).decode()
