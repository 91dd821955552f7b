"""The foreign stack's function: passes each order through and names its region as the partition key."""

import base64
import json


def handler(event, context):
    return {"records": [_answer(record) for record in event["records"]]}


def _answer(record):
    order = json.loads(base64.b64decode(record["kafkaRecordValue"]))
    keys = {"region": order["region"]}
    return {
        "recordId": record["recordId"],
        "result": "Ok",
        "kafkaRecordValue": record["kafkaRecordValue"],
        "metadata": {"partitionKeys": keys},
    }
