"""Networks that misbehave: a name server that says what it is told to or nothing, and a gate in a connection's way."""
import os
import random
import select
import socket
import struct
import threading

from programs import free_port, wait_for


class Resolver:
    """A name server on a loopback address of its own, port 53 (root's).  `addresses` {name: IPv4}; other names do not exist.
    `silent`: it hears and says nothing."""

    def __init__(self, **addresses):
        self.addresses, self.silent, self.asked = addresses, False, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.address = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
            try:
                self.socket.bind((self.address, 53))
                break
            except PermissionError:
                raise
            except OSError:
                continue  # somebody else's
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, whose = self.socket.recvfrom(512)
                self.asked += 1
                if not self.silent:
                    self.socket.sendto(self._answer(question), whose)
            except OSError:
                return

    def _answer(self, question):
        """RFC 1035, 4.1: the question again, and an A record with a TTL of 0 if there is one."""
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack_from(">H", question, at + 1)
        address = self.addresses.get(".".join(labels))
        answers = [address] if address and kind == 1 else []
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | (0 if address else 3), 1, len(answers), 0, 0)
        return head + question[12:at + 5] + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(a)
                                                     for a in answers)

    def asking(self, folder, argv):
        """argv, run where this is the only name server: in a mount namespace with a resolv.conf of its own."""
        path = f"{folder}/resolv-{self.address}.conf"
        with open(path, "w") as f:
            f.write(f"nameserver {self.address}\n")
        return ["unshare", "-m", "sh", "-c", f"mount --bind {path} /etc/resolv.conf && exec \"$@\"", "sh", *argv]

    def close(self):
        self.socket.close()


def may_resolve():
    return os.getuid() == 0


class Gate:
    """A relay to `port` of 127.0.0.1, at a port of its own or at the same one of another loopback address.  `way` says what becomes of connections:

    open      everything goes through
    vanished  nothing goes through, nothing is closed, and who calls anew hears nothing either: the other end's host is gone
    mute      new connections are taken, and nothing is ever said; those that exist are as vanished
    shut      nobody listens; those that exist are reset
    cutting   the next bytes of each connection go through up to `cut`, then it is reset: in the middle of a frame"""

    def __init__(self, port, host="127.0.0.1"):
        self.target, self.host, self.way, self.cut = port, host, "open", 0
        self.pairs, self.callers, self.lock, self.done = [], [], threading.Lock(), False
        self.port = free_port() if host == "127.0.0.1" else port
        self.server = None
        self.wake_out, self.wake_in = os.pipe()
        self._listen()
        threading.Thread(target=self._run, daemon=True).start()

    def _listen(self):
        """A listener that was closed is gone only when no select() has it any more."""
        def taken():
            try:
                return socket.create_server((self.host, self.port), backlog=0 if self.way == "vanished" else 128)
            except OSError:
                return None
        self.server = wait_for(taken, f"port {self.port} is free again")
        self.server.setblocking(False)
        if self.way == "vanished":
            self._fill_up()

    def _fill_up(self):
        """Linux drops what calls a listener whose queue is full."""
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex((self.host, self.port))
            self.callers.append(caller)

    def _stop_listening(self):
        self.server.close()
        self.server = None
        os.write(self.wake_in, b"x")
        for caller in self.callers:
            caller.close()
        self.callers.clear()

    def set(self, way, cut=0):
        with self.lock:
            was, self.way, self.cut = self.way, way, cut
            if self.server and way != was and (way == "shut" or "vanished" in (way, was)):
                self._stop_listening()
            if way != "shut" and not self.server:
                self._listen()
            if way == "shut" or (way == "open" and was in ("vanished", "mute")):
                for pair in list(self.pairs):
                    self._reset(pair)  # a host that comes back knows none of its connections
        os.write(self.wake_in, b"x")

    @staticmethod
    def _close(s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()

    def _reset(self, pair):
        if pair in self.pairs:
            self.pairs.remove(pair)
            for s in pair:
                if s:
                    self._close(s)

    def _run(self):
        while not self.done:
            with self.lock:
                watched = [self.server] if self.server and self.way != "vanished" else []
                if self.way not in ("vanished", "mute"):
                    watched += [s for pair in self.pairs for s in pair if s]
            try:
                ready, _, _ = select.select([self.wake_out, *watched], [], [], 1)
            except (OSError, ValueError):
                continue  # one of them was closed meanwhile
            for s in ready:
                if s == self.wake_out:
                    os.read(self.wake_out, 64)
                    continue
                with self.lock:
                    if s.fileno() < 0:
                        continue
                    if s is self.server:
                        self._accept()
                    elif self.way not in ("vanished", "mute"):
                        self._forward(s)

    def _accept(self):
        try:
            near, _ = self.server.accept()
        except OSError:
            return
        if self.way == "mute":
            self.pairs.append((near, None))
            return
        try:
            self.pairs.append((near, socket.create_connection(("127.0.0.1", self.target), timeout=5)))
        except OSError:
            self._close(near)

    def _forward(self, s):
        pair = next((p for p in self.pairs if s in p), None)
        if not pair:
            return
        other = pair[1] if s is pair[0] else pair[0]
        try:
            data = s.recv(65536)
            if data and self.way == "cutting":
                other.sendall(data[:self.cut])
                data = b""
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._reset(pair)

    def close(self):
        self.done = True
        os.write(self.wake_in, b"x")
        with self.lock:
            if self.server:
                self._stop_listening()
            for pair in list(self.pairs):
                self._reset(pair)
