#!/usr/bin/env python3
"""Checks that a schema, its examples and its parser agree.

usage: schema.py <probe> <config folder> [agent]

Of the node's configuration, or the agent's.

The schema is walked: for each of its keys the parser must know the key, have
the same default, accept the ends of its range and refuse what lies beyond.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys

import jsonschema

PROBE = sys.argv[1]
FOLDER = pathlib.Path(sys.argv[2])
KIND = sys.argv[3] if len(sys.argv) > 3 else "config"
SCHEMA = json.loads((FOLDER / f"{KIND}.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# What stands at a schema's free names, so that a path leads to its place.
BASE = {
    "servers": {"main": {"port": 8080, "tls": {
        "cert": "c", "key": "k", "ocsp": "o",
        "certificates": [{"cert": "c", "key": "k", "ocsp": "o"}]},
        "error_pages": {"5xx": {"body": "b"}}},
        "other": {"port": 8081}},
    "tunnels": {"t": {"password": "p", "credentials": [
        {"name": "n", "password": "p", "publish": {"hosts": "a"}}],
        "publish": {"hosts": "a"},
        "forward_auth": {"url": "http://l"}}},
    "mappings": [{"from": "http://a", "to": "https://b",
                  "via": {"tunnels": "t"},
                  "error_pages": {"5xx": {"body": "b"}},
                  "forward_auth": {"url": "http://l"},
                  "cc": {"to": "http://c", "via": {"tunnels": "t"}}},
                 {"from": "http://b", "to": {"status": 200}},
                 {"from": "tls://c:8080", "to": "tcp://d:1"}],
    "admin": {"grpc": {"tls": {"cert": "c", "key": "k"}}},
    "auth": {"users": {"alice": {}}, "tokens": {"ci": {"token_hash": "0" * 64}},
             "groups": {"dev": ["alice"]}},
}
# Where a key may stand that is something else in the first of its kind.
MOVED = {("mappings", 0, "to"): ("mappings", 1, "to"),
         ("mappings", 0, "terminate"): ("mappings", 2, "terminate")}
SUBJECTS = {"headers": ["Accept"], "query": ["v"], "error_pages": ["5xx"], "servers": ["main"], "tunnels": ["t"], "mappings": [0],
            "users": ["alice"], "tokens": ["ci"], "groups": ["dev"]}

# Of two keys one is enough.
EITHER = {"file": "body", "password": "password_hash", "password_hash": "password",
          "token": "token_hash"}

# Where the full example has what cannot stand in the first of its kind.
ELSEWHERE = {("mappings", 0, "tls"): ("mappings", -1, "tls"),
             ("mappings", 0, "alpn"): ("mappings", -2, "alpn")}

# Keys that a change of their neighbour needs to stay right.
COMPANIONS = {("pool_size", 1000): {"max_pool_size": 1000},
              ("max_pool_size", 1): {"pool_size": 1},
              ("target_utilization", 5): {"utilization_hysteresis": 0},
              ("utilization_hysteresis", 95): {"target_utilization": 100},
              ("proxy_protocol", True): {"trusted_proxies": ["::1"]},
              ("exchange_window_max", 16384): {"exchange_window": 16384},
              ("hold_down", 604800): {"max_hold_down": 604800},
              ("max_hold_down", 0.001): {"hold_down": 0.001}}

RIGHT = [
    '{"servers": {"s": {"port": 1, "host": "%s"}}}' % host
    for host in ("localhost", "127.0.0.1", "0.0.0.0", "::", "::1",
                 "::ffff:1.2.3.4")
] + [
    '{"servers": {"\u00e4 b.c/d": 1}}', '{"$schema": "x", "servers": {"s": 1}}',
    '{"servers": {"s": 1}, "tunnels": {}, "mappings": []}',
    '{"servers": {"s": 1}, "mappings": ['
    ' {"from": "HTTPS://A.b:81/x%20y/*", "to": "http://[::1]:3000/"},'
    ' {"from": "http://a*", "to": "http://b"}]}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}}, "mappings": ['
    ' {"from": "http://a", "to": "http://b", "via":'
    ' {"tunnels": ["t"], "endpoints": "e"}}]}',
] + ['{"servers": {"s": 1}, "auth": %s}' % auth for auth in [
    "{}", '{"users": {"a@b.c": {"password": "p"}}}',
    '{"users": {"u": {"password_hash":'
    ' "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw"}}}',
    '{"tokens": {"t": {"token": "0123456789abcdef"}}}',
    '{"tokens": {"t": {"token": "0123456789abcdef", "expires": "2030-02-28"}}}',
    '{"users": {"u": {"groups": "g"}}, "groups": {"empty": [], "h": ["u"]}}',
]] + ['{"servers": {"s": {"port": 1, %s}}, "auth": {"users": {"u":'
      ' {"groups": ["g"]}}}}' % access for access in [
    '"require": {}', '"require": {"users": "u", "groups": ["g"]}',
    '"allow": ["::/0"], "deny": []', '"quota": {"per_user": {"burst": 2}}',
]]

HASH = ("$scrypt$ln=14,r=8,p=1$YXBzLnR1bm5lbC52MTp0"
        "$18T7A/xDP6oF1qL1bTPZNG1dnCjsntqRURtvzmyaPD8")  # of a tunnel "t"
RIGHT += ['{"servers": {"s": 1}, "tunnels": {"t": %s}}' % tunnel for tunnel in [
    '{"credentials": [{"name": "n", "password": "p"}]}',
    '{"credentials": [{"name": "n", "password_hash": "%s"}]}' % HASH,
    '{"credentials": [{"name": "n", "password": "p", "endpoints": "a*",'
    ' "expires": "2030-01-31T12:00:00Z"}]}',
]]

# The parser's part is in load.cpp: here no variable is set.
REFERENCES = [
    '{"servers": {"s": 1}, "trusted_proxies": ["${NET}"]}',
    '{"servers": {"s": 1}, "limits": {"trusted": ["${NET}"]}}',
    '{"servers": {"s": {"port": 1, "agent_origins": ["${PAGE}"]}}}',
    '{"servers": {"s": 1}, "mappings": [{"from": "http://a", "to": "http://b",'
    ' "origins": ["${PAGE}"]}]}',
    '{"servers": {"s": 1}, "dns": {"servers": ["${DNS}"]}}',
    '{"servers": {"s": 1}, "dns": {"servers": "${DNS}"}}',
] + ['{"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}}, "mappings": ['
     ' {"from": "http://a", "to": "http://b", "via": {"tunnels": "t"},'
     ' "health": {"expect": %s}}]}' % value
     for value in ('"${CODE}"', '["${CODE}", 204, "3xx"]')]

BROKEN = [
    "[]", "{}", '{"servers": {}}', '{"servers": []}',
    '{"servers": {"": 1}}', '{"servers": {"a\\u0007": 1}}',
    '{"servers": {"a\\u0085": 1}}', '{"servers": {"s": null}}',
    '{"servers": {"s": {}}}', '{"servers": {"s": 1.5}}',
    '{"servers": {"s": "80"}}',
    '{"servers": {"s": {"port": 1, "host": "name"}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": "p"}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"password": ""}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"password": "p",'
    ' "servers": []}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"password": "p",'
    ' "servers": "s"}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"password": "p",'
    ' "servers": ["s", "s"]}}}',
    '{"servers": {"s": 1}, "log": {"level": "loud"}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": []}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"name": "n"}]}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"password":'
    ' "p"}]}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"name": "n",'
    ' "password": "p", "password_hash": "%s"}]}}}' % HASH,
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"name": "n",'
    ' "password_hash": "p"}]}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"name": "n",'
    ' "password": "p", "expires": "soon"}]}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": [{"name": "n",'
    ' "password": "p", "endpoints": []}]}}}',
    '{"servers": {"s": 1}, "tunnels": {"t": {"credentials": {}}}}',
    '{"servers": {"s": {"port": 1, "tls": {}}}}',
    '{"servers": {"s": {"port": 1, "tls": {"cert": "c"}}}}',
    '{"servers": {"s": {"port": 1, "tls": {"cert": "c", "key": ""}}}}',
    '{"servers": {"s": {"port": 1, "tls": {"cert": "c", "key": "k",'
    ' "ocsp": ""}}}}',
    '{"servers": {"s": {"port": 1, "tls": {"cert": "c", "key": "k",'
    ' "certificates": []}}}}',
    '{"servers": {"s": 1}, "admin": null}',
    '{"servers": {"s": 1}, "admin": {"token": " t"}}',
    '{"servers": {"s": 1}, "admin": {"token": "t "}}',
    '{"servers": {"s": 1}, "admin": {"token": "a\\u0000b"}}',
    '{"servers": {"s": {"port": 1, "allow": []}}}',
    '{"servers": {"s": {"port": 1, "allow": "10.0.0.0/8"}}}',
    '{"servers": {"s": {"port": 1, "deny": ["ten"]}}}',
    '{"servers": {"s": {"port": 1, "require": "u"}}}',
    '{"servers": {"s": {"port": 1, "quota": {"requests": -1}}}}',
] + ['{"servers": {"s": 1}, "auth": %s}' % auth for auth in [
    '{"users": {"a:b": {}}}', '{"users": {"a b": {}}}', '{"users": {"": {}}}',
    '{"users": {"u": {"password": ""}}}',
    '{"users": {"u": {"password": "p", "password_hash":'
    ' "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw"}}}',
    '{"users": {"u": {"password_hash": "plain"}}}',
    '{"users": {"u": {"groups": []}}}', '{"users": []}',
    '{"tokens": {"t": {}}}', '{"tokens": {"t": {"token": "short"}}}',
    '{"tokens": {"t": {"token": " 0123456789abcdef"}}}',
    '{"tokens": {"t": {"token_hash": "ABC"}}}',
    '{"tokens": {"t": {"token": "0123456789abcdef", "token_hash": "%s"}}}'
    % ("0" * 64),
    '{"tokens": {"t": {"token": "0123456789abcdef", "expires": "soon"}}}',
    '{"groups": {"g": "u"}}', '{"groups": {"g": [7]}}', '{"realm": "a\\"b"}',
    '{"user_header": "A_B"}', '{"user_header": "-x"}',
]] + ['{"servers": {"s": 1}, "mappings": [%s]}' % mapping for mapping in [
    "{}", '{"from": "http://a"}', '{"from": "a", "to": "http://b"}',
    '{"from": "ftp://a", "to": "http://b"}',
    '{"from": "http://a", "to": "http://b/*"}',
    '{"from": "http://a/*/c", "to": "http://b"}',
    '{"from": "http://a?q", "to": "http://b"}',
    '{"from": "http://a", "to": "http://b#f"}',
    '{"from": "http://u@a", "to": "http://b"}',
    '{"from": "http://", "to": "http://b"}',
    '{"from": "http://a", "to": "http://b", "proxy_protocol": true}',
    '{"from": "http://a", "to": "http://b", "proxy_protocol": "v3"}',
    '{"from": "http://a", "to": "http://b", "origins": "none"}',
    '{"from": "http://a", "to": "http://b", "origins": []}',
    '{"from": "http://a", "to": "http://b", "origins": ["any"]}',
    '{"from": "http://a", "to": "http://b", "origins": ["https://a/"]}',
    '{"from": "http://a", "to": "http://b", "via": "t"}',
    '{"from": "http://a", "to": "http://b", "via": {}}',
    '{"from": "http://a", "to": "http://b", "via": {"tunnels": []}}',
    '{"from": "http://a", "to": "http://b", "via": {"endpoints": "e"}}',
    '{"from": "http://a", "to": "http://b", "retry": {}}',
    '{"from": "http://a", "to": "http://b", "cc": {}}',
    '{"from": "http://a", "to": "http://b", "cc": {"to": "http://c/d"}}',
    '{"from": "http://a", "to": "http://b", "cc": {"to": "tcp://c:1"}}',
    '{"from": "http://a", "to": "http://b", "cc": {"to": "http://u:p@c"}}',
    '{"from": "http://a", "to": "http://b", "cc": {"to": "http://c?d"}}',
    '{"from": "http://a", "to": "http://b", "cc": {"to": "unix:c"}}',
    '{"from": "http://a", "to": {"status": 404}, "cc": {"to": "http://c"}}',
    '{"from": "http://a", "to": {"redirect": "/b"}, "timeouts": {"idle": 1}}',
]] + ['{"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}}, "mappings": ['
      ' {"from": "http://a", "to": "http://b", "via": {"tunnels": "t"},'
      ' "retry": %s}]}' % rule for rule in (
          '{"on": 500}', '{"on": []}', '{"on": "refused"}',
          '{"methods": "get"}', '{"methods": []}', '{"attempts": 1}')
] + ['{"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}}, "mappings": ['
      ' {"from": "http://a", "to": {"status": 404}, "via": {"tunnels": "t"}%s}]}'
      % more for more in ("", ', "retry": {}')]

if KIND == "agent":
    BASE = {}
    REFERENCES = ['{"server": ["${NODE}"], "dns": ["${DNS}"]}']
    SUBJECTS = {}
    COMPANIONS = {}
    RIGHT = [
        "{}", '{"server": "a"}', '{"server": ["a:1", "http://[::1]:2"]}',
        '{"dns": "1.2.3.4"}', '{"dns": ["1.2.3.4:5", "::1"]}',
        '{"status": "[::1]:9091", "password": "\u00e4 b"}',
        '{"status": "localhost"}', '{"once": "on", "exit_on_refusal": "0"}',
        '{"grace": "5s", "wait": " 2 M ", "target_timeout": ".5"}',
        '{"target_connect_timeout": "1.5e1MS", "threads": " 7"}',
    ]
    BROKEN = [
        "[]", '{"server": []}', '{"server": 8080}', '{"server": ["a", "a"]}',
        '{"server": ["a", 1]}', '{"dns": []}', '{"dns": [7]}',
        '{"tunnel": ""}', '{"name": "a\\u0007"}', '{"instance": ["a"]}',
        '{"password": ""}', '{"transport": "pigeon"}', '{"once": "maybe"}',
        '{"log_level": "loud"}', '{"config": "x"}', '{"check": true}',
        '{"target-timeout": 1}', '{"grace": "5d"}', '{"status": ""}',
        '{"grace": "-5s"}', '{"threads": "1.5"}', '{"threads": "0x1"}',
    ]

REFERENCE = r"\$\{[^}]+\}"

# Strings that stand for a scalar, by its kind: references, and in an agent's
# file what its flags take.
SPELLINGS = {kind: rf"^{REFERENCE}$" for kind in ("number", "integer",
                                                  "boolean")}
if KIND == "agent":
    SPELLINGS = {
        "number": rf"^({REFERENCE}|\s*([0-9]+(\.[0-9]*)?|\.[0-9]+)"
                  r"([eE][+-]?[0-9]+)?\s*([mM]?[sS]|[mMhH])?\s*)$",
        "integer": rf"^({REFERENCE}|\s*[0-9]+\s*)$",
        "boolean": rf"^({REFERENCE}|on|off|true|false|yes|no|1|0)$",
    }
# One that stands for none.
NO_SCALAR = {"config": ("1", "true"), "agent": ("one", "maybe")}[KIND]

questions = []  # (text, same_as or None, what the answer must satisfy)
failures = []
# What the parser says means the same.
SAME = {"warn": "warning", "ws": "websocket"}


def fail(text):
    failures.append(text)
    print("FAILED:", text)


def without_comments(text):
    """Replaces // and /* */ outside of strings by nothing."""
    token = r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(token, lambda m: m[0] if m[0][0] == '"' else "", text,
                  flags=re.DOTALL)


