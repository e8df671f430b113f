"""What the stack's functions read on a console: their own code, on the bytes that a guest has written."""

import os
import sys
import types
from pathlib import Path
from unittest import mock

COMMON = Path(__file__).parents[2] / "Sources" / "CloudTemplates" / "Functions" / "common.py"


def newest_outcome(guest, volumes):
    """The newest line about all these volumes, and its outcome; or None twice."""
    with open(guest.console_log, errors="replace", newline="") as log:
        console = log.read()
    with mock.patch.dict(os.environ, VOLUMES=",".join(f"/dev/sdf{n}={each.id}" for n, each in enumerate(volumes))):
        return reader()(console, guest.instance_id)


def reader():
    # It reads without asking AWS, whose modules are not needed here.
    there: dict[str, dict[str, type]] = {
        "boto3": {},
        "botocore": {},
        "botocore.config": {"Config": dict},
        "botocore.exceptions": {"BotoCoreError": Exception, "ClientError": Exception},
        "botocore.parsers": {"ResponseParserError": Exception},
    }
    modules = {name: types.ModuleType(name) for name in there}
    for name, members in there.items():
        vars(modules[name]).update(members)
    common = types.ModuleType("common")
    with mock.patch.dict(sys.modules, modules):
        exec(compile(COMMON.read_text(), COMMON.name, "exec"), vars(common))
    return common.newest_outcome
