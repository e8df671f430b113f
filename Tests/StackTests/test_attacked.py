"""What an attack on the generator found: values that break out, parts that collide, and updates that cost data."""

import email
import re
import subprocess

import pytest

from combinations import TWO_VOLUMES, URL
from functions import whole
from generator import ROOT, generate, run, template
from module import Module

SOURCE = whole("device_attachment")
PACKAGE = {"PackageUrl": "https://example.com/a.deb", "PackageSha256": "ab" * 32}


def refused(*arguments):
    done = run("cloudformation", *arguments)
    assert done.returncode in (65, 78) and not done.stdout
    return done.stderr


# User data


@pytest.mark.parametrize("url", ["https://example.com/agent(1).deb", "https://example.com/;id;/agent.deb"])
@pytest.mark.parametrize("given", ["when generated", "when deployed"])
def test_an_address_that_the_pattern_allows_is_one_word_to_the_shell(url, given):
    options = ("--package-url", url, *URL[2:]) if given == "when generated" else ()
    stack = template(*options, **({} if options else PACKAGE | {"PackageUrl": url}))
    (line,) = (each for each in stack.user_data().splitlines() if each.startswith("url="))
    said = subprocess.run(["sh", "-c", f'{line}\nprintf %s "$url"'], capture_output=True, text=True)
    assert said.stdout == url


def parts(*files):
    text = generate("userdata", "--preinstalled", "--device", "/dev/sdf", "--format", "mime", *files)
    return [each for each in email.message_from_string(text).walk() if not each.is_multipart()]


def script(folder, name, text="#!/bin/sh\n"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return ("--append", folder / name)


@pytest.mark.parametrize("name", ["setup.sh", "autoheal-install.sh"])
def test_no_part_takes_the_place_of_another(tmp_path, name):
    """cloud-init writes each script as the name of its part says: of two with one name, the first never runs."""
    names = [each.get_filename() for each in parts(*script(tmp_path / "a", name), *script(tmp_path / "b", name))]
    assert len(set(names)) == len(names) == 3


def test_the_agent_is_installed_first_and_then_the_users_own_in_their_order(tmp_path):
    """cloud-init runs the scripts in the order of their names."""
    own = ["b.sh", "01-db.sh", "application.sh"]
    names = [each.get_filename() for each in parts(*sum((script(tmp_path, each) for each in own), ()))]
    assert sorted(names) == names and names[0].endswith("autoheal-install.sh")
    assert [each.partition("-")[2] for each in names[1:]] == own


@pytest.mark.parametrize("text", ["echo ${a:-${b}}", "echo ${!a} ${a:-${b:-${c}}}", "echo $${a} %{b}"])
def test_a_part_arrives_as_it_was_written(tmp_path, text):
    """Fn::Sub ends a literal at the first brace."""
    stack = template(*script(tmp_path, "a.sh", f"#!/bin/sh\n{text}\n"), **PACKAGE)
    (part,) = (
        each
        for each in email.message_from_string(stack.user_data()).walk()
        if (each.get_filename() or "").endswith("a.sh")
    )
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes) and f"\n{text}\n" in content.decode()


def test_user_data_that_is_too_long_once_it_is_deployed_is_refused(tmp_path):
    low, high = 0, 16_000
    while low < high:
        middle = (low + high + 1) // 2
        done = run("cloudformation", *script(tmp_path, "a.sh", f"#!/bin/sh\n#{'x' * middle}\n"))
        low, high = (middle, high) if done.returncode == 0 else (low, middle - 1)
    address = f"https://my-packages.s3.eu-central-1.amazonaws.com/autoheal/pool/main/a/autoheal-agent/{'x' * 40}.deb"
    stack = template(*script(tmp_path, "a.sh", f"#!/bin/sh\n#{'x' * low}\n"), **PACKAGE | {"PackageUrl": address})
    assert 16_000 < len(stack.user_data()) <= 16_384


def test_user_data_tries_for_longer_than_a_volume_may_be_held():
    """Then a stock image gets its network. The last run of the function begins before RUNS_FOR."""
    minutes = int(re.search(r"\+ (\d+) \* 60\)\)", template(*URL).user_data())[1])
    runs_for, run = (int(re.search(rf"^{name} = (\d+)", SOURCE, re.M)[1]) for name in ("RUNS_FOR", "FIRST_RUN"))
    assert minutes * 60 > runs_for + run


def test_a_configuration_of_one_instance_is_refused(tmp_path):
    """The script writes the key, too, and TOML allows none twice."""
    (tmp_path / "c.toml").write_text('instance-id = "i-0123456789abcdef0"\n[[volume]]\ndevice = "/dev/sdf"\n')
    assert "instance-id" in refused("--config", tmp_path / "c.toml")


# Values


