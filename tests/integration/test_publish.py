"""Names that agents publish: in one line, for who may, and as long as they
are there."""

import json
import os
import re
import signal
import socket
import threading
import time

from harness import (BIN, FULL, Agent, Case, apsctl, main, scratch, wait_until,
                     write_config)
from lab.processes import free_port, listening
from origin import Origin
from stream_peers import Target, echo
from wire import ask

TUNNEL = "tunnel1"
DOMAIN = "apps.example.com"
ALL = {"hosts": [f"*.{DOMAIN}"]}
MAY = {"name": "team", "password": "of the team", "publish": ALL}


class Publishing(Case):
    def start(self, *credentials, transport="ws", **more):
        self.credentials = list(credentials)
        self.target = Origin()
        self.addCleanup(self.target.close)
        self.here = self.build(agent=False, origin=self.target, config={
            "tunnels": {TUNNEL: {"credentials": self.credentials,
                                 "resume_time": 2, **more}}})
        self.transport = transport

    @property
    def local(self):
        return str(self.target.port)

    def dial(self, *flags, password="of the team", endpoint=None, name=None,
             transport=None):
        agent = Agent(BIN, self.here.folder, self.here.node.port,
                      transport or self.transport,
                      name or f"agent-{time.monotonic_ns()}",
                      endpoint=endpoint, password=password, flags=flags)
        agent.start()
        self.addCleanup(agent.stop)
        return agent

    def url(self, host, path="/"):
        return f"http://{host}:{self.here.port}{path}"

    def told(self, agent, host, path="/"):
        wait_until(lambda: f"{self.url(host, path)} -> " in agent.log,
                   f"{host}{path} to be published:\n{agent.log}")

    def refused(self, agent, *words):
        wait_until(lambda: all(word in agent.log for word in
                               ("Cannot publish", *words)),
                   f"{words} of a refusal:\n{agent.log}")

    def serves(self, host, path="/"):
        answer = ask(self.here.port, path, host=host)
        return answer.status == 200

    def gone(self, host):
        wait_until(lambda: ask(self.here.port, "/", host=host).status == 404,
                   f"{host} to be gone")

    def change(self):
        config = self.here.node.config
        config["tunnels"][TUNNEL]["credentials"] = self.credentials
        self.here.node.config_file.write_text(json.dumps(config))
        os.kill(self.here.node.pid, signal.SIGHUP)

    def mappings(self):
        status, body = self.here.node.get("/.api/mappings?limit=20000")
        self.assertEqual(status, 200)
        return {each["from"]: each for each in json.loads(body)["mappings"]
                if "published" in each}

    def ctl(self, *words, code=0):
        return apsctl(self.here.node, *words, code=code)

    # -- in one line ----------------------------------------------------------

    def test_a_port_gets_a_name_and_its_url_is_printed(self):
        self.start(MAY)
        for transport in ("grpc", "ws", "poll", "mix"):
            agent = self.dial("-publish", self.local, transport=transport)
            wait_until(lambda: " -> " in agent.log, "a URL")
            url = re.search(r"^(http\S+) -> (\S+)$", agent.log, re.M)
            self.assertEqual(url[2], f"http://localhost:{self.local}")
            host = re.fullmatch(rf"http://([a-z0-9-]+\.{DOMAIN}):"
                                rf"{self.here.port}/", url[1])[1]
            self.assertTrue(self.serves(host))
            self.assertFalse(self.serves("other." + DOMAIN))
            agent.stop()
            self.gone(host)

    def test_names_are_given_by_hand(self):
        self.start(MAY)
        agent = self.dial(
            "-publish", self.local, "-as", "app1",
            "-publish", f"localhost:{self.local}", "-as", f"APP2.{DOMAIN}",
            "-publish", f"http://127.0.0.1:{self.local}/below", "-as",
            f"app3.{DOMAIN}/part", "-publish", self.local, endpoint="Web 1")
        for host, path in (("app1", "/"), ("app2", "/"), ("app3", "/part"),
                           ("web-1", "/")):
            self.told(agent, f"{host}.{DOMAIN}", path)
        self.assertTrue(self.serves(f"app1.{DOMAIN}"))
        self.assertTrue(self.serves(f"App2.{DOMAIN}"))
        self.assertTrue(self.serves(f"web-1.{DOMAIN}"))
        self.assertEqual(ask(self.here.port, "/", host=f"app3.{DOMAIN}").status,
                         404)
        ask(self.here.port, "/part/y", host=f"app3.{DOMAIN}")
        wait_until(lambda: any("/below/y" in str(each)
                               for each in self.target.requests), "the path")

    def test_a_file_lists_them(self):
        self.start(MAY)
        folder = scratch(self)
        file = write_config(folder, {"publish": [
            self.target.port, {"publish": self.local, "as": "app2"}]}, "p.json")
        agent = self.dial("-publish-file", file, endpoint="app1")
        self.told(agent, f"app1.{DOMAIN}")
        self.told(agent, f"app2.{DOMAIN}")
        agent.stop()
        config = write_config(folder, {
            "publish": [self.local], "as": ["app3"],
            "publish_file": "p.json"}, "agent.json")
        agent = self.dial("-config", config, endpoint="app1")
        for host in ("app1", "app2", "app3"):
            self.told(agent, f"{host}.{DOMAIN}")
        write_config(folder, {"publish": [{"publish": "x y"}]}, "p.json")
        agent = self.dial("-publish-file", file, endpoint="app1")
        wait_until(lambda: not agent.running, "the end")
        self.assertIn("p.json", agent.log)
        self.assertIn("$.publish[0].publish", agent.log)

    def test_an_agent_that_publishes_asks_nothing_else(self):
        self.start(MAY)
        other = Origin()
        self.addCleanup(other.close)
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="app1")
        self.told(agent, f"app1.{DOMAIN}")
        # The mapping of the file has another target.
        self.assertEqual(ask(self.here.port).status, 403)
        self.assertTrue(self.serves(f"app1.{DOMAIN}"))

    def test_raw_tcp_gets_a_port(self):
        port, other = free_port(), free_port()
        self.start({**MAY, "publish": {"tcp_ports": [str(port)]}})
        server = Target(echo)
        self.addCleanup(server.close)
        target = f"tcp://127.0.0.1:{server.port}"
        agent = self.dial("-publish", target, "-as", f":{port}",
                          endpoint="one")
        wait_until(lambda: f"tcp://127.0.0.1:{port} -> {target}" in agent.log,
                   f"the port:\n{agent.log}")
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            visitor.sendall(b"hello")
            self.assertEqual(visitor.recv(5), b"hello")
            self.assertIn(f"tcp://:{port}", self.ctl("mappings"))
            refused = self.dial("-publish", target, "-as", f":{other}",
                                endpoint="two")
            self.refused(refused, "is not among the ports")
        agent.stop()
        wait_until(lambda: not listening(port), "the port to be closed")
        again = self.dial("-publish", target, "-as", f":{port}",
                          endpoint="one")
        wait_until(lambda: listening(port), f"the port again:\n{again.log}")
        again.stop()
        wait_until(lambda: not listening(port), "the port to be closed")
        def bound():
            try:
                return socket.create_server(("0.0.0.0", port))
            except OSError:  # not closed yet, though it takes nobody
                return None

        with wait_until(bound, "the port to be free"):
            taken = self.dial("-publish", target, "-as", f":{port}")
            self.refused(taken, "is a port that cannot be opened")

    # -- who may --------------------------------------------------------------

    def test_without_a_right_nothing_is_published(self):
        self.start({"name": "none", "password": "x"}, MAY)
        agent = self.dial("-publish", self.local, password="x",
                          endpoint="app1")
        self.refused(agent, "nothing may with these credentials")
        self.assertEqual(self.mappings(), {})
        self.assertIn("does not get a name", self.here.node.log)

    def test_names_that_are_not_allowed(self):
        self.start(MAY, {"name": "paths", "password": "p", "publish": {
            "hosts": ["show.test"], "paths": ["/x/*"], "max_names": 1}})
        for name, why in ((f"app1.{DOMAIN}.evil.test", "not among the hosts"),
                          (DOMAIN, "not among the hosts")):
            self.refused(self.dial("-publish", self.local, "-as", name), why)
        agent = self.dial("-publish", self.local, "-as", "/y",
                          "-publish", self.local, "-as", "/x/a",
                          "-publish", self.local, "-as", "/x/b", password="p")
        self.refused(agent, "a path that may not be published",
                     "is one too many: an agent may publish 1")
        self.told(agent, "show.test", "/x/a")

    def test_the_mappings_of_the_file_win(self):
        self.start({**MAY, "publish": {"hosts": ["*"]}})
        host = self.here.config["mappings"][0]["from"].split("//")[1]
        host = host.split("/")[0].split(":")[0]
        agent = self.dial("-publish", self.local, "-as", host)
        self.refused(agent, "is answered by the node's own mappings[")

    def test_a_name_belongs_to_one_identity(self):
        self.start(MAY, {**MAY, "name": "others", "password": "of others"})
        first = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(first, f"app1.{DOMAIN}")
        second = self.dial("-publish", self.local, "-as", "app1",
                           endpoint="two", password="of others")
        self.refused(second, "is taken by endpoint one of tunnel tunnel1 "
                     "(credential team) since 20")
        self.assertEqual(len(self.here.node.log.split("does not get a name")),
                         2)
        first.stop()
        # It asks again by itself.
        self.told(second, f"app1.{DOMAIN}")
        self.assertTrue(self.serves(f"app1.{DOMAIN}"))

    def test_the_same_identity_takes_over_at_once(self):
        self.start(MAY)
        other = Origin()
        self.addCleanup(other.close)
        first = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(first, f"app1.{DOMAIN}")
        second = self.dial("-publish", str(other.port), "-as", "app1",
                           endpoint="two")
        self.told(second, f"app1.{DOMAIN}")
        self.refused(first, "is taken over by endpoint two")
        ask(self.here.port, "/", host=f"app1.{DOMAIN}")
        self.assertEqual((len(self.target.requests), len(other.requests)),
                         (0, 1))

    def test_agents_of_one_endpoint_share_a_name(self):
        self.start(MAY)
        agents = [self.dial("-publish", self.local, "-as", "app1",
                            endpoint="one", name=f"sharer-{i}")
                  for i in range(2)]
        for agent in agents:
            self.told(agent, f"app1.{DOMAIN}")
        agents[0].stop()
        self.assertTrue(self.serves(f"app1.{DOMAIN}"))
        agents[1].stop()
        self.gone(f"app1.{DOMAIN}")

    # -- as long as they are there --------------------------------------------

    def test_names_survive_restarts_of_node_and_agent(self):
        self.start(MAY)
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(agent, f"app1.{DOMAIN}")
        for how in (signal.SIGTERM, signal.SIGKILL):
            os.kill(self.here.node.pid, how)
            wait_until(lambda: not self.here.node.running, "the node's end")
            self.here.node.start()
            wait_until(lambda: self.serves(f"app1.{DOMAIN}"), "the name")
        os.kill(agent.pid, signal.SIGKILL)
        wait_until(lambda: not agent.running, "the agent's end")
        again = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(again, f"app1.{DOMAIN}")
        self.assertTrue(self.serves(f"app1.{DOMAIN}"))

    def test_names_end_with_the_session_after_its_grace(self):
        self.start(MAY)
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(agent, f"app1.{DOMAIN}")
        os.kill(agent.pid, signal.SIGKILL)
        self.gone(f"app1.{DOMAIN}")
        self.assertEqual(self.mappings(), {})
        self.assertIn("publishes http://app1", self.here.node.log)
        self.assertIn("no more", self.here.node.log)

    def test_names_end_with_their_credential(self):
        self.start(MAY)
        self.dial("-publish", self.local, "-as", "app1", endpoint="one")
        wait_until(lambda: self.mappings(), "the name")
        self.ctl("revoke", TUNNEL, "team")
        self.gone(f"app1.{DOMAIN}")
        self.ctl("restore", TUNNEL, "team")
        wait_until(lambda: self.serves(f"app1.{DOMAIN}"), "its return")

    def test_names_end_with_their_right(self):
        self.start(MAY)
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(agent, f"app1.{DOMAIN}")
        connected = self.here.node.connections()
        self.credentials[0] = {**MAY, "publish": {"hosts": ["*.other.test"]}}
        self.change()
        self.gone(f"app1.{DOMAIN}")
        self.refused(agent, "not among the hosts")
        self.assertEqual(self.here.node.connections(), connected)
        self.credentials[0] = MAY
        self.change()
        wait_until(lambda: self.serves(f"app1.{DOMAIN}"), "its return")

    # -- what is seen ---------------------------------------------------------

    def test_published_names_stand_where_mappings_do(self):
        self.start(MAY)
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(agent, f"app1.{DOMAIN}")
        shown = self.mappings()[f"http://app1.{DOMAIN}/"]
        self.assertEqual(shown["to"], f"http://localhost:{self.local}")
        self.assertEqual((shown["published"]["tunnel"],
                          shown["published"]["credential"],
                          shown["published"]["endpoint"],
                          shown["published"]["url"]),
                         (TUNNEL, "team", "one", self.url(f"app1.{DOMAIN}")))
        self.assertEqual(shown["serving"]["live"], 1)
        said = self.ctl("explain", self.url(f"app1.{DOMAIN}", "/x"))
        self.assertIn("published", said)
        self.assertIn("one over websocket", said)
        self.assertIn(f"app1.{DOMAIN}", self.ctl("mappings"))
        said = self.ctl("agents")
        self.assertIn(f"app1.{DOMAIN}", said)
        ask(self.here.port, "/x", host=f"app1.{DOMAIN}")
        self.assertIn(f"app1.{DOMAIN}", self.ctl("exchanges"))

    def test_access_of_the_tunnel_holds(self):
        self.start(MAY, deny=["127.0.0.1"])
        agent = self.dial("-publish", self.local, "-as", "app1",
                          endpoint="one")
        self.told(agent, f"app1.{DOMAIN}")
        self.assertEqual(
            ask(self.here.port, "/", host=f"app1.{DOMAIN}").status, 403)

    # -- many -----------------------------------------------------------------

    def test_many_names_of_many_agents(self):
        agents, each = (100, 10) if FULL else (5, 10)
        self.start(MAY)
        names = [[f"n{i}-{k}" for k in range(each)] for i in range(agents)]
        programs = []
        for i, own in enumerate(names):
            flags = [word for name in own
                     for word in ("-publish", self.local, "-as", name)]
            programs.append(self.dial(*flags, "-threads", "1",
                                      endpoint=f"many{i}", name=f"many{i}"))
        wait_until(lambda: len(self.mappings()) == agents * each,
                   "all names", 120)
        for own in names:
            self.assertTrue(self.serves(f"{own[0]}.{DOMAIN}"))
        stops = [threading.Thread(target=program.stop) for program in programs]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        wait_until(lambda: self.mappings() == {}, "no name")

    def test_as_many_names_as_agents_may_have(self):
        agents, each = (10, 1000) if FULL else (2, 100)
        self.start({**MAY, "publish": {**ALL, "max_names": 1000}})
        for i in range(agents):
            file = write_config(scratch(self), {"publish": [
                {"publish": self.local, "as": f"m{i}-{k}"}
                for k in range(each)]}, "names.json")
            self.dial("-publish-file", file, "-threads", "1",
                      endpoint=f"many{i}", name=f"many{i}")
        began = time.monotonic()
        wait_until(lambda: len(self.mappings()) == agents * each,
                   "all names", 120)
        print(f"\n{agents * each} names: published within "
              f"{time.monotonic() - began:.2f} s of the last start")
        for i in range(agents):
            self.assertTrue(self.serves(f"m{i}-{each - 1}.{DOMAIN}"))


if __name__ == "__main__":
    main()
