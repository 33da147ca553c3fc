"""Credentials of agents: who may dial in, for what, and until when; taken away
by a changed file, by time, and by an operator."""

import datetime
import json
import os
import signal
import subprocess
import threading
import time

from harness import BIN, Agent, Case, apsctl, main, wait_until
from origin import Origin
from wire import ask

TUNNEL = "tunnel1"


def hashed(password):
    done = subprocess.run([BIN / "aps", "hash-password", "-tunnel", TUNNEL],
                          input=password, text=True, capture_output=True,
                          check=True)
    return done.stdout.strip()


def in_seconds(seconds):
    moment = (datetime.datetime.now(datetime.timezone.utc)
              + datetime.timedelta(seconds=seconds))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Credentials(Case):
    def start(self, *credentials, agents=(), **more):
        self.credentials = list(credentials)
        self.target = Origin()
        self.addCleanup(self.target.close)
        self.here = self.build(agent=False, origin=self.target, config={
            "tunnels": {TUNNEL: {"credentials": self.credentials, **more}}})
        return [self.dial(*each) for each in agents]

    def dial(self, password, endpoint="app1", transport="ws"):
        agent = Agent(BIN, self.here.folder, self.here.node.port, transport,
                      f"agent-{endpoint}-{transport}", endpoint=endpoint,
                      password=password)
        agent.start()
        self.addCleanup(agent.stop)
        return agent

    def endpoints(self):
        return {each["name"] for each in
                self.here.node.stats()["tunnels"][TUNNEL]["endpoints"]
                if any(pool["size"] for pool in each["pools"])}

    def wait_for(self, *names):
        wait_until(lambda: self.endpoints() == set(names),
                   f"agents of {names}, there are {self.endpoints()}")

    def change(self):
        """As an operator edits the file."""
        config = self.here.node.config
        config["tunnels"][TUNNEL]["credentials"] = self.credentials
        self.here.node.config_file.write_text(json.dumps(config))
        os.kill(self.here.node.pid, signal.SIGHUP)

    def refused(self, agent):
        wait_until(lambda: "check -tunnel and -password" in agent.log,
                   f"{agent.name} to be refused")

    def test_each_of_them_and_the_password_let_in(self):
        self.start({"name": "a", "password": "of a"},
                   {"name": "b", "password_hash": hashed("of b")},
                   {"name": "c", "password": "of c", "endpoints": "c*"},
                   agents=(("of a", "app1", "ws"), ("of b", "app2", "grpc"),
                           ("of c", "c3", "poll"), ("test123", "app4", "ws")))
        self.wait_for("app1", "app2", "c3", "app4")
        self.assertEqual(ask(self.here.port).status, 200)
        _, body = self.here.node.get("/.api/connections")
        self.assertEqual({(each["endpoint"], each["credential"])
                          for each in json.loads(body)["connections"]},
                         {("app1", "a"), ("app2", "b"), ("c3", "c"),
                          ("app4", "")})
        for password, endpoint in (("of c", "app5"), ("of d", "c6"),
                                   ("", "c7")):
            self.refused(self.dial(password or "x", endpoint))
        log = self.here.node.log
        for secret in ("of a", "of b", "of c", "$scrypt"):
            self.assertNotIn(secret, log)

    def test_a_tunnel_needs_no_password_of_its_own(self):
        self.here = node = self.build(agent=False, origin=Origin(), config={
            "tunnels": {TUNNEL: {"password": "x"}}})
        config = node.node.config
        config["tunnels"][TUNNEL]["credentials"] = [
            {"name": "a", "password": "of a"}]
        del config["tunnels"][TUNNEL]["password"]
        node.node.config_file.write_text(json.dumps(config))
        os.kill(node.node.pid, signal.SIGHUP)
        wait_until(lambda: "reload" in node.node.log, "the reload")
        self.dial("of a")
        self.wait_for("app1")
        self.refused(self.dial("x", "app2"))

    def test_who_is_taken_out_of_the_file_is_out(self):
        first, second = self.start(
            {"name": "a", "password": "of a"},
            {"name": "b", "password_hash": hashed("of b")},
            agents=(("of a", "app1"), ("of b", "app2")))
        self.wait_for("app1", "app2")
        del self.credentials[1]
        self.change()
        self.wait_for("app1")
        self.refused(second)
        self.assertIn("Credential b of tunnel tunnel1 counts no more",
                      self.here.node.log)
        self.credentials[0]["password"] = "another"
        self.change()
        self.wait_for()
        self.refused(first)
        self.credentials[0]["password"] = "of a"
        self.change()
        self.wait_for("app1")  # by itself

    def test_time_takes_one_away(self):
        agent, _ = self.start(
            {"name": "a", "password": "of a", "expires": in_seconds(8)},
            {"name": "b", "password": "of b"},
            agents=(("of a", "app1"), ("of b", "app2")))
        self.wait_for("app1", "app2")
        self.wait_for("app2")
        self.refused(agent)
        self.credentials[0]["expires"] = in_seconds(3600)
        self.change()
        self.wait_for("app1", "app2")

    def test_operators_revoke_and_restore(self):
        self.start({"name": "a", "password": "of a"},
                   {"name": "b/c", "password": "of b"},
                   agents=(("of a", "app1"), ("of b", "app2")))
        self.wait_for("app1", "app2")
        self.ctl("revoke", TUNNEL, "b/c")
        self.wait_for("app1")
        self.change()  # the file still has it
        time.sleep(0.5)
        self.assertEqual(self.endpoints(), {"app1"})
        self.ctl("restore", TUNNEL, "b/c")
        self.wait_for("app1", "app2")
        for wrong, word in ((("revoke", TUNNEL, "x"), "b/c"),
                            (("revoke", "x", "a"), TUNNEL)):
            self.assertIn(word, self.ctl(*wrong, code=1))

    def ctl(self, *words, code=0):
        return apsctl(self.here.node, *words, code=code)

    def test_requests_of_a_revoked_agent_end_with_an_outcome(self):
        self.start({"name": "a", "password": "of a"},
                   {"name": "b", "password": "of b"},
                   agents=(("of a", "app1"),))
        self.wait_for("app1")
        answers = []
        threads = [threading.Thread(
            target=lambda path=path, method=method: answers.append(
                ask(self.here.port, path, method)))
            for path, method in (("/gate", "GET"), ("/gate", "POST"))]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(self.target.requests) == 2, "both requests")
        self.dial("of b", "app1", "grpc")
        wait_until(lambda: self.here.node.connections()[0] >= 1, "the other")
        self.ctl("revoke", TUNNEL, "a")
        # One that may be repeated goes to the other agent, one that may not be
        # ends at once.
        wait_until(lambda: len(answers) == 1, "the answer to POST")
        self.assertEqual((answers[0].status,
                          answers[0].header("Aps-Outcome")),
                         (502, "started-unknown"))
        self.target.release.set()
        for thread in threads:
            thread.join()
        self.assertEqual(answers[1].status, 200)


if __name__ == "__main__":
    main()
