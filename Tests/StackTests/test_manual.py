"""The manual; that it has every flag is tested beside the program."""

import shutil
import subprocess

import pytest

from generator import ROOT


def test_mandoc_finds_nothing():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    page = ROOT / "packaging" / "man" / "autoheal-generate.1"
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout
