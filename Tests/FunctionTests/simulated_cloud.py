"""A cloud on loopback: moto answers, and this model adds the rules of EC2 and Auto Scaling that moto lacks.

Every request goes over HTTP through `SimulatedCloud`, which sees it first: it carries out what is due by now (an
instance that starts, a volume that is released), plays the fault that is next for this action, applies the rule of the
real service, and lets moto do the rest. Time is simulated: nothing here sleeps. Who calls lets it pass.

The rules, with the error codes EC2 documents: a volume attaches only to a running instance of its own zone, is
`attaching` for a while, and belongs to one instance until that one has let go; a lifecycle action is completed
once, times out, and ends with its group; an instance that leaves takes its time.
"""

import io
import itertools
import socket
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config
from moto.autoscaling.models import autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Volume, VolumeAttachment
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from clock import Clock

REGION = "eu-west-1"
ZONE, OTHER_ZONE = "eu-west-1a", "eu-west-1b"
IMAGE = "ami-12c6146b"  # one that moto knows
LATENCY = 0.05  # seconds that every call takes
CLIENT_TIMEOUT = 10  # seconds that a client waits for an answer that is lost
CALLER = "X-Caller"  # the header that tells those apart who call side by side
OPERATOR = "operator"  # in the user agent of the tests' own calls, which obey no rule and count for nothing
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

volume_states: dict[str, str] = {}  # those that moto does not know: creating, deleting, error


def status(volume):
    return volume_states.get(volume.id) or ("in-use" if volume.attachment else "available")


setattr(Volume, "status", property(status))  # noqa: B010  (moto has a method there)


@dataclass
class LifecycleAction:
    group: str
    hook: str
    instance: str
    deadline: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    ended: str = ""  # CONTINUE, ABANDON, or why it ended without a completion
    completions: list = field(default_factory=list)

    def event(self, **changes):
        """The event "EC2 Instance-launch Lifecycle Action" as EventBridge delivers it."""
        detail = {
            "LifecycleActionToken": self.token,
            "AutoScalingGroupName": self.group,
            "LifecycleHookName": self.hook,
            "EC2InstanceId": self.instance,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
        }
        detail.update(changes)
        detail = {key: value for key, value in detail.items() if value is not None}
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "EC2 Instance-launch Lifecycle Action",
            "source": "aws.autoscaling",
            "account": DEFAULT_ACCOUNT_ID,
            "region": REGION,
            "detail": detail,
        }


@dataclass(frozen=True)
class Fault:
    """What happens to one call: an error instead of it, or an answer lost before or after it took effect."""

    code: str = ""
    status: int = 400
    lost: str = ""  # "before" or "after"

    def __str__(self):
        return self.code or f"lost {self.lost}"


THROTTLED = Fault("RequestLimitExceeded", 503)
RATE_EXCEEDED = Fault("Throttling", 400)
INTERNAL = Fault("InternalError", 500)
UNAUTHORIZED = Fault("UnauthorizedOperation", 403)
ACCESS_DENIED = Fault("AccessDenied", 403)
IN_USE = Fault("VolumeInUse")
INCORRECT_STATE = Fault("IncorrectState")
LOST_REQUEST = Fault(lost="before")
LOST_ANSWER = Fault(lost="after")


