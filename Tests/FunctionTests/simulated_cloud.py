"""A cloud on loopback: moto answers, and this model adds the rules of EC2 and Auto Scaling that moto lacks.

Every request goes over HTTP through `SimulatedCloud`, which sees it first: it carries out what is due by now (an
instance that starts, a volume that is released), plays the fault that is next for this action, applies the rule of the
real service, and lets moto do the rest. Time is simulated: nothing here sleeps. Who calls lets it pass.

The rules, with the error codes EC2 documents: a volume attaches only to a running instance of its own zone, is
`attaching` for a while, and belongs to one instance until that one has let go; a lifecycle action is completed
once, times out, and ends with its group; an instance that leaves takes its time.
"""

from account import Account
from cloud_server import CALLER
from faults import Refused


def done(action):
    """The answer of Auto Scaling that says nothing else."""
    return f"<{action}Response><{action}Result/></{action}Response>"


class SimulatedCloud(Account):
    """The whole: the server, what there is, and the rules."""

    def settle(self):
        super().settle()
        for action in self.actions:
            if not action.ended and self.clock.now > action.deadline:
                action.ended = "timed out"
                self.terminate(action.instance)

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
