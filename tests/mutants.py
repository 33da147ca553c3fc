#!/usr/bin/env python3
"""Would the tests notice? Puts single faults, one at a time, into a copy of
the tree, builds what depends on it, and runs the suites beside it: a
comparison turned, a bound off by one, a check left out, an assignment dropped,
"and" for "or", a result inverted, plus for minus (mutations.py).

    tests/mutants.py --prefix "$(tools/setup | tail -n 1)"
    tests/mutants.py --count 10 --only windows.cpp --list

Sites are drawn by a seed, evenly from the files of the table below. A fault
that does not compile is not counted, one that makes a test hang is noticed.
Each result is a line of WORK/results.jsonl; a rerun skips what is known: what
was noticed while its file is the same, what survived while the tests are, too.
mutants.accepted.json has the survivors that need no test, with the reason; the
exit code is 1 when less than 95 % of the others are noticed.

It takes about ten seconds a fault, and 3 GB in WORK."""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import time

from mutations import faults
from sources import ROOT, files

# Sources, by stem as they may move (headers where they are all there is), and
# who notices: suites by program, the nearest program first.
POLICY = ("absences address_limit address_shares backoff balance breaker "
          "complaints dialling execution health instances liveness login_limit "
          "repeat restart retry sizing target_health transport_choice")