def resolved(schema):
    """The schema with its $ref laid under its own words."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix("#/$defs/")
    return {**resolved(SCHEMA["$defs"][name]), **schema, "$ref": None}


def kind_of(schema):
    """A schema's type; some strings may stand for a scalar."""
    kind = schema.get("type")
    if not isinstance(kind, list):
        return kind
    if (kind[1:] != ["string"]
            or schema.get("pattern") != SPELLINGS.get(kind[0])):
        fail(f"neither one type nor one or its spellings: {schema}")
    return kind[0]


def objects(schema, path=()):
    """Every object schema with fixed keys, and where it stands in BASE."""
    schema = resolved(schema)
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from objects(each, path)
    if schema.get("type") == "array":
        yield from objects(schema["items"], path + (0,))
    if schema.get("type") != "object":
        return
    if "properties" not in schema:
        if resolved(schema["additionalProperties"]).get("type") == "string":
            return
        name = SUBJECTS[path[-1]][0]
        yield from objects(schema["additionalProperties"], path + (name,))
        return
    yield path, schema
    for key, each in schema["properties"].items():
        yield from objects(each, MOVED.get(path + (key,), path + (key,)))


def changed(path, values):
    """BASE with `values` in the object at `path`, as text."""
    config = copy.deepcopy(BASE)
    here = config
    for key in path:
        here = here[key] if isinstance(key, int) else here.setdefault(key, {})
    here.update(values)
    return json.dumps(config)


