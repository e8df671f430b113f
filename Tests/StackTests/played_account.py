"""An AWS account on loopback, in which a stack is deployed by the AWS CLI, heals and is deleted.

moto has the bucket and the stack. The simulated cloud of the functions (Tests/FunctionTests) has the time, the rules of
volumes, addresses and hooks, and what a group does. What neither of them can is played here, and only that:

- a bucket takes no public policy until its owner allows that;
- CloudFormation checks parameters, rules and capabilities, runs a custom resource, and keeps a snapshot of a volume;
- `terminate-instances` ends an instance later, and its group notices that later still, and launches another one;
- EventBridge delivers what its rule takes to the function that is its target. Code and variables of the functions are
  those that were deployed;
- a guest loads the package by the address and the digest in its user data, as anybody would, mounts the volumes that
  are attached to it, releases them when it is ended, and says so on its console.
"""

import functools
import hashlib
import inspect
import io
import json
import re
import threading
import urllib.error
import urllib.request
import zipfile
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
import yaml
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models.instances import Instance
from moto.ec2.models.route_tables import RouteTable
from moto.events.models import events_backends
from moto.s3.models import s3_backends

from account import IMAGE
from clock import Context
from cloud_server import CALLER, REGION
from custom_resource import CloudFormation
from faults import Refused
from lifecycle_action import EPOCH
from outcome_line import line
from simulated_cloud import SimulatedCloud
from template import Template

# All in seconds. docs/heal.md has how long it takes.
NOTICED = 60  # from the end of an instance until its group knows of it
DELIVERED = 2  # from an instance in its hook to the function
PENDING = 15  # from a launch until EC2 says that the instance runs
BOOT = 55  # until the guest loads its package
MOUNT = 3
RELEASE = 20
AT_REST = 3600  # at the latest, whatever was begun

# What a person asks of the simulated cloud instead of moto.
PLAYED = {"GetConsoleOutput", "TerminateInstances"}
# Of Systems Manager, for everybody.
PUBLIC_PARAMETERS = {"/aws/service/debian/release/13/latest/amd64": IMAGE}
# The package, in the user data.
SENT = re.compile(r"^ *url='([^'\n]+)'\n *sha256=([0-9a-f]{64})$", re.M)


class Declared:
    """A resource of a type that moto's CloudFormation does not know, as it was declared."""

    def __init__(self, name, properties):
        self.physical_resource_id, self.properties = name, properties

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls(resource_name, cloudformation_json["Properties"])

    def delete(self, account_id, region_name):
        pass


class Hook(Declared):
    pass


class CustomResource(Declared):
    pass


TYPES = {
    "AWS::AutoScaling::LifecycleHook": Hook,
    "AWS::CloudFormation::CustomResource": CustomResource,
    "AWS::Lambda::EventInvokeConfig": Declared,
    "AWS::CloudWatch::Alarm": Declared,
    "AWS::SQS::QueuePolicy": Declared,
}


class Function:
    """What was deployed as one, run as Lambda does, but in simulated time."""

    def __init__(self, cloud, deployed):
        self.cloud, self.timeout = cloud, deployed.timeout
        file, handler = deployed.handler.split(".")
        source = zipfile.ZipFile(io.BytesIO(deployed.code_bytes)).read(f"{file}.py")
        module = cloud.load(deployed.function_name, source)
        # A variable of this process would be that of all functions.
        vars(module).update(
            os=SimpleNamespace(environ=deployed.environment_vars), print=lambda line, **_: cloud.log.append(line)
        )
        self.handler = getattr(module, handler)
        has_clock = "now" in inspect.signature(self.handler).parameters
        self.options = {"now": lambda: EPOCH + cloud.clock.now} if has_clock else {}

    def __call__(self, event):
        clock = self.cloud.clock
        return self.handler(event, Context(clock, self.timeout), sleep=clock.sleep, **self.options)


