"""A Modbus TCP server on raw sockets, as a peer that the product was not built on, and the profiles to read it by.

MODBUS Application Protocol V1.1b3: 6.3 (function 3), 6.4 (function 4), 7 (exceptions); Messaging on TCP/IP V1.0b, 3.1.3.
"""
import collections
import socketserver
import struct
import threading
import time

Answer = collections.namedtuple("Answer", "at_ms unit first values")  # registers, as served


class ModbusServer:
    """`registers(unit, address)` says what stands in one register at each request; None: there is no such register.

    A request's registers are asked for in rising order, by one thread at a time.  `served` lists every answer with the
    wall clock just before its bytes were handed over."""

    def __init__(self, registers, delay=0.0):
        self.registers, self.delay, self.served, self.lock = registers, delay, [], threading.Lock()
        self.connections = 0  # accepted, ever
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with outer.lock:
                    outer.connections += 1
                while (head := self._exactly(7)) and (pdu := self._exactly(struct.unpack(">HHHB", head)[2] - 1)):
                    tid, _, _, unit = struct.unpack(">HHHB", head)
                    if outer.delay:
                        time.sleep(outer.delay)
                    with outer.lock:
                        answer = outer._answer(unit, pdu)
                        try:
                            self.request.sendall(struct.pack(">HHHB", tid, 0, len(answer) + 1, unit) + answer)
                        except OSError:
                            return

            def _exactly(self, n):
                data = b""
                while len(data) < n:
                    try:
                        more = self.request.recv(n - len(data))
                    except OSError:
                        return None
                    if not more:
                        return None
                    data += more
                return data

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _answer(self, unit, pdu):
        if pdu[0] not in (3, 4) or len(pdu) != 5:
            return struct.pack(">BB", pdu[0] | 0x80, 1)
        first, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= 125:
            return struct.pack(">BB", pdu[0] | 0x80, 3)
        values = [self.registers(unit, first + i) for i in range(count)]
        if None in values:
            return struct.pack(">BB", pdu[0] | 0x80, 2)
        self.served.append(Answer(time.time_ns() // 1_000_000, unit, first, values))
        return struct.pack(f">BB{count}H", pdu[0], 2 * count, *values)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def words(fmt, value, order="abcd"):
    """The two registers that hold a 32-bit value (struct format I, i or f) in this order of its bytes."""
    raw = struct.pack(">" + fmt, value)
    return struct.unpack(">2H", bytes(raw["abcd".index(c)] for c in order))


def profile(measurement, **metrics):
    """The text of a profile.  metrics: name = "holding:0 u16" plus further `key=value` words."""
    text = f"[profile]\nmeasurement = {measurement}\n"
    for name, line in metrics.items():
        register, kind, *more = line.split()
        text += f"\n[{name}]\nregister = {register}\ntype = {kind}\n"
        text += "".join("{} = {}\n".format(*word.split("=", 1)) for word in more)
    return text
