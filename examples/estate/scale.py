#!/usr/bin/env python3
"""Writes a project of any size from the estate's rows, for measurements.

    python3 scale.py --packages 10000 --out DIR

N packages have 2N programs, N tasks, N/20 sequential tasks and N/5 collections. Command lines and queries are real
ones, over and over; names, numbers and who gets what are made up. The same N gives the same bytes. Needs nothing but
Python 3.
"""

import argparse
import os
import sys

from make import ROOT, after_running, base_name, query_text, rows, unique
from yamlout import Flow, document, flow, scalar

STEPS = 5
A_FILE = 25  # collections or sequences in one file
PRIORITIES = ["low", "normal", "normal", "high", "veryHigh"]
RUNS = [
    "asSoonAsPossible",
    {"schedule": {"daily": "17:00"}},
    {"schedule": {"weekly": {"days": ["sat", "sun"], "time": "02:30"}}},
    {"schedule": {"monthly": {"day": {"week": "second", "weekday": "tue"}, "offsetDays": 3, "time": "22:00"}}},
    "manual",
]

PACKAGE = """\
apiVersion: consign/v1
kind: Package
metadata: {{name: {name}, folder: {root}/Packages/{shard}}}
spec:
  publisher: {publisher}
  version: {version}
  source: {{unc: '\\\\files.example.com\\packages\\{number}'}}
  programs:
    - name: Install
      commandLine: {install}
      successCodes: {codes}
      maxRunTime: {minutes}m{after}
    - name: Uninstall
      commandLine: {uninstall}
---
apiVersion: consign/v1
kind: Task
metadata: {{name: {task}, folder: {root}/Tasks/{shard}}}
spec:
  package: {name}
  program: Install
  collections: [{collection}]
  priority: {priority}
  run: {run}
"""

CONSIGN = """\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
servers:
  lab:
    api: native
    url: http://127.0.0.1:7450
    tokenFrom: {env: CONSIGN_TOKEN}
    folders: [Software Delivery]
"""


def write(out, path, text):
    full = os.path.join(out, *path.split("/"))
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(text.encode("utf-8"))


def collection_name(number):
    return f"Collection {number:06}"


def package_name(base, number):
    return f"{base} #{number:06}"


def write_packages(out, bases, n, n_collections):
    for number in range(n):
        row, base = bases[number % len(bases)]
        name = package_name(base, number)
        shard = f"{number // 500:03}"
        after = "\n      afterRunning: " + flow(after_running(row)) if after_running(row) else ""
        text = PACKAGE.format(
            root=ROOT, shard=shard, number=f"{number:06}", name=scalar(name), task=scalar(f"Install {name}"),
            publisher=scalar(row["publisher"] or "unknown"), version=scalar(row["version"] or "newest"),
            install=scalar(row["install_command"]), uninstall=scalar(row["uninstall_command"]),
            codes=flow(unique(row["success_codes"] or [0])), minutes=row.get("max_runtime_minutes") or 30 + number % 90,
            after=after, collection=collection_name(number % n_collections), priority=PRIORITIES[number % 5],
            run=flow(RUNS[number // 5 % 5]),
        )
        write(out, f"delivery/packages/{shard}/{number:06}.yaml", text)


def write_many(out, folder, documents):
    for at in range(0, len(documents), A_FILE):
        lines = "\n---\n".join("\n".join(lines) for lines in documents[at:at + A_FILE])
        write(out, f"delivery/{folder}/{at // A_FILE:03}.yaml", lines + "\n")


def sequences(bases, n, n_sequences, n_collections):
    found = []
    for number in range(n_sequences):
        # Five different packages wherever there are five: they stand a sequence's number apart.
        picks = unique((number * 20 + step * 4) % n for step in range(STEPS))
        steps = []
        for at, pick in enumerate(picks):
            step = {"package": package_name(bases[pick % len(bases)][1], pick), "program": "Install"}
            if at % 2:
                step["dependsOn"] = [at]
            steps.append(Flow(step))
        spec = {"collections": [collection_name(number * 7 % n_collections)], "steps": steps}
        metadata = {"name": f"Sequence {number:06}", "folder": f"{ROOT}/Sequences"}
        found.append(document("SequentialTask", metadata, spec))
    return found


def varied(text, language, number):
    """The query with a condition of its own."""
    text = query_text(text)
    if language == "wql" and " where " in text.lower():
        return f"{text} and SMS_R_System.ResourceId != {number}"
    return f"{text}\n-- {number}" if language == "sql" else text


def collections(real, n_collections):
    found = []
    for number in range(n_collections):
        row = real[number % len(real)]
        spec = {
            "description": f"{row['name']}, varied",
            "query": {row["query_language"]: varied(row["query"], row["query_language"], number)},
        }
        # Only earlier ones are referred to, so that there is no circle.
        if number >= 10:
            spec["limitedTo"] = collection_name(number % 10)
        if number % 3 == 0 and number >= 30:
            spec["include"] = [collection_name(number - 7), collection_name(number - 20)]
        if number % 5 == 0 and number >= 30:
            spec["exclude"] = [collection_name(number - 1)]
        metadata = {"name": collection_name(number), "folder": f"{ROOT}/Collections"}
        found.append(document("Collection", metadata, spec))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", type=int, required=True, metavar="N", help="at least 20")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the project goes; must not hold one")
    options = parser.parse_args()
    n, out = options.packages, options.out
    if n < 20:
        parser.error("--packages must be at least 20")
    if os.path.exists(os.path.join(out, "delivery")):
        parser.error(f"`{out}` holds a project already")
    n_collections, n_sequences = n // 5, n // 20
    bases = [(row, base_name(row)) for row in rows("packages.jsonl") if row["uninstall_command"]]
    real = [row for row in rows("collections.jsonl") if row["query"] and row["query_language"]]
    write(out, "consign.yaml", CONSIGN)
    write_packages(out, bases, n, n_collections)
    write_many(out, "sequences", sequences(bases, n, n_sequences, n_collections))
    write_many(out, "collections", collections(real, n_collections))
    print(f"{n} packages, {2 * n} programs, {n} tasks, {n_sequences} sequences, {n_collections} collections", file=sys.stderr)


if __name__ == "__main__":
    main()