class PlayedAccount(SimulatedCloud):
    def __init__(self):
        self.mended = pytest.MonkeyPatch()
        known = parsing.get_model_map
        self.mended.setattr(parsing, "get_model_map", lambda: known() | TYPES)
        # moto takes no parameters of AWS's own but those that it knows.
        self.mended.setattr(parsing.ResourceMap, "parse_ssm_parameter", lambda _, name, __: PUBLIC_PARAMETERS[name])
        # moto leaves what has no value in a list.
        clean = parsing.clean_json
        full = lambda found: [each for each in found if each is not None] if isinstance(found, list) else found
        self.mended.setattr(parsing, "clean_json", lambda *arguments: full(clean(*arguments)))
        # moto takes neither size nor end of a root volume from the image.
        add = Instance.add_block_device
        self.mended.setattr(
            Instance, "add_block_device",
            lambda each, size, path, snapshot, encrypted, _, *more, **named: add(
                each, size or 8, path, snapshot, encrypted, True, *more, **named
            ),
        )  # fmt: skip
        # moto makes the route tables of a stack, but never deletes them, and then refuses to delete the VPC.
        self.mended.setattr(RouteTable, "delete", lambda each, *_: each.ec2_backend.route_tables.pop(each.id), False)
        super().__init__()
        self.mended.setenv("AWS_ENDPOINT_URL", self.url)
        self.answers = CloudFormation()

    def close(self):
        self.mended.undo()
        self.answers.shutdown()
        self.answers.server_close()
        super().close()

    def reset(self):
        super().reset()
        self.functions = {}
        self.log = []  # of the functions
        self.waiting = []  # actions of which the function is to hear, and when
        self.installed = set()
        self.launched = []

    def begin_anew(self):
        """Nothing is there."""
        urllib.request.urlopen(f"{self.url}/moto-api/reset", data=b"")
        self.reset()

    # A person asks

    def __call__(self, environ, start_response):
        if "HTTP_X_CALLER" in environ:  # a function
            return super().__call__(environ, start_response)
        if "x-www-form-urlencoded" not in environ.get("CONTENT_TYPE", ""):
            if environ["QUERY_STRING"] == "policy" and self.blocks_public_access(environ["PATH_INFO"].strip("/")):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>AccessDenied</Code><Message>public policies are blocked</Message></Error>"]
            return self.moto(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        try:
            return self.answer(parameters.get("Action"), parameters, environ, start_response)
        except Refused as refused:
            # The errors of CloudFormation look like those of Auto Scaling.
            version = "2011-01-01" if parameters["Version"] == "2010-05-15" else parameters["Version"]
            return self.refuse(start_response, parameters | {"Version": version}, refused.fault, str(refused))

    def answer(self, name, parameters, environ, start_response):
        if name in PLAYED:
            with self.lock:
                self.settle()
                return self.rule(name, parameters | {CALLER: "a person"}, environ, start_response)
        if name == "CreateChangeSet":
            self.check(parameters)
        volumes = self.before_deletion(parameters["StackName"]) if name == "DeleteStack" else []
        answer = list(self.moto(environ, start_response))
        for each in volumes:
            self.delete_volume(each)  # which moto's CloudFormation does not
        if name == "ExecuteChangeSet":
            self.after_creation(parameters["StackName"])
        return answer

    def blocks_public_access(self, bucket):
        """As every new bucket does, until its owner allows it."""
        block = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket].public_access_block
        return not block or block.block_public_policy or block.restrict_public_buckets

    def on_TerminateInstances(self, parameters):
        instance = parameters["InstanceId.1"]
        if instance not in self.launched:
            raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{instance}' does not exist")
        self.terminate(instance)
        self.after(NOTICED, self.notice, instance)
        name = "TerminateInstancesResponse"
        return (
            f"<{name}><instancesSet><item><instanceId>{instance}</instanceId><currentState><code>32</code>"
            f"<name>shutting-down</name></currentState></item></instancesSet></{name}>"
        )

    # CloudFormation

    def check(self, parameters):
        """What it says before it makes anything."""
        source = yaml.safe_load(parameters["TemplateBody"])
        given = {
            value: parameters[key.replace("ParameterKey", "ParameterValue")]
            for key, value in parameters.items()
            if key.endswith(".ParameterKey") and key.replace("ParameterKey", "ParameterValue") in parameters
        }
        roles = any(each["Type"].startswith("AWS::IAM::") for each in source["Resources"].values())
        if roles and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(parameters.values()):
            raise Refused("InsufficientCapabilities", "Requires capabilities : [CAPABILITY_IAM]")
        if unknown := given.keys() - source["Parameters"].keys():
            raise Refused("ValidationError", f"Parameters: {sorted(unknown)} do not exist in the template")
        try:
            broken = Template(source, given).broken_rules()
        except (ValueError, AssertionError) as wrong:
            raise Refused("ValidationError", str(wrong)) from wrong
        if broken:
            raise Refused("ValidationError", " ".join(broken))

    def stack(self, name):
        stacks = cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION].stacks.values()
        return next((each for each in stacks if name in (each.name, each.stack_id)), None)

    def made(self, stack, kind):
        """The resources of a stack of this type, by their names."""
        made = stack.resource_map._parsed_resources
        return {name: each for name, each in made.items() if isinstance(each, kind)}

    def after_creation(self, name):
        stack = self.stack(name)
        # moto reads the outputs of a stack only if no change set has made it.
        stack._parse_template()
        stack.output_map = stack._create_output_map()
        for answer in self.custom(stack, "Create"):
            if answer["Status"] != "SUCCESS":
                stack.status = "ROLLBACK_COMPLETE"
                stack._add_stack_event("ROLLBACK_COMPLETE", resource_status_reason=answer["Reason"])

    def before_deletion(self, name):
        """Gives the volumes that go with the stack."""
        stack = self.stack(name)
        if stack is None:
            return []  # which CloudFormation does not mind
        for answer in self.custom(stack, "Delete"):
            if answer["Status"] != "SUCCESS":
                raise Refused("DELETE_FAILED", answer["Reason"])  # the stack's state then
        volumes = []
        for logical, each in stack.template_dict["Resources"].items():
            if each["Type"] == "AWS::EC2::Volume" and each.get("DeletionPolicy") != "Retain":
                volumes.append(stack.resource_map[logical].physical_resource_id)
                if each.get("DeletionPolicy") == "Snapshot":
                    self.ec2.create_snapshot(VolumeId=volumes[-1])
        return volumes

    def custom(self, stack, kind):
        """Asks the functions behind the custom resources, and gives their answers."""
        answers = []
        for logical, each in self.made(stack, CustomResource).items():
            event = {
                "RequestType": kind, "ResponseURL": self.answers.url, "StackId": stack.stack_id, "RequestId": "request",
                "ResourceType": each.cf_resource_type, "LogicalResourceId": logical,
                "ResourceProperties": each.properties,
            }  # fmt: skip
            self.meanwhile(functools.partial(self.function(each.properties["ServiceToken"]), event))
            answers.append(json.loads(self.answers.answers[-1]))
        return answers

    # The functions

    def function(self, arn):
        if arn not in self.functions:
            self.functions[arn] = Function(self, lambda_backends[DEFAULT_ACCOUNT_ID][REGION].get_function(arn))
        return self.functions[arn]

    def meanwhile(self, deed):
        """Does it, while events are delivered."""
        failed = []
        ended = threading.Event()

        def attempt(deed, finally_):
            try:
                deed()
            except BaseException as error:
                failed.append(error)
            finally:
                finally_()

        self.clock.side_by_side(
            functools.partial(attempt, deed, ended.set),
            functools.partial(attempt, functools.partial(self.pass_time, ended.is_set), lambda: None),
        )
        if failed:
            raise failed[0]

    def pass_time(self, is_over=None):
        """Until that, or until nothing happens any more."""
        began = self.clock.now
        while True:
            assert self.clock.now < began + AT_REST, "it does not come to rest"
            with self.lock:
                self.settle()
                heard = [action for at, action in self.waiting if at <= self.clock.now]
                self.waiting = [(at, action) for at, action in self.waiting if action not in heard]
                is_quiet = not self.waiting and not self.due
                if not heard and (is_over() if is_over else is_quiet):
                    return
            for action in heard:
                self.deliver(action.event())
            if not heard:
                self.clock.sleep(1)

    def deliver(self, event):
        """As the rules of the account say."""
        for rule in events_backends[DEFAULT_ACCOUNT_ID][REGION].event_buses["default"].rules.values():
            if rule.event_pattern.matches_event(event):
                for target in rule.targets:
                    self.invoke(self.function(target["Arn"]), event)

    def invoke(self, function, event):
        """As Lambda does it: up to twice again, a while after it raised."""
        for pause in (60, 120):
            try:
                return function(event)
            except Exception as error:
                self.log.append(repr(error))
                self.clock.sleep(pause)
        return function(event)

    # The group

    def begin(self, action):
        """The group waits, and if it has a hook for this, somebody hears of it."""
        action.began, action.deadline = self.clock.now, self.clock.now + self.hook_timeout
        self.actions.append(action)
        for stack in cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION].stacks.values():
            for hook in self.made(stack, Hook).values():
                declared = hook.properties["AutoScalingGroupName"], hook.properties["LifecycleTransition"]
                if declared == (action.group, action.transition):
                    action.hook = hook.physical_resource_id
                    action.deadline = self.clock.now + int(hook.properties["HeartbeatTimeout"])
                    self.waiting.append((self.clock.now + DELIVERED, action))
        return action

    def settle(self):
        super().settle()
        for group in self.groups.values():
            for each in group.instance_states:
                each.lifecycle_state = self.lifecycle.get(each.instance.id, each.lifecycle_state)

    def join(self, group, states):
        """What moto has launched at once is pending, waits in the hook, and boots."""
        for each in states:
            instance = each.instance.id
            if instance not in self.launched:
                self.launched.append(instance)
                self.start(instance, PENDING)
                self.wait_in_hook(group.name, instance)
                self.after(PENDING + BOOT, self.install, instance)
        self.settle()

    def end(self, state):
        """The group ends an instance that is well."""
        instance = state.instance.id
        if self.lifecycle[instance] == "InService":
            self.leave(self.group_of[instance], instance)
            self.after(RELEASE, self.hand_over, instance)

    def notice(self, instance):
        """The group ends an instance that is none any more."""
        self.leave(self.group_of[instance], instance)

    def on_CompleteLifecycleAction(self, parameters):
        answer = super().on_CompleteLifecycleAction(parameters)
        self.after(self.join_time, self.fill, parameters["AutoScalingGroupName"])
        return answer

    def fill(self, name):
        """The group launches what it lacks."""
        group = self.groups.get(name)
        alive = ("Pending", "InService", "Standby")
        here = [each for each in self.launched if self.lifecycle.get(each, "").startswith(alive)]
        if group and group.desired_capacity > len(here):
            group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
            self.join(group, group.instance_states)

    def gone(self, instance):
        """With its root volume, and what else moto keeps of it."""
        self.mounted -= self.volumes_of(instance)
        super().gone(instance)
        for volume in self.roots(instance):
            self.delete_volume(volume)
        machine = self.instance(instance)
        machine.block_device_mapping.clear()
        machine.terminate()

    def roots(self, instance):
        mapping = self.instance(instance).block_device_mapping.values()
        return {each.volume_id for each in mapping if each.delete_on_termination}

    # The guest

    def volumes_of(self, instance):
        attached = {each for each in self.backend.volumes if self.is_attached(each, instance)}
        return attached - self.roots(instance)

    def install(self, instance):
        """As its user data says, without credentials."""
        if self.state(instance) != "running":
            return
        url, digest = SENT.search(self.instance(instance).user_data.decode()).groups()
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                right = hashlib.sha256(answer.read()).hexdigest() == digest
        except urllib.error.URLError:
            right = False
        if right:
            self.installed.add(instance)
            self.after(MOUNT, self.mount, instance)
        else:
            self.say(instance, line(instance, self.volumes_of(instance), "not-installed", 1, "cannot-download"))

    def after_AttachVolume(self, parameters, answer):
        self.after(self.attach_time + MOUNT, self.mount, parameters["InstanceId"])
        return super().after_AttachVolume(parameters, answer)

    def mount(self, instance):
        volumes = self.volumes_of(instance)
        if volumes and instance in self.installed and not self.mounted & volumes:
            self.mounted.update(volumes)
            self.say(instance, line(instance, volumes, "mounted"))

    def hand_over(self, instance):
        volumes = self.volumes_of(instance)
        self.mounted.difference_update(volumes)
        self.say(instance, line(instance, volumes, "released"))
