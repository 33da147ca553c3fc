#!/usr/bin/env python3
"""APS as a part of somebody else's CMake project: it configures, keeps its
options to itself, its headers are found, and README shows what compiles. With
APS_FULL=1 the whole is built and run, which takes as long as APS itself."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def run(*command):
    print("+", *command, flush=True)
    subprocess.run(command, check=True)


def shown(source):
    """The parts of `source` that README has to show, by name."""
    found = re.findall(r"// \[README: (\w+)\]\n(.*?)\n *// \[end\]", source,
                       re.DOTALL)
    return {name: textwrap.dedent(text) for name, text in found}


def check_readme():
    readme = (TOP / "README.md").read_text()
    parts = shown((HERE / "main.cpp").read_text())
    missing = [name for name, text in parts.items() if text not in readme]
    if missing or not parts:
        sys.exit(f"README.md does not show {missing} of {HERE}/main.cpp")


def check_options(build):
    for unit in json.loads((build / "compile_commands.json").read_text()):
        if re.search(r"-Werror\b", unit["command"]):
            sys.exit(f"{unit['file']}: -Werror in somebody else's build")
    rules = (build / "build.ninja").read_text()
    if "-fuse-ld=lld" in rules:
        sys.exit("the linker of somebody else's build was chosen")
    if (build / "bin").exists():
        sys.exit("an output folder in somebody else's build")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--prefix", default="")
    options.add_argument("--scratch", required=True, type=pathlib.Path)
    given = options.parse_args()
    check_readme()
    build = given.scratch
    # Debug, as it is the object that counts and not its speed.
    run("cmake", "-S", str(HERE), "-B", str(build), "-G", "Ninja",
        "-DCMAKE_BUILD_TYPE=Debug", f"-DAPS_FOLDER={TOP}",
        f"-DCMAKE_PREFIX_PATH={given.prefix}")
    check_options(build)
    full = os.environ.get("APS_FULL") == "1"
    run("cmake", "--build", str(build), "--target",
        "host" if full else "CMakeFiles/host.dir/main.cpp.o")
    if full:
        done = subprocess.run([build / "programs" / "host"], timeout=60,
                              check=True, capture_output=True, text=True)
        if "connection-opened" not in done.stdout:
            sys.exit(f"no connection was seen: {done.stdout}{done.stderr}")
    print("ok")


if __name__ == "__main__":
    main()
