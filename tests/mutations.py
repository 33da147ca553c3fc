"""Single faults that could be made in a C++ source, for mutants.py. A site is
found in the text without comments and literals (sources.py), and in functions
only: lines of the log, assertions and what the preprocessor reads are left
alone."""

import re
from typing import NamedTuple

from sources import balanced, blocks, code

SWAPS = {
    "comparison": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
                   "!=": "=="},
    "logic": {"&&": "||", "||": "&&"},
    "arithmetic": {"+": "-", "-": "+", "+=": "-=", "-=": "+="},
}
_OPERATOR = re.compile(r"(?<=\s)(<=|>=|==|!=|<|>|&&|\|\||\+=|-=|\+|-)(?=\s)")
# Not of shifts, exponents and types.
_NUMBER = re.compile(
    r"(?<![\w.'<\[])(?<!<< )(?<!>> )(?<!e-)(\d+)(?=u?\b(?![.'\w>]))")
_IF = re.compile(r"\bif (?=\()")
_STATEMENT = re.compile(
    r"(?<=[;{}):])(?<!::)\s+("
    r"(?:[\w.]|\[\w*\]|->|\(\)|::)+ (?:[-+|&^]|<<|>>)?= [^;]*"
    r"|(?:\+\+|--)[\w.>\[\]()-]+);")
_BOOL_FUNCTION = re.compile(r"\bbool\s+(?:[\w<>]+::)*\w+\([^{};]*\)[\w\s]*\Z")
_RETURN = re.compile(r"\breturn\s+([^;]+);")
_QUIET = re.compile(
    r"^[ \t]*#(?:.*\\\n)*.*$"               # the preprocessor
    r"|\btemplate\s*<[^;{]*?>(?=\s*\w)"
    r"|\boperator\s*[-+<>=!&|]+", re.M)
_QUIET_CALL = re.compile(
    r"\b(?:static_assert|assert|log_?(?:\(\))?(?:\.|->)\w+)(?=\()")


class Fault(NamedTuple):
    """`text` in the place of what stands from `begin` to `end`."""
    kind: str
    begin: int
    end: int
    text: str

    def applied(self, source):
        return source[:self.begin] + self.text + source[self.end:]

    def lines(self, source):
        """(number, the lines as they are, and with the fault), as one line."""
        first = source.rfind("\n", 0, self.begin) + 1
        last = source.find("\n", self.end)
        was = source[first:last]
        with_it = (source[first:self.begin] + self.text
                   + source[self.end:last])
        return (source.count("\n", 0, self.begin) + 1, " ".join(was.split()),
                " ".join(with_it.split()))


def faults(source):
    """All that can be made in this text, in its order."""
    text = _visible(source)
    found = {}
    for kind, head, begin, end in blocks(text):
        if kind == "function":
            for fault in _in_function(text, source, head, begin, end):
                found.setdefault((fault.begin, fault.end, fault.kind), fault)
    return [found[key] for key in sorted(found)]


def _visible(source):
    def blank(found):
        return re.sub(r"[^\n]", " ", found[0])
    text = _QUIET.sub(blank, code(source))
    for found in [*_QUIET_CALL.finditer(text)]:
        call = found[0] + balanced(text, found.end()) + ")"
        end = found.start() + len(call)
        text = (text[:found.start()] + re.sub(r"[^\n]", " ", call)
                + text[end:])
    return text


def _in_function(text, source, head, begin, end):
    for found in _OPERATOR.finditer(text, begin, end):
        if not _joins_text(source, *found.span()):
            for kind, swaps in SWAPS.items():
                if found[0] in swaps:
                    yield Fault(kind, *found.span(), swaps[found[0]])
    for found in _NUMBER.finditer(text, begin, end):
        yield Fault("bound", *found.span(1), str(int(found[1]) + 1))
    for found in _IF.finditer(text, begin, end):
        yield from _left_out(text, found.end())
    for found in _STATEMENT.finditer(text, begin, end):
        if _whole(found[1]):
            yield Fault("assignment", *found.span(1), "")
    returns = _RETURN.finditer(text, begin, end)
    is_bool = _BOOL_FUNCTION.search(head)
    for found in returns:
        if (is_bool or found[1] in ("true", "false")) and _whole(found[1]):
            inner = source[found.start(1):found.end(1)]
            yield Fault("result", *found.span(1), _inverted(inner))


def _joins_text(source, begin, end):
    """Where "+" puts strings together, nothing else compiles."""
    before, after = source[:begin].rstrip(), source[end:].lstrip()
    return (before.endswith('"') or after.startswith('"')
            or re.match(r"(?:std::)?(?:to_)?string\b", after) is not None
            or re.search(r"\bstring\([^()]*\)$", before) is not None)


def _left_out(text, begin):
    """The check behind an `if`, when it is one and no declaration."""
    condition = balanced(text, begin)[1:]
    first = begin + 1 + condition.rfind(";") + 1
    end = begin + 1 + len(condition)
    if re.search(r"[^=!<>]=[^=]", text[first:end]) is None:
        yield Fault("check", first, end, " false" if first > begin + 1
                    else "false")


def _whole(text):
    return all(text.count(x) == text.count(y) for x, y in ("()", "{}", "[]"))


def _inverted(expression):
    simple = {"true": "false", "false": "true"}
    return simple.get(expression, f"!({expression})")
