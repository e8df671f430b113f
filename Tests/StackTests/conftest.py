"""Runs autoheal-generate and reads what it writes, as CloudFormation, cloud-init and Terraform would.

    swift build --product autoheal-generate
    python3 -m pip install -r Tests/StackTests/requirements.txt
    python3 -m pytest Tests/StackTests

The program is taken from AUTOHEAL_GENERATE, or from the newest build. Nothing leaves this machine: what talks to an
API talks to moto on loopback, with dummy credentials. Tests that need root or a tool say so when they are skipped;
`script/test` fails then.
AUTOHEAL_ALL_COMBINATIONS=1 takes all 3072 combinations of options instead of 14 in which every two options meet.
"""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

import loopback  # noqa: F401  (before boto3)
from combinations import URL
from template import Template

ROOT = Path(__file__).parents[2]


def program():
    if "AUTOHEAL_GENERATE" in os.environ:
        return os.environ["AUTOHEAL_GENERATE"]
    built = [ROOT / ".build" / each / "autoheal-generate" for each in ("debug", "release")]
    built = sorted((each for each in built if each.exists()), key=lambda each: each.stat().st_mtime)
    if not built:
        pytest.exit("autoheal-generate is not built: swift build --product autoheal-generate", 2)
    return str(built[-1])


def run(*arguments, **options):
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def generate(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def template(*arguments, **parameters):
    return Template(yaml.safe_load(generate("cloudformation", *arguments)), parameters)


def pytest_collection_modifyitems(items):
    """What mostly waits goes first, so that xdist does the others meanwhile."""
    items.sort(key=lambda each: "apply" not in each.name)


@pytest.fixture(scope="session")
def stack():
    """The default stack with a package, as it would be deployed."""
    return template(*URL)
