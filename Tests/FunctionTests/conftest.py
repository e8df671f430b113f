"""Runs the two functions as Lambda does, against a simulated cloud on loopback, and records what they call.

python3 -m pip install -r Tests/FunctionTests/requirements.txt
python3 -m pytest Tests/FunctionTests
"""

import contextlib
import json
import logging
import os
from collections import defaultdict
from types import SimpleNamespace

import botocore.endpoint
import pytest
from hypothesis import HealthCheck, settings

import loopback  # noqa: F401  (before anything looks at the environment)
from clock import Context
from custom_resource import CloudFormation, ScaleUp
from functions import inlined
from lifecycle_action import EPOCH
from outcome_line import line
from simulated_cloud import SimulatedCloud

logging.getLogger("werkzeug").setLevel(logging.WARNING)

# A situation may take 300 simulated seconds, which are hundreds of calls.
patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.register_profile("quick", patient, max_examples=40, derandomize=True)
settings.register_profile("thorough", patient, max_examples=500)
settings.load_profile("quick")

# The kind of resource that a parameter names, as the ARNs of IAM call it.
KINDS = {
    "AllocationId": "elastic-ip",
    "AutoScalingGroupName": "autoScalingGroup",
    "InstanceId": "instance",
    "VolumeId": "volume",
}

observed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))


def load(name, cloud):
    """The function as it is deployed, as a module that boto3 serves with a recording session of its own."""
    module = cloud.load(name, inlined(name))

    def record(params, model, **_):
        action = f"{model.service_model.signing_name}:{model.name}"
        kinds = {"*"} if model.name.startswith("Describe") else {KINDS[each] for each in params if each in KINDS}
        if model.service_model.signing_name == "autoscaling":
            kinds.discard("instance")  # there it is a part of the group
        observed[name][action] |= kinds

    module.boto3.events.register("provide-client-params.*.*", record)
    return module


@pytest.fixture(scope="session")
def server():
    cloud = SimulatedCloud()
    os.environ["AWS_ENDPOINT_URL"] = cloud.url
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(server, monkeypatch):
    server.reset()
    # The pauses between the attempts of botocore, too, are simulated.
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=server.sleep))
    return server


@pytest.fixture(scope="session")
def attach_module(server):
    return load("device_attachment", server)


@pytest.fixture(scope="session")
def scale_up_module(server):
    return load("scale_up", server)


class Killed(BaseException):
    """Lambda ends a run."""


class Attach:
    """The attach function of one stack."""

    def __init__(self, cloud, module, monkeypatch):
        self.cloud, self.module, self.monkeypatch = cloud, module, monkeypatch
        self.group = f"group-{next(cloud.names)}"
        self.volumes = []
        self.allocation = None
        self.lines = []
        self.timeout = 900
        self.allowed = set()
        for name in ("LAUNCH_UNTIL", "ON_REFUSAL", "HAND_OVER"):
            monkeypatch.delenv(name, raising=False)
        module.client.cache_clear()
        for service in ("ec2", "autoscaling"):
            module.client(service)
        monkeypatch.setattr(module, "print", self.keep, raising=False)

    def keep(self, line, **_):
        assert "\n" not in line
        self.lines.append(json.loads(line))

    def configure(self, volumes=None, allocation=None, group=None):
        self.volumes = [self.cloud.volume()] if volumes is None else volumes
        self.allocation = allocation
        self.group = group or self.group
        devices = [f"/dev/sd{letter}" for letter in "fghijklmnop"]
        pairs = ",".join(f"{device}={volume}" for device, volume in zip(devices, self.volumes, strict=False))
        for key, value in {
            "GROUP_NAME": self.group,
            "HOOK_NAME": self.cloud.hook,
            "VOLUMES": pairs,
            "ALLOCATION_ID": allocation or "",
            "RELEASE_HOOK_NAME": self.cloud.release_hook,
        }.items():
            self.monkeypatch.setenv(key, value)
        return self

    def want(self, **environment):
        """As the stack was made with other options than the defaults of the tests."""
        for key, value in environment.items():
            self.monkeypatch.setenv(key, value)
        return self

    def announce(self, instance, outcome, after=0, **options):
        """The agent writes how it ended."""
        text = line(instance, options.pop("volumes", self.volumes), outcome, **options)
        self.cloud.after(after, self.cloud.say, instance, text)
        return text.strip()

    def launch(self, **options):
        return self.cloud.launch(self.group, **options)

    def __call__(self, event, sleep=None):
        context = Context(self.cloud.clock, self.timeout)
        try:
            return self.module.handler(
                event, context, sleep=sleep or self.cloud.clock.sleep, now=lambda: EPOCH + self.cloud.clock.now
            )["outcome"]
        finally:
            assert context.get_remaining_time_in_millis() > 0, "the function outlived its time"

    def until(self, event, is_the_end):
        """Runs the function as Lambda does until it ends that where it stands, at one of its pauses."""

        def sleep(seconds):
            if is_the_end():
                raise Killed
            self.cloud.clock.sleep(seconds)

        with contextlib.suppress(Killed, Exception):
            self(event, sleep)

    def deliver(self, event):
        """Runs the function as Lambda does for an event: up to twice again, a while after it raised."""
        for pause in (60, 120, 0):
            completions = self.cloud.count("CompleteLifecycleAction")
            try:
                return self(event)
            except Exception as error:
                # The reasons to raise: all is well and the time is up, or the hook could not be completed.
                is_well = isinstance(error, self.module.RunAgain)
                if not is_well and self.cloud.count("CompleteLifecycleAction") == completions:
                    raise AssertionError("it raised for another reason") from error
            self.cloud.clock.sleep(pause)
        return "RAISED"

    def twice(self, event, delay=0):
        """Delivers it twice, the second time so many seconds after the first: at once, they alternate by each call."""
        outcomes = []

        def run():
            try:
                outcomes.append(self.deliver(event))
            except BaseException as error:
                outcomes.append(repr(error))

        def run_later():
            self.cloud.clock.sleep(delay)
            run()

        self.cloud.clock.side_by_side(run, run_later)
        return sorted(outcomes)

    def in_place(self, instance):
        return all(self.cloud.is_attached(each, instance) for each in self.volumes) and (
            not self.allocation or self.cloud.address_of(self.allocation) == instance
        )

    def said(self, text):
        """The log lines with this text in the message or the data."""
        return [line for line in self.lines if text in json.dumps(line)]


FORBIDDEN = {"DetachVolume", "DisassociateAddress", "TerminateInstances", "StopInstances", "DeleteVolume"}


@pytest.fixture
def attach(cloud, attach_module, monkeypatch):
    """Whatever a test does: nothing is taken away but what a test allows, and every line names the instance."""
    attach = Attach(cloud, attach_module, monkeypatch).configure()
    yield attach
    assert not {name for _, name, _ in cloud.calls} & (FORBIDDEN - attach.allowed)
    assert not any(key == "Force" for _, _, parameters in cloud.calls for key in parameters)
    assert all(line["host.id"] and line["message"] and line["level"] for line in attach.lines)


@pytest.fixture
def scale_up(cloud, scale_up_module, monkeypatch):
    cloudformation = CloudFormation()
    yield ScaleUp(cloud, scale_up_module, cloudformation, monkeypatch)
    cloudformation.shutdown()
    cloudformation.server_close()


def pytest_collection_modifyitems(items):
    """The permissions are compared last, when every call has been made."""
    items.sort(key=lambda item: item.path.name == "test_permissions.py")
