#!/usr/bin/python3
"""Holds the code against its own plan (docs/architecture.md): who may include whom, where a library's header may be, and
that what calls itself pure reaches no clock, no file, no socket, no log.

usage: layers.py BUILD      BUILD/obj holds the objects; prints what is wrong, a line each; exit 1 if anything is."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ("common", "firmware-gateway", "collector")

# A part may include itself and these.
MAY_INCLUDE = {"common": (), "firmware-gateway": ("common",), "collector": ("common",)}

# Each library is known to one module.
LIBRARIES = {
    "mosquitto.h": r"common/mqtt(_dial)?\.c",
    "mqtt_protocol.h": r"common/mqtt(_dial)?\.c",
    "jansson.h": r"common/json\w*\.c",
    "iniparser/iniparser.h": r"common/conf\w*\.c",
    "modbus/modbus.h": r"firmware-gateway/link\.c",
    "sqlite3.h": r"collector/ledger/\w+\.[ch]",
    "curl/curl.h": r"collector/output/influx\.c",
    "csv.h": r"collector/site_csv\.c",
    "xlsxwriter.h": r"collector/audit/(book|weekly_xlsx)\.c",
}

# What a pure file must not reach: clocks, chance, files, sockets, threads, processes, standard streams, the environment.
OUTSIDE = re.compile(
    r"""^( f?open(64|at|dir)? | __open\w* | fmemopen | creat | close | read | write | p(read|write)\w* | f(read|write|close|flush|gets|puts|sync)
    | (f|d|v)?printf | __(v?f|d)printf_chk | puts | putchar | perror | getline | lseek | ftruncate | fdatasync | flock | fcntl
    | unlink\w* | rename\w* | mkdir\w* | rmdir | mkstemp | l?stat\w* | fstat\w* | access | chmod | fchmod | readdir | mmap
    | ioctl | time | clock\w* | gettimeofday | nanosleep | u?sleep | localtime\w* | gmtime\w* | mktime | strftime | getrandom
    | s?random\w* | s?rand | socket | connect | bind | listen | accept4? | send\w* | recv\w* | poll | select | getaddrinfo
    | getenv | setenv | pthread_\w+ | fork | exec\w* | kill | signal | sigaction | exit | stdin | stdout | stderr
    | (mosquitto|modbus|curl|sqlite3)_\w+ )$""", re.VERBOSE)

# Doors that stand open, and why nothing comes in by them that could change a result.
DOORS = {
    "common/err": "memory that cannot be had ends the program, with a line in the log",
    "common/json": "the library is set up once a process",
    "common/civil": "the system's time zones are asked through libc",
    "common/conf": "the same module reads configurations from files and from text",
}


def sources():
    for part in PARTS:
        for folder, _, names in os.walk(os.path.join(ROOT, part)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def part_of(path):
    return path.split("/")[0]


def check_include(path, line, name, own):
    if not own:
        where = LIBRARIES.get(name)
        if where and not re.fullmatch(where, path):
            yield f"{path}:{line}: <{name}> belongs to {where}"
        return
    part = part_of(name)
    if part not in PARTS:
        yield f'{path}:{line}: "{name}" is not named from the top of the tree'
    elif part != part_of(path) and part not in MAY_INCLUDE[part_of(path)]:
        yield f"{path}:{line}: {part_of(path)}/ knows nothing of {part}/, but includes {name}"
    elif name.endswith("_private.h"):
        module = name[:-len("_private.h")]
        if path != name and os.path.dirname(path) != os.path.dirname(module):
            yield f"{path}:{line}: {name} is private to {os.path.dirname(module)}/"


def check_includes():
    for path in sources():
        for number, line in enumerate(text_of(path).split("\n"), 1):
            found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
            if found:
                yield from check_include(path, number, found[2], found[1] == '"')


def is_pure(header):
    comment = re.match(r"/\*(.*?)\*/", text_of(header), re.DOTALL)
    return bool(comment and re.search(r"\bPure(?! code)\b", comment[1]))


class Objects:
    """What each object of the product defines, and what it wants from others."""

    def __init__(self, build):
        modules = [path[:-2] for path in sources() if path.endswith(".c")]
        self.wants, self.home = {module: set() for module in modules}, {}
        top = os.path.join(build, "obj")
        out = subprocess.run(["nm", "-A"] + [module + ".o" for module in modules], cwd=top, capture_output=True, text=True)
        if out.returncode:
            sys.exit(f"layers: {out.stderr.strip()}\nlayers: build first")
        for row in out.stdout.splitlines():
            where, rest = row.split(":", 1)
            module, (kind, name) = where[:-2], rest.split()[-2:]
            if kind == "U":
                self.wants[module].add(name)
            elif kind in "TDBRVCW":
                self.home[name] = module

    def way_out(self, module, seen):
        """A way from a module to the outside: [(module, symbol), …], or None."""
        seen.add(module)
        for name in sorted(self.wants[module]):
            if OUTSIDE.match(name):
                return [(module, name)]
        for name in sorted(self.wants[module]):
            home = self.home.get(name)
            if home and home not in seen and home not in DOORS:
                way = self.way_out(home, seen)
                if way:
                    return [(module, name)] + way
        return None


def check_pure(build):
    objects = Objects(build)
    pure = [path for path in sources() if path.endswith(".h") and is_pure(path)]
    if len(pure) < 50:
        yield f"only {len(pure)} headers say that they are pure: are they read rightly?"
    found = {}
    for header in pure:
        if header[:-2] in objects.wants:
            way = objects.way_out(header[:-2], set())
            if way:
                found.setdefault(way[-1], []).append((header, way))
    for (module, name), ways in found.items():
        header, way = min(ways, key=lambda w: len(w[1]))
        others = f" ({len(ways) - 1} others reach it too)" if len(ways) > 1 else ""
        by = " by ".join([""] + [step for _, step in way[:-1]])
        yield f"{header}: says it is pure, but reaches {name} in {module}{by}{others}"


def main():
    faults = list(check_includes()) + list(check_pure(sys.argv[1]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
