#!/usr/bin/env python3
"""Writes `delivery/` of the estate from the rows in `data/`.

    python3 make.py            writes beside this file
    python3 make.py --out DIR  writes DIR/delivery

The same rows give the same bytes. What the rows lack is made up here, and says so in what is written.
Needs nothing but Python 3.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter, defaultdict

from categories import CATEGORIES, DELIVERY, OTHER, PORTAL, ROLES, category
from yamlout import Flow, document

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = "Software Delivery"
ARCHITECTURES = ["x64", "any", None, "x86"]  # the first that there is gets the task
FILE_MAX = 200_000  # bytes

SOURCES = {
    "saltstack/salt-winrepo-ng": "Salt",
    "chocolatey-community/chocolatey-packages": "Chocolatey",
    "mkevenaar/chocolatey-packages": "Chocolatey, mkevenaar",
    "AdmiringWorm/chocolatey-packages": "Chocolatey, AdmiringWorm",
    "jberezanski/ChocolateyPackages": "Chocolatey, jberezanski",
    "jasonulbright/app-packager": "app-packager",
    "aaronparker/packagefactory": "packagefactory",
}


def rows(name):
    """The rows of one data file, in its order."""
    with open(os.path.join(HERE, "data", name), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def slug(text):
    """A file name from any text."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9.+_]+", "-", text.lower())).strip("-.") or "x"


def source_of(row):
    source = row["source"]
    return f"source: {source['repo']} {source['path']}, {source['licence']}"


def allowed(text):
    """The lints that the estate means to have, allowed where they are."""
    waking = "  wakeOnLan: true\n"
    return text.replace(waking, "  # consign: allow TSK-6 because one computer of each subnet is always on (made up)\n" + waking)


class Tree:
    """The files to be written: a path below `delivery/`, and its documents."""

    def __init__(self):
        self.files = {}
        self.folders = set()  # of all manifests, by path
        self.counts = Counter()

    def add(self, path, head, kind, metadata, spec, comments=()):
        docs = self.files.setdefault(path, (head, []))[1]
        docs.append(document(kind, metadata, spec, comments))
        if kind != "Folder" and "folder" in metadata:
            self.folders.add(metadata["folder"])
        self.counts[kind] += 1
        self.counts["Program"] += len(spec.get("programs", ()))

    def texts(self):
        for path, (head, docs) in sorted(self.files.items()):
            up = "../" * (path.count("/") + 3)
            lines = [f"# yaml-language-server: $schema={up}schema/manifest.json"]
            lines += ["# Written by examples/estate/make.py; change that, or data/, and run it again."]
            lines += [f"# {line}" for line in head]
            for at, doc in enumerate(docs):
                lines += [""] if at == 0 else ["---"]
                lines += doc
            yield path, allowed("\n".join(lines) + "\n")


# --- Packages -------------------------------------------------------------------------------------------------------


