"""Runs autoheal-generate: that of AUTOHEAL_GENERATE, or the newest build."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from template import Template

ROOT = Path(__file__).parents[2]
# What 0.1.0 wrote for the defaults.
EARLIER = Path(__file__).with_name("earlier")


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


def impatient(script):
    """The user data, which tries for a second instead of an hour."""
    assert script.count("60 * 60") == 1
    return script.replace("60 * 60", "1")


def template(*arguments, values=(), **parameters):
    """:param values: of parameters that this template may have."""
    source = yaml.safe_load(generate("cloudformation", *arguments))
    given = {key: value for key, value in dict(values).items() if key in source["Parameters"]}
    return Template(source, given | parameters)
