"""The template as a whole: what lint, its policies, its parameters and moto say of it."""

import email
import json
import re
import tomllib
from pathlib import Path

import boto3
import pytest
import yaml
from cfnlint.api import lint
from moto import mock_aws
from moto.ec2.models.route_tables import RouteTable

from combinations import APPENDED, COMBINATIONS, HEALTH, OPTIONS, READY, STATUS_CHECK, TWO_VOLUMES, URL, name
from functions import inlined
from generator import ROOT, generate, run, template
from policies import allowed, called
from template import Template

# Names of the original's template (docs/original.md).
ORIGINAL_PARAMETERS = {
    "VolumeDevice", "AvailabilityZone", "Owner", "KeyName", "ComponentName", "ComponentOwner", "InstanceType",
}  # fmt: skip
ORIGINAL_RESOURCES = {
    "myVPC", "PublicSubnetA", "myInternetGateway", "AttachGateway", "PublicRouteTable", "PublicSubnetRoute",
    "PublicSubnetARouteTableAssociation", "AutohealSecurityGroup", "AutoHealEIP", "AutohealVolume", "AutohealGroup",
    "AutohealLaunchConfig", "DeviceAttachmentHook", "EventRule", "PermissionForEventsToInvokeLambda",
    "DeviceAttachment", "DeviceAttachmentRole", "AutohealScaleup", "ScaleupAutohealAction",
}  # fmt: skip
PAGER = "arn:aws:sns:eu-west-1:123456789012:pager"


@pytest.mark.parametrize("options", COMBINATIONS, ids=name)
def test_lint_finds_nothing(options):
    assert not lint(generate("cloudformation", *options), regions=["eu-west-1"])


def test_json_says_the_same():
    text = generate("cloudformation", *URL, "--format", "json")
    assert json.loads(text) == yaml.safe_load(generate("cloudformation", *URL))
    assert not lint(text, regions=["eu-west-1"])


def test_every_name_of_the_original_is_kept(stack):
    assert ORIGINAL_PARAMETERS <= set(stack.source["Parameters"])
    assert ORIGINAL_RESOURCES <= set(stack.resources)
    assert {"ElasticIP", "DataVolumeId", "GroupName"} <= set(stack.source["Outputs"])


def size(*options):
    return len(generate("cloudformation", *URL, "--format", "json", *options).encode())


def test_the_default_template_has_room_for_what_comes_next():
    assert size() < 47_000


SINGLE = [STATUS_CHECK, *(each for values in OPTIONS for each in values if each not in {(), URL, ("--preinstalled",)})]


@pytest.mark.parametrize("options", SINGLE, ids=name)
def test_with_any_one_option_it_is_deployed_without_a_bucket(options):
    assert size(*options) <= 51_200
    assert not lint(generate("cloudformation", *options), regions=["eu-west-1"])


def test_a_template_that_needs_a_bucket_is_written_with_the_command_for_it():
    done = run("cloudformation", *TWO_VOLUMES, "--alarms", "--power-off-on-failure", *READY)
    assert done.returncode == 0 and len(done.stdout.encode()) > 51_200
    assert "aws cloudformation deploy --s3-bucket BUCKET" in done.stderr and "--format json" in done.stderr


def test_the_functions_are_those_that_are_tested(stack):
    for function, file in ("DeviceAttachment", "device_attachment"), ("AutohealScaleup", "scale_up"):
        assert stack.properties(function)["Code"]["ZipFile"] == inlined(file)


