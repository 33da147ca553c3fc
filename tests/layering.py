#!/usr/bin/env python3
"""Who may include whom (README, "How the code is laid out")."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ASIO = r"boost/(asio|beast)|grpcpp?/|google/protobuf"
CAF = r"caf/"
FORBIDDEN = {
    "config": [ASIO, CAF, r"actors/", r"transports/", r"tools/"],
    "transports/seam": [ASIO, CAF, r"actors/", r"tools/", r"config/",
                        r"transports/(?!seam/)"],
    "transports": [CAF, r"actors/", r"tools/"],
    "actors/policy": [ASIO, CAF, r"actors/(?!policy/)"],
    "actors": [ASIO, r"transports/(?!seam/)", r"tools/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def violations():
    for folder, patterns in FORBIDDEN.items():
        for file in sorted((ROOT / folder).rglob("*.[hc]pp")):
            for name in INCLUDE.findall(file.read_text()):
                for pattern in patterns:
                    if re.match(pattern, name):
                        yield f"{file.relative_to(ROOT)}: includes {name}"
    for file in sorted(ROOT.glob("actors/**/*.[hc]pp")):
        if file.name != "compat.hpp" and "CAF_VERSION" in file.read_text():
            yield f"{file.relative_to(ROOT)}: CAF versions belong in compat.hpp"


found = list(violations())
for line in found:
    print(line)
print(f"{len(found)} violations")
sys.exit(bool(found))
