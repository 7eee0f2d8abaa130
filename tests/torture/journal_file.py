"""A journal's folder, read by its published form (docs/architecture.md) and nothing of the product's code: every byte must
belong to a record that fits the one before.  Unlike the product, which steps over damage, this says each fault."""
import binascii
import collections
import glob
import hashlib
import os
import struct

ZERO = bytes(32)
SEGMENT = struct.Struct("<8sQq32sII")  # magic, first, created_ms, h(first-1), zero, crc of what is before it
RECORD = struct.Struct("<4sIQq32sII")  # magic, length, seq, time_ms, h(seq-1), crc of the body, crc of what is before it

Record = collections.namedtuple("Record", "seq time_ms before body")
Journal = collections.namedtuple("Journal", "records heads faults")  # heads: {seq: h(seq)}, also of what stands before the first


def chain(before, body):
    return hashlib.sha256(before + body).digest()


def sealed(pack, *fields):
    head = pack.pack(*fields, 0)
    return head[:-4] + struct.pack("<I", binascii.crc32(head[:-4]))


def segment(first, before, bodies, time_ms=0):
    """The bytes of a segment, as a test wants them."""
    text = sealed(SEGMENT, b"QAJSEG1\n", first, time_ms, before, 0)
    for seq, body in enumerate(bodies, first):
        text += sealed(RECORD, b"QREC", len(body), seq, time_ms, before, binascii.crc32(body)) + body
        before = chain(before, body)
    return text


def read(folder):
    return parse({os.path.basename(path): _bytes(path) for path in glob.glob(f"{folder}/*.seg")})


def parse(segments):
    """segments: {file name: bytes}; a Journal."""
    records, heads, faults = [], {}, []
    due = head = None  # the seq that comes next, and h of the one before
    for name, text in sorted(segments.items()):
        if len(text) < SEGMENT.size:
            faults.append(f"{name}: {len(text)} bytes, no header")
            continue
        magic, first, _, before, zero, crc = SEGMENT.unpack_from(text)
        if magic != b"QAJSEG1\n" or zero or crc != binascii.crc32(text[:SEGMENT.size - 4]) or f"{first:020}.seg" != name:
            faults.append(f"{name}: its header is damaged")
        elif due is not None and first < due and heads.get(first - 1) == before:
            # What stands behind a failed fdatasync was never said: the next segment begins again behind what is sure.
            while records and records[-1].seq >= first:
                del heads[records.pop().seq]
            due, head = first, before
        elif due is not None and (first, before) != (due, head):
            faults.append(f"{name}: does not follow on what ends at {due - 1}")
        elif due is None:
            due, head = first, before
            heads[first - 1] = before
        at = SEGMENT.size
        while at < len(text):
            record, at, fault = _record(text, at)
            if fault:
                faults.append(f"{name}: {fault}")
            if record is None:
                continue
            if due is not None and record.seq != due:
                faults.append(f"{name}: {record.seq} stands where {due} should")
            if head is not None and record.before != head:
                faults.append(f"{name}: {record.seq} does not fit the record before it")
            records.append(record)
            due, head = record.seq + 1, chain(record.before, record.body)
            heads[record.seq] = head
    return Journal(records, heads, faults)


def _record(text, at):
    """(Record or None, where the next one may begin, fault or None)"""
    if at + RECORD.size <= len(text):
        magic, length, seq, time_ms, before, body_crc, crc = RECORD.unpack_from(text, at)
        if magic == b"QREC" and crc == binascii.crc32(text[at:at + RECORD.size - 4]):
            body = text[at + RECORD.size:at + RECORD.size + length]
            end = at + RECORD.size + length
            if len(body) == length and binascii.crc32(body) == body_crc:
                return Record(seq, time_ms, before, body), end, None
            return None, end, f"the body of {seq} is damaged"
    following = text.find(b"QREC", at + 1)
    end = following if following >= 0 else len(text)
    return None, end, f"bytes {at} to {end} are no record"


def _bytes(path):
    with open(path, "rb") as f:
        return f.read()
