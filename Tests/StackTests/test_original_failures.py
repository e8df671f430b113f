"""The thirteen failures of the original, each under its number: what the emitted stack does about it.

What the original is, what each failure is, and where it is shown what the functions do about 1 to 7 when they run:
docs/original.md.
"""

import ast
import builtins
import re
import tomllib

import pytest

from combinations import URL
from functions import unpacked, whole
from generator import ROOT, template

CODE = {"DeviceAttachment": "device_attachment", "AutohealScaleup": "scale_up"}


def configuration(text):
    """The agent's configuration in the user data."""
    return tomllib.loads(re.search(r"config\.toml.*?<<'END_OF_FILE'\n(.*?)END_OF_FILE", text, re.S)[1])


@pytest.mark.parametrize("function", CODE)
def test_failure_1_every_name_that_a_function_uses_is_bound(stack, function):
    """It called a sleep that was never imported."""
    tree = ast.parse(unpacked(CODE[function]))
    used = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    bound = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}
    for each in ast.walk(tree):
        if isinstance(each, (ast.FunctionDef, ast.ClassDef)):
            bound.add(each.name)
        elif isinstance(each, ast.arg):
            bound.add(each.arg)
        elif isinstance(each, ast.alias):
            bound.add((each.asname or each.name).partition(".")[0])
        elif isinstance(each, ast.ExceptHandler) and each.name:
            bound.add(each.name)
    assert used <= bound | set(dir(builtins))


def test_failure_2_the_agent_waits_longer_than_the_function_works(stack):
    """The user data gave up after 60 seconds, and the instance went into service without its volume."""
    timeout = stack.properties("DeviceAttachment")["Timeout"]
    (volume,) = configuration(stack.user_data())["volume"]
    unit = (ROOT / "packaging" / "debian" / "autoheal-agent.service").read_text()
    starts = int(re.search(r"^StartLimitBurst=(\d+)$", unit, re.M)[1])
    assert "\nRestart=on-failure\n" in unit
    assert starts * volume.get("tries", 6) * volume.get("interval", 10) > timeout
    assert stack.properties("DeviceAttachmentHook")["HeartbeatTimeout"] > timeout


def test_failure_3_the_function_knows_which_volumes_it_must_see_attached(stack):
    """It completed the hook while the volume was still attaching."""
    environment = stack.properties("DeviceAttachment")["Environment"]["Variables"]
    assert environment["VOLUMES"] == f"/dev/sdf={stack.ids['AutohealVolume']}"
    source = whole("device_attachment")
    read = {"RELEASE_HOOK_NAME", "HOOK_NAME"} | set(re.findall(r'os\.environ(?:\[|\.get\()"(\w+)"', source))
    assert set(environment) == read


