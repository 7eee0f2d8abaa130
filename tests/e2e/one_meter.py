"""A street with one meter, polled ten times a second by whatever gateway a test starts."""
from meters import ModbusServer, profile
from street import Scenario, merged


class OneMeter(Scenario):
    """self.server is the meter, self.polling what a gateway's configuration needs for it."""

    def setUp(self):
        super().setUp()
        self.server = self.street.peer(ModbusServer, lambda unit, address: 7)
        self.street.write("profiles/tally.ini", profile("tally", n="holding:0 u32"))
        self.polling = {"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.server.port}"},
                        "device d": {"bus": "b", "unit": 1, "profile": "tally", "site": "s", "interval": "100ms"}}

    def gateway(self, more=None, name="gw-1", **kind):
        return self.street.gateway(merged(self.polling, more or {}), name, **kind)
