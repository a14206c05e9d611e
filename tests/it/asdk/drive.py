"""Drives a server of the ASDK with a client that is generated from its own descriptions.

Arguments: the address of the server, a file with one token a line (administrator, editor, reader), the paths of the services
below the address, a dash, and the files of cases. A case is one line of JSON:

    {"in": "ItemManagementService", "do": "GetItemByGuid", "with": {"itemGuid": "$all"}, "gives": {"Name": "All Computers"}}

- `with`: arguments; a list is given as one text with commas to a message of texts, and as an array to one of GUIDs.
- `gives`: what must be in the result: a value, a part of a record, `{"has": [...]}` for parts of a list, `{"count": n}`.
- `fault`: the exception that must come instead. `keep`: names for parts of the result, written `$name` in later cases.
- `as`: `admin`, `editor` (unless said otherwise) or `reader`.

What only reads is asked again over HTTP POST and GET with curl, and in its form of GUIDs, and must give the same. At the end
every operation of every description must have been called.
"""

import json
import re
import subprocess
import sys
import urllib.parse

import zeep
import zeep.helpers
import zeep.plugins
from lxml import etree
from requests import Session
from requests.auth import HTTPBasicAuth

READS = re.compile("^(Get|Is|Find|ItemExists|ExportItem.*String|RunReport|ResolveTo|MyPrivileges)")
HTTP = "{http://schemas.xmlsoap.org/wsdl/http/}"


class Service:
    def __init__(self, address, path, tokens):
        self.name = path.rsplit("/", 1)[1].removesuffix(".asmx")
        self.address = f"{address}/{path}"
        self.history = zeep.plugins.HistoryPlugin()
        self.clients = {}
        for role, token in tokens.items():
            session = Session()
            session.auth = HTTPBasicAuth("EXAMPLE\\anybody", token)
            transport = zeep.Transport(session=session, operation_timeout=60)
            self.clients[role] = zeep.Client(f"{self.address}?WSDL", transport=transport, plugins=[self.history])
        client = self.clients["editor"]
        self.operations = {}
        self.http = set()
        for service in client.wsdl.services.values():
            for port in service.ports.values():
                for name, operation in port.binding._operations.items():
                    if type(port.binding).__name__.startswith("Soap"):
                        self.operations[name] = operation
                    else:
                        self.http.add(name)
        self.called = set()

    def parameters(self, operation):
        return dict(self.operations[operation].input.body.type.elements)

    def arguments(self, operation, given):
        out = {}
        for name, element in self.parameters(operation).items():
            if name not in given:
                continue
            value = given[name]
            inner = getattr(element.type, "elements", None)
            if isinstance(value, list):
                value = {inner[0][0]: value} if inner else ", ".join(value)
            out[name] = value
        unknown = set(given) - set(self.parameters(operation))
        if unknown:
            raise AssertionError(f"{operation} has no parameter {sorted(unknown)}")
        return out

    def call(self, role, operation, given):
        self.called.add(operation)
        call = getattr(self.clients[role].service, operation)
        return plain(call(**self.arguments(operation, given)))

    def content(self):
        """What the last result holds, as comparable text."""
        envelope = self.history.last_received["envelope"]
        response = envelope[0][0] if len(envelope) == 1 else envelope[-1][0]
        return canonical(response[0]) if len(response) else None


def plain(value):
    """A result as dictionaries, lists and texts."""
    value = zeep.helpers.serialize_object(value, dict)
    return flat(value)


def flat(value):
    if isinstance(value, etree._Element):
        return rows(value)
    if isinstance(value, dict):
        if set(value) == {"_value_1"}:
            inner = value["_value_1"]
            return flat(inner[0] if isinstance(inner, list) and len(inner) == 1 else inner)
        if len(value) == 1:
            (inner,) = value.values()
            if isinstance(inner, list):
                return [flat(one) for one in inner]
        return {name: flat(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [flat(one) for one in value]
    return value


def rows(table):
    """The rows of a table; every child that is not the schema."""
    assert table.tag == "NewDataSet", table.tag
    decoded = lambda name: re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), name)
    children = [child for child in table if etree.QName(child).localname != "schema"]
    return [{decoded(etree.QName(cell).localname): cell.text or "" for cell in row} for row in children]


def canonical(element):
    """An element as its name apart, its text and its children."""
    children = [(etree.QName(child).localname, canonical(child)) for child in element]
    return children or (element.text or "")