def test_the_console_shows_every_parameter_in_a_group(stack):
    interface = stack.source["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(stack.parameters)


def test_the_instance_has_no_role(stack):
    text = yaml.safe_dump(stack.source)
    assert "IamInstanceProfile" not in text and not stack.of_type("AWS::IAM::InstanceProfile")


# Health


def asked_from(stack):
    """Who may reach the watcher's port."""
    rules = stack.properties("AutohealSecurityGroup").get("SecurityGroupIngress", [])
    assert all(each["FromPort"] == each["ToPort"] == 9465 for each in rules)
    return {each.get("CidrIp") or each["SourceSecurityGroupId"] for each in rules}


def test_by_default_nobody_asks_the_instance(stack):
    assert asked_from(stack) == set() and "listen" not in stack.user_data()
    tags = {each["Key"] for each in stack.properties("AutohealGroup")["Tags"]}
    assert tags == {"Name", "Owner", "ComponentName", "ComponentOwner"}


def test_a_target_group_sends_traffic_to_the_ready_and_replaces_nothing():
    stack = template(*URL, *READY)
    group = stack.properties("AutohealTargetGroup")
    assert (group["HealthCheckPath"], group["HealthCheckPort"], group["Port"]) == ("/ready", "9465", 80)
    assert stack.properties("AutohealGroup")["TargetGroupARNs"] == [stack.ids["AutohealTargetGroup"]]
    assert asked_from(stack) == {"sg-0123456789abcdef0"}
    assert 'listen = "0.0.0.0:9465"' in stack.user_data()
    assert stack.source["Parameters"]["HealthCheckType"]["AllowedValues"] == ["EC2", "EBS"]


def test_an_application_status_check_of_the_stack_asks_its_instances_before_the_first_is_there():
    stack = template(*URL, *STATUS_CHECK)
    check = stack.properties("ApplicationStatusCheck")
    assert (check["Protocol"], check["Port"], check["Path"]) == ("http", 9465, "/health")
    assert check["InitializationGracePeriodSeconds"] == 600
    association = stack.source["Resources"]["ApplicationStatusCheckAssociation"]["Properties"]
    assert association["ServiceToken"] == {"Fn::GetAtt": ["AutohealScaleup", "Arn"]}
    assert association["ApplicationStatusCheckId"] == {
        "Fn::GetAtt": ["ApplicationStatusCheck", "ApplicationStatusCheckId"]
    }
    tags = {each["Key"]: each for each in stack.source["Resources"]["AutohealGroup"]["Properties"]["Tags"]}
    assert tags[association["TagKey"]] == {
        "Key": "autoheal-health-check", "Value": association["TagValue"], "PropagateAtLaunch": True,
    }  # fmt: skip
    assert "ApplicationStatusCheckAssociation" in stack.source["Resources"]["ScaleupAutohealAction"]["DependsOn"]
    assert asked_from(stack) == {stack.properties("PublicSubnetA")["CidrBlock"]}
    assert asked_from(template(*URL, *STATUS_CHECK, "--health-source", "10.0.0.0/16")) == {"10.0.0.0/16"}


def test_only_a_stack_with_a_check_of_its_own_may_associate_one(stack):
    grants = {
        name: [each for each in stack.statements("AutohealScaleupRole") if each["Sid"] == "ApplicationStatusCheck"]
        for name, stack in {"own": template(*URL, *STATUS_CHECK), "tag": template(*URL, *HEALTH), "none": stack}.items()
    }
    assert grants["tag"] == grants["none"] == []
    (own,) = grants["own"]
    assert own["Action"] == ["ec2:AssociateApplicationStatusCheck", "ec2:DescribeApplicationStatusCheckAssociations"]


def test_the_association_is_a_custom_resource_as_long_as_no_schema_has_another():
    """Red once cfn-lint knows it: then the function's part of it and its grant can go."""
    association = "AWS::EC2::ApplicationStatusCheckTagAssociation"
    known = json.dumps({"Resources": {"Association": {"Type": association, "Properties": {}}}})
    assert [each.rule.id for each in lint(known, regions=["eu-west-1"])] == ["E3006"]


def test_a_check_that_stacks_share_finds_the_instances_by_their_tag():
    stack = template(*URL, *HEALTH)
    tags = {each["Key"]: each for each in stack.properties("AutohealGroup")["Tags"]}
    assert tags["autoheal-health-port"] == {
        "Key": "autoheal-health-port", "Value": "9465", "PropagateAtLaunch": True,
    }  # fmt: skip
    assert not stack.of_type("AWS::EC2::ApplicationStatusCheck")
    assert asked_from(stack) == {"10.0.0.0/16"}


def test_both_checks_and_ssh_have_their_own_ways_in():
    stack = template(*URL, *READY, *HEALTH, "--ssh-cidr", "192.0.2.0/24")
    rules = stack.properties("AutohealSecurityGroup")["SecurityGroupIngress"]
    assert [(each["ToPort"], each.get("CidrIp") or each["SourceSecurityGroupId"]) for each in rules] == [
        (9465, "sg-0123456789abcdef0"), (9465, "10.0.0.0/16"), (22, "192.0.2.0/24"),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [("--ingress", "80=0.0.0.0/0", "--ingress", "80=0.0.0.0/0"), (*READY, *READY[2:])])
def test_nothing_is_let_in_twice(options):
    """EC2 refuses a group that has a permission twice."""
    (rule,) = template(*URL, *options).properties("AutohealSecurityGroup")["SecurityGroupIngress"]
    assert rule["ToPort"] in (80, 9465)


def test_the_watcher_is_asked_where_the_configuration_has_it(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[health]\nlisten = "[::]:9000"\n[[volume]]\ndevice = "/dev/sdf"\n')
    stack = template(*URL, *READY, "--config", str(file))
    assert stack.properties("AutohealTargetGroup")["HealthCheckPort"] == "9000"
    assert 'listen = "[::]:9000"' in stack.user_data() and "9465" not in stack.user_data()
    file.write_text('[health]\nlisten = "127.0.0.1:9000"\n[[volume]]\ndevice = "/dev/sdf"\n')
    refused = run("cloudformation", *READY, "--config", str(file))
    assert refused.returncode == 65 and "127.0.0.1:9000" in refused.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (READY[:2], "--health-source"),
        (("--existing-network", *HEALTH[:2]), "--health-source"),
        (("--existing-network", *STATUS_CHECK), "--health-source"),
        ((*STATUS_CHECK, *HEALTH), "choose one"),
        (HEALTH[2:], "--health-check"),
        ((*READY[:2], "--health-source", "0.0.0.0/0"), "whole internet"),
        (("--ingress", "22=0.0.0.0/0"), "whole internet"),
        (("--ingress", "1-65535=0.0.0.0/0"), "whole internet"),
        ((*READY[:2], "--health-source", "0.0.0.0/1"), "whole internet"),
        (("--ingress", "80=10.0.0.5/8"), "10.0.0.5/8"),
        (("--ssh-cidr", "10.0.0.5/8"), "10.0.0.5/8"),
        ((*READY, "--ingress", "9465=10.0.0.0/8"), "9465"),
        ((*READY[:2], "--health-source", "sg-x"), "sg-x"),
        ((*READY[:2], "--health-source", "10.0.0.0"), "10.0.0.0"),
    ],
)
def test_a_check_that_nobody_or_everybody_could_make_is_refused(options, word):
    done = run("cloudformation", *options)
    assert done.returncode == 65 and word in done.stderr and not done.stdout