TABLE = [
    ("actors", POLICY, "test_actors: absences address_limit address_shares"
     " backoff balance breaker complaints dialling execution health instances"
     " liveness login_limit repeat restart retry sizing target_health"
     " transport_choice limit_log health_checker access pool pool_leases"
     " pool_races pool_targets retrier"),
    ("actors", "retrier live_endpoints",
     "test_actors: retrier live_endpoints retry; test_simulation: retries"),
    ("actors", "copy_desk request_copy",
     "test_actors: copy_desk request_copy"),
    ("actors", "access_rules credentials guess_pauses known_visitor"
     " login_service quota_ledger visit_memory visitor_access login_desk"
     " agent_guesses", "test_actors: access_rules credentials"
     " credential_cache guess_pauses known_visitor login_cache login_service"
     " quota_ledger visit_memory visitor_access login_desk agent_guesses"
     " login_limit"),
    ("actors", "fixed_answer login_check login_checks",
     "test_actors: fixed_answer login_check login_checks login_service"),
    ("actors", "publication_table publication_desk agent_publisher"
     " stream_doors", "test_actors: publication_table publication_desk"
     " agent_publisher stream_doors"),
    ("actors", "certificate_watch drains endpoint_choice",
     "test_actors: certificate_watch drains endpoint_choice pool"),
    ("actors", "agent_complaints target_guard refusal_log",
     "test_actors: agent_complaints target_guard refusal_log"),
    ("actors", "pool pool_leases pool_upkeep",
     "test_actors: pool pool_leases pool_upkeep pool_races pool_targets"
     " drains; test_simulation: pools survival"),
    ("actors", "tunnel_keys access", "test_actors: tunnel_keys access"),
    ("actors", "admission", "test_actors: admission agent_guesses"),
    ("actors", "rehearsal", "test_actors: rehearsal"),
    ("actors", "alarm unit_context", "test_actors: alarm unit_context pool"),
    ("actors", "log_set metrics process_metrics stats",
     "test_actors: log_set metrics process_metrics stats limit_log"),
    ("transports", "auth datagram_window direct_link exception_watch exchange"
     " foreign_text frame head_excess outcome peer_address served_exchange"
     " windows",
     "test_seam: auth datagram_exchange datagram_window direct_link"
     " exception_watch exchange exchange_retry"
     " foreign_text frame head_excess hostile_peers memory outcome peer_address"
     " served_exchange windows; test_wire: codec_decode codec_encode"
     " wire_limits; test_actors: limit_log address_shares tunnel_keys"
     " access"),
    ("transports", "byte_budget token_bucket descriptors client_tls",
     "test_seam: byte_budget token_bucket descriptors client_tls;"
     " test_http: encoded_body"),
    ("transports", "codec_decode codec_encode",
     "test_wire: codec_decode codec_encode wire_limits; test_links: links"),
    ("transports", "block_pool input_buffer output_queue sockets sniffer"
     " system_names visitor_socket", "test_net: block_pool input_buffer"
     " output_queue sockets sniffer system_names visitor_socket"),
    ("transports", "address_rate client_hello gate receive_datagram"
     " listening progress_watch proxy_header unix_socket",
     "test_net: address_rate client_hello gate hello_reader"
     " listening progress_watch proxy_header proxy_reader receive_datagram"
     " unix_socket"),
    ("transports", "grpc_status h2_callbacks h2_fields h2_limits h2_session",
     "test_http2: grpc_status h2_fields h2_limits h2_session"),
    ("transports", "poll_wire frame_queue grpc_wire",
     "test_tunnel: frame_queue grpc_wire poll_wire;"
     " test_links: poll_server_link poll_desk links"),
    ("transports", "link_errors proxy_pass",
     "test_tunnel: link_errors proxy_pass; test_links: link_endings"),
    ("transports", "link_base peer_probe poll_visit",
     "test_tunnel: link_base peer_probe poll_visit;"
     " test_links: links link_endings poll_server_link"),
    ("transports", "parser chunk_reader fields head_repair identity hops"
     " misread payload_collector request_rewrite",
     "test_http: payload_collector http_chunk_reader http_fields"
     " http_head_repair http_parser http_lenience http_misread http_rewrite"
     " http_hops http_identity http_session http_session_request"
     " http_session_response origin_connection origin_upgrade"),
    ("transports", "body_writer error_response http_date request_writer"
     " response_writer", "test_http: body_writer error_response http_date"
     " request_writer response_writer http_session_response"),
    ("transports", "compressor encoded_body negotiation",
     "test_http: compressor encoded_body compression_negotiation"
     " http_session_response"),
    ("transports", "exchange_deadlines mapped_messages own_page page_origin",
     "test_http: exchange_deadlines mapped_messages own_page page_origin"
     " http_session_deadlines http_session_response h2_visit"),
    ("transports", "connect_request datagram_origin datagram_visit"
     " stream_circles stream_origin stream_request stream_visit",
     "test_http: connect_request datagram_origin datagram_visit"
     " stream_circles stream_origin stream_request stream_visit"),
    ("transports", "front_request grpc_errors h2_origin_heads h2_request_head"
     " origin_fields origin_pool origin_request",
     "test_http: front_request grpc_errors h2_origin_heads h2_request_head"
     " h2_visit h2_visit_response"
     " origin_fields origin_pool origin_request origin_connection"
     " http_session_request"),
    ("config", "access answer_sections base64 certificates conditions"
     " connect_table credentials delivery_section field_names file"
     " forward_auth idn match_section ocsp page_set password_hash pattern"
     " publishing rewrite_section route_rewrites server_tls stream_rules"
     " stream_url target_rules text_template tls_names web_origins",
     "config_test: config.access config.answer_sections config.base64"
     " config.certificates config.conditions config.connect_table"
     " config.credentials config.delivery_section config.field_names"
     " config.file config.forward_auth config.idn config.match_section"
     " config.ocsp config.page_set config.password_hash config.pattern"
     " config.publishing config.rewrite_section config.route_rewrites"
     " config.server_tls config.stream_rules config.stream_url"
     " config.target_rules config.text_template config.tls_names"
     " config.web_origins config.load config.validate config.routes"),
    ("config", "advice config diff expand host load log_components networks"
     " path reader routes sections show syntax text tunnels url validate",
     "config_test: config.config config.sections config.tunnels"
     " config.validate config.url config.routes config.show config.path"
     " config.networks config.load config.advice config.diff config.host"
     " config.log_components config.expand config.reader config.syntax"
     " config.text"),
    ("tools", "agent_flags flag_keys http_proxy link_watch publications",
     "test_agent_tools: tools.agent_flags tools.flag_keys tools.http_proxy"
     " tools.link_watch tools.publications"),
    ("tools", "event_parser help_text render values",
     "test_tools: tools.event_parser tools.help_text tools.render"
     " tools.values"),
]
WANTED = 0.95
MEMORY = 6 << 30


def tests_of(text, stem):
    """[(program, suite)] of a row; what has the name of the stem first."""
    return [(program, suite)
            for part in text.split(";")
            for program, suites in [part.strip().split(": ")]
            for suite in sorted(suites.split(), key=lambda x: stem not in x)]


