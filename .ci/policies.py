"""What has to hold for the deployed stack and no general linter knows: who may do what, and that no failure is silent.

    policies.py COLUMN_RS TEMPLATE.json…

Reads templates as transpile.py writes them. Prints every mistake with its resource, and fails if there is one.
"""

import json
import re
import sys
from pathlib import Path

# Who may do what with the vault, by program; nobody else may name it.
VAULT = {
    "collect-events": {"dynamodb:BatchWriteItem"},
    "import-data": {"dynamodb:BatchWriteItem"},
    "deliver-messages": {"dynamodb:GetItem"},
    "honor-privacy": {"dynamodb:Query", "dynamodb:BatchWriteItem"},
}
# What raw personal data is sealed under, the one or the other, and who may do what with it, by program.
VAULT_KEYS = {"VaultKmsKey", "VaultSecret"}
SEALS = {
    "collect-events": {"kms:GenerateDataKey", "secretsmanager:GetSecretValue"},
    # It opens refused records, to put them in again; of the vault it can read nothing that it could open.
    "import-data": {"kms:GenerateDataKey", "kms:Decrypt", "secretsmanager:GetSecretValue"},
    "deliver-messages": {"kms:Decrypt", "secretsmanager:GetSecretValue"},
    "honor-privacy": {"kms:Decrypt", "secretsmanager:GetSecretValue"},
}
# Who may write what of the privacy files; nobody else may.
PRIVACY = {
    "collect-events": {"${PrivacyBucket.Arn}/requests/*"},
    "honor-privacy": {"${PrivacyBucket.Arn}/*"},
}
# The programs of functions whose name is another.
PROGRAMS = {"DeliverService": "deliver-messages", "DeliverMarketing": "deliver-messages"}
# The only functions that the internet reaches; they ask for a write key.
PUBLIC = {"CollectEvents", "DecideExperience"}
# What costs nothing while it stands still, but for alarms, secrets, and the polls of queues.
IDLE = {
    "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::Logs::LogGroup",
    "AWS::Events::Rule", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::CloudWatch::Alarm",
    "AWS::SecretsManager::Secret", "AWS::Glue::Database", "AWS::Glue::Table",
}
OBJECTS = re.compile(r"\$\{(\w+)\.Arn\}(/[a-z]+)*/\*")
SES = re.compile(r"arn:\$\{AWS::Partition\}:ses:\$\{AWS::Region\}:\$\{AWS::AccountId\}:"
                 r"(identity/\$\{SenderDomain\}|configuration-set/\$\{MailConfigurationSet\})")


def main():
    columns, *templates = sys.argv[1:]
    mistakes = []
    for path in templates:
        template = json.loads(Path(path).read_text())
        found = check(template, lake_columns(Path(columns).read_text()))
        if Path(path).stem == "smallest":
            found += [f"{name}: {resource['Type']} costs money while it stands still"
                      for name, resource in template["Resources"].items() if resource["Type"] not in IDLE]
        mistakes += [f"{Path(path).stem}: {mistake}" for mistake in found]
    if mistakes:
        sys.exit("\n".join(mistakes))
    print(f"{len(templates)} variants of the template: roles, vault, failures, alarms and columns are right")


def check(template, columns):
    """The mistakes of a template."""
    stack = Stack(template["Resources"])
    return [*permissions(stack), *vault(stack), *privacy(stack), *functions(stack), *failures(stack), *storage(stack),
            *lake(stack, columns)]


