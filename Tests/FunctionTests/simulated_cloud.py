"""A cloud on loopback: moto answers, and this model adds the rules of EC2 and Auto Scaling that moto lacks.

Every request goes over HTTP through `SimulatedCloud`, which sees it first: it carries out what is due by now (an
instance that starts, a volume that is released), plays the fault that is next for this action, applies the rule of the
real service, and lets moto do the rest. Time is simulated: nothing here sleeps. Who calls lets it pass.

The rules, with the error codes EC2 documents: a volume attaches only to a running instance of its own zone, is
`attaching` for a while, and belongs to one instance until that one has let go; a lifecycle action is completed
once, times out, and ends with its group; an instance that leaves takes its time; a volume that is mounted is never let
go; only an instance in service enters Standby.
"""

import base64
import uuid
from xml.sax.saxutils import escape

from account import Account
from cloud_server import CALLER
from faults import Refused
from lifecycle_action import TERMINATING


def done(action):
    """The answer of Auto Scaling that says nothing else."""
    return f"<{action}Response><{action}Result/></{action}Response>"


def result(action, content):
    return f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"


def members(name, each):
    """A list of structures in an answer of Auto Scaling."""
    fields = ("".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in one.items()) for one in each)
    return f"<{name}>{''.join(f'<member>{one}</member>' for one in fields)}</{name}>"


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

    def on_DetachVolume(self, parameters):
        volume = self.backend.volumes.get(parameters["VolumeId"])
        if volume is None:
            return None  # moto answers InvalidVolume.NotFound
        held = volume.attachment
        if not held or held.status != "attached":
            raise Refused("IncorrectState", f"Volume '{volume.id}' is not attached.")
        if held.instance.id != parameters["InstanceId"]:
            raise Refused("InvalidAttachment.NotFound", f"{volume.id} is not attached to {parameters['InstanceId']}")
        held.status = "busy" if volume.id in self.mounted else "detaching"
        if held.status == "detaching":
            self.after(self.detach_time, self.release, volume.id)
        name = "DetachVolumeResponse"
        return f"<{name}><volumeId>{volume.id}</volumeId><status>{held.status}</status></{name}>"

    def on_GetConsoleOutput(self, parameters):
        """The newest 64 KiB, and nothing at all from an instance that has said nothing yet."""
        instance = self.instance(parameters["InstanceId"]).id
        assert parameters["Latest"] == "true"
        self.seen[parameters[CALLER]]["console"] = self.consoles[instance]
        text = base64.b64encode(self.consoles[instance].encode()[-65536:]).decode()
        output = f"<output>{text}</output>" if text else ""
        return f"<GetConsoleOutputResponse><instanceId>{instance}</instanceId>{output}</GetConsoleOutputResponse>"

    def on_DescribeInstanceStatus(self, parameters):
        """Of running instances only, as EC2 does unless it is asked for all."""
        instance = parameters["InstanceId.1"]
        status = "impaired" if instance in self.impaired else "ok"
        item = (
            f"<item><instanceId>{instance}</instanceId><systemStatus><status>ok</status></systemStatus>"
            f"<instanceStatus><status>{status}</status></instanceStatus></item>"
        )
        shown = item if self.state(instance) == "running" else ""
        name = "DescribeInstanceStatusResponse"
        return f"<{name}><instanceStatusSet>{shown}</instanceStatusSet></{name}>"

    def on_AssociateAddress(self, parameters):
        instance = self.instance(parameters["InstanceId"])
        if instance.state not in ("pending", "running"):
            raise Refused("IncorrectInstanceState", f"{instance.id} is {instance.state}")

    # Application status checks, which moto and the SDK of the tests do not know.

    def on_DescribeApplicationStatusCheckAssociations(self, parameters):
        check = self.status_check(parameters["ApplicationStatusCheckId.1"])
        items = (
            f"<item><applicationStatusCheckId>{check}</applicationStatusCheckId><associationType>tag</associationType>"
            f"<key>{escape(key)}</key><value>{escape(value)}</value></item>"
            for key, value in sorted(self.status_checks[check])
        )
        return self.of_status_check("Describe", "Associations", f"<associationSet>{''.join(items)}</associationSet>")

    def on_AssociateApplicationStatusCheck(self, parameters):
        tags = self.status_checks[self.status_check(parameters["ApplicationStatusCheckId"])]
        if len(tags) >= 50:
            reason = "<reason>The check has 50 associations.</reason>"
            item = f"<unsuccessfulResultSet><item>{reason}</item></unsuccessfulResultSet>"
            return self.of_status_check("Associate", "", item)
        tags.add((parameters["TargetTagAssociation.1.Key"], parameters["TargetTagAssociation.1.Value"]))
        return self.of_status_check("Associate", "", "<successfulResultSet><item/></successfulResultSet>")

    def status_check(self, check):
        if check not in self.status_checks:
            raise Refused("InvalidApplicationStatusCheckId.NotFound", f"There is no {check}.")
        return check

    @staticmethod
    def of_status_check(verb, what, content):
        name = f"{verb}ApplicationStatusCheck{what}Response"
        return f'<{name} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{content}</{name}>'

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
        if action.ended == "ABANDON" or action.transition == TERMINATING:
            self.terminate(action.instance)
        else:
            self.enter(action.instance, "Pending:Proceed", "InService")
        return done("CompleteLifecycleAction")

    def on_DescribeAutoScalingInstances(self, parameters):
        instance = parameters["InstanceIds.member.1"]
        shown = [
            {"InstanceId": each, "AutoScalingGroupName": self.group_of[each], "LifecycleState": self.lifecycle[each]}
            for each in {instance} & self.lifecycle.keys()
        ]
        return result("DescribeAutoScalingInstances", members("AutoScalingInstances", shown))

    def on_EnterStandby(self, parameters):
        group, instance = parameters["AutoScalingGroupName"], parameters["InstanceIds.member.1"]
        if self.group_of[instance] != group:
            raise Refused("ValidationError", f"The instance {instance} is not part of Auto Scaling group {group}.")
        if self.lifecycle.get(instance) != "InService":
            raise Refused("ValidationError", f"The instance {instance} is not in InService.")
        if parameters["ShouldDecrementDesiredCapacity"] == "true":
            if self.capacity[group] <= self.minimum[group]:
                raise Refused("ValidationError", "AutoScalingGroup must have at least MinSize instances.")
            self.capacity[group] -= 1
        self.enter(instance, "EnteringStandby", "Standby")
        return result("EnterStandby", "<Activities/>")

    def on_TerminateInstanceInAutoScalingGroup(self, parameters):
        for group in self.groups.values():
            for each in group.instance_states:
                if each.instance.id == parameters["InstanceId"]:
                    self.end(each)
        return result("TerminateInstanceInAutoScalingGroup", "<Activity/>")

    def on_DescribeScalingActivities(self, parameters):
        shown = self.activities[parameters["AutoScalingGroupName"]][: int(parameters["MaxRecords"])]
        return result("DescribeScalingActivities", members("Activities", shown))

    def on_StartInstanceRefresh(self, parameters):
        name = parameters["AutoScalingGroupName"]
        assert parameters["Preferences.MinHealthyPercentage"] == "0"
        refreshes = self.refreshes[name]
        if refreshes and refreshes[0]["Status"] == "InProgress":
            raise Refused("InstanceRefreshInProgress", "An Instance Refresh is already in progress")
        refreshes.insert(0, {"InstanceRefreshId": str(uuid.uuid4()), "Status": "InProgress"})
        for each in self.groups[name].instance_states:
            self.end(each)
        self.after(self.leave_time + self.terminate_time + 1, self.replace, name, refreshes[0])
        return result(
            "StartInstanceRefresh", f"<InstanceRefreshId>{refreshes[0]['InstanceRefreshId']}</InstanceRefreshId>"
        )

    def replace(self, name, refresh):
        """The refresh launches the instance that comes after the old one."""
        group = self.groups[name]
        group.replace_autoscaling_group_instances(group.desired_capacity, {})
        for each in group.instance_states:
            each.version = self.version
        self.join(group, group.instance_states)
        self.after(self.launch_time, refresh.__setitem__, "Status", "Successful")

    def on_DescribeInstanceRefreshes(self, parameters):
        return result(
            "DescribeInstanceRefreshes",
            members("InstanceRefreshes", self.refreshes[parameters["AutoScalingGroupName"]]),
        )

    def after_UpdateAutoScalingGroup(self, parameters, answer):
        group = self.groups[parameters["AutoScalingGroupName"]]
        self.join(group, group.instance_states)
        return answer

    def join(self, group, states):
        """What moto has launched at once waits in the hook for a while."""
        if self.launch_time:
            for each in states:
                each.lifecycle_state = "Pending:Wait"
                self.after(self.launch_time, self.joined, each)

    def joined(self, state):
        if state.lifecycle_state == "Pending:Wait":
            state.lifecycle_state = "InService"

    def end(self, state):
        """Ends an instance of a group that moto knows, after its time in the terminating hook."""
        state.lifecycle_state = "Terminating:Wait" if self.leave_time else "Terminating"
        self.after(self.leave_time, self.terminate, state.instance.id)
        self.settle()

    def on_UpdateAutoScalingGroup(self, parameters):
        """Termination takes its time, and a launch waits in the hook; moto does both at once."""
        group = self.groups.get(parameters["AutoScalingGroupName"])
        if group is None:
            raise Refused("ValidationError", "AutoScalingGroup name not found - null")
        desired = int(parameters["DesiredCapacity"])
        minimum, maximum = (
            int(parameters.get(f"M{each}Size", getattr(group, f"m{each}_size"))) for each in ("in", "ax")
        )
        if not minimum <= desired <= maximum:
            raise Refused("ValidationError", f"Desired capacity:{desired} must be between the sizes of the group")
        if desired > 0:
            return None
        group.min_size, group.max_size, group.desired_capacity = minimum, maximum, desired
        for each in group.instance_states:
            # What is in Standby counts for no size. Whether one in its hook is ended by this, AWS leaves open.
            if each.lifecycle_state == "InService" and each.instance.id not in self.protected:
                self.end(each)
        return "<UpdateAutoScalingGroupResponse/>"
