"""What systemd is to a service: a socket to notify, a watchdog; and a debugger's way of hanging one thread."""
import ctypes
import os
import socket
import threading
import time


class Manager:
    """Listens where $NOTIFY_SOCKET points to (sd_notify(3)); `said`: (monotonic s, {variable: value}) of each datagram."""

    def __init__(self, path, watchdog_s=None):
        self.said, self.watchdog_s = [], watchdog_s
        self.address = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + path[1:] if path[0] == "@" else path)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                data = self.socket.recv(4096).decode()
            except OSError:
                return
            if data:
                self.said.append((time.monotonic(), dict(line.split("=", 1) for line in data.split("\n"))))

    def environment(self):
        more = {"NOTIFY_SOCKET": self.address}
        if self.watchdog_s:
            more["WATCHDOG_USEC"] = str(int(self.watchdog_s * 1e6))
        return {**os.environ, **more}

    def all(self, variable):
        return [words[variable] for _, words in list(self.said) if variable in words]

    def pings(self, since=0.0):
        return [at for at, words in list(self.said) if words.get("WATCHDOG") == "1" and at >= since]

    def close(self):
        self.socket.close()


class Hung:
    """with Hung(tid): this one thread stands still (ptrace(2): PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH)."""

    WALL = 0x40000000

    def __init__(self, tid):
        self.tid = tid
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.libc.ptrace.restype = ctypes.c_long

    def _ptrace(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def __enter__(self):
        self._ptrace(0x4206)
        self._ptrace(0x4207)
        os.waitpid(self.tid, self.WALL)

    def __exit__(self, *_):
        self._ptrace(17)
