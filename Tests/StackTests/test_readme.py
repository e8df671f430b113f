"""README.md, "The whole stack": its commands, as they stand there, from the package to the deleted stack.

They run one after the other in one shell, with the AWS CLI, against an account on loopback: moto, and where moto lacks
something, what played_account.py says. script/publish and the generator are the real ones. `script/bootstrap`,
`script/package` and `script/build-release` are played, since they take minutes: they know the options and products of
the real ones, and the package is a small one of the right name.

What a person does between the commands is done here: fills in the address, the digest and the ids where the README has
an ellipsis or an example, and runs what `script/publish` prints to be copied.
"""

import base64
import hashlib
import re
import urllib.request

import pytest

from generator import ROOT
from person import SHOWN, Person
from played_account import SENT, PlayedAccount
from publisher import ARCHITECTURE, told
from readme import README, comment
from sandbox import built

pytestmark = pytest.mark.xdist_group("readme")
TEXT = README.read_text()


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    directory = tmp_path_factory.mktemp("readme")
    version = re.search(r"\((\S+)\)", (ROOT / "packaging" / "debian" / "changelog").read_text())[1]
    package = built(directory, f"Version: {version}", f"Architecture: {ARCHITECTURE}")
    account = PlayedAccount()
    person = Person(
        account, directory, package.rename(directory / f"autoheal-agent_{version}_{ARCHITECTURE}.deb")
    )  # fmt: skip
    yield person
    person.close()
    account.close()


# In the order of the commands: what was done before is not done again.
@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("bootstrap --package", "bootstrap --pakage", "no option --pakage"),
        ("&& script/package", "&& script/packages", "No such file"),
        ("aws s3 mb", "aws s3 bm", "Found invalid choice|argument subcommand"),
        ("s3 mb s3://my-packages", "s3 mb s3://my-package", "There is no bucket my-packages"),
        ("autoheal --public", "autoheal --publick", "unrecognized arguments: --publick"),
        ("script/publish s3://my-packages/autoheal  ", "script/publish s3:/my-packages/autoheal  ", "is not s3://BUCKET"),
        ("build-release autoheal-generate", "build-release autoheal-generator", "no product"),
        ("cloudformation --format json", "cloudformation --format jsn", "'jsn' is invalid"),
        ("--template-file autoheal.json", "--template-file stack.json", "Invalid template path stack.json"),
        (" --capabilities CAPABILITY_IAM", "", "InsufficientCapabilities"),
        ("PackageUrl=", "PackageAddress=", "does not have: .'PackageAddress'"),
        ("PackageSha256=...", "PackageSHA256=...", "leaves open"),
        ("PackageUrl=https://...", "PackageUrl=https://...?X-Amz-Signature=0", "PackageUrl is http"),
        (" PackageSha256=...", "", "PackageSha256 has no value"),
        ("PackageSha256=...", f"PackageSha256={'0' * 64}", "outcome=not-installed"),
        ("'GroupName'", "'AutoScalingGroup'", "finds nothing"),
        ("aws ec2 terminate-instances", "aws ec2 terminate-instance", "Found invalid choice|argument operation"),
        ("ec2 terminate-instances --instance-ids", "ec2 terminate-instances --instances", "--instance"),
        ("--latest ", "", "ended with"),
        ("| grep autoheal\n", "| grep auto-heal\n", "ended with 1"),
        ("delete-stack --stack-name db", "delete-stack --stack-name db-2", "still there"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_noticed(person, right, wrong, says):
    assert TEXT.count(right) == 1
    with pytest.raises(AssertionError, match=says):
        person.follow(TEXT.replace(right, wrong))


def test_what_the_readme_says_makes_a_stack_that_heals_and_can_be_deleted(person):
    account = person.account
    done = person.follow(TEXT, until="aws cloudformation delete-stack")
    (made,) = [comment(each) for each, _ in done if "script/package" in each]
    assert (person.checkout / made.replace("amd64", ARCHITECTURE)).is_file()

    # The stack tells its instances exactly what was published.
    *_, published = [said for each, said in done if "script/publish" in each]
    assert "It can be read" in published
    url, digest = told(published, "PackageUrl"), told(published, "PackageSha256")
    (template,) = person.client("ec2").describe_launch_templates()["LaunchTemplates"]
    (version,) = person.client("ec2").describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    user_data = base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
    assert SENT.findall(user_data) == [(url, digest)]
    with urllib.request.urlopen(url) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == digest

    # Another instance has the same volume and the same address.
    shown = [SHOWN.findall(said) for each, said in done if each.startswith("instances ")]
    ((first,), (second,)), outputs = shown, person.outputs("db")
    volume = outputs["DataVolumeId"]
    assert account.state(first) == "terminated" and account.is_attached(volume, second)
    (held,) = person.client("ec2").describe_addresses(PublicIps=[outputs["ElasticIP"]])["Addresses"]
    assert held["InstanceId"] == second
    (console,) = [said for each, said in done if "get-console-output" in each]
    assert f"instance={second} " in console and f"volumes={volume} outcome=mounted" in console

    before = snapshots(person)
    person.follow(TEXT)
    after = snapshots(person)
    assert [after[each] for each in after.keys() - before.keys()] == [volume]
    assert account.state(second) == "terminated" and not account.backend.volumes and not account.groups
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200


def snapshots(person):
    """Their volumes, by their ids."""
    found = person.client("ec2").describe_snapshots()["Snapshots"]
    return {each["SnapshotId"]: each["VolumeId"] for each in found}