def test_without_any_option_the_volumes_have_alarms():
    def metrics(*options):
        stack = template(*URL, *options, values={"AlarmTopicArn": PAGER})
        alarms = [stack.properties(each) for each in stack.of_type("AWS::CloudWatch::Alarm")]
        return {
            each.get("MetricName") or re.search(r"\((\w+)\)", each["Metrics"][0]["Expression"])[1] for each in alarms
        }

    told = ("--alarms", "--alarm-topic")
    assert metrics() == {"StatusCheckFailed_AttachedEBS", "VolumeStalledIOCheck"} < metrics(*told)
    assert not metrics("--no-alarms") and not template(*URL, "--no-alarms").of_type("AWS::SNS::Topic")


def test_alarms_that_were_asked_for_have_a_receiver(stack):
    asked = template(*URL, "--alarms", AlarmEmail="ops@example.com")
    assert "Default" not in asked.source["Parameters"]["AlarmEmail"]
    assert asked.properties("FailedHealSubscription")["Endpoint"] == "ops@example.com"
    # Of those that are there by default somebody may still be told.
    assert stack.source["Parameters"]["AlarmEmail"]["Default"] == "" and "AlarmTopicArn" in stack.source["Outputs"]


def test_alarms_tell_a_topic_of_the_users():
    for options in (), ("--alarms",):
        stack = template(*URL, "--alarm-topic", *options, AlarmTopicArn=PAGER)
        assert "AlarmEmail" not in stack.source["Parameters"] and not stack.of_type("AWS::SNS::Topic")
        alarms = [stack.properties(each) for each in stack.of_type("AWS::CloudWatch::Alarm")]
        assert alarms and all(each["AlarmActions"] == [PAGER] for each in alarms)