class Stack:
    """Resources, by type."""

    def __init__(self, resources):
        self.resources = resources

    def of(self, kind):
        return {name: resource["Properties"] for name, resource in self.resources.items()
                if resource["Type"] == kind}

    def statements(self):
        """Role and statement, of every role."""
        for name, role in self.of("AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement
        for policy in self.of("AWS::IAM::Policy").values():
            for role in policy["Roles"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield role["Ref"], statement

    def sources(self, function):
        """The event source mappings of a function."""
        mappings = self.of("AWS::Lambda::EventSourceMapping")
        return {name: mapping for name, mapping in mappings.items() if target(mapping["FunctionName"]) == function}


def permissions(stack):
    for name, role in stack.of("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name}: a managed policy grants more than is used; list the actions"
    for role, statement in stack.statements():
        place = f"{role}: {statement.get('Sid', 'a statement')}"
        if statement["Effect"] != "Allow" or "NotAction" in statement or "NotResource" in statement:
            yield f"{place} says what is not allowed; list what is"
            continue
        for action in listed(statement["Action"]):
            if "*" in action or "?" in action:
                yield f"{place}: the action {action} is a pattern"
        for resource in listed(statement["Resource"]):
            text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
            if "*" in text and not OBJECTS.fullmatch(text):
                yield f"{place}: the resource {text} is a pattern; only objects of a bucket may be one"
            if target(resource) not in stack.resources and not SES.fullmatch(text):
                yield f"{place}: the resource {json.dumps(resource)} is not of this stack"


def vault(stack):
    roles = {target(function["Role"]): program(name) for name, function in stack.of("AWS::Lambda::Function").items()}
    for role, statement in stack.statements():
        if any(target(resource) == "Vault" for resource in listed(statement["Resource"])):
            for action in set(listed(statement["Action"])) - VAULT.get(roles.get(role), set()):
                yield f"{role}: {roles.get(role)} may not do {action} with the vault"
        if any(target(resource) in VAULT_KEYS for resource in listed(statement["Resource"])):
            for action in set(listed(statement["Action"])) - SEALS.get(roles.get(role), set()):
                yield f"{role}: {roles.get(role)} may not do {action} with the key of the vault"


def privacy(stack):
    roles = {target(function["Role"]): program(name) for name, function in stack.of("AWS::Lambda::Function").items()}
    for role, statement in stack.statements():
        if not {"s3:PutObject", "s3:DeleteObject"} & set(listed(statement["Action"])):
            continue
        for resource in listed(statement["Resource"]):
            if target(resource) == "PrivacyBucket" and resource["Fn::Sub"] not in PRIVACY.get(roles.get(role), set()):
                yield f"{role}: {roles.get(role)} may not write {resource['Fn::Sub']}"


def functions(stack):
    logs, seen = stack.of("AWS::Logs::LogGroup"), {}
    for name, function in stack.of("AWS::Lambda::Function").items():
        role = target(function["Role"])
        if role in seen:
            yield f"{name}: shares the role {role} with {seen[role]}"
        seen[role] = name
        logging = function.get("LoggingConfig", {})
        if "RetentionInDays" not in logs.get(target(logging.get("LogGroup")), {}):
            yield f"{name}: has no log group with a retention"
        if (logging.get("LogFormat"), logging.get("SystemLogLevel")) != ("JSON", "WARN"):
            yield f"{name}: does not log as JSON, without the platform's lines"
        if not any(watches(stack, alarm, name) for alarm in stack.of("AWS::CloudWatch::Alarm").values()):
            yield f"{name}: no alarm tells of its failures"
    for name, url in stack.of("AWS::Lambda::Url").items():
        if url["AuthType"] == "NONE" and target(url["TargetFunctionArn"]) not in PUBLIC:
            yield f"{name}: opens a function to the internet that should not be"


def watches(stack, alarm, function):
    """Whether an alarm looks at a function, at a queue that it reads, or at what takes its failures."""
    watched = target(alarm["Dimensions"][0]["Value"])
    sources = {target(mapping["EventSourceArn"]) for mapping in stack.sources(function).values()}
    return watched in {function, *sources, *failure_queues(stack, function)}


def failure_queues(stack, function):
    for config in stack.of("AWS::Lambda::EventInvokeConfig").values():
        if target(config["FunctionName"]) == function:
            yield target(config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"))


def failures(stack):
    queues = stack.of("AWS::SQS::Queue")
    for name, mapping in stack.of("AWS::Lambda::EventSourceMapping").items():
        source = target(mapping["EventSourceArn"])
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: one bad record fails its batch; add ReportBatchItemFailures"
        if source in queues:
            if "RedrivePolicy" not in queues[source]:
                yield f"{source}: has no queue of dead letters"
            if "MaximumConcurrency" not in mapping.get("ScalingConfig", {}):
                yield f"{name}: may take all of the account's concurrency"
        else:
            wanted = ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError",
                      "DestinationConfig"]
            for missing in [setting for setting in wanted if setting not in mapping]:
                yield f"{name}: a bad batch blocks its shard, or is lost; add {missing}"
    for name, permission in stack.of("AWS::Lambda::Permission").items():
        function, principal = target(permission["FunctionName"]), permission["Principal"]
        if principal in ("s3.amazonaws.com", "events.amazonaws.com") and not list(failure_queues(stack, function)):
            yield f"{name}: {function} is invoked without an answer, and has no destination for what fails"


def storage(stack):
    for name, table in stack.of("AWS::DynamoDB::Table").items():
        on = (table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"),
              table.get("BillingMode") == "PAY_PER_REQUEST")
        if on != (True, True):
            yield f"{name}: a table is on demand, and can be restored to a point in time"
        # Every table is encrypted; this one's key leaves a trace of who used it.
        if name == "Vault" and table.get("SSESpecification", {}).get("SSEEnabled") is not True:
            yield f"{name}: is not encrypted under the account's key"
    for name, key in stack.of("AWS::KMS::Key").items():
        if key.get("EnableKeyRotation") is not True or stack.resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name}: is never rotated, or is lost with the stack"
    for name, queue in stack.of("AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name}: is not encrypted"
    policies = {target(policy["Bucket"]): json.dumps(policy) for policy in stack.of("AWS::S3::BucketPolicy").values()}
    for name, bucket in stack.of("AWS::S3::Bucket").items():
        if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True}:
            yield f"{name}: is not kept from the public"
        if "BucketEncryption" not in bucket or "LifecycleConfiguration" not in bucket:
            yield f"{name}: is not encrypted, or keeps everything for ever"
        if "aws:SecureTransport" not in policies.get(name, ""):
            yield f"{name}: can be reached without TLS"
    for name in stack.of("AWS::DynamoDB::Table").keys() | stack.of("AWS::S3::Bucket").keys():
        if stack.resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name}: is lost with the stack"


def lake(stack, columns):
    for name, table in stack.of("AWS::Glue::Table").items():
        declared = [(column["Name"], column["Type"]) for column in table["TableInput"]["StorageDescriptor"]["Columns"]]
        for wanted, found in zip(columns + [None] * len(declared), declared + [None] * len(columns)):
            if wanted != found:
                yield f"{name}: has the column {found} where the lake's files have {wanted}"
                break


def lake_columns(source):
    """Name and type of every column of the lake's files, in their order, from the source that writes them."""
    numbers = re.findall(r'Long::\w+ => "(\w+)"', source)
    keys = re.findall(r'Key::\w+ => "(\w+)"', source)
    texts = re.findall(r'Text::\w+ => \("(\w+)"', source)
    times = [(name, "timestamp" if name.endswith("_at") else "bigint") for name in numbers]
    return times + [(name, "binary") for name in keys] + [(name, "string") for name in texts]


def program(function):
    return PROGRAMS.get(function) or re.sub(r"(?<!^)([A-Z])", r"-\1", function).lower()


def target(reference):
    """The resource that a Ref, GetAtt or Sub names."""
    match reference:
        case {"Ref": name}:
            return name
        case {"Fn::GetAtt": [name, *_]}:
            return name
        case {"Fn::Sub": str(text)} if found := re.match(r"\$\{(\w+)\.Arn\}", text):
            return found[1]
    return None


def listed(value):
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    main()
