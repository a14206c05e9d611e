"""YAML as the manifests want it: no anchors, no tags, and quotes wherever another reader could see something else."""

import re

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._()+/@-]*")
DURATION = re.compile(r"[0-9]+[smhd]")
# What YAML 1.1 reads as a truth value or as nothing, in any case.
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
WIDTH = 110


class Flow(dict):
    """A map to be written on one line."""


def scalar(value):
    """One value on one line."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if DURATION.fullmatch(value):
        return value
    if PLAIN.fullmatch(value) and not value.endswith(" ") and value.lower() not in WORDS:
        return value
    if any(ord(ch) < 32 or ord(ch) == 127 for ch in value):
        raise ValueError(f"control character in {value!r}")
    if "\\" in value or '"' in value:
        return "'" + value.replace("'", "''") + "'"
    return '"' + value + '"'


def flow(value):
    """A whole value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def literal(text, indent):
    """A text of several lines, as it is."""
    lines = text.split("\n")
    # A first line that is empty or begins with a space would hide how deep the block is.
    digit = "2" if lines[0] == "" or lines[0].startswith(" ") else ""
    pad = " " * indent
    return [f"|{digit}-"] + [pad + line if line else "" for line in lines]


def field(key, value, indent, out):
    """`key: value` and what hangs below it."""
    pad = " " * indent
    if isinstance(value, str) and "\n" in value:
        first, *rest = literal(value, indent + 2)
        out.append(f"{pad}{scalar(key)}: {first}")
        out.extend(rest)
    elif isinstance(value, Flow) or value in ({}, []) or not isinstance(value, (dict, list)):
        out.append(f"{pad}{scalar(key)}: {flow(value)}")
    elif isinstance(value, dict):
        out.append(f"{pad}{scalar(key)}:")
        block(value, indent + 2, out)
    else:
        simple = all(not isinstance(item, dict) for item in value)
        line = f"{pad}{scalar(key)}: {flow(value)}"
        if simple and len(line) <= WIDTH:
            out.append(line)
            return
        out.append(f"{pad}{scalar(key)}:")
        for item in value:
            if isinstance(item, dict) and not isinstance(item, Flow):
                at = len(out)
                block(item, indent + 4, out)
                out[at] = f"{pad}  - {out[at].lstrip()}"
            else:
                out.append(f"{pad}  - {flow(item)}")


def block(value, indent, out):
    """The fields of a map, one below the other."""
    for key, item in value.items():
        field(key, item, indent, out)


def document(kind, metadata, spec, comments=()):
    """One manifest, as lines."""
    out = [f"# {comment}" for comment in comments]
    out += ["apiVersion: consign/v1", f"kind: {kind}"]
    short = {key: value for key, value in metadata.items() if value not in (None, "", {}, [])}
    line = f"metadata: {flow(short)}"
    if len(line) <= WIDTH:
        out.append(line)
    else:
        field("metadata", short, 0, out)
    field("spec", spec, 0, out)
    return out