def version_key(version):
    """Orders versions: none known < numbers and words part by part < `latest`."""
    if version is None:
        return (0, [])
    if version == "latest":
        return (2, [])
    parts = re.findall(r"[0-9]+|[A-Za-z]+", version)
    return (1, [(1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts])


def base_name(row):
    """`DISPLAY VERSION`, with the version once."""
    display = re.sub(r"\s+", " ", row["display_name"]).strip()
    if len(display) > 100:
        display = row["name"]  # one row's title is a paragraph
    version = row["version"]
    if version is None or version in display:
        return display
    return f"{display} {version}"


def package_names(packages):
    """A name for each row, unique whatever the case: the plain one, then with architecture, product and source."""
    names = {row["key"]: base_name(row) for row in packages}
    for more in (
        lambda row: row.get("architecture") or "any",
        lambda row: row["name"],
        lambda row: SOURCES[row["source"]["repo"]],
    ):
        seen = defaultdict(list)
        for row in packages:
            seen[names[row["key"]].lower()].append(row)
        for same in seen.values():
            if len(same) > 1 and len({more(row).lower() for row in same}) > 1:
                for row in same:
                    names[row["key"]] += f" ({more(row)})"
    for lower, n in Counter(name.lower() for name in names.values()).items():
        assert n == 1, f"{n} packages are called {lower}"
    return names


def unique(codes):
    """The codes in their order, each once: some lists name one twice."""
    return list(dict.fromkeys(codes))


def after_running(row):
    """A restart is left to the agent where the source declares one."""
    if row.get("reboot_codes") or row["reboot_declared"] in (True, "basedOnReturnCode"):
        return Flow(action="restart", deferUpTo="4h")
    return None


def programs_of(row, newest, group):
    extra = row.get("extra") or {}
    install = {"name": "Install", "commandLine": row["install_command"]}
    install["successCodes"] = unique(row["success_codes"] or [0])
    if row.get("estimated_runtime_minutes"):
        install["estimatedRunTime"] = f"{row['estimated_runtime_minutes']}m"
    if row.get("max_runtime_minutes"):
        install["maxRunTime"] = f"{row['max_runtime_minutes']}m"
    if after_running(row):
        install["afterRunning"] = after_running(row)
    if row.get("run_as"):
        install["runWith"] = row["run_as"]
    if newest and group in PORTAL:
        inherit, grants = PORTAL[group]
        install["portal"] = {
            "inherit": inherit,
            "grants": [Flow(principal=f"EXAMPLE\\{who}", right=right) for who, right in grants],
        }
    programs = [install]
    if row["uninstall_command"]:
        uninstall = {"name": "Uninstall", "commandLine": row["uninstall_command"]}
        codes = extra.get("uninstall_success_codes")
        uninstall["successCodes"] = unique(codes if codes else row["success_codes"] or [0])
        if row.get("run_as"):
            uninstall["runWith"] = row["run_as"]
        programs.append(uninstall)
    return programs


def package_spec(row, newest, group):
    extra = row.get("extra") or {}
    about = []
    if row["homepage"]:
        about.append(f"Homepage: {row['homepage']}")
    if row["licence"]:
        about.append(f"Licence of the software: {row['licence']}")
    spec = {"description": " · ".join(about)} if about else {}
    if row["publisher"]:
        spec["publisher"] = row["publisher"].strip()
    if row["version"] is not None:
        spec["version"] = row["version"]
    language = extra.get("language") or extra.get("locale")
    if language:
        spec["language"] = language
    parts = [row["name"], row["version"] or "newest", row.get("architecture") or "any"]
    share = "\\".join(re.sub(r"[^A-Za-z0-9._+-]", "-", part) for part in parts)
    spec["source"] = Flow(unc="\\\\files.example.com\\packages\\" + share)
    spec["programs"] = programs_of(row, newest, group)
    return spec


def package_comments(row):
    comments = [source_of(row)]
    comments += [f"note: {note}" for note in row.get("notes") or []]
    if row["version"] is None:
        comments.append("note: so `version` is left out, and means the default, 1.0")
    if row["success_codes"] is None:
        comments.append("made up: the source declares no success codes; 0 is the format's default")
    if row.get("uninstall_note"):
        comments.append(f"no Uninstall program; the source says: {row['uninstall_note']}")
    if row.get("depends_on"):
        comments.append(f"the source says it needs: {', '.join(row['depends_on'])}")
    return comments


def package_labels(row):
    labels = {"product": row["name"], "architecture": row.get("architecture") or "any", "installer": row["installer_type"]}
    if row.get("installer_technology_guess"):
        labels["technology"] = row["installer_technology_guess"]
    return Flow(labels)


def products_of(packages):
    """The rows of each product, newest version first."""
    products = defaultdict(list)
    for row in packages:
        products[row["name"]].append(row)
    for same in products.values():
        same.sort(key=lambda row: row["key"])
        same.sort(key=lambda row: ARCHITECTURES.index(row.get("architecture")))
        same.sort(key=lambda row: version_key(row["version"]), reverse=True)
    return dict(sorted(products.items()))


def write_packages(tree, products, names):
    taken = set()
    for product, same in products.items():
        group = category(product)
        file = slug(product)
        while (group, file) in taken:
            file += "-2"  # two ids that differ in case only
        taken.add((group, file))
        head = [f"{product}: {len(same)} package{'s' if len(same) > 1 else ''}. The share is made up."]
        for row in same:
            metadata = {"name": names[row["key"]], "folder": f"{ROOT}/Packages/{group}", "labels": package_labels(row)}
            spec = package_spec(row, row is same[0], group)
            tree.add(f"packages/{slug(group)}/{file}.yaml", head, "Package", metadata, spec, package_comments(row))


# --- Tasks and sequences --------------------------------------------------------------------------------------------


def target(group):
    """The collection that the tasks of a category are for: a real one where it fits, else a made-up one."""
    if group == "Monitoring":
        return "LIE - # Primary - All - Windows - Servers"
    if group == "Hardware":
        return "LIE - Servicing - Workstations - Ring 2"
    return f"Deploy - {group}"


def write_tasks(tree, products, names):
    head = ["One task a product, for its newest version. What is run is real; for whom and when is made up."]
    for product, same in products.items():
        row, group = same[0], category(product)
        name = names[row["key"]]
        spec = {
            "description": f"Made up: installs {product} where {group.lower()} are wanted",
            "package": name,
            "program": "Install",
            "collections": [target(group)],
        }
        spec.update(DELIVERY[group])
        if after_running(row) and "warnUser" not in spec and spec.get("run") != "manual":
            spec["warnUser"] = {"deferUpTo": "4h"}  # the restart can be put off only where the run can (PRG-6)
        metadata = {"name": f"Install {name}", "folder": f"{ROOT}/Tasks/{group}"}
        tree.add(f"tasks/{slug(group)}.yaml", head, "Task", metadata, compact(spec), [source_of(row)])


def compact(spec):
    """Small maps on one line."""
    return {key: Flow(value) if isinstance(value, dict) else value for key, value in spec.items()}


def steps_of(wanted, products):
    """The products of a role with what they need before them: pairs of a product and what it needs, and what is not here."""
    ids = {}
    for product in products:
        ids.setdefault(product.lower(), product)
    order, needs, missing = [], {}, []

    def visit(product, path):
        if product in order:
            return
        assert product not in path, f"{product} needs itself"
        declared = unique(dep for row in products[product] for dep in row.get("depends_on") or [])
        # Some packages need one by an id that differs in case; an id of that very case wins.
        here = [dep if dep in products else ids.get(dep.lower()) for dep in declared]
        missing.extend((product, dep) for dep, found in zip(declared, here) if not found)
        needs[product] = unique(found for found in here if found)
        for need in needs[product]:
            visit(need, [*path, product])
        order.append(product)

    for product in wanted:
        visit(product, [])
    return [(product, needs[product]) for product in order], missing


def write_sequences(tree, products, names):
    for role, what, wanted in ROLES:
        order, missing = steps_of(wanted, products)
        number = {product: at for at, (product, _) in enumerate(order, 1)}
        steps = []
        for product, needs in order:
            step = {"package": names[products[product][0]["key"]], "program": "Install"}
            depends = []
            for need in needs:
                row = products[need][0]
                codes = [code for code in unique(row["success_codes"] or [0]) if code in (0, 1638, 1641, 3010)]
                depends.append(Flow(step=number[need], returnCodes=codes) if len(codes) > 1 else number[need])
            if depends:
                step["dependsOn"] = depends
            steps.append(step)
        kind = "server" if "server" in role.lower() else "desktop"
        name = f"New {kind}: {role}"
        comments = ["made up: the role and the order; `dependsOn` is what the sources declare"]
        comments += [f"not in the data: {product} also needs {dep}" for product, dep in missing]
        comments += sorted({f"step {source_of(products[product][0])}" for product, _ in order})
        spec = {
            "description": f"Made up: {what}",
            "collections": [name.replace(":", " -")],
            "priority": "high",
            "steps": steps,
        }
        if kind == "server":
            spec["run"] = Flow(schedule={"daily": "23:15"})
        else:
            spec["notifyUser"] = True
            spec["portal"] = {
                "inherit": True,
                "grants": [Flow(principal="EXAMPLE\\Help Desk", right="install")],
            }
        head = [f"{name}. Changing its steps gives it a new GUID, and all computers run it again (SEQ-1)."]
        metadata = {"name": name, "folder": f"{ROOT}/Sequences"}
        tree.add(f"sequences/{slug(role)}.yaml", head, "SequentialTask", metadata, spec, comments)


# --- Collections ----------------------------------------------------------------------------------------------------

PREFIX = "DeviceCollection\\VividRock\\"
KINDS = {
    "device": "",
    "device-template": "Template with placeholders, for nobody as it stands. ",
    "query": "A saved query, here as a collection. ",
    "altiris-report": "An SQL report, here as a collection. ",
}


def collection_folder(row):
    if row["kind"] == "altiris-report":
        return "Reports"
    if row["kind"] == "query":
        return "Saved queries"
    if row["kind"] == "device-template" and not row.get("folder"):
        return "Templates"
    path = row["folder"]
    return path[len(PREFIX):].replace("\\", "/") if path.startswith(PREFIX) else f"Operational/{path}"


def query_text(text):
    """The query as it is, but for tabs, which are control characters: four spaces."""
    return text.replace("\t", "    ")


def one_line(text):
    return re.sub(r"\s+", " ", text or "").strip()


def collection_spec(row):
    """What a row says, and the queries beyond the first."""
    queries = [rule for rule in row["rules"] if rule["type"] == "query"]
    spec = {"description": one_line(KINDS[row["kind"]] + (row["description"] or ""))}
    more = []
    if queries:
        texts = [rule.get("text") or row["query"] for rule in queries]
        spec["query"] = {queries[0]["language"]: query_text(texts[0])}
        more = [{"language": rule["language"], "text": query_text(text)} for rule, text in zip(queries[1:], texts[1:])]
    if row["limiting_collection"]:
        spec["limitedTo"] = row["limiting_collection"]
    for field in ("include", "exclude"):
        found = [name for rule in row["rules"] if rule["type"] == field for name in rule["collections"]]
        if found:
            spec[field] = unique(found)
    spec["autoUpdate"] = bool(row["refresh"] and row["refresh"]["incremental"])
    if spec["autoUpdate"]:
        del spec["autoUpdate"]  # the default
    return spec, more


def collection_comments(row):
    comments = [source_of(row)]
    if row["refresh"] and row["refresh"].get("text"):
        comments.append(f"refresh: {one_line(row['refresh']['text'])}")
    for given in row.get("parameters") or []:
        comments.append(one_line(f"placeholder {given['placeholder']}: {given['label']}. {given.get('example') or ''}"))
    if any(rule["type"] == "direct" for rule in row["rules"]):
        comments.append("`members` is left out: they are added by hand, on the server")
    if "\t" in (row["query"] or ""):
        comments.append("note: tabs in the query are four spaces here")
    return comments


def reaches(graph, start, goal):
    """Whether `goal` can be reached from `start` by references."""
    todo, seen = [start], set()
    while todo:
        at = todo.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            todo.extend(graph.get(at, ()))
    return False


def write_collections(tree, collections):
    """All rows; returns the names that they refer to and that no row declares."""
    taken, graph, referred = set(), {}, []
    made = []
    for row in collections:
        assert row["name"].lower() not in taken, row["name"]
        taken.add(row["name"].lower())
        spec, more = collection_spec(row)
        comments = collection_comments(row)
        for at, query in enumerate(more, 2):
            name = f"{row['name']} (query {at})"
            comments.append(f"made up: its query {at} is a collection of its own, `{name}`, included here")
            made.append((name, row, query))
            spec.setdefault("include", []).append(name)
        for field in ("include", "exclude"):
            for name in list(spec.get(field, ())):
                if reaches(graph, name, row["name"]):
                    spec[field].remove(name)
                    comments.append(f"made up: `{field}` of `{name}` left out, it would close a circle")
        graph[row["name"]] = [*spec.get("include", ()), *spec.get("exclude", ()), *filter(None, [spec.get("limitedTo")])]
        referred += graph[row["name"]]
        folder = collection_folder(row)
        head = [f"Collections as their sources have them: {folder}."]
        metadata = {"name": row["name"], "folder": f"{ROOT}/Collections/{folder}"}
        tree.add(f"collections/{slug(folder)}.yaml", head, "Collection", metadata, spec, comments)
    for name, row, query in made:
        spec = {
            "description": f"Made up: a further query of `{row['name']}`, which includes it",
            "query": {query["language"]: query["text"]},
            "limitedTo": row["limiting_collection"],
        }
        made_up(tree, name, spec, [source_of(row)])
        taken.add(name.lower())
    return unique(name for name in referred if name.lower() not in taken)


MADE_UP_HEAD = ["Nothing here comes from the sources: collections that they refer to and do not have, and targets of tasks."]
BUILT_IN = {
    "All Systems": "select * from SMS_R_System",
    "All Desktop and Server Clients": "select * from SMS_R_System where SMS_R_System.Client = 1",
    "All Unknown Computers": None,
    "Workstations | All":
        'select * from SMS_R_System where SMS_R_System.OperatingSystemNameandVersion like "%Workstation%"',
    "Workstations | Windows 11":
        'select * from SMS_R_System where SMS_R_System.OperatingSystemNameandVersion like "%Workstation 10.0%"'
        ' and SMS_R_System.Build >= "10.0.22000"',
    "Servers | All":
        'select * from SMS_R_System where SMS_R_System.OperatingSystemNameandVersion like "%Server%"',
}


def made_up(tree, name, spec, comments=()):
    metadata = {"name": name, "folder": f"{ROOT}/Collections/Made up"}
    tree.add("collections/made-up.yaml", MADE_UP_HEAD, "Collection", metadata, spec, comments)


def write_made_up(tree, dangling):
    for name in sorted(dangling):
        builtin = BUILT_IN.get(name)
        why = "a built-in collection of the real server" if name.startswith("All ") else "referred to, but nowhere in the source"
        spec = {"description": f"Made up: {why}"}
        if builtin:
            spec["query"] = {"wql": builtin}
        else:
            spec["members"] = []
        made_up(tree, name, spec)
    for group in [name for name, _ in CATEGORIES] + [OTHER]:
        if target(group) == f"Deploy - {group}":
            tag = re.sub(r"[^A-Z]", "", group.upper())[:4]
            servers = group in ("Databases", "Web servers")
            made_up(tree, target(group), {
                "description": f"Made up: computers that get {group.lower()}, by name",
                "query": {"wql": f'select * from SMS_R_System where SMS_R_System.Name like "%-{tag}-%"'},
                "limitedTo": f"LIE - # Primary - All - Windows - {'Servers' if servers else 'Workstations'}",
                "exclude": ["Packaging laboratory"],
            })
    for role, what, _ in ROLES:
        kind = "server" if "server" in role.lower() else "desktop"
        tag = re.sub(r"[^A-Z]", "", role.upper())[:6]
        made_up(tree, f"New {kind} - {role}", {
            "description": f"Made up: new computers, to become {what}",
            "query": {"wql": f'select * from SMS_R_System where SMS_R_System.Name like "NEW-{tag}-%"'},
            "limitedTo": f"LIE - # Primary - All - Windows - {kind.replace('desktop', 'workstation').title()}s",
        })
    made_up(tree, "Packaging laboratory", {
        "description": "Made up: where packages are tried by hand",
        "members": ["LAB-0001", "LAB-0002", "LAB-0003"],
    })


# --- Windows, settings, folders -------------------------------------------------------------------------------------

DAYS = {"Sunday": "sun", "Monday": "mon", "Tuesday": "tue", "Wednesday": "wed", "Thursday": "thu", "Friday": "fri",
        "Saturday": "sat"}
WINDOW_KINDS = {"Any": "all", "SoftwareUpdatesOnly": "updates", "TaskSequencesOnly": "taskSequences"}


def schedule(row):
    time = f"{row['StartHour']:02}:{row['StartMinute']:02}"
    if row["PatchTuesdayOffset"] >= 0:  # days after the second Tuesday
        day = {"week": "second", "weekday": "tue"}
        return {"monthly": {"day": day, "offsetDays": row["PatchTuesdayOffset"], "time": time}}
    kind = row["RecurrenceType"]
    if kind == "Daily":
        return {"daily": time}
    if kind == "Weekly":
        return {"weekly": {"days": [DAYS[row["DayOfWeek"]]], "time": time}}
    if kind == "MonthlyByWeekday":
        return {"monthly": {"day": {"week": row["WeekOrder"].lower(), "weekday": DAYS[row["DayOfWeek"]]}, "time": time}}
    return {"monthly": {"day": {"date": row["DayOfMonth"]}, "time": time}}


def write_windows(tree, windows):
    head = ["The windows are a tool's templates, as they are; the collections that they are for are made up."]
    for row in windows:
        minutes = row["DurationHours"] * 60 + row["DurationMinutes"]
        collection = f"Window - {row['Name']}"
        spec = {
            "description": row["Description"],
            "collections": [collection],
            "schedule": Flow(schedule(row)),
            "duration": f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m",
            "appliesTo": WINDOW_KINDS[row["WindowType"]],
            "clock": "utc" if row["IsUtc"] else "computer",
        }
        metadata = {"name": row["Name"], "folder": f"{ROOT}/Windows"}
        tree.add("windows.yaml", head, "MaintenanceWindow", metadata, spec, [source_of(row)])
        made_up(tree, collection, {
            "description": f"Made up: servers with the window `{row['Name']}`",
            "query": {"wql": f'select * from SMS_R_System where SMS_R_System.Name like "SRV-{row["StartHour"]:02}%"'},
            "limitedTo": "LIE - # Primary - All - Windows - Servers",
        })


def write_settings(tree):
    head = ["All of this is made up: the sources hold no such settings."]
    folder = f"{ROOT}/Settings"

    def add(kind, name, spec, **more):
        tree.add("settings.yaml", head, kind, {"name": name, **more}, spec)

    add("PortalDefaults", "Portal defaults", {
        "grants": [
            Flow(principal="EXAMPLE\\Software Administrators", right="install"),
            Flow(principal="EXAMPLE\\Help Desk", right="install"),
            Flow(principal="EXAMPLE\\Staff", right="installOnApproval"),
        ],
    })
    add("PortalSettings", "Portal on workstations", {
        "description": "Made up: the portal on workstations",
        "collections": ["LIE - # Primary - All - Windows - Workstations"],
        "agentMenuLink": False,
        "maxPerRequest": 3,
    }, folder=folder)
    add("AgentSettings", "Workstations", {
        "description": "Made up: agents on workstations",
        "collections": ["LIE - # Primary - All - Windows - Workstations"],
        "configurationInterval": "2h",
        "notifyInAdvance": "5m",
        "multicast": True,
        "blockouts": [Flow({"from": "08:30", "duration": "90m", "blocks": "downloads", "spread": "15m"})],
    }, folder=folder)
    add("AgentSettings", "Servers", {
        "description": "Made up: agents on servers",
        "collections": ["LIE - # Primary - All - Windows - Servers"],
        "configurationInterval": "30m",
        "showPopups": False,
        "showTrayIcon": False,
        "disregardPostRunAction": True,
    }, folder=folder)
    add("PurgeSettings", "Purge", {
        "daily": "03:10",
        "executions": Flow(olderThan="365d", maximumRows=5_000_000),
        "packageEvents": Flow(olderThan="90d", maximumRows=1_000_000),
        "statusEvents": Flow(olderThan="180d"),
        "sequenceStatus": Flow(olderThan="180d"),
        "unusedSequenceEntries": "30d",
        "unusedPortalRequests": "60d",
    })


def write_folders(tree):
    head = ["The console folders. Those of the collections are the sources'; the others are made up."]
    whole = set()
    for path in tree.folders:
        parts = path.split("/")
        whole.update("/".join(parts[:n]) for n in range(2, len(parts) + 1))
    for path in sorted(whole):
        parent, name = path.rsplit("/", 1)
        spec = {}
        if path == f"{ROOT}/Sequences":
            spec = {
                "description": "Made up: role builds; their portal rights come from here (SEQ-6)",
                "portal": {"inherit": True, "grants": [Flow(principal="EXAMPLE\\Imaging", right="install")]},
            }
        tree.add("folders.yaml", head, "Folder", {"name": name, "folder": parent}, spec)


def build():
    """The whole estate."""
    tree = Tree()
    packages = rows("packages.jsonl")
    names = package_names(packages)
    products = products_of(packages)
    write_packages(tree, products, names)
    write_tasks(tree, products, names)
    write_sequences(tree, products, names)
    dangling = write_collections(tree, rows("collections.jsonl"))
    write_made_up(tree, dangling)
    write_windows(tree, rows("maintenance-windows.jsonl"))
    write_settings(tree)
    write_folders(tree)
    return tree, products


def save(out, texts):
    """Writes the files, and takes away YAML files of an earlier run that are no longer made."""
    written = set()
    for path, text in texts:
        full = os.path.join(out, "delivery", *path.split("/"))
        data = text.encode("utf-8")
        assert len(data) <= FILE_MAX, f"{path} has {len(data)} bytes"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data)
        written.add(full)
    for folder, _, files in os.walk(os.path.join(out, "delivery")):
        for name in files:
            full = os.path.join(folder, name)
            if name.endswith(".yaml") and full not in written:
                os.remove(full)
    return len(written)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=HERE, metavar="DIR", help="where `delivery/` goes (default: beside this file)")
    out = parser.parse_args().out
    tree, products = build()
    files = save(out, tree.texts())
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(tree.counts.items()) if n)
    print(f"{files} files, {len(products)} products: {counts}", file=sys.stderr)


if __name__ == "__main__":
    main()