class Refused(Exception):
    """What a rule of the real service says no to."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.fault = Fault(code, status)


def done(action):
    """The answer of Auto Scaling that says nothing else."""
    return f"<{action}Response><{action}Result/></{action}Response>"


class SimulatedCloud:
    """A WSGI application before moto's own."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.RLock()
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        session = boto3.Session("operator", "operator", region_name=REGION)
        config = Config(user_agent_extra=OPERATOR)
        self.ec2 = session.client("ec2", endpoint_url=self.url, config=config)
        self.autoscaling = session.client("autoscaling", endpoint_url=self.url, config=config)
        self.names = itertools.count(1)
        self.reset()

    def reset(self):
        """A new clock, a new history, and nothing there."""
        with self.lock:
            autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
            ec2_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
            self.clock = Clock()
            self.due = []
            self.faults = {}
            self.calls = []
            self.actions = []
            self.seen: dict[str, dict[str, dict]] = defaultdict(dict)
            self.attach_time = 3
            self.terminate_time = 40
            self.hook_timeout = 900
            self.hook = "hook"
            self.hide_instances_until = 0
            volume_states.clear()

    def sleep(self, seconds):
        self.clock.sleep(seconds)

    def close(self):
        self.server.shutdown()

    # The machinery of a request

    def serve(self, session):
        """The clients of this session say who calls, and let time pass as the network does."""

        def begin(request, **_):
            request.headers[CALLER] = str(threading.get_ident())
            self.clock.sleep(LATENCY)

        def wait(caught_exception, **_):
            if caught_exception:
                self.clock.sleep(CLIENT_TIMEOUT)

        session.events.register("request-created.*.*", begin)
        session.events.register("needs-retry.*.*", wait)

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        if OPERATOR in environ.get("HTTP_USER_AGENT", ""):
            with self.lock:
                return self.moto(environ, start_response)
        parameters = dict(parse_qsl(body.decode()))
        name = parameters["Action"]
        with self.lock:
            parameters[CALLER] = environ["HTTP_X_CALLER"]
            self.settle()
            self.calls.append((self.clock.now, name, parameters))
            fault = self.next_fault(name)
            if fault and fault.code:
                return self.refuse(start_response, parameters, fault, f"A simulated {fault.code}.")
            if fault and fault.lost == "before":
                self.lose(environ)
            try:
                answer = self.rule(name, parameters, environ, start_response)
            except Refused as refused:
                answer = self.refuse(start_response, parameters, refused.fault, str(refused))
            if fault and fault.lost == "after":
                self.lose(environ)
            return answer

    def rule(self, name, parameters, environ, start_response):
        rule = getattr(self, f"on_{name}", None)
        answer = rule(parameters) if rule else None
        if answer is not None:
            start_response("200 OK", [("Content-Type", "text/xml")])
            return [answer.encode()]
        answer = b"".join(self.moto(environ, start_response))
        after = getattr(self, f"after_{name}", None)
        return [after(parameters, answer) if after else answer]

    def refuse(self, start_response, parameters, fault, message):
        start_response(f"{fault.status} Refused", [("Content-Type", "text/xml")])
        error = f"<Error><Code>{fault.code}</Code><Message>{escape(message)}</Message></Error>"
        if parameters["Version"].startswith("2011-01-01"):
            return [f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()]
        return [f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>".encode()]

    def lose(self, environ):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("a lost answer")

    def next_fault(self, name):
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else None

    def fail(self, name, *faults):
        """The next calls of this action meet these faults; None lets one pass."""
        self.faults.setdefault(name, []).extend(faults)

    def after(self, seconds, deed, *arguments):
        """Has something happen at a later time."""
        self.due.append((self.clock.now + seconds, next(self.names), deed, arguments))

    def settle(self):
        while self.due:
            first = min(self.due)
            if first[0] > self.clock.now:
                break
            self.due.remove(first)
            first[2](*first[3])
        for action in self.actions:
            if not action.ended and self.clock.now > action.deadline:
                action.ended = "timed out"
                self.terminate(action.instance)

    # What is there

    @property
    def backend(self):
        return ec2_backends[DEFAULT_ACCOUNT_ID][REGION]

    @property
    def groups(self):
        return autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups

    def instance(self, instance):
        return self.backend.get_instance(instance)

    def state(self, instance):
        return self.instance(instance).state

    def set_state(self, instance, state):
        machine = self.instance(instance)
        machine._state.name, machine._state.code = state, CODES[state]

    def run(self, zone=ZONE, pending=0):
        launched = self.ec2.run_instances(
            ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.micro", Placement={"AvailabilityZone": zone}
        )["Instances"][0]["InstanceId"]
        self.start(launched, pending)
        return launched

    def start(self, instance, pending):
        if pending:
            self.set_state(instance, "pending")
            self.after(pending, self.arrive, instance)

    def arrive(self, instance):
        if self.state(instance) == "pending":
            self.set_state(instance, "running")

    def launch(self, group, zone=ZONE, pending=15):
        """The group launches an instance, which waits in the hook."""
        return self.wait_in_hook(group, self.run(zone, pending))

    def wait_in_hook(self, group, instance):
        action = LifecycleAction(group, self.hook, instance, self.clock.now + self.hook_timeout)
        self.actions.append(action)
        return action

    def terminate(self, instance, after=None):
        """The instance shuts down; when it is gone, so are its attachments and its address."""
        if self.state(instance) in ("shutting-down", "terminated"):
            return
        self.set_state(instance, "shutting-down")
        self.after(self.terminate_time if after is None else after, self.gone, instance)

    def gone(self, instance):
        self.set_state(instance, "terminated")
        for volume in self.backend.volumes.values():
            if volume.attachment and volume.attachment.instance.id == instance:
                volume.attachment = None
        for address in self.backend.addresses:
            if address.instance and address.instance.id == instance:
                address.instance = address.eni = address.association_id = None
        for group in self.groups.values():
            group.instance_states = [each for each in group.instance_states if each.instance.id != instance]

    def volume(self, zone=ZONE):
        return self.ec2.create_volume(AvailabilityZone=zone, Size=8, VolumeType="gp3")["VolumeId"]

    def hold(self, volume, instance, device="/dev/sdf", state="attached"):
        held = self.backend.volumes[volume]
        held.attachment = VolumeAttachment(held, self.instance(instance), device, state)  # type: ignore[abstract]

    def release(self, volume):
        if volume in self.backend.volumes:
            self.backend.volumes[volume].attachment = None

    def delete_volume(self, volume):
        held = self.backend.volumes.pop(volume, None)
        if held:
            held.attachment = None

    def holder(self, volume):
        held = self.backend.volumes.get(volume)
        return held.attachment.instance.id if held and held.attachment else None

    def is_attached(self, volume, instance):
        held = self.backend.volumes.get(volume)
        return self.holder(volume) == instance and held.attachment.status == "attached"

    def address(self, instance=None):
        allocation = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        if instance:
            self.ec2.associate_address(AllocationId=allocation, InstanceId=instance)
        return allocation

    def address_of(self, allocation):
        found = next(each for each in self.backend.addresses if each.allocation_id == allocation)
        return found.instance.id if found.instance else None

    def group(self, minimum=0, maximum=1):
        name = f"group-{next(self.names)}"
        template = self.ec2.create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"}
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
            MinSize=minimum,
            MaxSize=maximum,
            AvailabilityZones=[ZONE],
        )
        return name

    def delete_group(self, name):
        """As the console does with force: the group, its lifecycle actions and its instances go at once."""
        group = self.groups.pop(name, None)
        for each in group.instance_states if group else []:
            self.terminate(each.instance.id)
        for action in self.actions:
            if action.group == name and not action.ended:
                action.ended = "the group was deleted"
                self.terminate(action.instance)

    def count(self, name):
        return sum(1 for _, called, _ in self.calls if called == name)

    # The rules of EC2

    def on_AttachVolume(self, parameters):
        volume = self.backend.volumes.get(parameters["VolumeId"])
        if volume is None:
            return  # moto answers InvalidVolume.NotFound
        instance = self.instance(parameters["InstanceId"])
        if volume.attachment:
            raise Refused("VolumeInUse", f"{volume.id} is already attached to an instance")
        if volume.status != "available":
            raise Refused("IncorrectState", f"The volume {volume.id} is in state {volume.status}.")
        if instance.state != "running":
            raise Refused("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
        if volume.availability_zone != instance._placement.zone:
            raise Refused("InvalidVolume.ZoneMismatch", f"{volume.id} is not in the zone of {instance.id}.")
        for other in self.backend.volumes.values():
            taken = other.attachment
            if taken and taken.instance is instance and taken.device == parameters["Device"]:
                raise Refused("InvalidParameterValue", f"Attachment point {taken.device} is already in use")

    def after_AttachVolume(self, parameters, answer):
        volume = self.backend.volumes.get(parameters["VolumeId"])
        if volume and self.attach_time:
            volume.attachment.status = "attaching"
            self.after(self.attach_time, self.attached, volume.attachment)
        return answer.replace(b"attached", b"attaching")

    def attached(self, attachment):
        if attachment.status == "attaching":
            attachment.status = "attached"

    def on_AssociateAddress(self, parameters):
        instance = self.instance(parameters["InstanceId"])
        if instance.state not in ("pending", "running"):
            raise Refused("IncorrectInstanceState", f"{instance.id} is {instance.state}")

    # What was true when the function last looked: the ground on which it may complete the hook with CONTINUE.

    def on_DescribeInstances(self, parameters):
        if self.clock.now < self.hide_instances_until:  # what EC2 calls eventual consistency
            return "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
        self.seen[parameters[CALLER]]["instances"] = {each.id: each.state for each in self.backend.all_instances()}
        return None

    def on_DescribeVolumes(self, parameters):
        self.seen[parameters[CALLER]]["volumes"] = {
            each.id: each.attachment.instance.id
            for each in self.backend.volumes.values()
            if each.attachment and each.attachment.status == "attached"
        }

    def on_DescribeAddresses(self, parameters):
        self.seen[parameters[CALLER]]["addresses"] = {
            each.allocation_id: each.instance.id for each in self.backend.addresses if each.instance
        }

    # The rules of Auto Scaling

    def active_action(self, parameters):
        names = tuple(parameters.get(key) for key in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId"))
        token = parameters.get("LifecycleActionToken")
        for action in self.actions:
            is_meant = (action.group, action.hook, action.instance) == names and token in (None, action.token)
            if is_meant and not action.ended:
                return action
        raise Refused("ValidationError", f"No active Lifecycle Action found with token {token}")

    def on_RecordLifecycleActionHeartbeat(self, parameters):
        self.active_action(parameters).deadline = self.clock.now + self.hook_timeout
        return done("RecordLifecycleActionHeartbeat")

    def on_CompleteLifecycleAction(self, parameters):
        action = self.active_action(parameters)
        action.ended = parameters["LifecycleActionResult"]
        action.completions.append((self.clock.now, action.ended, dict(self.seen[parameters[CALLER]])))
        if action.ended == "ABANDON":
            self.terminate(action.instance)
        return done("CompleteLifecycleAction")

    def on_UpdateAutoScalingGroup(self, parameters):
        """Termination takes its time, and a launch waits in the hook; moto does both at once."""
        group = self.groups.get(parameters["AutoScalingGroupName"])
        if group is None:
            raise Refused("ValidationError", "AutoScalingGroup name not found - null")
        desired = int(parameters["DesiredCapacity"])
        minimum = int(parameters.get("MinSize", group.min_size))
        if not minimum <= desired <= group.max_size:
            raise Refused("ValidationError", f"Desired capacity:{desired} must be between the sizes of the group")
        if desired > 0:
            return None
        group.min_size, group.desired_capacity = minimum, desired
        for each in group.instance_states:
            each.lifecycle_state = "Terminating"
            self.terminate(each.instance.id)
        return "<UpdateAutoScalingGroupResponse/>"
