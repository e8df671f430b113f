"""script/publish into a bucket: the same, by the AWS CLI against moto on loopback."""

import json
import re
import shlex
import subprocess
import urllib.request

import boto3
import pytest
from moto.server import ThreadedMotoServer

from generator import generate
from publisher import ARCHITECTURE, INDEX, PATH, told
from sandbox import NO_OTHER_SOURCE

BUCKET = "my-packages"
PLACE = f"s3://{BUCKET}/autoheal"
POOL = f"autoheal/pool/main/a/autoheal-agent/autoheal-agent_0.1.0-1_{ARCHITECTURE}.deb"


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint, publish, monkeypatch):
    """With one bucket that keeps what is written over; moto's state is the process's."""
    urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"")
    monkeypatch.setitem(publish.environment, "AWS_ENDPOINT_URL", endpoint)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


def written(s3):
    """Every version of every object."""
    return sorted(
        (each["Key"], each["VersionId"]) for each in s3.list_object_versions(Bucket=BUCKET).get("Versions", [])
    )


def content(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_a_bucket_gets_the_same_as_a_directory_and_the_same_again_changes_nothing(publish, keys, s3, tmp_path):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    publish(PLACE, "--deb", publish.package(), "--key", "old")
    names = {f"autoheal/{path.relative_to(tmp_path)}" for path in tmp_path.rglob("*") if path.is_file()}
    first = written(s3)
    assert {key for key, _ in first} == names and len(first) == len(names), "something was written over"
    for name in (POOL, "autoheal/autoheal.asc", f"autoheal/{INDEX}/Packages"):
        assert content(s3, name) == (tmp_path / name.removeprefix("autoheal/")).read_bytes()

    assert "nothing was changed" in publish(PLACE, "--deb", publish.package(), "--key", "old")
    assert written(s3) == first
    # What is immutable says so to caches. What a KMS key encrypts, nobody can read without credentials.
    heads = {name: s3.head_object(Bucket=BUCKET, Key=name) for name in names}
    assert {name for name in names if "immutable" in heads[name]["CacheControl"]} == {
        name for name in names if "/pool/" in name or "/by-hash/" in name
    }
    assert {head["ServerSideEncryption"] for head in heads.values()} == {"AES256"}

    publish(PLACE, "--deb", publish.package("0.2.0-1"), "--key", "old")
    index = content(s3, f"autoheal/{INDEX}/Packages")
    assert b"Version: 0.1.0-1" in index and b"Version: 0.2.0-1" in index
    changed = {key for key, version in written(s3) if (key, version) not in first} & {key for key, _ in first}
    assert changed == {f"autoheal/dists/stable/{each}" for each in ("InRelease", "Release", "Release.gpg")} | {
        f"autoheal/{INDEX}/Packages"
    }


def test_another_package_of_the_same_version_is_refused_and_nothing_is_written(publish, s3):
    publish(PLACE, "--deb", publish.package())
    before = written(s3)
    error = publish.refused(73, PLACE, "--deb", publish.package(description="other"))
    assert f"s3://{BUCKET}/{POOL} exists with another content" in error
    assert written(s3) == before


def test_neither_acl_nor_policy_nor_public_access_changes(publish, keys, s3):
    def settings():
        found = [s3.get_bucket_acl(Bucket=BUCKET)["Grants"], s3.get_object_acl(Bucket=BUCKET, Key="as-usual")["Grants"]]
        for name in ("get_bucket_policy", "get_public_access_block", "get_bucket_ownership_controls"):
            try:
                found.append(getattr(s3, name)(Bucket=BUCKET))
            except s3.exceptions.ClientError as error:
                found.append(error.response["Error"]["Code"])
        return found

    s3.put_object(Bucket=BUCKET, Key="as-usual", Body=b"")
    before = settings()
    publish(PLACE, "--deb", publish.package(), "--key", "old", "--public")
    assert settings() == before and "NoSuchBucketPolicy" in before
    for key, _ in written(s3):
        assert s3.get_object_acl(Bucket=BUCKET, Key=key)["Grants"] == before[1], key


def policies(said):
    """Of the commands that a person may copy."""
    commands = re.findall(r"^  (aws s3api put-bucket-policy .*?'\{.*?^\}')$", said, re.M | re.S)
    return [json.loads(shlex.split(command)[-1])["Statement"] for command in commands]


EVERYONE = {
    "Sid": "AutohealPackages", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
    "Resource": [f"arn:aws:s3:::{BUCKET}/autoheal/*"],
}  # fmt: skip


def test_both_policies_are_shown_to_choose_from_or_the_one_that_was_chosen(publish, s3):
    said = publish(PLACE, "--deb", publish.package())
    assert "Nothing of this was applied" in said and "blocks public access" in said and "instances have none" in said
    for_everyone, through_endpoint = policies(said)
    assert for_everyone == [EVERYONE]
    assert through_endpoint[0]["Condition"]["StringEquals"]["aws:SourceVpce"] == ["vpce-0123456789abcdef0"]
    assert through_endpoint == [EVERYONE | {"Condition": through_endpoint[0]["Condition"]}]

    assert policies(publish(PLACE, "--deb", publish.package(), "--public")) == [[EVERYONE]]
    endpoints = ["vpce-0a", "vpce-0b"]
    said = publish(PLACE, "--deb", publish.package(), "--endpoint-id", endpoints[0], "--endpoint-id", endpoints[1])
    assert policies(said) == [[EVERYONE | {"Condition": {"StringEquals": {"aws:SourceVpce": endpoints}}}]]
    assert "put-public-access-block" not in said


def test_in_a_whole_bucket_only_what_is_published_becomes_readable(publish, s3):
    ((statement,),) = policies(publish(f"s3://{BUCKET}", "--deb", publish.package(), "--public"))
    root = f"arn:aws:s3:::{BUCKET}"
    assert statement["Resource"] == [f"{root}/pool/*", f"{root}/dists/*", f"{root}/autoheal.*"]
    assert [key for key, _ in written(s3)] == [POOL.removeprefix("autoheal/")]


def test_a_new_user_goes_from_no_bucket_to_an_installed_agent(publish, s3, endpoint, sandbox):
    place = "s3://bucket-of-a-new-user/agent"
    error = publish.refused(66, place, "--deb", publish.package())
    copied(publish, error.partition("make it with ")[2])
    said = publish(place, "--deb", publish.package(), "--public")
    assert "It cannot be read from here without credentials" in said and f"{told(said, 'PackageUrl')}: HTTP 403" in said
    for command in re.findall(r"^  (aws s3api (?:.*\\\n.*|.*?'\{.*?^\}'))$", said, re.M | re.S):
        copied(publish, command)
    said = publish(place, "--deb", publish.package())
    assert "It can be read from here without credentials" in said and "nothing was changed" in said

    package = ("--package-url", told(said, "PackageUrl"), "--package-sha256", told(said, "PackageSha256"))
    did = sandbox.run(NO_OTHER_SOURCE, generate("userdata", *package, "--format", "shell"))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", did


def test_a_policy_for_the_packages_alone_is_not_enough_for_apt(publish, keys, s3, endpoint):
    packages = EVERYONE | {"Resource": [f"arn:aws:s3:::{BUCKET}/autoheal/pool/*"]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [packages]}))
    said = publish(PLACE, "--deb", publish.package(), "--key", "old")
    assert "by apt it cannot" in said and policies(said)
    assert f"  {endpoint}/{BUCKET}/autoheal/dists/stable/InRelease: HTTP 403" in said
    assert f"  {told(said, 'PackageUrl')}: " not in said


