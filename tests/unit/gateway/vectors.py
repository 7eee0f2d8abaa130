#!/usr/bin/env python3
"""Prints what registers mean, for test_vectors: every type in every order, scaled, at the edges and at random.

    KEY=VALUE;…|WORDS|EXPECTED      the keys of a metric, its registers in hex, the value as it is published
    KEY=VALUE;…|WORDS|!REASON       … or why there is none

Nothing here is taken from the gateway: registers come from struct, values from decimal (with more digits than anything
needs), the shortest decimal of a float from trying.  The same lines every time.
"""
import random
import struct
from decimal import ROUND_HALF_EVEN, Context, Decimal, setcontext

setcontext(Context(prec=900, Emin=-9999, Emax=9999, rounding=ROUND_HALF_EVEN))
RNG = random.Random(20260101)

# of a type: how many registers, struct's letter
INTEGERS = {"u16": (1, "H"), "s16": (1, "h"), "u32": (2, "I"), "s32": (2, "i"), "u64": (4, "Q"), "s64": (4, "q")}
FLOATS = {"f32": (2, "f"), "f64": (4, "d")}
ORDERS = ("abcd", "cdab", "badc", "dcba")
SCALES = ("1", "0.1", "0.01", "0.001", "0.125", "2.5", "10", "1e3", "-0.1", "1e-6")
OFFSETS = ("0", "-40", "-273.15", "0.05")
DECIMALS = (None, 0, 1, 2)
DIGITS, FINITE = "!more digits than can be kept exactly", "!not a finite number"


def words(raw, order):
    """Big-endian bytes as they stand on the wire: abcd as they are; cdab with the words reversed; badc with the bytes of
    each swapped; dcba with all bytes reversed."""
    pairs = [raw[i:i + 2] for i in range(0, len(raw), 2)]
    if order in ("cdab", "dcba"):
        pairs.reverse()
    if order in ("badc", "dcba"):
        pairs = [p[::-1] for p in pairs]
    return " ".join(p.hex() for p in pairs)


def orders(registers):
    return ORDERS if registers > 1 else ("abcd", "badc")


def shortest(x, single):
    """The decimal with the fewest digits that reads back as the same float."""
    for digits in range(1, 18):
        text = f"{x:.{digits - 1}e}"
        back = float(text)
        if single:
            try:
                back = struct.unpack("f", struct.pack("f", back))[0]
            except OverflowError:
                continue
        if back == x:
            return Decimal(text)
    raise AssertionError(x)


def published(value):
    """As text: no exponent within 2^63, no zeros at the end, no -0; else as a double."""
    if value == value.to_integral_value() and -2 ** 63 <= value < 2 ** 63:
        return str(int(value))
    return number(float(value))


def number(x):
    text = repr(x)
    return text[:-2] if text.endswith(".0") else text


def same(text, value):
    return Decimal(text) == value


def meant(value, scale, offset, decimals):
    value = value * Decimal(scale) + Decimal(offset)
    return value if decimals is None else value.quantize(Decimal(1).scaleb(-decimals))


def emit(keys, registers, expected):
    print(";".join(f"{k}={v}" for k, v in keys.items() if v is not None) + f"|{registers}|{expected}")


def digits(number):
    """The digits of a number as a whole one, without zeros at the end: 125 of 0.125."""
    sign, figures, _ = number.normalize().as_tuple()
    return (-1) ** sign * int("".join(map(str, figures)))


def fits(whole):
    return -2 ** 63 <= whole < 2 ** 63


def keys(kind, order, scale, offset, decimals):
    return {"type": kind, "order": order, "scale": scale, "offset": offset, "decimals": decimals}


def put_integer(kind, raw, order, scale="1", offset="0", decimals=None):
    registers, letter = INTEGERS[kind]
    value = meant(Decimal(raw), scale, offset, decimals)
    text = published(value)
    product = Decimal(raw) * Decimal(scale)
    kept = fits(raw) and fits(digits(Decimal(raw)) * digits(Decimal(scale))) and fits(digits(product + Decimal(offset)))
    expected = text if kept and same(text, value) else DIGITS
    emit(keys(kind, order, scale, offset, decimals), words(struct.pack(">" + letter, raw), order), expected)


def put_float(kind, raw, order, scale="1", offset="0", decimals=None):
    _, letter = FLOATS[kind]
    x = struct.unpack(">" + letter, raw)[0]
    if x != x or x in (float("inf"), float("-inf")):
        expected = FINITE
    else:
        value = shortest(x, kind == "f32") if x else Decimal(0)
        value = meant(value, scale, offset, decimals)
        try:
            text = published(value)
        except OverflowError:
            text = "inf"
        expected = FINITE if text == "inf" else "0" if text == "-0" else text
    emit(keys(kind, order, scale, offset, decimals), words(raw, order), expected)


def integers():
    for kind, (registers, letter) in INTEGERS.items():
        bits, signed = 16 * registers, letter.islower()
        low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2 ** bits - 1)
        edges = {low, low + 1, high, high - 1, 0, 1, 10, 99, 25, 35, 1005, 1015} | ({-1, -25, -35} if signed else set())
        edges |= {n for e in (53, 63) for n in (2 ** e - 1, 2 ** e, 2 ** e + 1) if n <= high}
        edges |= {n for e in (53, 63) for n in (-2 ** e, -2 ** e - 1) if n >= low}
        for order in orders(registers):
            for raw in sorted(edges):
                put_integer(kind, raw, order)
            for scale in SCALES:
                for raw in sorted(edges)[:3] + sorted(edges)[-3:] + [1, 673]:
                    put_integer(kind, raw, order, scale)
                for _ in range(6):
                    size = RNG.choice((8, 16, min(bits, 40), bits))
                    raw = RNG.randrange(max(low, -2 ** (size - 1)), min(high, 2 ** size - 1) + 1)
                    put_integer(kind, raw, order, scale, RNG.choice(OFFSETS), RNG.choice(DECIMALS))


