"""What lets instances without a role read a bucket: printed for a person to choose from, never applied."""

import json

from bucket import Bucket

ANY_ENDPOINT = "vpce-0123456789abcdef0"


def policy(bucket: Bucket, endpoints: list[str]) -> str:
    """For everyone, or for what comes through these gateway endpoints."""
    # In a bucket of other things too, nothing but what is published.
    published = ["*"] if bucket.prefix else ["pool/*", "dists/*", "autoheal.*"]
    statement: dict[str, object] = {
        "Sid": "AutohealPackages",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"arn:{bucket.partition}:s3:::{bucket.name}/{bucket.key(each)}" for each in published],
    }
    if endpoints:
        statement["Condition"] = {"StringEquals": {"aws:SourceVpce": endpoints}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def choices(bucket: Bucket, is_public: bool, endpoints: list[str]) -> str:
    """:param is_public: and endpoints: what the user has chosen; both are shown if nothing."""
    told = []
    if is_public or not endpoints:
        told.append(f"""\
Everyone may read it: for what is no secret, and for a stack with a network of its own. An account that blocks public
access as a whole must allow it first.
  aws s3api put-public-access-block --bucket {bucket.name} --public-access-block-configuration \\
      BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false
{_put_policy(bucket, [])}""")
    if endpoints or not is_public:
        example = "" if endpoints else "\nThe id here is an example: yours goes to --endpoint-id."
        told.append(f"""\
Who comes through a gateway endpoint for S3 may read it: for a stack with --existing-network, whose route table has that
endpoint, or with --s3-endpoint, in the Region of the bucket. Public access stays blocked, and from elsewhere it stays
unreadable.{example}
{_put_policy(bucket, endpoints or [ANY_ENDPOINT])}""")
    if len(told) > 1:
        told = [f"({letter}) {text}" for letter, text in zip("ab", told, strict=True)]
    return "\n".join(told)


def _put_policy(bucket: Bucket, endpoints: list[str]) -> str:
    return f"  aws s3api put-bucket-policy --bucket {bucket.name} --policy '{policy(bucket, endpoints)}'"
