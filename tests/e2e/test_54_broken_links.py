"""Connections that are half-open, mute, refused, cut in a frame, to peers that stand still; and a stderr that nobody reads."""
import unittest

from share import Share


class BrokenLinks(Share):
    def test_each_way_in_each_way(self):
        self.share("network", 6)

    def test_nobody_reads_what_is_logged(self):
        self.share("blocked-log", 4)


if __name__ == "__main__":
    unittest.main()