def dotted(path):
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}"
                         for key in path)


def ask(text, check, same_as=None):
    questions.append((text, same_as, check))


def expect_refused(text, where=None):
    def check(answer):
        paths = [each["path"] for each in answer["problems"]]
        if not paths or (where is not None and where not in paths):
            fail(f"the parser must refuse {where or ''} in {text}: {paths}")
    if VALIDATOR.is_valid(json.loads(text)):
        fail(f"the schema must refuse {text}")
    ask(text, check)


def expect_accepted(text, same_as=None):
    def check(answer):
        if answer["problems"]:
            fail(f"the parser must accept {text}: {answer['problems']}")
        elif answer["same"] is False:
            fail(f"must mean the same: {text} and {same_as}")
    for error in VALIDATOR.iter_errors(json.loads(without_comments(text))):
        fail(f"the schema must accept {text}: {error.message}")
    ask(text, check, same_as)


def check_listed(path, key, words):
    """The parser lists what it knows when it meets something unknown."""
    text = changed(path, {key: "zzzzzzzzzz"})
    where = dotted(path + (key,))
    expect_refused(text, where)

    def check(answer):
        for each in answer["problems"]:
            if each["path"] != where:
                continue
            known = {word.strip('"') for word in
                     each["allowed"].removeprefix("one of ").split(", ")}
            # Of words that mean the same the parser lists one.
            known, ours = ({SAME.get(word, word) for word in side}
                           for side in (known, words))
            if known != ours:
                fail(f"{where}: schema and parser differ in what they know: "
                     f"{known ^ ours}")
    ask(text, check)


