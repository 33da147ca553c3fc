"""C++ sources as text, for the scripts that look at them: layering.py and
figures.py. No parser of the language: it knows comments, literals and pairs of
brackets, which is enough for a tree that is formatted alike."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = ("actors", "config", "tools", "transports")

_PROSE = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.S)


def files(root, *folders, ending=".[hc]pp"):
    """The C++ files below `folders`, sorted; nothing that npm brought."""
    for folder in folders:
        for file in sorted((root / folder).rglob("*" + ending)):
            if "node_modules" not in file.parts:
                yield file


def code(text):
    """`text` with comments and literals as blanks: every position and line
    stays where it is."""
    return _PROSE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def lines_of(text):
    """How many lines of `text` have anything."""
    return sum(1 for line in text.splitlines() if line.strip())


def balanced(text, start, pair="()"):
    """From `start`, before the first of the pair, to the end of that pair."""
    depth = 0
    for end in range(start, len(text)):
        depth += (text[end] == pair[0]) - (text[end] == pair[1])
        if depth == 0 and text[end] == pair[1]:
            return text[start:end]
    return text[start:]


def blocks(text):
    """(kind, head, begin, end) of every class and function of `text`, which is
    `code`, without their braces; what functions have inside is not told
    apart."""
    around = [("namespace", "", 0)]
    begin = inside = 0
    for found in re.finditer(r"[{};]", text):
        at = found.start()
        if inside:
            inside += (found[0] == "{") - (found[0] == "}")
            if inside:
                continue
        elif found[0] == "{":
            head = _HIDDEN.sub("", text[begin:at]).strip()
            kind = _kind(head)
            around.append((kind, head, at + 1))
            inside = kind not in ("namespace", "class")
            begin = begin if kind == "argument" else at + 1
            continue
        kind = around[-1][0]
        begin = begin if kind == "argument" else at + 1
        if found[0] == "}" and len(around) > 1:
            kind, head, first = around.pop()
            if kind in ("class", "function"):
                yield kind, head, first, at


def hidden_names(text):
    """What the unnamed namespaces of a source declare; functions with the
    types of their parameters."""
    text = re.sub(r"^\s*#.*$", "", code(text), flags=re.M)
    for found in re.finditer(r"\bnamespace \{", text):
        body = balanced(text, found.start(), "{}")[len(found[0]):]
        for statement in _statements(body):
            flat = " ".join(statement.split())
            flat = re.sub(r"^template <[^{]*?> (?=\w)", "", flat)
            kind = re.match(r"(?:class|struct|union|enum(?: class)?) (\w+)"
                            r"|using (\w+) =", flat)
            if re.match(r"namespace|using [^=]*$", flat):
                continue  # whoever repeats it means the same
            function = re.match(r"[^=({]*?(\w+)\s*\(([^{]*)\)", flat)
            if kind:
                yield kind[1] or kind[2]
            elif function:
                types = re.sub(r"\b\w+(?=[,)]|$)", "", function[2])
                # One takes what is meant for the other.
                types = re.sub(r"const std::string ?&|std::string_view",
                               "text", types)
                yield f"{function[1]}({''.join(types.split())})"
            elif named := re.match(r"[^=({]*?(\w+)\s*(?:=|\{|\[|$)", flat):
                yield named[1]


def _statements(body):
    """The declarations of a namespace's body, without what is in braces."""
    depth, statement = 0, ""
    for sign in body:
        depth += sign == "{"
        if sign == "}":
            depth -= 1
            # Behind a function's body there is no semicolon.
            if depth == 0 and ")" in statement and "=" not in statement:
                yield statement
                statement = ""
        elif depth == 0 and sign == ";":
            yield statement
            statement = ""
        elif depth == 0 or (sign == "{" and depth == 1):
            statement += sign


# What stands before a block and is no part of it.
_HIDDEN = re.compile(r"^[ \t]*#(?:.*\\\n)*.*$"
                     r"|\b(?:public|private|protected)\s*:(?!:)", re.M)


def _kind(head):
    """Of the block behind `head`, in a namespace or a class."""
    if head.count("(") > head.count(")"):
        return "argument"
    flat = re.sub(r"\btemplate\s*<[^{]*?>(?=\s*\w)", "", head)
    while flat != (flat := re.sub(r"\([^()]*\)", "@", flat)):
        pass
    if re.search(r"\b(?:namespace|extern)\b", flat):
        return "namespace"
    if re.search(r"\benum\b", flat):
        return "enum"
    if re.search(r"\b(?:class|struct|union)\b", flat) and "@" not in flat:
        return "class"
    # Behind an initialiser in braces there is nothing before the body.
    if not flat.strip(", ") or "@" in flat and (
            "operator" in flat or "=" not in flat):
        return "function"
    return "value"


_MEMBERS = re.compile(
    r"(?P<shared>\b(?:static|constexpr|typedef)\s+)?"
    r"\b(?:bool|std::atomic_bool|std::(?:atomic|optional)<bool>)\s+"
    r"(?P<names>\w+\s*(?:=[^;,]*|@|:\s*1)?"
    r"(?:,\s*\w+\s*(?:=[^;,]*|@|:\s*1)?)*);")


def booleans(body):
    """The names of the boolean members of a class with this `body`; not those
    of its own classes, and none that all objects share."""
    for pattern in (r"\{[^{}]*\}", r"\([^()]*\)"):
        mark = "@" if pattern[1] == "{" else "#"
        while body != (body := re.sub(pattern, mark, body)):
            pass
    return [re.match(r"\w+", name.strip())[0]
            for found in _MEMBERS.finditer(body) if not found["shared"]
            for name in found["names"].split(",")]
