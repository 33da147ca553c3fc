"""Answers of the admin API held against tools/panel/openapi.json."""

import json

from harness import ROOT

try:
    import jsonschema
except ImportError:  # then only statuses are checked
    jsonschema = None

DOCUMENT = json.loads((ROOT / "tools/panel/openapi.json").read_text())


def _resolved(part):
    """`part` with every $ref replaced by what it names."""
    if isinstance(part, dict):
        if "$ref" in part:
            target = DOCUMENT
            for key in part["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            return _resolved(target)
        return {key: _resolved(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_resolved(value) for value in part]
    return part


def schema_of(path, method, status):
    """The schema of a JSON answer; None when it is described as no JSON."""
    answers = DOCUMENT["paths"][path][method.lower()]["responses"]
    answer = _resolved(answers[str(status)])
    return answer["content"].get("application/json", {}).get("schema")


def schema(name):
    return _resolved(DOCUMENT["components"]["schemas"][name])


def check(value, against):
    """Raises when `value` is not what the schema describes."""
    if jsonschema:
        jsonschema.validate(value, against)
