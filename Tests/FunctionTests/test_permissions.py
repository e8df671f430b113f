"""What the functions call is what permissions.json says: no more, no less. The roles of the template follow it."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import observed
from functions import FUNCTIONS, NAMES, bare, inlined, unpacked, whole

# What a call needs beyond the resources it names: the address goes to the primary interface of the instance.
# The group of an instance is named by that instance.
IMPLIED = {
    "autoscaling:TerminateInstanceInAutoScalingGroup": {"autoScalingGroup"},
    "ec2:AssociateAddress": {"network-interface"},
}

declared = json.loads((FUNCTIONS / "permissions.json").read_text())


@pytest.fixture
def whole_suite(request):
    """Skips unless every other test was run: only then has every call been made."""
    here = Path(__file__).parent
    ran = {item.path.name for item in request.session.items}
    options = request.config.option
    if ran != {path.name for path in here.glob("test_*.py")} or options.keyword or request.session.testsfailed:
        pytest.skip("only a part of the suite was run, or failed")


@pytest.mark.parametrize("name", NAMES)
def test_each_call_is_declared(name):
    assert set(observed[name]) <= set(declared[name])


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_declared_that_is_not_called(name, whole_suite):
    calls = {action: kinds | IMPLIED.get(action, set()) for action, kinds in observed[name].items()}
    assert {action: set(kinds) for action, kinds in declared[name].items()} == calls


def test_the_file_is_sorted_and_names_each_function():
    assert sorted(declared) == sorted(NAMES)
    text = (FUNCTIONS / "permissions.json").read_text()
    actions = re.findall(r'"(\w+:\w+)"', text)
    assert actions == [action for name in NAMES for action in sorted(declared[name])]
    assert all(kinds == sorted(kinds) for grants in declared.values() for kinds in grants.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deployed_is_made_from_the_source(name):
    """All tests here run what is deployed; script/regenerate makes it. Another Python may write other spaces."""
    assert ast.dump(ast.parse(unpacked(name))) == ast.dump(ast.parse(bare(whole(name))))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deployed_can_be_read_as_its_head_says(name):
    shown = subprocess.run(
        [sys.executable, "-"], input=inlined(name).replace("exec", "print").encode(), capture_output=True
    )
    assert shown.stdout.decode().removesuffix("\n") == unpacked(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_source_suits_an_inline_function_in_a_template(name):
    """ASCII; no `${` or `%{`, which templates would expand; modules that the Lambda runtime has; small."""
    source = inlined(name)
    assert source.isascii() and "\t" not in source and "\\" not in source and "${" not in source and "%{" not in source
    assert len((FUNCTIONS / f"{name}.py").read_text().splitlines()) <= 470 and len(source) < 9_000
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(source + unpacked(name), feature_version=(3, 11)))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    standard = {
        "base64",
        "datetime",
        "functools",
        "http",
        "json",
        "os",
        "random",
        "re",
        "time",
        "traceback",
        "urllib",
        "xml",
        "zlib",
    }
    assert imported <= standard | {"boto3", "botocore"}
