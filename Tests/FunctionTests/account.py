"""What there is in the simulated cloud: instances, volumes, addresses and groups, which moto keeps."""

from collections import defaultdict

from moto.autoscaling.models import InstanceState, autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Volume, VolumeAttachment

from cloud_server import REGION, CloudServer
from lifecycle_action import TERMINATING, LifecycleAction

ZONE, OTHER_ZONE = "eu-west-1a", "eu-west-1b"
IMAGE = "ami-12c6146b"  # one that moto knows
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

volume_states: dict[str, str] = {}  # those that moto does not know: creating, deleting, error


def status(volume):
    return volume_states.get(volume.id) or ("in-use" if volume.attachment else "available")


setattr(Volume, "status", property(status))  # noqa: B010  (moto has a method there)


def launched_from(state):
    """What moto says of all instances of a group, with a version that is the instance's own."""
    template = state.auto_scaling_group.ec2_launch_template
    version = getattr(state, "version", "1")
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": version}


setattr(InstanceState, "launch_template", property(launched_from))  # noqa: B010


class Account(CloudServer):
    """What happens in it without a call of a function, as by an operator or by itself."""

    def reset(self):
        """A new clock, a new history, and nothing there."""
        with self.lock:
            super().reset()
            autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
            ec2_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
            self.actions = []
            self.seen: dict[str, dict] = defaultdict(dict)
            self.attach_time = 3
            self.terminate_time = 40
            self.hook_timeout = 900
            self.hook = "hook"
            self.hide_instances_until = 0
            self.release_hook = "release-hook"
            self.detach_time = 3
            self.join_time = 2  # until an instance whose hook was completed is in service, or in Standby
            self.launch_time = 0  # of an instance that a group of moto launches
            self.leave_time = 0  # that one waits in its terminating hook
            self.consoles: dict[str, str] = defaultdict(str)
            self.mounted: set[str] = set()
            self.impaired: set[str] = set()
            self.protected: set[str] = set()  # from scale-in
            self.lifecycle: dict[str, str] = {}  # the states of instances in groups that moto does not know
            self.group_of: dict[str, str] = {}  # and these groups
            self.capacity: dict[str, int] = defaultdict(lambda: 1)
            self.minimum: dict[str, int] = defaultdict(int)
            self.activities: dict[str, list[dict]] = defaultdict(list)
            self.refreshes: dict[str, list[dict]] = defaultdict(list)
            self.version = "1"  # of the launch template, for what is launched from now on
            self.status_checks: dict[str, set[tuple[str, str]]] = {}  # the tags that each is associated by
            volume_states.clear()

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
        self.lifecycle[instance], self.group_of[instance] = "Pending:Wait", group
        return self.begin(LifecycleAction(group, self.hook, instance, 0))

    def leave(self, group, instance):
        """The group ends an instance, which waits in the terminating hook."""
        self.lifecycle[instance] = "Terminating:Wait"
        return self.begin(LifecycleAction(group, self.release_hook, instance, 0, transition=TERMINATING))

    def begin(self, action):
        action.began, action.deadline = self.clock.now, self.clock.now + self.hook_timeout
        self.actions.append(action)
        return action

    def say(self, instance, text):
        """The guest writes on its serial console, which makes two characters of the end of a line."""
        self.consoles[instance] += text.replace("\n", "\r\n")

    def enter(self, instance, state, then):
        self.lifecycle[instance] = state
        self.after(self.join_time, self.lifecycle.__setitem__, instance, then)

    def terminate(self, instance, after=None):
        """The instance shuts down; when it is gone, so are its attachments and its address."""
        if self.state(instance) in ("shutting-down", "terminated"):
            return
        self.set_state(instance, "shutting-down")
        self.lifecycle[instance] = "Terminating"
        self.after(self.terminate_time if after is None else after, self.gone, instance)

    def gone(self, instance):
        self.set_state(instance, "terminated")
        self.lifecycle.pop(instance, None)
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
            self.mounted.discard(volume)

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
