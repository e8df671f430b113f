"""The Terraform module: formatted, valid, and made, planned again and destroyed against moto on loopback."""

import base64
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from combinations import COMBINATIONS, HEALTH, READY, TWO_VOLUMES, URL, name
from functions import whole
from generator import EARLIER, ROOT, generate, run
from module import usage
from policies import allowed, called


def mirror():
    """A folder with the provider: it contains registry.terraform.io/hashicorp/aws."""
    named = [Path(each) for each in [os.environ.get("TF_PLUGIN_MIRROR")] if each]
    # Where Terraform looks by itself, and one folder below /opt.
    usual = [Path.home() / ".terraform.d" / "plugins", Path("/usr/local/share/terraform/plugins")]
    usual += [Path("/usr/share/terraform/plugins"), *sorted(Path("/opt").glob("*"))]
    return next((each for each in named + usual if (each / "registry.terraform.io/hashicorp/aws").is_dir()), None)


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(moto):
    """Moto without what an earlier test made; its state is the process's."""
    urllib.request.urlopen(f"{moto}/moto-api/reset", data=b"")
    return lambda service: boto3.client(service, endpoint_url=moto)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory, moto):
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    if not mirror():
        pytest.skip("no mirror of the provider: set TF_PLUGIN_MIRROR to the folder that holds registry.terraform.io")
    settings = tmp_path_factory.mktemp("terraform") / "rc"
    settings.touch()
    environment = {
        **os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": str(settings),
        "AWS_ENDPOINT_URL": moto,
    }  # fmt: skip

    def terraform(directory, *arguments, expected=(0,)):
        done = subprocess.run(
            ["terraform", f"-chdir={directory}", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            env=environment,
        )
        assert done.returncode in expected, done.stdout + done.stderr
        return done

    return terraform


def test_the_module_is_formatted_and_valid_with_any_options(terraform, tmp_path):
    """Called as its README says. As modules of one configuration, since each run of the provider takes seconds."""
    calls = []
    for number, options in enumerate(COMBINATIONS):
        module = tmp_path / f"module-{number}"
        generate("terraform", *options, "-o", module)
        call = usage((module / "README.md").read_text())
        call = call.replace('module "autoheal"', f'module "m{number}"').replace("./autoheal", f"./module-{number}")
        calls.append(f"# {name(options)}\n{call}")
    (tmp_path / "main.tf").write_text("\n".join(calls))
    terraform(tmp_path, "fmt", "-check", "-diff", "-recursive")
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    terraform(tmp_path, "validate")


OTHERS = (
    *TWO_VOLUMES, *READY, "--launch-configuration", "--existing-network", "--existing-volume", "--existing-address",
    "--image", "own", "--permissions-boundary",
)  # fmt: skip


@pytest.mark.parametrize("options", [(), OTHERS], ids=name)
def test_its_own_tests_pass(options, terraform, tmp_path):
    generate("terraform", *options, "-o", tmp_path)
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    assert "3 passed, 0 failed" in terraform(tmp_path, "test", "-no-color").stdout


def test_its_own_tests_find_what_is_wrong(terraform, tmp_path):
    generate("terraform", *URL, "-o", tmp_path)
    text = (tmp_path / "main.tf").read_text()
    for pattern, wrong in (r'(http_tokens +)= "required"', '"optional"'), (r"(max_size +)= 1", "2"):
        text, changed = re.subn(pattern, rf"\1= {wrong}", text)
        assert changed
    (tmp_path / "main.tf").write_text(text)
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    done = terraform(tmp_path, "test", "-no-color", expected=(1,))
    assert "without a token" in done.stderr and "a second instance" in done.stderr


EXAMPLES = sorted(ROOT.glob("examples/*/*/main.tf"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.parent.name)
def test_an_example_is_valid_with_the_module_that_its_first_line_makes(example, terraform, tmp_path):
    folder = tmp_path / "example"
    shutil.copytree(example.parent, folder, ignore=shutil.ignore_patterns("autoheal", ".terraform*"))
    command = shlex.split(example.read_text().splitlines()[0].removeprefix("#"))
    assert command[0] == "autoheal-generate"
    done = run(*command[1:], cwd=folder)
    assert done.returncode == 0, done.stderr
    terraform(folder, "fmt", "-check", "-diff", "-recursive")
    terraform(folder, "init", f"-plugin-dir={mirror()}")
    terraform(folder, "validate")


def test_the_archive_holds_the_function_and_is_always_the_same(tmp_path):
    archives = []
    for each in "ab":
        generate("terraform", "-o", tmp_path / each)
        archives.append((tmp_path / each / "device-attachment.zip").read_bytes())
    assert archives[0] == archives[1]
    archive = zipfile.ZipFile(io.BytesIO(archives[0]))
    assert archive.testzip() is None and archive.namelist() == ["index.py"]
    assert archive.read("index.py") == whole("device_attachment").encode()
    assert archive.getinfo("index.py").external_attr >> 16 == 0o100644


def test_nothing_is_overwritten_unless_forced(tmp_path):
    generate("terraform", "-o", tmp_path)
    (tmp_path / "main.tf").write_text("mine")
    done = run("terraform", "-o", tmp_path)
    assert done.returncode == 73 and "--force" in done.stderr and (tmp_path / "main.tf").read_text() == "mine"
    generate("terraform", "-o", tmp_path, "--force")
    assert (tmp_path / "main.tf").read_text() != "mine"


def filled(value):
    """Without what is empty: moto gives null where AWS gives an empty text."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items() if filled(each)}
    if isinstance(value, list):
        return [filled(each) for each in value if filled(each)]
    return value or None


# It answers for every hook with the same queue, and with a policy that has other spaces in it.
MOTO_KEEPS_NOT = {
    "aws_autoscaling_group": {"instance_maintenance_policy"},
    "aws_autoscaling_lifecycle_hook": {"notification_target_arn", "role_arn"},
    "aws_sqs_queue": {"redrive_policy"},
}


def changes(terraform, module, variables):
    """What a second plan would change, without what moto does not keep."""
    terraform(module, "plan", "-no-color", "-input=false", "-out=again", *variables)
    plan = json.loads(terraform(module, "show", "-json", "again").stdout)
    found = {}
    for each in plan["resource_changes"]:
        before, after = each["change"]["before"], each["change"]["after"]
        different = {key for key in after if filled(before.get(key)) != filled(after[key])}
        if each["change"]["actions"] != ["no-op"]:
            found[each["address"]] = different - MOTO_KEEPS_NOT.get(each["type"], set())
    return {address: keys for address, keys in found.items() if keys}


EVERYTHING_ELSE = (
    *READY, *HEALTH, "--alarms", "--no-address", "--launch-configuration", "--preinstalled", "--existing-network",
    "--existing-volume",
)  # fmt: skip


@pytest.mark.parametrize("options", [URL, EVERYTHING_ELSE], ids=name)
def test_apply_then_an_empty_plan_then_destroy(options, terraform, tmp_path, cloud):
    (image, *_) = cloud("ec2").describe_images()["Images"]
    # moto takes no size from the image's snapshot.
    values = {"image_id": image["ImageId"], "root_volume_size": 8}
    if options == EVERYTHING_ELSE:
        (subnet, *_) = cloud("ec2").describe_subnets()["Subnets"]
        own = cloud("ec2").create_volume(Size=8, AvailabilityZone=subnet["AvailabilityZone"], Encrypted=True)
        values |= {"volume_id": own["VolumeId"], "subnet_id": subnet["SubnetId"], "alarm_email": "ops@example.com"}
    variables = [f"-var={key}={value}" for key, value in values.items()]
    (balancer, *_) = cloud("ec2").describe_security_groups()["SecurityGroups"]
    asking = [balancer["GroupId"] if each.startswith("sg-") else each for each in options]
    generate("terraform", *asking, "--tag", "Owner=ops", "-o", tmp_path)
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    terraform(tmp_path, "apply", "-no-color", "-auto-approve", "-input=false", *variables)
    assert not changes(terraform, tmp_path, variables)

    outputs = json.loads(terraform(tmp_path, "output", "-json").stdout)
    (group,) = cloud("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["AutoScalingGroupName"] == outputs["group_name"]["value"] == "autoheal"
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 1, 1)
    found = cloud("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName="autoheal")["LifecycleHooks"]
    hook, release = sorted(found, key=lambda each: each["LifecycleHookName"])
    assert (hook["DefaultResult"], release["DefaultResult"]) == ("ABANDON", "CONTINUE")
    (volume,) = cloud("ec2").describe_volumes(VolumeIds=[outputs["data_volume_id"]["value"]])["Volumes"]
    assert volume["Encrypted"]
    configuration = cloud("lambda").get_function_configuration(FunctionName="autoheal-device-attachment")
    environment = configuration["Environment"]["Variables"]
    assert environment["VOLUMES"] == f"/dev/sdf={volume['VolumeId']}"
    assert environment["HOOK_NAME"] == hook["LifecycleHookName"] and environment["GROUP_NAME"] == "autoheal"
    assert ("ALLOCATION_ID" in environment) == ("--no-address" not in options)
    (role,) = [each for each in cloud("iam").list_roles()["Roles"] if "device-attachment" in each["RoleName"]]
    policy = cloud("iam").get_role_policy(RoleName=role["RoleName"], PolicyName="device-attachment")["PolicyDocument"]
    assert allowed(policy["Statement"], "autoheal") == called("device_attachment", options)
    if "--launch-configuration" in options:
        (launched,) = cloud("autoscaling").describe_launch_configurations()["LaunchConfigurations"]
        user_data = launched["UserData"]
    else:
        (template,) = cloud("ec2").describe_launch_template_versions(
            LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        user_data = template["LaunchTemplateData"]["UserData"]
        assert template["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    text = base64.b64decode(user_data).decode()
    assert f'volume-id = "{volume["VolumeId"]}"' in text and 'device = "/dev/sdf"' in text
    # Nothing of Terraform's is left; the shell has its own.
    shell = {
        "AUTOHEAL_INSTANCE",
        "AUTOHEAL_RESUMED",
        "Status",
        "Version",
        "finish_wanted",
        "instance",
        "instance-",
        "lines",
        "package",
        "wanted",
    }
    assert set(re.findall(r"\$\{([^}:%#]*)", text)) <= shell and "%{" not in text and "$${" not in text

    terraform(tmp_path, "destroy", "-no-color", "-auto-approve", "-input=false", *variables)
    assert not cloud("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    left = {each["VolumeId"] for each in cloud("ec2").describe_volumes()["Volumes"]}
    assert (volume["VolumeId"] in left) == ("--existing-volume" in options)
    of_the_volume = [{"Name": "volume-id", "Values": [volume["VolumeId"]]}]
    snapshots = cloud("ec2").describe_snapshots(Filters=of_the_volume)["Snapshots"]
    assert len(snapshots) == ("--existing-volume" not in options)


def test_apply_of_the_earlier_module_then_a_plan_that_replaces_nothing(terraform, tmp_path, cloud):
    (image, *_) = cloud("ec2").describe_images()["Images"]
    values = {"image_id": image["ImageId"], "package_url": URL[1], "package_sha256": URL[3]}
    variables = [f"-var={key}={value}" for key, value in values.items()]
    shutil.copytree(EARLIER / "terraform", tmp_path, dirs_exist_ok=True)
    # Of these two, only that they change.
    (tmp_path / "user-data.tftpl").write_text("${package_url}")
    with zipfile.ZipFile(tmp_path / "device-attachment.zip", "w") as archive:
        archive.writestr("index.py", "")
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    terraform(tmp_path, "apply", "-no-color", "-auto-approve", "-input=false", *variables)

    generate("terraform", "-o", tmp_path, "--force")
    terraform(tmp_path, "plan", "-no-color", "-input=false", "-out=update", *variables)
    plan = json.loads(terraform(tmp_path, "show", "-json", "update").stdout)
    actions = {each["address"]: each["change"]["actions"] for each in plan["resource_changes"]}
    assert not {address for address, each in actions.items() if "delete" in each}
    # It is a plan for what was made.
    assert actions["aws_ebs_volume.autoheal"] == actions["aws_eip.autoheal"] == ["no-op"]
    assert actions["aws_autoscaling_group.autoheal"] == actions["aws_lambda_function.device_attachment"] == ["update"]


def test_a_variable_takes_only_what_the_agent_and_aws_take(terraform, tmp_path):
    wrong = {
        "package_url": "https://a/b?X-Amz-Signature=x", "package_sha256": "abc", "volume_mount_point": "/etc",
        "volume_device": "/dev/sda", "ssh_cidr": "10.0.0.1", "name": "1", "tags": '{"a b"="c"}', "volume_size": "0",
    }  # fmt: skip
    generate("terraform", *URL, "-o", tmp_path)
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    variables = [each for name, value in wrong.items() for each in ("-var", f"{name}={value}")]
    done = terraform(tmp_path, "plan", "-no-color", "-input=false", *variables, expected=(1,))
    assert set(re.findall(r': variable "(\w+)" \{', done.stderr)) == set(wrong)


def test_a_volume_in_another_zone_than_the_subnet_is_refused_before_anything_is_made(terraform, tmp_path, cloud):
    volume = cloud("ec2").create_volume(Size=8, AvailabilityZone="eu-west-1b")
    generate("terraform", "--preinstalled", "--existing-volume", "-o", tmp_path)
    terraform(tmp_path, "init", f"-plugin-dir={mirror()}")
    (image, *_) = cloud("ec2").describe_images()["Images"]
    variables = [f"-var=volume_id={volume['VolumeId']}", f"-var=image_id={image['ImageId']}"]
    done = terraform(tmp_path, "plan", "-no-color", "-input=false", *variables, expected=(1,))
    assert "volume_id must be in the zone of the subnet" in done.stderr
    terraform(tmp_path, "plan", "-input=false", *variables, "-var=availability_zone=b")


def test_user_data_survives_hcl_and_its_templates(terraform, tmp_path):
    """As the text of a template file, and between the marks of a here document."""
    options = ("userdata", *URL, "--mount-point", "/srv/${x} %{y} $${z}")
    text, escaped = generate(*options), generate(*options, "--for", "terraform")
    (tmp_path / "user-data.tftpl").write_text(escaped)
    (tmp_path / "main.tf").write_text(
        'output "file" {\n  value = templatefile("${path.module}/user-data.tftpl", {})\n}\n'
        f'output "here" {{\n  value = <<HERE\n{escaped}HERE\n}}\n'
    )
    terraform(tmp_path, "apply", "-auto-approve")
    outputs = json.loads(terraform(tmp_path, "output", "-json").stdout)
    assert outputs["file"]["value"] == outputs["here"]["value"] == text
