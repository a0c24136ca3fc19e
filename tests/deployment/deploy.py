#!/usr/bin/env python3
"""Deploys template.yaml, as it is, with built programs onto a local AWS endpoint.

    deploy.py --endpoint http://127.0.0.1:14566 --bus sqs --binaries target/debug --stack rondo-test

What `sam package` and `sam deploy` do, without their questions: each program is zipped as `bootstrap` and uploaded,
`CodeUri: functions/NAME` becomes its address, and CloudFormation makes the stack with the SAM transform on the
endpoint's side. Nothing else of the template is changed. Prints the stack's outputs as one JSON object.
docs/local-aws.md says which endpoints can do this.
"""

import argparse
import hashlib
import io
import json
import re
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
CODE = re.compile(r"^(\s*CodeUri: )functions/([a-z-]+)\s*$", re.MULTILINE)
REGION = "us-east-1"
# How long a stack may take, in seconds.
PATIENCE = 300


def main():
    options = arguments()
    client = clients(options.endpoint)
    bucket = f"{options.stack}-programs"
    client("s3").create_bucket(Bucket=bucket)
    body = packaged(client("s3"), bucket, options.binaries)
    client("s3").put_object(Bucket=bucket, Key="template.yaml", Body=body.encode())
    outputs = deploy(client("cloudformation"), options, f"{options.endpoint}/{bucket}/template.yaml")
    mend_concurrency(client("lambda"), options.stack)
    print(json.dumps(outputs, indent=2, sort_keys=True))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="for example http://127.0.0.1:14566")
    parser.add_argument("--bus", choices=["sqs", "kinesis"], default="sqs")
    parser.add_argument("--binaries", type=Path, required=True, help="the folder that holds the functions' programs")
    parser.add_argument("--stack", default="rondo")
    parser.add_argument("--window", type=int, help="seconds for which events are gathered, everywhere")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="another parameter")
    return parser.parse_args()


def clients(endpoint):
    """Makes clients of the endpoint; its account and keys are those that every such endpoint takes."""
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})

    def client(service):
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION, config=config,
                            aws_access_key_id="test", aws_secret_access_key="test")
    return client


def packaged(s3, bucket, binaries):
    """The template with each program's address in place of its folder, once it is uploaded."""
    text = TEMPLATE.read_text()
    names = sorted({name for _, name in CODE.findall(text)})
    missing = [name for name in names if not (binaries / name).is_file()]
    if missing:
        sys.exit(f"{binaries} lacks {', '.join(missing)}: build them first, cargo build"
                 f" {' '.join('-p ' + name for name in missing)}")
    addresses = {}
    for name in names:
        body = zipped((binaries / name).read_bytes())
        key = f"{name}-{hashlib.sha256(body).hexdigest()[:16]}.zip"
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        addresses[name] = f"s3://{bucket}/{key}"
    return CODE.sub(lambda found: found[1] + addresses[found[2]], text)


def zipped(program):
    """A program as Lambda wants it: `bootstrap`, executable, in a zip file."""
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, program, compresslevel=1)
    return file.getvalue()


def deploy(formation, options, template):
    """Makes or updates the stack, waits until it is there, and returns its outputs."""
    parameters = {
        "Bus": options.bus,
        "Architecture": "x86_64",
        # A name of its own for each stack of the endpoint.
        "LakeDatabase": re.sub(r"[^a-z0-9]", "_", options.stack.lower()),
    }
    if options.window is not None:
        parameters |= {f"{what}Window": str(options.window) for what in ("Profile", "Lake", "Trigger")}
    parameters |= dict(given.split("=", 1) for given in options.parameter)
    request = {
        "StackName": options.stack,
        "TemplateURL": template,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        formation.create_stack(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        formation.update_stack(**request)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        stack = formation.describe_stacks(StackName=options.stack)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if not status.endswith("_IN_PROGRESS"):
            sys.exit(f"the stack ended as {status}:\n" + failures(formation, options.stack))
        time.sleep(0.5)
    sys.exit(f"the stack is not there after {PATIENCE} s; it is {status}")


def mend_concurrency(functions, stack):
    """Says MaximumConcurrency once more, as a number.

    The value of a parameter is text, which CloudFormation makes a number where one is due; ministack 1.5.33 does not,
    and its poller of queues then stops.
    """
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
            if f":{stack}-" in mapping["FunctionArn"] and limit:
                functions.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)})


def failures(formation, stack):
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    lines = [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
             for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(reversed(lines))


if __name__ == "__main__":
    main()
