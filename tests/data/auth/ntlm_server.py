"""An HTTP server that wants NTLM, by an implementation that is not ours (pyspnego).

Each connection is logged on by itself, as HTTP.sys does it. A line of JSON on standard output for each request:
the connection, the leg, the method and how many bytes of body came. Modes, by word:
  single   each request is logged on anew
  hasty    the connection is closed after the challenge
  brief    the connection is closed after each fifth request
  basic    offers Basic alone
  negotiate  offers Negotiate alone
"""

import base64
import hashlib
import http.client
import http.server
import json
import ssl
import sys
import threading
import urllib.parse

import spnego
import spnego.channel_bindings
from spnego._ntlm_raw import messages

settings = json.loads(sys.argv[1])
mode = settings.get("mode", "")
log = threading.Lock()
connections = iter(range(1, 1 << 30))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.number = next(connections)
        self.served = 0
        self.context = None
        self.user = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, *offers):
        self.answer(401, b"x" * 5000, [("WWW-Authenticate", offer) for offer in offers])

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.served += 1
        sent = self.headers.get("Authorization") or ""
        leg = 0
        if sent.startswith("NTLM "):
            leg = base64.b64decode(sent[5:])[8]
        with log:
            line = {"connection": self.number, "leg": leg, "method": self.command, "bytes": len(body)}
            print(json.dumps(line), flush=True)
        if mode in ("basic", "negotiate"):
            return self.refuse("Basic realm=\"x\"" if mode == "basic" else "Negotiate")
        if leg == 1:
            bindings = None
            if "certificate" in settings:
                with open(settings["certificate"]) as pem:
                    der = ssl.PEM_cert_to_DER_cert(pem.read())
                data = b"tls-server-end-point:" + hashlib.sha256(der).digest()
                bindings = spnego.channel_bindings.GssChannelBindings(application_data=data)
            self.user = None
            self.context = spnego.server(
                protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=bindings
            )
            token = self.context.step(base64.b64decode(sent[5:]))
            if mode == "hasty":
                self.close_connection = True
            return self.refuse("NTLM " + base64.b64encode(token).decode())
        if leg == 3:
            if self.context is None:
                return self.refuse("Negotiate", "NTLM")
            try:
                self.context.step(base64.b64decode(sent[5:]))
                self.user = self.context.client_principal
                if "certificate" in settings:
                    # The library lets an empty binding pass; here it must be the right one.
                    answer = messages.Authenticate.unpack(base64.b64decode(sent[5:])).nt_challenge_response
                    facts = messages.NTClientChallengeV2.unpack(answer[16:]).av_pairs
                    assert facts[messages.AvId.channel_bindings] != bytes(16), "no channel bindings"
            except spnego.exceptions.SpnegoError as error:
                self.context = None
                print(json.dumps({"refused": str(error)}), flush=True)
                return self.refuse("Negotiate", "NTLM")
        if self.user is None:
            return self.refuse("Negotiate", "NTLM")
        user = self.user
        if mode == "single":
            self.user = self.context = None
        if mode == "brief" and self.served >= 5:
            self.close_connection = True
        if "forward" in settings:
            return self.forward(body)
        self.answer(200, json.dumps({"user": user, "bytes": len(body)}).encode())

    def forward(self, body):
        to = urllib.parse.urlsplit(settings["forward"])
        dropped = ("authorization", "host", "content-length", "accept-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        headers["Authorization"] = "Bearer " + settings["token"]
        other = http.client.HTTPConnection(to.hostname, to.port)
        other.request(self.command, self.path, body or None, headers)
        answer = other.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = any


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if "certificate" in settings:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings["certificate"], settings["key"])
    server.socket = tls.wrap_socket(server.socket, server_side=True)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