# Snapshots, roles, an application of the user's own


def test_daily_snapshots_find_the_volumes_of_this_stack_only():
    stack = template(*URL, "--snapshots")
    (wanted,) = stack.properties("DailySnapshots")["PolicyDetails"]["TargetTags"]
    tags = {each["Key"]: each["Value"] for each in stack.properties("AutohealVolume")["Tags"]}
    assert tags[wanted["Key"]] == wanted["Value"] == "test"
    granted = {each["Sid"]: each for each in stack.statements("DailySnapshotsRole")}
    assert granted["TheirSnapshots"]["Condition"] == {"StringEquals": {"aws:ResourceTag/autoheal-snapshots": "test"}}
    assert {each for each in granted["TheseVolumes"]["Resource"] if ":volume/" in each} == {
        f"arn:aws:ec2:eu-west-1:123456789012:volume/{stack.ids['AutohealVolume']}"
    }


def test_a_record_names_the_address():
    stack = template(*URL, "--dns-record", HostedZoneId="Z1", RecordName="db.example.com")
    record = stack.properties("AutohealRecord")
    assert (record["Name"], record["Type"]) == ("db.example.com", "A")
    assert record["ResourceRecords"] == [stack.ids["AutoHealEIP"]]


def test_an_instance_has_a_role_only_where_it_is_asked_for():
    for options in (), ("--launch-configuration",):
        stack = template(*URL, "--instance-profile", *options, InstanceProfileName="own")
        launched = stack.properties("AutohealLaunchConfig")
        assert launched.get("LaunchTemplateData", launched)["IamInstanceProfile"] in ("own", {"Name": "own"})


def test_every_role_is_where_it_is_wanted_and_bounded():
    arn = "arn:aws:iam::123456789012:policy/bound"
    stack = template(*URL, "--snapshots", "--role-path", "/team/", "--permissions-boundary", PermissionsBoundaryArn=arn)
    roles = [stack.properties(each) for each in stack.of_type("AWS::IAM::Role")]
    assert len(roles) == 4
    assert {(each["Path"], each["PermissionsBoundary"]) for each in roles} == {("/team/", arn)}


@pytest.mark.parametrize("options", [URL, ("--preinstalled",)], ids=name)
def test_user_data_of_ones_own_comes_after_ours_as_it_is(options):
    text = template(*options, *APPENDED).user_data()
    parts = [each for each in email.message_from_string(text).walk() if not each.is_multipart()]
    assert [each.get_content_type() for each in parts] == ["text/x-shellscript"] * 2
    ours, own = (str(each.get_payload()).strip() for each in parts)
    assert "autoheal-install" in ours and own == Path(APPENDED[1]).read_text().strip()


def test_the_example_is_what_its_folder_has():
    text = template(*URL, "--example", "postgresql").user_data()
    ours, example = (
        str(each.get_payload()) for each in email.message_from_string(text).walk() if not each.is_multipart()
    )
    folder = ROOT / "examples" / "postgresql"

    def commands(script):
        return [line.strip() for line in script.splitlines() if line.strip() and not line.strip().startswith("# ")]

    assert commands(example) == commands((folder / "postgresql.sh").read_text())
    wanted = tomllib.loads((folder / "config.toml").read_text())
    told = tomllib.loads(re.search(r"config\.toml.*?<<'END_OF_FILE'\n(.*?)END_OF_FILE", ours, re.DOTALL)[1])
    assert told["health"] == wanted["health"] and [each["mount-point"] for each in told["volume"]] == ["/data"]
    assert run("cloudformation", "--example", "postgresql", "--device", "/dev/sdg").returncode == 64


# Network and address


def test_what_the_application_serves_comes_in_and_nothing_else():
    stack = template(*URL, "--ingress", "443=0.0.0.0/0", "--ingress", "8000-8010/udp=sg-0123456789abcdef0")
    first, second = stack.properties("AutohealSecurityGroup")["SecurityGroupIngress"]
    assert (first["IpProtocol"], first["FromPort"], first["ToPort"], first["CidrIp"]) == ("tcp", 443, 443, "0.0.0.0/0")
    assert (second["IpProtocol"], second["FromPort"], second["ToPort"]) == ("udp", 8000, 8010)
    assert second["SourceSecurityGroupId"] == "sg-0123456789abcdef0"


