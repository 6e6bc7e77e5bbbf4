"""The AsyncAPI 3 document of all topics, made from the registry, the contracts and the golden examples:

python -m shared.contracts.asyncapi > docs/asyncapi.yaml
"""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml
from pydantic import TypeAdapter

from shared.contracts.fields import personal_fields
from shared.contracts.registry import Topic, example, topics
from shared.contracts.wire import MESSAGES, VERSION, adapter

_HEADER_TEXTS = {
    "ce_specversion": "CloudEvents version",
    "ce_id": "unique per tenant and source: a repeat is a repeat",
    "ce_type": "message type",
    "ce_dataversion": "version of the message type",
    "ce_source": "who wrote it",
    "ce_time": "when it happened, RFC 3339",
    "ce_subject": "contact, agent or record it is about",
    "ce_tenant": "tenant",
    "ce_pool": "agent pool (contact-events, routing-decisions)",
    "ce_partition": "journal partition (routing-decisions)",
    "ce_sequence": "dense decision sequence of the partition (routing-decisions)",
    "ce_epoch": "epoch of the partition's owner (routing-decisions)",
    "ce_position": "journal position of the causing input (routing-decisions)",
}
_REQUIRED_HEADERS = ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_tenant"]


def document() -> dict[str, Any]:
    """The whole document as plain values."""
    registry = topics()
    own = [topic for topic in registry.values() if topic.messages_of == topic.name]
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        (f"{topic.name}/{name}", "validation", adapter(MESSAGES[topic.name][name]))
        for topic in own
        for name in topic.messages
    ]
    payloads, definitions = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "UCC messages",
            "version": VERSION,
            "description": "Every message travels as a CloudEvents 1.0 event in Kafka's binary mode: attributes as headers, "
            "the fact as JSON body. What does not fit its contract goes to `<topic>.dlq`.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in registry.values()},
        "operations": dict(_operation(topic, action) for topic in registry.values() for action in ("send", "receive")),
        "components": {
            "messages": {name: _message(topic, name, payloads) for topic in own for name in topic.messages},
            "schemas": {"Headers": _headers(), **definitions.get("$defs", {})},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.messages},
        "bindings": {"kafka": {"topicConfiguration": {"retention.ms": topic.retention_days * 86_400_000}}},
        "x-owner": topic.owner,
        "x-key": topic.key,
    }


def _operation(topic: Topic, action: str) -> tuple[str, dict[str, Any]]:
    parties = topic.writers if action == "send" else topic.readers
    return f"{action}-{topic.name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"by {', '.join(parties)}",
    }


def _message(topic: Topic, name: str, payloads: Any) -> dict[str, Any]:
    headers, body = example(topic.name, name)
    message = MESSAGES[topic.name][name]
    described: dict[str, Any] = {
        "name": name,
        "summary": (message.__doc__ or name).strip().splitlines()[0],
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": payloads[(f"{topic.name}/{name}", "validation")],
        "examples": [{"headers": {key: value.decode() for key, value in headers}, "payload": json.loads(body)}],
    }
    if personal := personal_fields(message)[0]:
        described["x-personal"] = list(personal)
    return described


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": _REQUIRED_HEADERS,
        "properties": {name: {"type": "string", "description": text} for name, text in _HEADER_TEXTS.items()},
    }


def render() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    sys.stdout.write(render())
