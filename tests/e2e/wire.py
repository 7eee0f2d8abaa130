"""What stands between a program and its broker: a relay that counts bytes, one that is a broker of MQTT 3.1.1 only, certificates."""
import socket
import struct
import subprocess
import threading

from programs import free_port


class Relay:
    """Hands each connection on to `port` and counts the bytes of TCP's payload in both directions.

    `refuse_5`: a CONNECT of MQTT 5 is answered as MQTT 3.1.1 (3.1.2.2, 3.2.2.3) wants it, return code 1, or, with
    `refuse_5 = "silently"`, by closing."""

    def __init__(self, port, refuse_5=None):
        self.target, self.refuse_5 = port, refuse_5
        self.up = self.down = self.connections = self.refused = 0
        self.versions = []  # of the CONNECTs that went through
        self.sockets, self.lock, self.closed = [], threading.Lock(), False
        self.port = free_port()
        self.server = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        first = near.recv(65536)
        version = first[8] if first[:1] == b"\x10" and first[4:8] == b"MQTT" else None
        if self.refuse_5 and version == 5:
            with self.lock:
                self.refused += 1
            if self.refuse_5 != "silently":
                near.sendall(b"\x20\x02\x00\x01")
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        with self.lock:
            self.versions.append(version)
            self.connections += 1
            self.up += len(first)
            self.sockets += [near, far]
        far.sendall(first)
        threading.Thread(target=self._pump, args=(far, near, "down"), daemon=True).start()
        self._pump(near, far, "up")

    def _pump(self, from_, to, direction):
        try:
            while data := from_.recv(65536):
                with self.lock:
                    setattr(self, direction, getattr(self, direction) + len(data))
                to.sendall(data)
        except OSError:
            pass
        for s in (from_, to):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def say_and_close(self, data):
        """To those who are connected."""
        with self.lock:
            near = self.sockets[::2]
        for s in near:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)  # not for reading: what the other side still sends would be answered by a reset
            except OSError:
                pass  # gone already

    def counts(self):
        """Since the beginning: bytes of payload up and down, and segments up and down on the client's side (with bare ACKs)."""
        with self.lock:
            segments = [(0, 0)]
            for near in self.sockets[::2]:
                if near.fileno() >= 0:
                    info = near.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
                    segments.append(struct.unpack_from("=II", info, 136)[::-1])  # struct tcp_info: segs_out, segs_in
            return (self.up, self.down, *map(sum, zip(*segments)))

    def close(self):
        self.server.close()
        for s in self.sockets:
            s.close()


class Authority:
    """A certificate authority in a folder, by openssl(1)."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.crt = f"{folder}/{name}.crt"
        self._openssl("req", "-x509", *self._key(name), "-days", "2", "-subj", f"/CN={name}", "-out", self.crt)

    def _key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{self.folder}/{name}.key")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, days=2, names="IP:127.0.0.1"):
        """(certificate, key) for CN=name; negative days: expired."""
        self._openssl("req", *self._key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        with open(f"{self.folder}/{name}.names", "w") as f:
            f.write(f"subjectAltName = {names}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", self.crt, "-CAkey", f"{self.name}.key", "-CAcreateserial",
                      "-days", str(days), "-extfile", f"{name}.names", "-out", f"{name}.crt")
        return f"{self.folder}/{name}.crt", f"{self.folder}/{name}.key"