def test_a_second_subnet_is_in_another_zone_and_launches_nothing():
    stack = template(*URL, "--second-subnet")
    one, two = (stack.properties(f"PublicSubnet{each}") for each in "AB")
    assert one["AvailabilityZone"] != two["AvailabilityZone"] and one["CidrBlock"] != two["CidrBlock"]
    assert stack.properties("AutohealGroup")["VPCZoneIdentifier"] == [stack.ids["PublicSubnetA"]]
    assert not stack.broken_rules()
    assert template(*URL, "--second-subnet", SecondAvailabilityZone="a").broken_rules()


def test_an_endpoint_is_there_before_the_first_instance_asks_for_its_package():
    stack = template(*URL, "--s3-endpoint")
    endpoint = stack.properties("S3Endpoint")
    assert endpoint["ServiceName"] == "com.amazonaws.eu-west-1.s3"
    assert endpoint["RouteTableIds"] == [stack.properties("PublicSubnetRoute")["RouteTableId"]]
    assert "S3Endpoint" in stack.needs("AutohealGroup")


def test_an_address_that_exists_is_used_and_one_may_stay():
    stack = template(*URL, "--existing-address", AllocationId="eipalloc-0123456789abcdef0")
    assert not stack.of_type("AWS::EC2::EIP")
    told = stack.properties("DeviceAttachment")["Environment"]["Variables"]
    assert told["ALLOCATION_ID"] == "eipalloc-0123456789abcdef0"
    (grant,) = [each for each in stack.statements("DeviceAttachmentRole") if each["Sid"] == "ThisAddress"]
    assert grant["Resource"].endswith(":elastic-ip/eipalloc-0123456789abcdef0")
    kept = template(*URL, "--retain-address").resources["AutoHealEIP"]
    assert kept["DeletionPolicy"] == kept["UpdateReplacePolicy"] == "Retain"