class Site:
    """A fault and where it is; the same wherever its file lies."""

    def __init__(self, path, source, fault):
        self.path, self.fault = path, fault
        self.line, self.was, self.becomes = fault.lines(source)
        self.file = path.name
        digest = hashlib.sha256()
        for part in (source, str(fault)):
            digest.update(part.encode() + b"\0")
        self.key = digest.hexdigest()[:24]

    def __str__(self):
        return f"{self.path}:{self.line}: {self.fault.kind}"

    def told(self):
        return f"{self}\n    {self.was}\n    {self.becomes}"


def sources(root, only):
    """{path: tests}, in the order of the table."""
    found = {}
    for part, stems, tests in TABLE:
        known = {file.stem: file for ending in (".hpp", ".cpp")
                 for file in files(root, part, ending=ending)}
        for stem in stems.split():
            if stem not in known:
                sys.exit(f"mutants: {part}/ has no {stem}: mend TABLE")
            path = known[stem].relative_to(root)
            if only in (None, path.name, stem, str(path)):
                found[path] = tests_of(tests, stem)
    if not found:
        sys.exit(f"mutants: --only {only} is no file of TABLE")
    return found


def drawn(root, paths, seed):
    """All sites: one of each file, another of each, and so on; within a file
    one of each kind in turn."""
    queues = []
    for path in paths:
        source = (root / path).read_text()
        chance = random.Random(f"{seed} {path.name}")
        kinds = collections.defaultdict(list)
        for fault in faults(source):
            kinds[fault.kind].append(Site(path, source, fault))
        for sites in kinds.values():
            chance.shuffle(sites)
        turns = list(kinds.values())
        chance.shuffle(turns)
        queues.append([*rounds(turns)])
    random.Random(seed).shuffle(queues)
    return [*rounds(queues)]


def rounds(queues):
    for turn in range(max(map(len, queues), default=0)):
        for queue in queues:
            if turn < len(queue):
                yield queue[turn]


class Workshop:
    """The copy of the tree and its build."""

    def __init__(self, work, prefix):
        self.tree, self.build = work / "tree", work / "build"
        self.prefix = prefix
        self.limits = {}

    def refresh(self):
        """What git knows or would take; unchanged files keep their times."""
        names = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\0")
        wanted = {name for name in names if (ROOT / name).is_file()}
        for file in [*self.tree.rglob("*")]:
            if (file.is_file()
                    and str(file.relative_to(self.tree)) not in wanted):
                file.unlink()
        for name in wanted:
            to, data = self.tree / name, (ROOT / name).read_bytes()
            if not to.exists() or to.read_bytes() != data:
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(data)
                to.chmod((ROOT / name).stat().st_mode)

    def prepare(self, tests):
        """Builds all that will be needed, and sees every suite pass."""
        say("configuring and building, some minutes at the first time")
        subprocess.run(
            ["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja",
             "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0",
             "-DAPS_WERROR=OFF", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
            check=True, stdout=subprocess.DEVNULL)
        self._see_names(tests)
        subprocess.run(["ninja", "-C", self.build, "--quiet",
                        *sorted({program for program, _ in tests})], check=True)
        for test in tests:
            begin = time.monotonic()
            if self.run(test, 300) != "passed":
                sys.exit(f"mutants: {'.'.join(test)} fails without any fault")
            self.limits[test] = 20 + 5 * (time.monotonic() - begin)

    def _see_names(self, tests):
        text = "".join(file.read_text() for file in
                       (self.build / "tests").rglob("CTestTestfile.cmake"))
        known = set(re.findall(r"add_test\(\[=\[(.*?)\]=\]", text))
        for name in sorted({".".join(test) for test in tests} - known):
            sys.exit(f"mutants: CTest has no {name}: mend TABLE")

    def compiles(self, program):
        done = subprocess.run(
            ["ninja", "-C", self.build, "--quiet", program], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "CCACHE_READONLY": "1"})
        if done.returncode and "error:" not in done.stdout:
            sys.exit(f"mutants: cannot build\n{done.stdout[-2000:]}")
        return done.returncode == 0

    def run(self, test, limit):
        """passed, failed or hung"""
        program, suite = test
        child = subprocess.Popen(
            [self.build / "bin" / program, "-n", "-r", "0", "-s", f"^{suite}$"],
            cwd=self.build, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=bounded)
        try:
            return "failed" if child.wait(limit) else "passed"
        except subprocess.TimeoutExpired:
            return "hung"
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()

    def verdict(self, site, tests):
        """What becomes of the fault: (result, by which test)."""
        file = self.tree / site.path
        source = file.read_text()
        file.write_text(site.fault.applied(source))
        try:
            built = set()
            for test in tests:
                if test[0] not in built and not self.compiles(test[0]):
                    return "uncompiled", ""
                built.add(test[0])
                result = self.run(test, self.limits[test])
                if result != "passed":
                    return ("noticed" if result == "failed" else "hung",
                            ".".join(test))
            return "survived", ""
        finally:
            file.write_text(source)


