"""A fault proxy for pools: only so many connections, resets of a part."""

import random

from .fault_proxy import FaultProxy


class GateProxy(FaultProxy):
    """A `FaultProxy` that can run out of places for connections."""

    def __init__(self, target_port):
        self.places = None
        self.turned_away = 0
        self.open = 0
        self.most = 0  # at once, from their accept on
        super().__init__(target_port)

    def limit(self, places):
        """Resets every new connection beside `places` open ones; None = no
        limit. The agent never reaches the node then."""
        self.places = places

    def reset_part(self, part):
        """Resets this part of the live connections, chosen at random, and
        returns how many that were."""
        return self._call(self._reset_part(part))

    async def _reset_part(self, part):
        live = list(self._live)
        chosen = random.sample(live, round(len(live) * part))
        for one in chosen:
            one.reset()
        return len(chosen)

    async def _accept(self, agent_reader, agent):
        if self.places is not None and self.open >= self.places:
            self.turned_away += 1
            agent.transport.abort()
            return
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await super()._accept(agent_reader, agent)
        finally:
            self.open -= 1