def test_the_root_volume_is_encrypted_under_the_name_that_the_image_has():
    for image, device in ("debian-13", "/dev/xvda"), ("ubuntu-24.04", "/dev/sda1"):
        for options in (), ("--launch-configuration",):
            launched = template(*URL, "--image", image, *options).properties("AutohealLaunchConfig")
            (root,) = launched.get("LaunchTemplateData", launched)["BlockDeviceMappings"]
            assert root == {"DeviceName": device, "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}


def test_an_elb_health_check_without_a_target_group_is_refused_before_anything_is_made():
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1"
    assert template(*URL, HealthCheckType="EBS,ELB").broken_rules()
    assert not template(*URL, HealthCheckType="ELB", TargetGroupArn=arn).broken_rules()
    assert not template(*URL).broken_rules()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--volume-type", "st1"), "125"),
        (("--volume-type", "gp2", "--volume-size", "20000"), "16384"),
        (("--instance-type", "t4g.micro"), "--architecture arm64"),
        (("--architecture", "arm64", "--instance-type", "g6.xlarge"), "--architecture x86_64"),
        (("--role-path", "team"), "/team/"),
        (("--snapshots", "--existing-volume"), "--snapshots"),
        (("--dns-record", "--no-address"), "--dns-record"),
        (("--dns-record", "--existing-address"), "--dns-record"),
        (("--append", __file__), "cloud-init would ignore"),
        (("--ingress", "443"), "PORT=SOURCE"),
        (("--ingress", "0=10.0.0.0/8"), "PORT=SOURCE"),
        (("--ingress", "90-80=10.0.0.0/8"), "PORT=SOURCE"),
        (("--second-subnet", "--existing-network"), "--existing-network"),
        (("--s3-endpoint", "--existing-network"), "--s3-endpoint"),
        (("--no-alarms", "--alarm-topic"), "--alarm-topic"),
        (("--no-address", "--retain-address"), "--no-address"),
        (("--existing-address", "--retain-address"), "--retain-address"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_generated(options, words):
    done = run("cloudformation", *options)
    assert done.returncode == 65 and words in done.stderr and not done.stdout


# Policies


@pytest.mark.parametrize("options", [(), ("--no-address",), ("--existing-volume",)])
@pytest.mark.parametrize(
    ("function", "name"), [("DeviceAttachment", "device_attachment"), ("AutohealScaleup", "scale_up")]
)
def test_each_role_allows_what_its_function_calls_and_nothing_more(function, name, options):
    parameters = {"VolumeId": "vol-0123456789abcdef0"} if "--existing-volume" in options else {}
    stack = template(*URL, *options, **parameters)
    assert allowed(stack.statements(f"{function}Role"), stack.ids["AutohealGroup"]) == called(name, options)
    for statement in stack.statements(f"{function}Role"):
        if statement["Sid"] in ("Logs", "DeadLetters"):
            assert statement["Resource"].startswith(function)
        if statement["Sid"] == "LaunchNotices":
            assert statement["Resource"] == "LaunchNotices:Arn"


def test_a_key_of_ones_own_is_used_by_ec2_only_and_by_its_arn():
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    stack = template(*URL, "--kms-key", KmsKeyArn=key)
    assert stack.properties("AutohealVolume")["KmsKeyId"] == key
    (grant,) = [each for each in stack.statements("DeviceAttachmentRole") if each["Sid"] == "VolumeKey"]
    assert grant["Action"] == ["kms:CreateGrant"] and grant["Resource"] == key
    assert grant["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"},
    }
    with pytest.raises(ValueError):
        Template(stack.source, {"KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:alias/a"})


def test_each_way_of_ending_a_launch_is_told_and_allowed_only_where_it_is_wanted():
    def told(*options):
        stack = template(*URL, *options)
        actions = {action for each in stack.statements("DeviceAttachmentRole") for action in each["Action"]}
        return stack.properties("DeviceAttachment")["Environment"]["Variables"], actions

    variables, actions = told()
    assert (variables["LAUNCH_UNTIL"], variables["ON_REFUSAL"], variables["HAND_OVER"]) == ("data", "keep", "120")
    assert {"ec2:GetConsoleOutput", "ec2:DetachVolume", "autoscaling:EnterStandby"} <= actions
    variables, actions = told("--on-refusal", "abandon")
    assert variables["ON_REFUSAL"] == "abandon" and "autoscaling:EnterStandby" not in actions
    variables, actions = told("--release", "attached", "--hand-over", "0")
    assert variables["LAUNCH_UNTIL"] == "attached" and "HAND_OVER" not in variables
    assert not actions & {"ec2:GetConsoleOutput", "ec2:DetachVolume", "autoscaling:EnterStandby"}


def test_an_ending_instance_is_waited_for_as_long_as_it_is_asked(stack):
    hook = stack.properties("DeviceReleaseHook")
    assert (hook["DefaultResult"], hook["HeartbeatTimeout"]) == ("CONTINUE", 120)
    assert '[hand-over]\non = [ "terminate" ]\n' in stack.user_data()
    assert "DeviceReleaseHook" in stack.needs("ScaleupAutohealAction")
    without = template(*URL, "--hand-over", "0")
    assert "DeviceReleaseHook" not in without.resources and "hand-over" not in without.user_data()


def test_a_tag_is_on_every_resource_that_takes_tags_and_on_the_instances():
    stack = template(*URL, "--tag", "Owner=ops", "--tag", "Stage=test")
    assert stack.parameters["Owner"] == "ops"
    untagged = {name for name in stack.resources if "Stage" not in str(stack.properties(name).get("Tags"))}
    assert not {stack.resources[name]["Type"] for name in untagged} & {
        "AWS::EC2::VPC", "AWS::EC2::Volume", "AWS::EC2::EIP", "AWS::Lambda::Function", "AWS::IAM::Role",
        "AWS::SQS::Queue", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::AutoScaling::AutoScalingGroup",
    }  # fmt: skip
    tags = {each["Key"]: each for each in stack.properties("AutohealGroup")["Tags"]}
    assert tags["Owner"]["Value"] == "ops" and all(each["PropagateAtLaunch"] for each in tags.values())


def test_each_function_has_a_role_of_its_own(stack):
    roles = {stack.properties(each)["Role"].split(":")[0] for each in stack.of_type("AWS::Lambda::Function")}
    assert len(roles) == len(stack.of_type("AWS::Lambda::Function"))
    # What Auto Scaling writes its notices with is no function's.
    assert set(stack.of_type("AWS::IAM::Role")) - roles == {"LaunchNoticesRole"}
    for role in roles:
        (statement,) = stack.properties(role)["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


# What happens to a running instance


def test_a_new_instance_is_never_launched_before_the_old_one_is_gone(stack):
    """Both would wait for one volume: nobody's refresh, rebalancing or lifetime may launch first."""
    group = stack.properties("AutohealGroup")
    assert group["InstanceMaintenancePolicy"] == {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}
    assert group["MaxSize"] == "1" and len(group["VPCZoneIdentifier"]) == 1


@pytest.mark.parametrize("options", [(), ("--launch-configuration",)])
def test_an_update_reaches_the_next_instance_and_leaves_the_running_one_alone(options):
    group = template(*URL, *options).resources["AutohealGroup"]
    assert "UpdatePolicy" not in group
    if not options:
        version = group["Properties"]["LaunchTemplate"]["Version"]
        assert version == {"Fn::GetAtt": ["AutohealLaunchConfig", "LatestVersionNumber"]}


def test_the_function_has_given_up_before_the_hook_does(stack):
    """The hook's clock is restarted while the function works, so it ends that much after the function at the latest."""
    function, hook = stack.properties("DeviceAttachment"), stack.properties("DeviceAttachmentHook")
    assert 840 <= function["Timeout"] <= 900 < hook["HeartbeatTimeout"]
    (target,) = stack.properties("EventRule")["Targets"]
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= hook["HeartbeatTimeout"]
    # Three runs, a minute and two minutes apart, by one event; each begins with a heartbeat.
    assert stack.properties("DeviceAttachmentRetries")["MaximumEventAgeInSeconds"] >= 2 * (function["Timeout"] + 120)
    notices = stack.properties("LaunchNotices")
    assert notices["VisibilityTimeout"] > function["Timeout"] and notices["DelaySeconds"] < hook["HeartbeatTimeout"]


# Parameters


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("VolumeDevice", ["/dev/sdf", "/dev/xvdb"], ["sdf", "/dev/sda", '/dev/sdf"', "/dev/nvme1n1", "/dev/sdf\n"]),
        ("VolumeMountPoint", ["/data", "/srv/a-b/c.d"], ["/", "/etc", "/var", "data", "/a b", '/a"', "/a/../b", "/a/"]),
        ("SshCidr", ["", "192.0.2.0/24"], ["192.0.2.1", "x"]),
        ("PackageUrl", ["https://a.example/b.deb"], ["https://a/b?X-Amz-Signature=x", "https://u:p@a/b$(x)", "a", "https://a/'"]),
        ("PackageSha256", ["0" * 64], ["", "0" * 63, "A" * 64]),
        ("VolumeSnapshotId", ["", "snap-0a"], ["vol-0a"]),
    ],
)  # fmt: skip
def test_a_parameter_takes_only_what_the_agent_and_the_shell_take_as_it_is(name, right, wrong, stack):
    for value in right:
        Template(stack.source, {name: value})
    for value in wrong:
        with pytest.raises(ValueError):
            Template(stack.source, {name: value})


