"""A strict reader of Prometheus text (exposition format 0.0.4), written from its description."""
import re
from decimal import Decimal

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{([^{{}}]*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|\Z)')


def parse_metrics(text):
    """{name: (type, {frozenset of (label, value): number})}.  AssertionError on what the format does not allow: a sample without
    HELP and TYPE before it, a name in two places, a sample twice, a counter not called _total, no newline at the end."""
    families, name = {}, None
    assert text.endswith("\n") and "\r" not in text and "\n\n" not in text
    lines = text.split("\n")[:-1]
    while lines:
        help_ = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", lines.pop(0))
        type_ = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", lines.pop(0))
        assert help_ and type_ and help_[1] == type_[1], (help_, type_)
        name, samples = type_[1], {}
        assert name not in families, f"{name} stands in two places"
        assert (type_[2] == "counter") == name.endswith("_total"), f"{name} is a {type_[2]}"
        while lines and not lines[0].startswith("#"):
            sample = SAMPLE.match(lines[0])
            assert sample and sample[1] == name, lines[0]
            labels, at = [], 0
            while at < len(sample[2] or ""):
                label = LABEL.match(sample[2], at)
                assert label, lines[0]
                labels.append((label[1], label[2]))
                at = label.end()
            key = frozenset(labels)
            assert len(dict(labels)) == len(labels) and key not in samples, lines[0]
            samples[key] = Decimal(sample[3])
            lines.pop(0)
        assert samples, f"{name} has no samples"
        families[name] = type_[2], samples
    return families


def read_metrics(path):
    """The families of a file, or {} while it is not there."""
    try:
        with open(path) as f:
            return parse_metrics(f.read())
    except FileNotFoundError:
        return {}


def value(families, name, **labels):
    return families.get("quietair_gateway_" + name, ("", {}))[1].get(frozenset(labels.items()))
