"""pymodbus as a peer: its client, and, as a program, its server: pymodbus_peer.py PORT, or a serial line's path.

Every unit has four holding registers: u32 n (counts from 1000), u16 m (counts from 20000), u16 the unit.  Each answer
counts on, and is a line on stdout in the form of the simulator's log.
"""
import asyncio
import struct
import sys
import time
import types

# pymodbus imports what it needs for serial lines even where none is used, and Debian only recommends it.
for missing in ("serial", "serial_asyncio"):
    try:
        __import__(missing)
    except ImportError:
        sys.modules[missing] = types.ModuleType(missing)
        sys.modules[missing].create_serial_connection = None

UNITS = range(1, 11)


def client(*arguments, **more):
    from pymodbus.client import ModbusTcpClient
    return ModbusTcpClient(*arguments, **more)


def serve(place):
    from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
    from pymodbus.server.async_io import StartAsyncSerialServer, StartAsyncTcpServer
    from pymodbus.transaction import ModbusRtuFramer

    class Counting(ModbusSparseDataBlock):
        def __init__(self, unit):
            super().__init__({address: 0 for address in range(4)})
            self.unit, self.count = unit, 0

        def getValues(self, address, count=1):  # noqa: N802
            n, m = 1000 + self.count, 20000 + self.count
            self.count += 1
            values = [*struct.unpack(">2H", struct.pack(">I", n)), m, self.unit]
            if (address, count) == (0, 4):
                print(f"{time.time_ns() // 1_000_000} unit-{self.unit} n={n} m={m}", flush=True)
            return values[address:address + count]

    slaves = {unit: ModbusSlaveContext(hr=Counting(unit), zero_mode=True) for unit in UNITS}
    context = ModbusServerContext(slaves, single=False)
    if place.startswith("/"):
        asyncio.run(StartAsyncSerialServer(context, framer=ModbusRtuFramer, port=place, baudrate=9600, timeout=0.005,
                                           ignore_missing_slaves=True))
    else:
        asyncio.run(StartAsyncTcpServer(context, address=("127.0.0.1", int(place))))


if __name__ == "__main__":
    serve(sys.argv[1])