def test_several_volumes_are_all_attached_configured_and_told_apart():
    stack = template(*URL, *TWO_VOLUMES)
    one, other = (stack.ids[each] for each in ("AutohealVolume", "AutohealVolume2"))
    variables = stack.properties("DeviceAttachment")["Environment"]["Variables"]
    assert variables["VOLUMES"] == f"/dev/sdf={one},/dev/sdg={other}"
    for each in one, other:
        assert f'volume-id = "{each}"' in stack.user_data()
    assert 'log-format = "json"' in stack.user_data()
    assert not stack.broken_rules()
    same = Template(stack.source, {"Volume2Device": "/dev/sdf"})
    assert same.broken_rules() == ["VolumeDevice and Volume2Device must differ."]


def test_a_subnet_in_another_zone_than_the_volume_is_refused_before_anything_is_made():
    source = yaml.safe_load(generate("cloudformation", *URL, "--existing-network"))
    parameters = {"VpcId": "vpc-1", "SubnetId": "subnet-1", "AvailabilityZone": "eu-west-1a"}

    def broken(zone, vpc):
        return Template(source, parameters, {"subnet-1": {"AvailabilityZone": zone, "VpcId": vpc}}).broken_rules()

    assert not broken("eu-west-1a", "vpc-1")
    assert broken("eu-west-1b", "vpc-1") == ["SubnetId must be in AvailabilityZone."]
    assert broken("eu-west-1a", "vpc-2") == ["SubnetId must be a subnet of VpcId."]
    assert Template(source, parameters).properties("AutohealVolume")["AvailabilityZone"] == "eu-west-1a"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--ssh-cidr", "0.0.0.0/0"), "whole internet"),
        (("--hand-over", "301"), "300"),
        (("--ssh-cidr", "192.0.2.1"), "not an IPv4 range"),
        (("--tag", "a b=c"), "letters, digits"),
        (("--tag", "a,b=c"), "letters, digits"),
        (("--tag", "a=${b}"), "letters, digits"),
        (("--tag", "Name=x"), "set by AWS or by the stack"),
        (("--volume-id", "vol-0123456789abcdef0"), "--existing-volume"),
        (("--volume-size", "0"), "from 1 to 65536"),
        (("--mount-point", "/a b"), "letters, digits"),
        (("--device", "/dev/disk/by-id/x"), "name to attach"),
    ],
)
def test_what_would_fail_at_deploy_time_is_refused(arguments, reason):
    done = run("cloudformation", *arguments)
    assert done.returncode == 65 and reason in done.stderr and not done.stdout