@pytest.mark.parametrize("option", ["--ingress", "--ssh-cidr", "--health-source"])
@pytest.mark.parametrize(
    "cidr",
    [
        "10.x.0.0.0/8",
        "300.10.0.0.0/8",
        "...10.0.0.0/8",
        "+10.0.0.0/8",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "010.0.0.0/8",
    ],
)
def test_what_is_no_range_is_refused(option, cidr):
    check = ("--health-check", "target-group") if option == "--health-source" else ()
    assert "IPv4 range" in refused(*check, option, f"443={cidr}" if option == "--ingress" else cidr)


@pytest.mark.parametrize("address", ["[0:0:0:0:0:0:0:1]:9000", "10.0.0.5:9000", "0.0.0.0:0", "0.0.0.0:+80"])
def test_a_port_that_nobody_can_reach_is_refused(tmp_path, address):
    (tmp_path / "c.toml").write_text(f'[health]\nlisten = "{address}"\n[[volume]]\ndevice = "/dev/sdf"\n')
    check = ("--health-check", "target-group", "--health-source", "10.0.0.0/8")
    assert "listen" in refused("--config", tmp_path / "c.toml", *check)


@pytest.mark.parametrize("path", ['/${file("/etc/hostname")}/', '/a"b/', "/a b/"])
def test_a_path_of_a_role_is_refused_unless_it_is_plain(path):
    assert "path of a role" in refused("--role-path", path)
    assert run("cloudformation", "--role-path", "/team:blue/").returncode == 0


def test_tags_that_iam_takes_for_the_same_and_too_many_are_refused():
    """IAM: "Duplicate tag keys found. Please note that Tag keys are case insensitive."."""
    assert "twice" in refused("--tag", "Stage=a", "--tag", "stage=b")
    many = [each for number in range(41) for each in ("--tag", f"Key{number}=a")]
    assert "50 tags" in refused(*many)
    assert "by the stack itself" in refused("--tag", "name=x")


@pytest.mark.parametrize("kind", ["t2.micro", "i3.large"])
def test_a_type_whose_console_cannot_be_read_is_refused_where_it_must_be(kind):
    """EC2: "This instance type does not support retrieving the latest console logs". Each launch would be abandoned."""
    assert "--release attached" in refused("--instance-type", kind)
    assert run("cloudformation", "--instance-type", kind, "--release", "attached").returncode == 0
    assert run("cloudformation", "--instance-type", "i3.metal").returncode == 0


def test_a_hand_over_of_which_no_instance_would_hear_is_refused(tmp_path):
    (tmp_path / "c.toml").write_text('[agent]\nmetadata-disabled = true\n[[volume]]\ndevice = "/dev/sdf"\n')
    assert "--hand-over 0" in refused("--config", tmp_path / "c.toml")


# Alarms


def test_no_alarm_names_a_part_of_its_metrics_dimensions():
    """CloudWatch, "Supported AWS infrastructure metrics": AWS/EBS has its checks by instance and volume together."""
    stack = template(*URL, "--alarms", "--alarm-topic", AlarmTopicArn="arn:aws:sns:eu-west-1:123456789012:pager")
    alarms = [stack.properties(each) for each in stack.of_type("AWS::CloudWatch::Alarm")]
    assert not any(each.get("Namespace") == "AWS/EBS" for each in alarms)
    queries = {each["Metrics"][0]["Expression"] for each in alarms if "Metrics" in each}
    volume = stack.ids["AutohealVolume"]
    assert queries == {
        f"SELECT {value} FROM SCHEMA(\"AWS/EBS\", InstanceId, VolumeId) WHERE VolumeId = '{volume}'"
        for value in ("MAX(VolumeStalledIOCheck)", "MIN(VolumeIOPSExceededCheck)")
    }


# Updates and volumes


def test_a_volume_that_an_update_replaces_is_kept(tmp_path):
    """Its snapshot may be older than the last write of the instance that still has it."""
    for volume in template(*URL, *TWO_VOLUMES).of_type("AWS::EC2::Volume"):
        resource = template(*URL, *TWO_VOLUMES).source["Resources"][volume]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Snapshot", "Retain")


@pytest.mark.parametrize("options", [(), ("--existing-volume",)])
def test_a_module_refuses_one_volume_twice(tmp_path, options):
    """As a template does; the function would give each launch up at once, for ever."""
    generate("terraform", *TWO_VOLUMES, *options, "-o", tmp_path)
    (lifecycle,) = Module(tmp_path).resources["aws_autoscaling_group.autoheal"]["lifecycle"]
    conditions = " ".join(each["condition"] for each in lifecycle["precondition"])
    for name in ("device", "mount_point", *(["id"] if options else [])):
        assert f"distinct([var.volume_{name}, var.volume2_{name}])" in conditions


def test_the_page_on_postgresql_says_that_its_template_needs_a_bucket():
    command = ("--example", "postgresql", "--health-check", "application-status", "--format", "json")
    page = (ROOT / "docs" / "postgresql.md").read_text()
    assert f"autoheal-generate cloudformation {' '.join(command)}" in page and "--s3-bucket" in page
    assert len(generate("cloudformation", *command).encode()) > 51_200
