"""Devices whose answers come late, in any order or one after the other, on a pty, behind a TCP converter, or on Modbus TCP.

What stands in a register says which one it is, so that an answer taken for another question's is seen.
"""
import heapq
import os
import pty
import random
import select
import socket
import struct
import threading
import time
import tty


def content(unit, address):
    return (unit << 12 ^ address * 37 % 4093) & 0xffff


def crc(data):
    value = 0xffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xa001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class LatePeer:
    """`late` of the requests are answered after 0.1 to 10 times the timeout (logarithmically even), the others at once.

    in_order: one request after the other, as most devices do; else each answer has a delay of its own.  `noise` of the
    answers have a stranger's message, an echo or junk before them, or are damaged."""

    def __init__(self, kind, timeout, late, in_order=False, noise=0.0, seed=0, path=None):
        self.kind, self.timeout, self.late, self.in_order, self.noise = kind, timeout, late, in_order, noise
        self.chance, self.requests, self.stopping = random.Random(seed), 0, False
        if kind == "pty":
            self.fd, self.slave = pty.openpty()
            tty.setraw(self.slave)
            os.symlink(os.ttyname(self.slave), path)
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve if kind == "pty" else self._accept, daemon=True)
        self.thread.start()

    def close(self):
        self.stopping = True
        self.thread.join()

    def _accept(self):
        while not self.stopping:
            if select.select([self.listener], [], [], 0.05)[0]:
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.fd = connection.fileno()
                try:
                    self._serve()
                except OSError:
                    pass
                connection.close()
        self.listener.close()

    def _serve(self):
        due, heard, busy, n = [], b"", 0.0, 0
        while not self.stopping:
            wait = max(0.0, min(0.05, due[0][0] - time.monotonic())) if due else 0.05
            if select.select([self.fd], [], [], wait)[0]:
                more = os.read(self.fd, 4096)
                if not more:
                    return
                heard += more
            length = 12 if self.kind == "tcp" else 8
            while len(heard) >= length:
                request, heard = heard[:length], heard[length:]
                begin = max(busy, time.monotonic()) if self.in_order else time.monotonic()
                busy = begin + self._delay()
                heapq.heappush(due, (busy, n, self._answer(request)))
                n += 1
                self.requests += 1
            while due and due[0][0] <= time.monotonic():
                os.write(self.fd, heapq.heappop(due)[2])

    def _delay(self):
        return self.timeout * 0.1 * 100 ** self.chance.random() if self.chance.random() < self.late else 0.0005

    def _answer(self, request):
        body = request[6:] if self.kind == "tcp" else request[:6]
        unit, function, first, count = struct.unpack(">BBHH", body)
        values = [content(unit, first + i) for i in range(count)]
        pdu = struct.pack(f">BBB{count}H", unit, function, 2 * count, *values)
        if self.kind == "tcp":
            return request[:4] + struct.pack(">H", len(pdu)) + pdu
        message = pdu + crc(pdu)
        if self.chance.random() >= self.noise:
            return message
        stranger = bytes([unit + 4]) + pdu[1:]
        return self.chance.choice((request + message, b"\xff\x00" + message, stranger + crc(stranger),
                                   message[:-1] + bytes([message[-1] ^ 0x10])))