def copied(publish, command):
    """Runs what a person was told to run."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=publish.environment)
    assert done.returncode == 0, done.stderr


def wrapper(directory, script):
    """A program in place of the AWS CLI, which may still ask that."""
    path = directory / "bin" / "aws"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\nreal() {{ PATH='{PATH}' exec aws \"$@\"; }}\n{script}\n")
    path.chmod(0o755)
    return f"{path.parent}:{PATH}"


def test_an_older_aws_cli_publishes_too_and_overwrites_nothing(publish, keys, s3, tmp_path):
    script = 'case "$*" in *--if-*match*) echo "Unknown options: --if-none-match, *" >&2; exit 252 ;; esac\nreal "$@"'
    older = wrapper(tmp_path, script)
    said = publish(PLACE, "--deb", publish.package(), "--key", "old", PATH=older)
    assert said.count("this AWS CLI is old") == 1 and content(s3, "autoheal/dists/stable/InRelease")
    before = written(s3)
    publish.refused(73, PLACE, "--deb", publish.package(description="other"), PATH=older)
    assert written(s3) == before


def overtaking(directory, name):
    """An AWS CLI before whose write of such an object somebody else writes it."""
    (directory / "other").write_text("of somebody else")
    script = f"""
case "$*" in *put-object*{name}*)
    (real s3api put-object --bucket {BUCKET} --key "$4" --body {directory}/other --endpoint-url "$AWS_ENDPOINT_URL" >&2)
