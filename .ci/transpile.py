"""Writes what CloudFormation makes of template.yaml, for the checks that want to see roles and policies.

    transpile.py template.yaml FOLDER

Applies the SAM transform, and then the conditions, for two sets of parameters that between them make every resource.
"""

import json
import logging
import os
import sys
from pathlib import Path

# The translator asks for a region, and for none in particular; of its own metrics it need not tell.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

VARIANTS = {
    "smallest": {"Bus": "sqs", "ReserveConcurrency": "no"},
    "largest": {
        "Bus": "kinesis", "Alarms": "all", "PartnerInbox": "yes", "Decisions": "yes", "SenderDomain": "shop.example.com",
        "MailConfigurationSet": "mail", "VaultKey": "kms", "AlarmEmail": "ops@shop.example.com",
    },
}
NO_VALUE = {"Ref": "AWS::NoValue"}


class NoManagedPolicies:
    """The template names none."""

    def load(self):
        return {}


def main():
    template, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, parameters in VARIANTS.items():
        translated = transform(packaged(yaml_parse(template.read_text())), {}, NoManagedPolicies())
        path = folder / f"{name}.json"
        path.write_text(json.dumps(settled(translated, parameters), indent=1))


def packaged(template):
    """The template with an address in place of each function's folder, as `sam package` leaves it."""
    for resource in template["Resources"].values():
        if "CodeUri" in resource["Properties"]:
            resource["Properties"]["CodeUri"] = "s3://programs/program.zip"
    return template


def settled(template, parameters):
    """The template with its conditions decided, and without what they leave out."""
    values = {name: parameters.get(name, declared.get("Default")) for name, declared in template["Parameters"].items()}
    conditions = template.pop("Conditions", {})

    def holds(condition):
        (function, argument), = condition.items()
        match function:
            case "Fn::Equals":
                left, right = (values[side["Ref"]] if isinstance(side, dict) else side for side in argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not holds(argument[0])
            case "Fn::And":
                return all(map(holds, argument))
            case "Fn::Or":
                return any(map(holds, argument))
            case "Condition":
                return holds(conditions[argument])
        raise ValueError(f"a condition of the template uses {function}, which this script does not know")

    def walk(node):
        if isinstance(node, dict):
            if list(node) == ["Fn::If"]:
                name, yes, no = node["Fn::If"]
                return walk(yes if holds(conditions[name]) else no)
            walked = {key: walk(value) for key, value in node.items()}
            return {key: value for key, value in walked.items() if value != NO_VALUE}
        if isinstance(node, list):
            return [value for value in map(walk, node) if value != NO_VALUE]
        return node

    for section in ("Resources", "Outputs"):
        kept = {name: entry for name, entry in template[section].items()
                if holds(conditions[entry["Condition"]] if "Condition" in entry else {"Fn::Equals": ["", ""]})}
        template[section] = {name: {key: walk(value) for key, value in entry.items() if key != "Condition"}
                             for name, entry in kept.items()}
    return template


if __name__ == "__main__":
    main()