def fits(found, wanted):
    if isinstance(wanted, dict) and "has" in wanted:
        return isinstance(found, list) and all(any(fits(one, part) for one in found) for part in wanted["has"])
    if isinstance(wanted, dict) and "lacks" in wanted:
        return not any(fits(one, wanted["lacks"]) for one in found or [])
    if isinstance(wanted, dict) and "count" in wanted:
        return len(found or []) == wanted["count"]
    if isinstance(wanted, dict) and "like" in wanted:
        return isinstance(found, str) and re.search(wanted["like"], found) is not None
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(fits(found.get(name), part) for name, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(fits, found, wanted))
    return found == wanted


def filled(value, kept):
    if isinstance(value, str):
        return re.sub(r"\$([a-z_0-9]+)", lambda name: str(kept[name[1]]), value)
    if isinstance(value, list):
        return [filled(one, kept) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, kept) for name, one in value.items()}
    return value


def part(value, path):
    for step in filter(None, path.split(".")):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def exception_of(fault):
    for element in (fault.detail.iter() if fault.detail is not None else []):
        if isinstance(element.tag, str) and etree.QName(element).localname == "exceptionType":
            return element.text
    return f"none: {fault.code} {fault.message}"


def curl(service, token, operation, given, get):
    """The same over a form: the content of the root element."""
    form = {name: ", ".join(value) if isinstance(value, list) else value for name, value in given.items()}
    form = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in form.items()}
    text = urllib.parse.urlencode(form)
    address = f"{service.address}/{operation}"
    command = ["curl", "--silent", "--show-error", "--max-time", "60", "--user", f"EXAMPLE\\anybody:{token}",
               "--write-out", "\n%{http_code} %{content_type}"]
    command += [f"{address}?{text}"] if get else ["--data", text, address]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    body, status = answer.rsplit("\n", 1)
    if not status.startswith("200 text/xml"):
        raise AssertionError(f"{'GET' if get else 'POST'} {operation}: {status}: {body}")
    root = etree.fromstring(body.encode())
    if root.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true":
        return None
    if root.tag == "NewDataSet":
        return [("NewDataSet", canonical(root))]
    return canonical(root)


def others(service, role, tokens, operation, given, found, said):
    """Asks again over the other bindings and with GUIDs."""
    parameters = service.parameters(operation)
    complete = set(given) == set(parameters) and all(value is not None for value in given.values())
    if operation in service.http and complete:
        for get in (True, False):
            again = curl(service, tokens[role], operation, given, get)
            if (again or None) != (said or None):
                raise AssertionError(f"{operation} gives {again} over {'GET' if get else 'POST'}, and {said} over SOAP")
    for twin in (operation + "X", operation + "2"):
        if twin in service.operations:
            again = service.call(role, twin, given)
            if again != found:
                raise AssertionError(f"{twin} gives {again}, and {operation} {found}")


def run(services, tokens, case, kept):
    service = services[case["in"]]
    operation, role = case["do"], case.get("as", "editor")
    given = filled(case.get("with", {}), kept)
    if operation not in service.operations:
        raise AssertionError(f"{service.name} has no operation {operation}")
    try:
        found = service.call(role, operation, given)
    except zeep.exceptions.Fault as fault:
        exception = exception_of(fault)
        if exception != case.get("fault"):
            raise AssertionError(f"{exception}: {fault.message}") from None
        return
    if "fault" in case:
        raise AssertionError(f"no fault, but {found}")
    said = service.content()
    if "gives" in case and not fits(found, filled(case["gives"], kept)):
        raise AssertionError(f"gives {json.dumps(found, default=str)}")
    for name, path in case.get("keep", {}).items():
        kept[name] = part(found, path)
    if READS.match(operation):
        others(service, role, tokens, operation, given, found, said)


def main():
    address, token_file, *rest = sys.argv[1:]
    dash = rest.index("-")
    paths, files = rest[:dash], rest[dash + 1:]
    with open(token_file, encoding="utf-8") as lines:
        tokens = dict(zip(("admin", "editor", "reader"), lines.read().split()))
    services = {service.name: service for service in (Service(address, path, tokens) for path in paths)}
    kept, wrong, done = {}, 0, 0
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                try:
                    run(services, tokens, json.loads(line), kept)
                    done += 1
                except Exception as error:
                    wrong += 1
                    print(f"{file}:{number}: {type(error).__name__}: {error}\n    {line.strip()}")
    for service in services.values():
        for operation in sorted(set(service.operations) - service.called):
            wrong += 1
            print(f"{service.name}.{operation} was not called: add a case")
    print(f"{done} cases, {sum(len(one.operations) for one in services.values())} operations, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
