"""Other tunnels, beside which ours are measured where they are installed. They
pass the bytes of visitors on and look at no request."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from lab.processes import Program, free_port, listening, wait_until

from . import load
from .ways import wait_for_answer

_SSHD_PLACES = os.environ.get("PATH", "") + ":/usr/sbin"


def _keys(folder):
    """Of a host and a user; the user's public one is authorized."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        folder / name], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)
    shutil.copy(folder / "user.pub", folder / "authorized")


def ssh(folder, programs, origin, visitors):
    """`ssh -R`: sshd, and ssh in the agent's place."""
    port = free_port()
    _keys(folder)
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/authorized\nUsePAM no\nStrictModes no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"PermitRootLogin yes\nMaxSessions 10\nPidFile {folder}/sshd.pid\n")
    if os.geteuid() == 0:  # sshd insists
        os.makedirs("/run/sshd", exist_ok=True)
    server = [programs["sshd"], "-D", "-e", "-f", config]
    client = [programs["ssh"], "-N", "-F", "none", "-i", folder / "user", "-p",
              port, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
              "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
              "-o", "ExitOnForwardFailure=yes", "-o", "IdentitiesOnly=yes",
              "-R", f"127.0.0.1:{visitors}:127.0.0.1:{origin}", "127.0.0.1"]
    return server, client, port


def frp(folder, programs, origin, visitors):
    port = free_port()
    (folder / "frps.json").write_text(json.dumps({
        "bindAddr": "127.0.0.1", "bindPort": port}))
    (folder / "frpc.json").write_text(json.dumps({
        "serverAddr": "127.0.0.1", "serverPort": port,
        "proxies": [{"name": "web", "type": "tcp", "localIP": "127.0.0.1",
                     "localPort": origin, "remotePort": visitors}]}))
    return ([programs["frps"], "-c", folder / "frps.json"],
            [programs["frpc"], "-c", folder / "frpc.json"], port)


def chisel(folder, programs, origin, visitors):
    port = free_port()
    return ([programs["chisel"], "server", "--host", "127.0.0.1", "--port",
             port, "--reverse"],
            [programs["chisel"], "client", f"127.0.0.1:{port}",
             f"R:127.0.0.1:{visitors}:127.0.0.1:{origin}"], port)


def rathole(folder, programs, origin, visitors):
    port = free_port()
    (folder / "server.toml").write_text(
        f'[server]\nbind_addr = "127.0.0.1:{port}"\ndefault_token = "t"\n'
        f'[server.services.web]\nbind_addr = "127.0.0.1:{visitors}"\n')
    (folder / "client.toml").write_text(
        f'[client]\nremote_addr = "127.0.0.1:{port}"\ndefault_token = "t"\n'
        f'[client.services.web]\nlocal_addr = "127.0.0.1:{origin}"\n')
    return ([programs["rathole"], "--server", folder / "server.toml"],
            [programs["rathole"], "--client", folder / "client.toml"], port)


# Which programs each takes, how it says which version it is, and how its two
# commands and the server's port come about.
PEERS = {"ssh -R": (("sshd", "ssh"), ("ssh", "-V"), ssh),
         "frp": (("frps", "frpc"), ("frpc", "--version"), frp),
         "chisel": (("chisel",), ("chisel", "--version"), chisel),
         "rathole": (("rathole",), ("rathole", "--version"), rathole)}


def found(names=None):
    """The peers that are installed, with the paths of their programs; all
    known ones, or these."""
    out = {}
    for name in names if names is not None else PEERS:
        programs = {word: shutil.which(word, path=_SSHD_PLACES)
                    for word in PEERS[name][0]}
        if all(programs.values()):
            out[name] = programs
    return out


def version(name):
    """The number that it says of itself."""
    done = subprocess.run(PEERS[name][1], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+\w*", done.stdout + done.stderr)
    return found[0] if found else ""


def start(ways, name, programs, origin):
    """One more way, through that peer."""
    folder = pathlib.Path(ways.folder) / name.replace(" ", "")
    folder.mkdir(exist_ok=True)
    visitors = free_port()
    server, client, port = PEERS[name][2](folder, programs, origin, visitors)
    label = name.replace(" ", "")
    outer = ways.measure(Program(f"{label}-server", server, ways.folder))
    wait_until(lambda: listening(port), f"{name} to listen")
    inner = ways.measure(Program(f"{label}-client", client, ways.folder))
    wait_for_answer(lambda: load.answers(visitors), name)
    return ways.add(name, visitors, server=outer, client=inner)
