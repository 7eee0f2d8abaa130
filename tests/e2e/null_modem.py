"""Two serial lines joined end to end, as ptys whose own ends nobody else holds open."""
import errno
import os
import pty
import select
import threading
import time
import tty


class NullModem:
    def __init__(self, *paths):
        self.masters, self.stopping = [], False
        for path in paths:
            master, slave = pty.openpty()
            tty.setraw(slave)
            os.symlink(os.ttyname(slave), path)
            os.close(slave)
            self.masters.append(master)
        self.thread = threading.Thread(target=self._relay, daemon=True)
        self.thread.start()

    def close(self):
        self.stopping = True
        self.thread.join()
        for master in self.masters:
            os.close(master)

    def _relay(self):
        while not self.stopping:
            ready = select.select(self.masters, [], [], 0.05)[0]
            heard = [self._pass_on(master) for master in ready]
            if ready and not any(heard):
                time.sleep(0.002)  # an end that nobody has open is always ready

    def _pass_on(self, master):
        try:
            data = os.read(master, 4096)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            return False
        other = self.masters[1 - self.masters.index(master)]
        os.write(other, data)
        return True
