"""The cases of tests/bad, whose README.md says how they are written."""
import collections
import re

from programs import ROOT

Case = collections.namedtuple("Case", "name expected payload")


def expand(text, word=None):
    """The bytes of a payload; word: what <word> stands for, as text (None: it knows no such word)."""
    def inside(m):
        what = m[1]
        if re.fullmatch(r"([0-9A-F]{2})( [0-9A-F]{2})*", what):
            return bytes.fromhex(what)
        if times := re.fullmatch(r"(.+)\*(\d+)", what):
            return (b"\0" if times[1] == "\\0" else times[1].encode()) * int(times[2])
        said = word(what) if what else ""
        assert said is not None, f"<{what}>"
        return said.encode()
    parts = re.split(r"<([^>]*)>", text)
    return b"".join(inside((None, part)) if i % 2 else part.replace("¶", "\n").encode() for i, part in enumerate(parts))


def cases(name):
    """(name, expected, payload as it is written) …"""
    with open(f"{ROOT}/tests/bad/{name}", encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    return [Case(*(part.rstrip() for part in head), line.split("| ", 2)[2])
            for line in lines if line and not line.startswith("#") for head in [line.split("| ", 2)[:2]]]


def counted(expected):
    """`reading=1 body=2` as a Counter."""
    return collections.Counter({word: int(n) for word, n in (part.split("=") for part in expected.split())})
