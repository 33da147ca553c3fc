"""Answers of the admin API held against tools/panel/openapi.json: each that a
test gets, as `answered` is what the harness' clients call with it."""

import functools
import gzip
import json
import pathlib
import re

try:
    import jsonschema
except ImportError:  # then only paths, statuses and types are checked
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "tools/panel/openapi.json").read_text())
OUTCOMES = DOCUMENT["components"]["schemas"]["Exchange"]["properties"][
    "outcome"]["enum"]
# A mistake is noted, not raised: many answers are read by threads. The case
# that runs fails at its end.
_wrong = []


def _resolved(part):
    """`part` with every $ref replaced by what it names, and closed: a field
    that is not described is a mistake."""
    if isinstance(part, dict):
        if "$ref" in part:
            target = DOCUMENT
            for key in part["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            return _resolved(target)
        closed = ({"additionalProperties": False} if "properties" in part
                  and part.get("type") in ("object", ["object", "null"])
                  else {})
        return closed | {key: _resolved(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_resolved(value) for value in part]
    return part


@functools.cache
def _template(path):
    """The described path that `path` is an example of; None = none is."""
    for known in DOCUMENT["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return known
    return None


@functools.cache
def _answers(path, method):
    """By status: the described content, or None for a method without any."""
    described = DOCUMENT["paths"][path].get(method.lower())
    return described and _resolved(described["responses"])


@functools.cache
def _validator(path, method, status):
    content = _answers(path, method)[status]["content"]
    return jsonschema.Draft202012Validator(
        content["application/json"]["schema"])


@functools.cache
def _of_schema(name):
    return jsonschema.Draft202012Validator(
        _resolved(DOCUMENT["components"]["schemas"][name]))


def note(text):
    _wrong.append(text)


def take_wrong():
    """What was noted since the last call."""
    noted, _wrong[:] = list(_wrong), []
    return noted


def _mistakes(validator, value):
    for error in validator.iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"


def check_event(name, data):
    """A message of the event stream."""
    schemas = {"snapshot": "Snapshot", "event": "Event", "missed": None}
    if name not in schemas:
        note(f"event stream: unknown message {name}")
    elif jsonschema and schemas[name]:
        for text in _mistakes(_of_schema(schemas[name]), data):
            note(f"event stream, {name}: {text}")


def answered(method, target, status, headers, body):
    """Notes where an answer is not what the description says."""
    path = target.split("?")[0]
    if not path.startswith("/.api/") and path != "/metrics":
        return
    told = f"{method} {target} -> {status}"
    if outcome := headers.get("Aps-Outcome"):
        # The listener's own answer to what is no request of the API.
        if outcome not in OUTCOMES:
            note(f"{told}: the outcome {outcome} is not described")
        return
    known = _template(path)
    described = _answers(known, method) if known else None
    if described is None:
        # Nobody's resource, or nobody's method.
        refusals = {401, 403, 405 if known else 404}
        if status not in refusals:
            note(f"{told}: not described")
        elif jsonschema:
            _check(told, _of_schema("Problem"), body)
        return
    if str(status) not in described:
        note(f"{told}: only {', '.join(described)} are described")
        return
    content = described[str(status)].get("content", {})
    kind = (headers.get("Content-Type") or "").split(";")[0]
    if kind not in content if content else body:
        note(f"{told}: {kind or 'an answer'} instead of "
             f"{', '.join(content) or 'nothing'}")
    elif kind == "application/json" and jsonschema:
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        _check(told, _validator(known, method, str(status)), body)


def _check(told, validator, body):
    try:
        value = json.loads(body)
    except ValueError as error:
        note(f"{told}: no JSON: {error}")
        return
    for text in _mistakes(validator, value):
        note(f"{told}: {text}")
