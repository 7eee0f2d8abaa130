"""Disks that stay full until there is room again, and clocks that are set by a second, an hour, a day."""
import unittest

from share import Share


class RoomAndTime(Share):
    def test_full_disks(self):
        self.share("disk", 4)

    def test_clocks_that_are_set(self):
        self.share("clocks", 4)


if __name__ == "__main__":
    unittest.main()