# Moto makes the resources it knows, so their properties have the right names and shapes.

UNKNOWN_TO_MOTO = {
    "AWS::AutoScaling::LifecycleHook", "AWS::Lambda::EventInvokeConfig", "AWS::CloudFormation::CustomResource",
    "AWS::Logs::MetricFilter", "AWS::Lambda::Permission",
}  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--no-address", "--alarms")])
def test_moto_creates_and_deletes_the_stack(options, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    # Moto makes the route tables of a stack, but never deletes them, and then refuses to delete the VPC.
    forget = lambda table, *_: table.ec2_backend.route_tables.pop(table.id)
    monkeypatch.setattr(RouteTable, "delete", forget, raising=False)
    source = yaml.safe_load(generate("cloudformation", *URL, *options, "--image", "own"))
    left_out = {name for name, each in source["Resources"].items() if each["Type"] in UNKNOWN_TO_MOTO}
    source["Resources"] = {name: each for name, each in source["Resources"].items() if name not in left_out}
    for each in source["Resources"].values():
        if "DependsOn" in each:
            each["DependsOn"] = [name for name in each["DependsOn"] if name not in left_out]
    variables = source["Resources"]["DeviceAttachment"]["Properties"]["Environment"]["Variables"]
    variables["HOOK_NAME"] = variables["RELEASE_HOOK_NAME"] = "hook"
    with mock_aws():
        cloud = boto3.client("cloudformation")
        image = boto3.client("ec2").describe_images()["Images"][0]["ImageId"]
        cloud.create_stack(
            StackName="test",
            TemplateBody=json.dumps(source),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in {"ImageId": image, "AlarmEmail": "ops@example.com"}.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        (stack,) = cloud.describe_stacks(StackName="test")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        groups = boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        assert [each["AutoScalingGroupName"] for each in groups] == [outputs["GroupName"]]
        assert groups[0]["DesiredCapacity"] == 0 and not groups[0]["Instances"]
        (volume,) = boto3.client("ec2").describe_volumes(VolumeIds=[outputs["DataVolumeId"]])["Volumes"]
        assert volume["Size"] == 16
        cloud.delete_stack(StackName="test")
        assert not boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        of_the_stack = [{"Name": "cidr", "Values": ["10.0.0.0/16"]}]
        assert not boto3.client("ec2").describe_vpcs(Filters=of_the_stack)["Vpcs"]
