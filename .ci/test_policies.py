"""Each rule of policies.py finds what it is for: a template that is right, with one mistake put in."""

import copy
import json
import os
import unittest
from pathlib import Path

import policies

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(os.environ.get("TEMPLATES", ROOT / "target/template-checks/templates"))
COLUMNS = policies.lake_columns((ROOT / "shared/lake/src/column.rs").read_text())
LARGEST = json.loads((TEMPLATES / "largest.json").read_text())


def statement(resources, role, sid):
    statements = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return next(found for found in statements if found["Sid"] == sid)


class Mistakes(unittest.TestCase):
    def found(self, change):
        template = copy.deepcopy(LARGEST)
        change(template["Resources"])
        return policies.check(template, COLUMNS)

    def test_the_template_is_right(self):
        self.assertEqual(self.found(lambda resources: None), [])
        self.assertEqual(len(COLUMNS), 46)

    def test_each_mistake_is_found(self):
        vault = {"Fn::GetAtt": ["Vault", "Arn"]}
        mistakes = {
            "is a pattern": lambda r: statement(r, "FireTimersRole", "MoveTimers").update(Action="dynamodb:*"),
            "the resource * is a pattern": lambda r: statement(r, "FireTimersRole", "Queue").update(Resource="*"),
            "is not of this stack": lambda r: statement(r, "FireTimersRole", "Queue").update(
                Resource="arn:aws:sqs:eu-central-1:1:other"),
            "says what is not allowed": lambda r: statement(r, "FireTimersRole", "Queue").update(NotAction="sqs:SendMessage"),
            "may not do dynamodb:Query with the vault": lambda r: statement(r, "BuildReportsRole", "ReadLake").update(
                Action=["dynamodb:Query"], Resource=[vault]),
            "may not do dynamodb:GetItem with the vault": lambda r: statement(r, "CollectEventsRole", "FillVault").update(
                Action=["dynamodb:BatchWriteItem", "dynamodb:GetItem"]),
            "may not do kms:Decrypt with the key of the vault": lambda r: statement(r, "CollectEventsRole", "Seal").update(
                Action="kms:Decrypt"),
            "may not write ${PrivacyBucket.Arn}/list.json": lambda r: statement(r, "CollectEventsRole", "KeepRequests").update(
                Resource={"Fn::Sub": "${PrivacyBucket.Arn}/list.json"}),
            "is never rotated": lambda r: r["VaultKmsKey"]["Properties"].pop("EnableKeyRotation"),
            "grants more than is used": lambda r: r["FireTimersRole"]["Properties"].update(ManagedPolicyArns=["any"]),
            "shares the role": lambda r: r["FireTimers"]["Properties"].update(
                Role={"Fn::GetAtt": ["ImportDataRole", "Arn"]}),
            "no log group": lambda r: r["FireTimersLog"]["Properties"].pop("RetentionInDays"),
            "CollectEvents: no alarm": lambda r: [r.pop(f"CollectEvents{what}") for what in ("Errors", "Throttles")],
            "opens a function": lambda r: r["CollectEventsUrl"]["Properties"].update(
                TargetFunctionArn={"Ref": "BuildReports"}),
            "one bad record": lambda r: r["DeliverServiceFromQueue"]["Properties"].pop("FunctionResponseTypes"),
            "queue of dead letters": lambda r: r["ServiceQueue"]["Properties"].pop("RedrivePolicy"),
            "blocks its shard": lambda r: r["UpdateProfilesFromStream"]["Properties"].pop("DestinationConfig"),
            "all of the account's": lambda r: r["DeliverMarketingFromQueue"]["Properties"].pop("ScalingConfig"),
            "has no destination": lambda r: r.pop("BuildReportsEventInvokeConfig"),
            "restored": lambda r: r["Vault"]["Properties"].pop("PointInTimeRecoverySpecification"),
            "not encrypted": lambda r: r["DueQueue"]["Properties"].pop("SqsManagedSseEnabled"),
            "kept from the public": lambda r: r["DataBucket"]["Properties"].pop("PublicAccessBlockConfiguration"),
            "without TLS": lambda r: r.pop("DataBucketPolicy"),
            "lost with the stack": lambda r: r["Ledger"].pop("DeletionPolicy"),
            "has the column": lambda r: r["EventsTable"]["Properties"]["TableInput"]["StorageDescriptor"]["Columns"].pop(3),
        }
        for told, change in mistakes.items():
            with self.subTest(told):
                self.assertTrue(any(told in mistake for mistake in self.found(change)), self.found(change))


if __name__ == "__main__":
    unittest.main()