def bounded():
    """A fault may ask for all memory there is."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


class Results:
    """What is known of earlier runs, and of this one."""

    def __init__(self, file):
        self.file = file
        digest = hashlib.sha256()
        for source in files(ROOT, "tests"):
            digest.update(source.read_bytes())
        self.tests = digest.hexdigest()[:24]
        self.known = {}
        if file.exists():
            for line in file.read_text().splitlines():
                row = json.loads(line)
                self.known[row["key"]] = row

    def of(self, site):
        row = self.known.get(site.key)
        if row and row["result"] == "survived" and row["tests"] != self.tests:
            return None
        return row

    def add(self, site, result, test, seconds):
        row = {"key": site.key, "file": site.file, "line": site.line,
               "kind": site.fault.kind, "was": site.was,
               "becomes": site.becomes, "result": result, "by": test,
               "seconds": round(seconds, 1), "tests": self.tests}
        self.known[site.key] = row
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        return row


def accepted():
    file = pathlib.Path(__file__).with_name("mutants.accepted.json")
    return {(row["file"], row["was"], row["becomes"]): row["reason"]
            for row in json.loads(file.read_text())}


def tried(sites, count, workshop, results, table):
    """Rows of `count` sites that compile; one file after the other, as its
    objects are then rebuilt least often."""
    rows, rest = [], list(sites)
    while len(rows) < count and rest:
        batch, rest = rest[:count - len(rows)], rest[count - len(rows):]
        for site in sorted(batch, key=lambda site: str(site.path)):
            row = results.of(site)
            if not row:
                begin = time.monotonic()
                result, test = workshop.verdict(site, table[site.path])
                row = results.add(site, result, test,
                                  time.monotonic() - begin)
                say(f"{len(rows) + 1}/{count} {site}: {result}"
                    + (f" by {test}" if test else ""))
            if row["result"] != "uncompiled":
                rows.append((site, row))
    return rows


def report(rows):
    """Prints what survived; true when enough was noticed."""
    reasons = accepted()
    survived = [site for site, row in rows if row["result"] == "survived"]
    gaps = [site for site in survived
            if (site.file, site.was, site.becomes) not in reasons]
    for site in gaps:
        print(f"survived: {site.told()}")
    noticed = len(rows) - len(survived)
    share = noticed / max(noticed + len(gaps), 1)
    print(f"{len(rows)} faults: {noticed} noticed, {len(gaps)} survived, "
          f"{len(survived) - len(gaps)} accepted: {share:.1%} "
          f"({WANTED:.0%} wanted)")
    return share >= WANTED


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="FILE")
    parser.add_argument("--list", action="store_true",
                        help="only show the faults that would be made")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR",
                        default=ROOT / "build-mutants")
    parser.add_argument("--prefix", default="", help="CMAKE_PREFIX_PATH")
    return parser.parse_args()


def main():
    wanted = arguments()
    # What was begun is put back, and no test goes on alone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("mutants: terminated"))
    table = sources(ROOT, wanted.only)
    sites = drawn(ROOT, table, wanted.seed)
    if wanted.list:
        for site in sites[:wanted.count]:
            print(site.told())
        return 0
    work = wanted.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(work, wanted.prefix)
    workshop.refresh()
    workshop.prepare([*dict.fromkeys(t for tests in table.values()
                                     for t in tests)])
    rows = tried(sites, wanted.count, workshop,
                 Results(work / "results.jsonl"), table)
    return 0 if report(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
