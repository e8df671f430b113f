"""The Terraform module: formatted, valid, and made, planned again and destroyed against moto on loopback."""

import base64
import io
import json
import os
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from conftest import FUNCTIONS, URL, generate, run
from test_cloudformation import COMBINATIONS, two_volumes  # noqa: F401  (a fixture)


def mirror():
    """A folder with the provider: it contains registry.terraform.io/hashicorp/aws."""
    usual = ["/opt/tf-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins"]
    usual.append(Path.home() / ".terraform.d" / "plugins")
    for each in [os.environ.get("TF_PLUGIN_MIRROR"), *usual]:
        if each and (Path(each) / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
            return Path(each)
    return None


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    settings = tmp_path_factory.mktemp("terraform") / "rc"
    settings.write_text("")
    quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": str(settings)}

    def terraform(directory, *arguments, expected=(0,), **environment):
        done = subprocess.run(
            ["terraform", f"-chdir={directory}", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, **quiet, **environment},
        )
        assert done.returncode in expected, done.stdout + done.stderr
        return done

    return terraform


@pytest.fixture(scope="session")
def provider():
    if not mirror():
        pytest.skip("no mirror of the provider: set TF_PLUGIN_MIRROR to the folder that holds registry.terraform.io")
    return f"-plugin-dir={mirror()}"


@pytest.mark.parametrize("options", COMBINATIONS, ids=lambda options: " ".join(options) or "none")
def test_the_module_is_formatted_and_valid(options, terraform, provider, tmp_path):
    generate("terraform", *options, "--tag", "Stage=a b", "--tag", "A=${x}", "-o", tmp_path / "module")
    terraform(tmp_path / "module", "fmt", "-check", "-diff")
    terraform(tmp_path / "module", "init", provider)
    terraform(tmp_path / "module", "validate")


def test_the_module_with_several_volumes_is_formatted_and_valid(two_volumes, terraform, provider, tmp_path):  # noqa: F811
    for number, options in enumerate([(), ("--existing-volume",)]):
        module = tmp_path / str(number)
        generate("terraform", *two_volumes, *options, "-o", module)
        terraform(module, "fmt", "-check", "-diff")
        terraform(module, "init", provider)
        terraform(module, "validate")


def test_the_archive_holds_the_function_and_is_always_the_same(tmp_path):
    archives = []
    for each in "ab":
        generate("terraform", "-o", tmp_path / each)
        archives.append((tmp_path / each / "device-attachment.zip").read_bytes())
    assert archives[0] == archives[1]
    archive = zipfile.ZipFile(io.BytesIO(archives[0]))
    assert archive.testzip() is None and archive.namelist() == ["index.py"]
    assert archive.read("index.py") == (FUNCTIONS / "attach.py").read_bytes()
    assert archive.getinfo("index.py").external_attr >> 16 == 0o100644


def test_nothing_is_overwritten_unless_forced(tmp_path):
    generate("terraform", "-o", tmp_path)
    (tmp_path / "main.tf").write_text("mine")
    done = run("terraform", "-o", tmp_path)
    assert done.returncode == 73 and "--force" in done.stderr and (tmp_path / "main.tf").read_text() == "mine"
    generate("terraform", "-o", tmp_path, "--force")
    assert (tmp_path / "main.tf").read_text() != "mine"


@pytest.fixture
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # The server's state is the process's, so that of an earlier test.
    urllib.request.urlopen(f"http://{host}:{port}/moto-api/reset", data=b"")
    yield f"http://{host}:{port}"
    server.stop()


def filled(value):
    """Without what is empty: moto gives null where AWS gives an empty text."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items() if filled(each)}
    if isinstance(value, list):
        return [filled(each) for each in value if filled(each)]
    return value or None


def changes(terraform, module, variables, endpoint):
    """What a second plan would change, without the one property that moto does not keep."""
    terraform(module, "plan", "-no-color", "-input=false", "-out=again", *variables, **endpoint)
    plan = json.loads(terraform(module, "show", "-json", "again").stdout)
    found = {}
    for each in plan["resource_changes"]:
        before, after = each["change"]["before"], each["change"]["after"]
        different = {key for key in after if filled(before.get(key)) != filled(after[key])}
        if each["change"]["actions"] != ["no-op"]:
            found[each["address"]] = different - {"instance_maintenance_policy"}
    return {address: keys for address, keys in found.items() if keys or address != "aws_autoscaling_group.autoheal"}


@pytest.mark.parametrize("options", [(), ("--alarms", "--no-address"), ("--launch-configuration", "--preinstalled")])
def test_apply_then_an_empty_plan_then_destroy(options, terraform, provider, tmp_path, moto):
    endpoint = {"AWS_ENDPOINT_URL": moto}

    def client(service):
        return boto3.client(service, endpoint_url=moto)

    (image, *_) = client("ec2").describe_images()["Images"]
    module = tmp_path / "module"
    source = () if "--preinstalled" in options else URL
    generate("terraform", *source, *options, "--tag", "Owner=ops", "-o", module)
    variables = ["-var", f"image_id={image['ImageId']}", "-var", "alarm_email=ops@example.com"]
    if "--alarms" not in options:
        variables = variables[:2]
    terraform(module, "init", provider)
    terraform(module, "apply", "-no-color", "-auto-approve", "-input=false", *variables, **endpoint)
    assert not changes(terraform, module, variables, endpoint)

    outputs = json.loads(terraform(module, "output", "-json", **endpoint).stdout)
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["AutoScalingGroupName"] == outputs["group_name"]["value"] == "autoheal"
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 1, 1)
    (hook,) = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName="autoheal")["LifecycleHooks"]
    assert hook["DefaultResult"] == "ABANDON"
    (volume,) = client("ec2").describe_volumes(VolumeIds=[outputs["data_volume_id"]["value"]])["Volumes"]
    assert volume["Encrypted"] and volume["VolumeType"] == "gp3"
    configuration = client("lambda").get_function_configuration(FunctionName="autoheal-device-attachment")
    environment = configuration["Environment"]["Variables"]
    assert environment["VOLUMES"] == f"/dev/sdf={volume['VolumeId']}"
    assert environment["HOOK_NAME"] == hook["LifecycleHookName"] and environment["GROUP_NAME"] == "autoheal"
    assert ("ALLOCATION_ID" in environment) == ("--no-address" not in options)
    if "--launch-configuration" in options:
        (launched,) = client("autoscaling").describe_launch_configurations()["LaunchConfigurations"]
        user_data = launched["UserData"]
    else:
        (template,) = client("ec2").describe_launch_template_versions(
            LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        user_data = template["LaunchTemplateData"]["UserData"]
        assert template["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    text = base64.b64decode(user_data).decode()
    assert f'volume-id = "{volume["VolumeId"]}"' in text and 'device = "/dev/sdf"' in text and "${" not in text

    terraform(module, "destroy", "-no-color", "-auto-approve", "-input=false", *variables, **endpoint)
    assert not client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert volume["VolumeId"] not in {each["VolumeId"] for each in client("ec2").describe_volumes()["Volumes"]}
    of_the_volume = [{"Name": "volume-id", "Values": [volume["VolumeId"]]}]
    assert len(client("ec2").describe_snapshots(Filters=of_the_volume)["Snapshots"]) == 1


@pytest.mark.parametrize(
    "variable",
    [
        "package_url=https://a/b?X-Amz-Signature=x", "package_sha256=abc", "volume_mount_point=/etc",
        "volume_device=/dev/sda", "ssh_cidr=10.0.0.1", "name=1", "tags={\"a b\"=\"c\"}", "volume_size=0",
    ],
)  # fmt: skip
def test_a_variable_takes_only_what_the_agent_and_aws_take(variable, terraform, provider, tmp_path, moto):
    module = tmp_path / "module"
    generate("terraform", *URL, "-o", module)
    terraform(module, "init", provider)
    done = terraform(module, "plan", "-input=false", "-var", variable, expected=(1,), AWS_ENDPOINT_URL=moto)
    assert "Invalid value for variable" in done.stderr
