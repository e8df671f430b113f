"""A stack that 0.1.0 has made is updated in place: its group, its volume and its address stay what they are."""

import copy

import pytest
import yaml

from combinations import URL, name
from generator import EARLIER, generate, template
from module import Module
from replacement import replaced
from template import Template

# Options that an update may add. With others it was another stack before, too.
ADDED = [
    (),
    ("--alarms",),
    ("--apply-updates",),
    ("--on-refusal", "abandon"),
    ("--release", "attached", "--hand-over", "0"),
]
# What a stack may have for parameters with a pattern.
VALUES = {
    "VolumeDevice": ["/dev/sdf", "/dev/xvdz"],
    "VolumeMountPoint": ["/data", "/srv/a-b/c.d", "/usr/local", "/var/lib/postgresql"],
    "VolumeSnapshotId": ["", "snap-0a"],
    "PackageUrl": ["https://a.example/b_1.0-1~x%2B.deb", "http://[::1]:80/b?versionId=a.b"],
    "PackageSha256": ["0" * 64],
    "SshCidr": ["", "192.0.2.0/24"],
    "ApplicationSecurityGroupId": ["", "sg-0a"],
    "TargetGroupArn": ["", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1"],
    "AvailabilityZone": ["a", "f"],
    "Owner": ["", "x" * 256],
    "ComponentName": ["", "a b"],
    "ComponentOwner": ["", "a b"],
}
# These directories of the system were not known as such.
REFUSED_NOW = {"VolumeMountPoint": ["/usr/bin", "/usr/lib", "/usr/share", "/var/lib"]}


@pytest.fixture(scope="module")
def earlier():
    return yaml.safe_load((EARLIER / "cloudformation.yaml").read_text())


@pytest.fixture(scope="module", params=ADDED, ids=name)
def today(request):
    return template(*URL, *request.param, values={"AlarmEmail": "ops@example.com"}).source


def test_no_resource_is_made_anew_or_deleted(earlier, today):
    assert not replaced(earlier, today)
    assert not earlier["Resources"].keys() - today["Resources"].keys()
    assert not any("Condition" in today["Resources"][each] for each in earlier["Resources"])


@pytest.mark.parametrize(
    ("resource", "key", "value", "anew"),
    [
        ("AutohealVolume", "Encrypted", False, {"AutohealVolume"}),
        ("AutoHealEIP", "Address", "192.0.2.1", {"AutoHealEIP"}),
        ("AutohealGroup", "AutoScalingGroupName", "a", {"AutohealGroup", "DeviceAttachmentHook"}),
        ("DeviceAttachmentDeadLetters", "QueueName", "a", {"DeviceAttachmentDeadLetters"}),
        ("PublicSubnetA", "CidrBlock", "10.0.1.0/24", {"PublicSubnetA", "AutohealGroup", "DeviceAttachmentHook"}),
    ],
)
def test_what_would_be_made_anew_is_found(earlier, resource, key, value, anew):
    changed = copy.deepcopy(earlier)
    changed["Resources"][resource]["Properties"][key] = value
    assert anew <= replaced(earlier, changed).keys()
    assert key in replaced(earlier, changed)[resource]


def test_a_change_of_a_condition_is_a_change(earlier):
    changed = copy.deepcopy(earlier)
    changed["Conditions"]["VolumeHasSnapshot"] = {"Fn::Equals": ["", ""]}
    assert replaced(earlier, changed) == {"AutohealVolume": {"SnapshotId"}}


def test_a_key_of_ones_own_is_for_a_new_stack(earlier):
    changed = template(*URL, "--kms-key", KmsKeyArn="arn:aws:kms:eu-west-1:123456789012:key/1").source
    assert replaced(earlier, changed) == {"AutohealVolume": {"KmsKeyId"}}


def test_what_was_kept_at_its_end_is_kept(earlier, today):
    assert earlier["Resources"]["AutohealVolume"]["DeletionPolicy"] == "Snapshot"
    for each, resource in earlier["Resources"].items():
        now = today["Resources"][each]
        assert now.get("DeletionPolicy") == resource.get("DeletionPolicy"), each
        kept = "Retain" if each == "AutohealVolume" else resource.get("UpdateReplacePolicy")
        assert now.get("UpdateReplacePolicy") == kept, each


def test_the_outputs_say_the_same(earlier, today):
    for each, output in earlier["Outputs"].items():
        assert today["Outputs"][each]["Value"] == output["Value"], each


def test_the_parameters_are_there_and_new_ones_have_a_default(earlier, today):
    before, after = earlier["Parameters"], today["Parameters"]
    assert not before.keys() - after.keys()
    # Who asks for alarms says who is told.
    asked = {"AlarmEmail"} - before.keys()
    assert {each for each in after if "Default" not in after[each]} <= before.keys() | asked
    assert all(after[each]["Type"] == before[each]["Type"] for each in before)


def test_the_values_are_still_taken(earlier, today):
    before, after = earlier["Parameters"], today["Parameters"]
    assert VALUES.keys() >= {each for each in before if "AllowedPattern" in before[each]}
    for each, declared in before.items():
        assert set(declared.get("AllowedValues", [])) <= set(after[each].get("AllowedValues", [])), each
        assert declared.get("MinValue") == after[each].get("MinValue"), each
        assert declared.get("MaxValue") == after[each].get("MaxValue"), each
        for value in VALUES.get(each, []):
            Template.check(each, declared, value)
            Template.check(each, after[each], value)
        for value in REFUSED_NOW.get(each, []):
            Template.check(each, declared, value)
            with pytest.raises(ValueError):
                Template.check(each, after[each], value)


def test_the_variables_of_a_module_are_there_and_new_ones_have_a_default(tmp_path):
    """What becomes of a module's resources, test_terraform.py asks Terraform."""
    generate("terraform", *URL, "-o", tmp_path)
    before, after = Module(EARLIER / "terraform").variables, Module(tmp_path).variables
    assert not before.keys() - after.keys()
    assert {each for each in after if "default" not in after[each]} <= before.keys()
    assert all(after[each]["type"] == before[each]["type"] for each in before)