def test_failure_4_a_launch_is_tried_again_and_never_lost_silently(stack):
    """A volume in use, a lost answer or a second event was fatal, and the hook timed out after an hour."""
    (target,) = stack.properties("EventRule")["Targets"]
    queue = stack.do_getatt(["DeviceAttachmentDeadLetters", "Arn"])
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert target["DeadLetterConfig"]["Arn"] == queue
    retries = stack.properties("DeviceAttachmentRetries")
    assert retries["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert stack.properties("DeviceAttachmentHook")["HeartbeatTimeout"] <= 1800


def test_failure_5_a_launch_that_nobody_answers_is_abandoned(stack):
    assert stack.properties("DeviceAttachmentHook")["DefaultResult"] == "ABANDON"


def test_failure_6_the_custom_resource_cannot_make_cloudformation_wait_an_hour(stack):
    """On Delete it read an unbound variable, and `requests` is gone from botocore."""
    action = stack.properties("ScaleupAutohealAction")
    timeout = stack.properties("AutohealScaleup")["Timeout"]
    assert timeout < action["ServiceTimeout"] <= 1200
    assert "requests" not in unpacked("scale_up")


def test_failure_7_an_update_changes_nothing_about_the_custom_resource(stack):
    """Its physical resource id changed on update. Nothing that an update changes is among its properties."""
    other = template(*URL, VolumeSize=100, InstanceType="t3.large", SshCidr="192.0.2.0/24", KeyName="key")
    assert other.properties("ScaleupAutohealAction") == stack.properties("ScaleupAutohealAction")
    assert set(stack.properties("ScaleupAutohealAction")) == {"ServiceToken", "ServiceTimeout", "GroupName"}
    asked = template(*URL, "--apply-updates").properties("ScaleupAutohealAction")
    assert asked["ApplyUpdates"] == "true" and asked["Version"] == "AutohealLaunchConfig:LatestVersionNumber"


def test_failure_8_the_domain_of_the_address_is_vpc(stack):
    assert stack.properties("AutoHealEIP")["Domain"] == "vpc"


class TestFailure9TodaysPractice:
    def test_failure_9_the_runtime_is_supported(self, stack):
        assert {stack.properties(each)["Runtime"] for each in CODE} <= {"python3.13", "python3.14"}

    def test_failure_9_a_launch_template_unless_asked_otherwise(self, stack):
        assert not stack.of_type("AWS::AutoScaling::LaunchConfiguration")
        old = template(*URL, "--launch-configuration")
        assert old.of_type("AWS::AutoScaling::LaunchConfiguration") == ["AutohealLaunchConfig"]

    @pytest.mark.parametrize("options", [(), ("--launch-configuration",)])
    def test_failure_9_imdsv2_is_required(self, options):
        properties = template(*URL, *options).properties("AutohealLaunchConfig")
        metadata = properties.get("LaunchTemplateData", properties)["MetadataOptions"]
        assert metadata["HttpTokens"] == "required" and metadata["HttpPutResponseHopLimit"] == 1

    def test_failure_9_the_volume_is_encrypted_and_outlives_the_stack_as_a_snapshot(self, stack):
        assert stack.properties("AutohealVolume")["Encrypted"] is True
        volume = stack.resources["AutohealVolume"]
        # One that an update replaces is kept itself.
        assert (volume["DeletionPolicy"], volume["UpdateReplacePolicy"]) == ("Snapshot", "Retain")

    def test_failure_9_ssh_is_closed_until_a_range_is_given(self, stack):
        assert "SecurityGroupIngress" not in stack.properties("AutohealSecurityGroup")
        (rule,) = template(*URL, "--ssh-cidr", "192.0.2.0/24").properties("AutohealSecurityGroup")[
            "SecurityGroupIngress"
        ]
        assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("192.0.2.0/24", 22, 22)

    @pytest.mark.parametrize("function", CODE)
    def test_failure_9_a_function_writes_its_own_log_only(self, stack, function):
        logs = [each for each in stack.statements(f"{function}Role") if "logs:" in str(each["Action"])]
        assert [each["Resource"] for each in logs] == [f"{function}Logs:Arn"]


def test_failure_10_an_update_of_the_stack_leaves_the_size_of_the_group_alone(stack):
    group = stack.properties("AutohealGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("0", "1")
    assert "DesiredCapacity" not in group


@pytest.mark.parametrize("options", [(), ("--no-address",), ("--launch-configuration",)])
def test_failure_11_everything_is_deleted_after_the_instance(options):
    """The volume was no dependency of the group, so its deletion could fail."""
    stack = template(*URL, *options)
    assert "AutohealVolume" in stack.needs("AutohealGroup")
    deleted_before = {"ScaleupAutohealAction"} | {
        name for name in stack.resources if "ScaleupAutohealAction" in stack.needs(name)
    }
    later = set(stack.resources) - deleted_before - stack.needs("ScaleupAutohealAction")
    # They only watch.
    watching = {"AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::Subscription"}
    assert {stack.resources[each]["Type"] for each in later} <= watching
    if "AutoHealEIP" in stack.resources:
        assert "AttachGateway" in stack.needs("AutoHealEIP")


def test_failure_12_no_instance_is_launched_before_the_route_is_there(stack):
    """The first boot did not wait for the route."""
    assert {"PublicSubnetRoute", "PublicSubnetARouteTableAssociation"} <= stack.needs("AutohealGroup")
    assert "until " in stack.user_data() and "wait_after" in stack.user_data()


def test_failure_13_mounting_belongs_to_a_unit_that_starts_on_every_boot(stack):
    """A mount that failed exited with 0, and nothing survived a reboot."""
    text = stack.user_data()
    unit = (ROOT / "packaging" / "debian" / "autoheal-agent.service").read_text()
    assert "\nExecStart=/usr/bin/autoheal-agent mount\n" in unit and "\nWantedBy=multi-user.target\n" in unit
    assert "systemctl enable --quiet autoheal-agent.service" in text
    assert not re.search(r"^\s*(mount|mkfs\S*|blkid|lsblk)\s", text, re.M) and "fstab" not in text