def check_words(path, key, words):
    """Every word of an enum is accepted, and so is whatever means the same;
    the parser lists one of them."""
    for word in words:
        expect_accepted(changed(path, {key: word}))
    for one, other in SAME.items():
        if (one in words) != (other in words):
            fail(f"{dotted(path + (key,))}: {one} without {other}")


def with_companions(key, value):
    return {key: value, **COMPANIONS.get((key, value), {})}


def check_range(path, key, schema):
    where = dotted(path + (key,))
    step = 1 if kind_of(schema) == "integer" else 0.0005
    alternatives = schema.get("anyOf", [schema])
    for each in alternatives:
        if "const" in each:
            expect_accepted(changed(path, {key: each["const"]}))
            continue
        low, high = each["minimum"], each["maximum"]
        expect_accepted(changed(path, with_companions(key, low)))
        expect_accepted(changed(path, with_companions(key, high)))
        expect_refused(changed(path, {key: low - step}), where)
        expect_refused(changed(path, {key: high + step}), where)
    for wrong in (NO_SCALAR[0], "${A}1", "$${A}", None, True, [1], {}):
        expect_refused(changed(path, {key: wrong}), where)
    if kind_of(schema) == "integer":
        expect_refused(changed(path, {key: 1.5}), where)


def check_member(path, key, schema):
    schema = resolved(schema)
    kind = kind_of(schema)
    path = MOVED.get(path + (key,), path + (key,))[:-1]
    where = dotted(path + (key,))
    if "description" not in schema:
        fail(f"{where} has no description")
    if "default" in schema and kind not in ("object", "array"):
        # Ports that BASE gives away stay.
        expect_accepted(changed(path, {key: schema["default"]}),
                        changed(path, {}))
    if kind in ("integer", "number", "boolean"):
        text = changed(path, {key: "${NAME:-1}"})
        if not VALIDATOR.is_valid(json.loads(text)):
            fail(f"the schema must accept a reference: {text}")
    if kind in ("integer", "number"):
        check_range(path, key, schema)
    elif kind == "boolean":
        expect_accepted(changed(path, with_companions(
            key, not schema["default"])))
        for wrong in (0, NO_SCALAR[1], None, []):
            expect_refused(changed(path, {key: wrong}), where)
    elif kind == "string":
        for wrong in (7, None, True, {}, [1]):
            expect_refused(changed(path, {key: wrong}), where)
    if "enum" in schema:
        check_listed(path, key, schema["enum"])
        check_words(path, key, schema["enum"])


