"""What callgrind wrote down of a program: instructions by part of it, and how
often it asked for memory."""

import re
import subprocess

# Whose instructions a function's are: the first that fits its name, without
# what it takes and returns.
PARTS = {
    "heap": r"malloc|calloc|realloc|^c?free|_int_free|^new$|^delete$"
            r"|unlink_chunk|tcache|^_?mi_",
    "bytes": r"^_*(mem|str|wmem)[a-z]",
    "messages": r"caf::",
    "HTTP/2": r"nghttp2|aps::h2_|grpc_",
    "wire": r"aps::(decode$|wire)|batch_encoder|::(read_body|reader|writer)$",
    "HTTP/1.1": r"boost::beast::http|message_parser|head_repair",
    "WebSocket": r"boost::beast::websocket|websocket_link",
    "sockets": r"boost::(asio|beast)|^_*(send|recv|epoll)",
    "locks": r"pthread|lll_",
    "library": r"^std::|^__(dynamic_cast|tls|clock|cxa)",
    "own": r"",
}

ALLOCATES = {"malloc", "calloc", "realloc", "new", "new[]"}


def bare_name(function):
    """Without arguments, template arguments and the type that it returns."""
    text = function.replace("(anonymous namespace)", "-")
    depth, out = 0, []
    for letter in text:
        depth += letter == "<"
        if letter == "(" and not depth:
            break
        if not depth:
            out.append(letter)
        depth -= letter == ">"
    return "".join(out).split(" ")[-1]


class Functions:
    """What callgrind wrote down: instructions by function, and calls, but for
    those of `operator new`, which calls malloc where it is not one itself."""

    NAME = re.compile(r"c?fn=\((\d+)\)(?: (.*))?$")

    def __init__(self, file):
        self.names, self.own, self.calls = {}, {}, {}
        current, called, of_call = None, None, False
        with open(file, errors="replace") as lines:
            for line in lines:
                if line.startswith("fn="):
                    current = self.name(line)
                elif line.startswith("cfn="):
                    called = self.name(line)
                elif line.startswith("calls="):
                    if not current.startswith("operator new"):
                        self.calls[called] = (self.calls.get(called, 0)
                                              + int(line[6:].split()[0]))
                    of_call = True
                elif line[0] in "0123456789+-*":
                    if not of_call:
                        fields = line.split()
                        self.own[current] = (self.own.get(current, 0)
                                             + int(fields[1]))
                    of_call = False

    def name(self, line):
        number, text = self.NAME.match(line.strip()).groups()
        if text is not None:
            self.names[number] = text
        return self.names[number]

    def parts(self):
        out = dict.fromkeys(PARTS, 0)
        for function, instructions in self.own.items():
            name = bare_name(function)
            part = next(part for part, pattern in PARTS.items()
                        if re.search(pattern, name))
            out[part] += instructions
        return out

    def allocations(self):
        return sum(count for function, count in self.calls.items()
                   if bare_name(function) in ALLOCATES)


class Callgrind:
    """A program under callgrind, which counts nothing until `on`."""

    def __init__(self, output):
        self.output = output

    def command(self, program):
        """The words before a program's own."""
        return ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
                f"--callgrind-out-file={self.output}", str(program)]

    def switch(self, state, pid):
        """`on` or `off`."""
        subprocess.run(["callgrind_control", f"--instr={state}", str(pid)],
                       check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    def per_request(self, requests):
        """Once the program ended: `instructions`, `parts`, `allocations`."""
        functions = Functions(self.output)
        parts = {part: round(count / requests)
                 for part, count in functions.parts().items()}
        return {"instructions": sum(parts.values()), "parts": parts,
                "allocations": round(functions.allocations() / requests, 1)}