esac
real "$@"
"""
    return wrapper(directory, script)


def test_a_package_that_somebody_else_publishes_meanwhile_is_not_written_over(publish, s3, tmp_path):
    path = overtaking(tmp_path, "autoheal-agent_0.1.0-1")
    error = publish.refused(73, PLACE, "--deb", publish.package(), PATH=path)
    assert "exists with another content" in error
    assert content(s3, POOL) == b"of somebody else" and len(written(s3)) == 1


def test_an_index_that_somebody_else_publishes_meanwhile_is_not_written_over(publish, keys, s3, tmp_path):
    publish(PLACE, "--deb", publish.package("0.0.1-1"), "--key", "old")
    path = overtaking(tmp_path, "InRelease")
    error = publish.refused(75, PLACE, "--deb", publish.package(), "--key", "old", PATH=path)
    assert "run this again" in error
    assert content(s3, "autoheal/dists/stable/InRelease") == b"of somebody else"


def test_what_somebody_else_takes_away_meanwhile_is_not_said_to_be_there(publish, s3, tmp_path):
    script = """
case "$*" in *put-object*)
    echo 'An error occurred (ConditionalRequestConflict) when calling the PutObject operation: busy' >&2; exit 254 ;;
esac
real "$@"
"""
    error = publish.refused(75, PLACE, "--deb", publish.package(), PATH=wrapper(tmp_path, script))
    assert POOL in error and "run this again" in error


@pytest.mark.parametrize("answer", ["", "<html>", "[]", "{}", '{"ETag": null}', r"\377"])
@pytest.mark.parametrize("asked", ["get-bucket-location", "get-object", "put-object"])
def test_what_is_no_answer_of_s3_is_said(publish, s3, tmp_path, asked, answer):
    publish(PLACE, "--deb", publish.package()) if asked == "get-object" else None
    path = wrapper(tmp_path, f'case "$*" in *{asked}*) printf \'{answer}\'; exit 0 ;; esac\nreal "$@"')
    done = publish.run(PLACE, "--deb", publish.package(), PATH=path)
    if asked == "get-bucket-location" and answer in ("", "{}", '{"ETag": null}'):
        assert done.returncode == 0, done.stderr  # That of the first region has none.
    else:
        assert done.returncode == 69 and done.stderr.startswith("publish: "), done.stderr
        assert f"aws s3api {asked}" in done.stderr


@pytest.mark.parametrize(
    ("says", "status", "words"),
    [
        ("An error occurred (AccessDenied) when calling the GetBucketLocation operation: no", 77, "s3:PutObject"),
        ("Unable to locate credentials. You can configure credentials by running aws login", 69, "locate credentials"),
        (r"Could not parse \377: later", 69, "later"),
        ("An error occurred (SlowDown) when calling the GetBucketLocation operation: later", 69, "SlowDown"),
    ],
    ids=["denied", "no-credentials", "garbled", "slow"],
)
def test_what_aws_says_is_passed_on(publish, tmp_path, says, status, words):
    path = wrapper(tmp_path, f"printf '{says}' >&2; exit 254")
    error = publish.refused(status, PLACE, "--deb", publish.package(), PATH=path)
    assert words in error and says.split()[-1] in error


@pytest.mark.parametrize(
    ("bucket", "region", "url"),
    [
        ("packages", None, "https://packages.s3.us-east-1.amazonaws.com/a"),
        ("packages", "eu-central-1", "https://packages.s3.eu-central-1.amazonaws.com/a"),
        ("packages.example.com", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/packages.example.com/a"),
        ("packages", "cn-north-1", "https://packages.s3.cn-north-1.amazonaws.com.cn/a"),
    ],
)
def test_the_address_is_that_of_the_region_of_the_bucket(publish, tmp_path, bucket, region, url):
    script = f"""
case "$*" in
*get-bucket-location*) echo '{json.dumps({"LocationConstraint": region})}' ;;
*get-object*) echo 'An error occurred (NoSuchKey) when calling the GetObject operation' >&2; exit 254 ;;
*) echo '{{"ETag": "x"}}' ;;
esac
"""
    # Nothing is asked: the proxy is closed.
    environment = {"PATH": wrapper(tmp_path, script), "AWS_ENDPOINT_URL": "", "https_proxy": "http://127.0.0.1:9"}
    said = publish(f"s3://{bucket}/a", "--deb", publish.package(), **environment)
    assert told(said, "PackageUrl").startswith(url + "/pool/")
    partition = "aws-cn" if region == "cn-north-1" else "aws"
    assert policies(said)[0][0]["Resource"] == [f"arn:{partition}:s3:::{bucket}/a/*"]
