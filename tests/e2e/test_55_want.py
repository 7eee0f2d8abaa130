"""No more descriptors, no more memory: work goes on or ends with a message, and nothing is lost or half done."""
import unittest

from share import Share


class Want(Share):
    def test_descriptors(self):
        self.share("descriptors", 6)

    def test_files_that_may_not_grow(self):
        self.share("file-size", 3)

    def test_memory(self):
        self.share("memory", 6)


if __name__ == "__main__":
    unittest.main()