def floats():
    singles = ["00000000", "80000000", "00000001", "80000001", "007fffff", "00800000", "7f7fffff", "ff7fffff", "7f800000",
               "ff800000", "7fc00000", "7f800001", "ffffffff", "3dcccccd", "43663333", "4b7fffff", "4b800000", "5a000000",
               "42c80000", "3e000000", "40200000", "40600000", "c1e40000", "5f000000", "47c0e6b7"]
    doubles = ["0000000000000000", "8000000000000000", "0000000000000001", "000fffffffffffff", "0010000000000000",
               "7fefffffffffffff", "ffefffffffffffff", "7ff0000000000000", "fff0000000000000", "7ff8000000000000",
               "7ff0000000000001", "3fb999999999999a", "4340000000000000", "4340000000000001", "c0934a456d5cfaad",
               "43e0000000000000", "3ff0000000000001", "406cc66666666666"]
    for kind, edges in (("f32", singles), ("f64", doubles)):
        registers, letter = FLOATS[kind]
        for order in ORDERS:
            for raw in edges:
                put_float(kind, bytes.fromhex(raw), order)
            for _ in range(20):
                put_float(kind, RNG.randbytes(2 * registers), order)
            for scale in SCALES:
                for _ in range(8):
                    # what a meter of so many decimals gives; a double of 17 digits is not scaled exactly, and is not tried
                    x = round(RNG.uniform(-5000, 5000), RNG.randrange(5))
                    put_float(kind, struct.pack(">" + letter, x), order, scale, RNG.choice(OFFSETS), RNG.choice(DECIMALS))


def parts():
    """Halves and bits of a register."""
    for order in ("abcd", "badc"):
        for word in (0x0000, 0xffff, 0x80ff, 0x7f80, 0x12fe, 0x8421):
            wire = words(word.to_bytes(2, "big"), order)
            for byte, shift in (("high", 8), ("low", 0)):
                n = word >> shift & 255
                emit({"type": "u8", "byte": byte, "order": order}, wire, n)
                emit({"type": "s8", "byte": byte, "order": order}, wire, n - 256 if n > 127 else n)
                emit({"type": "s8", "byte": byte, "order": order, "scale": "0.5", "offset": "-40"}, wire,
                     published(meant(Decimal(n - 256 if n > 127 else n), "0.5", "-40", None)))
            for first in range(16):
                emit({"type": "bit", "bit": first, "order": order}, wire, word >> first & 1)
                for last in range(first, 16):
                    emit({"type": "bits", "bits": f"{first}-{last}", "order": order}, wire,
                         int(f"{word:016b}"[15 - last:16 - first], 2))


def decimals():
    """Binary-coded: 0x1234 is 1234."""
    for kind, digits in (("bcd16", 4), ("bcd32", 8)):
        for order in orders(digits // 4):
            for n in (0, 1, 9, 10, 99, 5, 10 ** digits - 1, 10 ** (digits - 1), 1234567890 % 10 ** digits):
                for scale in ("1", "0.1", "0.01"):
                    emit({"type": kind, "order": order, "scale": scale}, words(bytes.fromhex(f"{n:0{digits}d}"), order),
                         published(meant(Decimal(n), scale, "0", None)))
            for bad in ("a", "f"):
                for place in range(digits):
                    text = "0" * place + bad + "1" * (digits - place - 1)
                    emit({"type": kind, "order": order}, words(bytes.fromhex(text), order), "!a digit above 9")


def meanings():
    """Values in words of the meter: maps, and those that stand for none."""
    for raw, value in ((0, "0"), (1, "1"), (2, "0.5"), (0xffff, "-1")):
        emit({"type": "u16", "map": "0:0 1:1 2:0.5 0xFFFF:-1"}, f"{raw:04x}", value)
    for raw in (3, 0x8000, 0xfffe):
        emit({"type": "u16", "map": "0:0 1:1 2:0.5 0xFFFF:-1"}, f"{raw:04x}", "!not in the map")
    emit({"type": "s16", "map": "-1:7"}, "ffff", "7")
    emit({"type": "bcd16", "map": "12:7"}, "0012", "7")
    emit({"type": "bcd16", "map": "12:7"}, "000c", "!a digit above 9")
    emit({"type": "bits", "bits": "4-6", "map": "5:1"}, "0050", "1")
    none = "!the meter says that it has no value"
    for kind, nan, wire in (("u16", "0xFFFF", "ffff"), ("s16", "-32768", "8000"), ("s16", "0x7FFF", "7fff"),
                            ("u32", "0xFFFFFFFF", "ffff ffff"), ("s32", "-1", "ffff ffff"), ("f32", "0xC61C3C00", "c61c 3c00"),
                            ("u64", "0xFFFFFFFFFFFFFFFF", "ffff ffff ffff ffff"), ("bcd16", "0xFFFF", "ffff")):
        emit({"type": kind, "nan": f"7 {nan}"}, wire, none)
    emit({"type": "s16", "nan": "0x7FFF"}, "7ffe", "32766")
    emit({"type": "s8", "byte": "high", "nan": "-128"}, "8001", none)
    emit({"type": "bits", "bits": "0-3", "nan": "15"}, "123f", none)
    emit({"type": "bits", "bits": "0-3", "nan": "15"}, "f23e", "14")


integers()
floats()
parts()
decimals()
meanings()