def shows_every_key(config):
    """The full example names each key, with its default where it has one."""
    for path, schema in objects(SCHEMA):
        here = config
        for key in ELSEWHERE.get(path, path):
            key = {"t": "tunnel1"}.get(key, key)
            here = here[key]
        for key, each in schema["properties"].items():
            each = resolved(each)
            if path + (key,) in ELSEWHERE:
                continue
            if key not in here and EITHER.get(key) not in here:
                fail(f"the full example lacks {dotted(path + (key,))}")
            elif (key in here and kind_of(each) not in ("object", "array")
                  and here[key] != each.get("default", here[key])):
                fail(f"the full example's {dotted(path + (key,))} is "
                     f"{here[key]}, the default {each['default']}")


def check_examples():
    examples = sorted(FOLDER.glob(f"{KIND}.*.example.json"))
    if len(examples) < {"config": 3, "agent": 2}[KIND]:
        fail(f"examples are missing: {examples}")
    for example in examples:
        expect_accepted(example.read_text())
    full = FOLDER / f"{KIND}.full.example.json"
    shows_every_key(json.loads(without_comments(full.read_text())))


def run_probe():
    asked = [{"text": text} | ({"same_as": same_as} if same_as else {})
             for text, same_as, _ in questions]
    done = subprocess.run([PROBE], input=json.dumps(asked), text=True,
                          capture_output=True, check=True)
    told = json.loads(done.stdout)
    for (_, _, check), answer in zip(questions, told["answers"], strict=True):
        check(answer)
    if dict(told["synonyms"]) != SAME:
        fail(f"the parser knows other synonyms: {told['synonyms']}")


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    expect_accepted(json.dumps(BASE))
    check_examples()
    for path, schema in objects(SCHEMA):
        check_listed(path, "zzzzzzzzzz", schema["properties"])
        for key, each in schema["properties"].items():
            check_member(path, key, each)
    for text in RIGHT:
        expect_accepted(text)
    for text in REFERENCES:
        if not VALIDATOR.is_valid(json.loads(text)):
            fail(f"the schema must accept references: {text}")
    for text in BROKEN:
        expect_refused(text)
    run_probe()
    print(f"{len(questions)} texts, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
