#!/usr/bin/python3
"""A stand-in for the API server of Kubernetes: as much of one as a node needs to join, and as kubectl needs to look at it.

    kube-standin.py --directory DIRECTORY [--address ADDRESS]... [--port 6443] [--ready FILE] [--by-hand]

It speaks the real API over TLS: Secrets, ConfigMaps, Nodes, Leases and CertificateSigningRequests, with discovery, watches and patches.
Bootstrap tokens are Secrets in kube-system and authenticate while their Secret is there and has not expired; an expired one is removed, as the
token cleaner does it. What a bootstrapper requests as a node's certificate is approved and signed at once, or with --by-hand when someone says
`kubectl certificate approve`. Nodes may write their own Node object and not delete it. Everything is in memory; each request is a line of the
log, with who made it and never with a credential.

DIRECTORY gets the authority (ca.crt), a kubeconfig of an administrator (admin.conf), and a token (roost.token) of the account that mints: it may
have bootstrap tokens in kube-system and get and delete Nodes, nothing else.

What it is not: no scheduler, no controllers, no pods, no storage, no kubelet API, no admission beyond what is said here.
"""

import argparse
import base64
import datetime
import http.server
import json
import os
import re
import socket
import ssl
import sys
import urllib.parse

sys.dont_write_bytecode = True
import kube_protobuf  # noqa: E402
from kube_cluster import RESOURCES, Authority, Cluster, Refusal, merged, now, selected  # noqa: E402

SHORT_NAMES = {"namespaces": ["ns"], "configmaps": ["cm"], "nodes": ["no"], "pods": ["po"], "events": ["ev"], "services": ["svc"],
               "certificatesigningrequests": ["csr"]}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
LARGEST_BODY = 3 << 20  # as the real one


def discovery(path):
    """What kubectl asks before anything else: groups, resources, schemas."""
    groups = sorted({entry[0] for entry in RESOURCES} - {""})
    reviews = {"authentication.k8s.io": ("selfsubjectreviews", "SelfSubjectReview"),
               "authorization.k8s.io": ("selfsubjectaccessreviews", "SelfSubjectAccessReview")}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": group, "versions": [{"groupVersion": group + "/v1", "version": "v1"}],
             "preferredVersion": {"groupVersion": group + "/v1", "version": "v1"}} for group in [*groups, *reviews]]}
    if path == "/version":
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.0-standin", "platform": "linux/amd64", "goVersion": "none", "compiler": "none",
                "gitCommit": "", "gitTreeState": "clean", "buildDate": "2025-01-01T00:00:00Z"}
    if path == "/openapi/v3":
        return {"paths": {place: {"serverRelativeURL": "/openapi/v3/" + place} for place in ["api/v1", *(f"apis/{group}/v1" for group in groups)]}}
    match = re.fullmatch(r"(/openapi/v3)?/(?:api|apis/([a-z0-9.]+))/v1", path)
    if not match:
        return None
    group = match[2] or ""
    mine = [entry for entry in RESOURCES if entry[0] == group]
    if match[1]:
        # That fields are checked here, not by kubectl: then it needs no schemas.
        place = "/apis/" + group + "/v1/" if group else "/api/v1/"
        return {"openapi": "3.0.0", "info": {"title": "stand-in", "version": "1"}, "paths": {
            place + ("namespaces/{namespace}/" if entry[4] else "") + entry[2] + "/{name}": {"patch": {
                "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}], "responses": {},
                "x-kubernetes-group-version-kind": {"group": group, "version": "v1", "kind": entry[3]}}} for entry in mine}}
    resources = [{"name": entry[2], "singularName": entry[3].lower(), "namespaced": entry[4], "kind": entry[3], "verbs": VERBS,
                  "shortNames": SHORT_NAMES.get(entry[2], [])} for entry in mine]
    resources += [{"name": f"{entry[2]}/{part}", "singularName": "", "namespaced": entry[4], "kind": entry[3], "verbs": ["get", "patch", "update"]}
                  for entry in mine for part in entry[5]]
    if group in reviews:
        resources = [{"name": reviews[group][0], "singularName": "", "namespaced": False, "kind": reviews[group][1], "verbs": ["create"]}]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "/".join(filter(None, [group, "v1"])), "resources": resources} \
        if resources else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    cluster = None

    def do_GET(self):
        user = "-"
        try:
            size = int(self.headers.get("Content-Length") or 0)
            if not 0 <= size <= LARGEST_BODY:
                self.close_connection = True
                raise Refusal(413, "RequestEntityTooLarge", "the body is too large")
            body = self.rfile.read(size)
            with self.cluster.lock:
                self.cluster.expire()
                user, groups = self.cluster.caller(self.connection.getpeercert(), self.headers.get("Authorization"))
                code, answer = self.answered(user, groups, body)
        except Refusal as refusal:
            code, answer = refusal.code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": str(refusal),
                                          "reason": refusal.reason, "code": refusal.code}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            code, answer = 400, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "BadRequest",
                                 "message": f"{type(error).__name__}: {error}", "code": 400}
        print(f"{code} {self.command} {self.path} {user}", flush=True)
        if callable(answer):
            return answer()
        text = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format, *arguments):
        """The line of the log is written above."""

    def answered(self, user, groups, body):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        found = discovery(url.path)
        if found and self.command == "GET":
            return 200, found
        if url.path in ("/healthz", "/livez", "/readyz"):
            return 200, "ok"
        if self.command == "DELETE" or not body:
            value = {}
        else:
            value = kube_protobuf.read(body) if "protobuf" in self.headers.get("Content-Type", "") else json.loads(body)
        if not isinstance(value, dict):
            raise Refusal(400, "BadRequest", "the body is no object")
        if url.path.endswith("/v1/selfsubjectreviews") and self.command == "POST":
            return 201, {**value, "status": {"userInfo": {"username": user, "groups": groups}}}
        if url.path.endswith("/v1/selfsubjectaccessreviews") and self.command == "POST":
            wanted = value.get("spec", {}).get("resourceAttributes", {})
            allowed = self.cluster.may(user, groups, wanted.get("verb"), (wanted.get("group", ""), wanted.get("resource")),
                                       wanted.get("namespace"), wanted.get("name"), wanted.get("subresource"))
            return 201, {**value, "status": {"allowed": allowed}}
        match = re.fullmatch(r"/(?:api|apis/([a-z0-9.]+))/v1(?:/namespaces/([^/]+)(?=/))?/([a-z]+)(?:/([^/]+))?(?:/([a-z]+))?", url.path)
        entry = match and next((entry for entry in RESOURCES if (entry[0], entry[2]) == (match[1] or "", match[3])), None)
        if not entry or match[5] and match[5] not in entry[5] or not entry[4] and match[2]:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        resource, namespace, name, subresource = (entry[0], entry[2]), match[2], match[4] and urllib.parse.unquote(match[4]), match[5]
        verb = METHODS.get(self.command) or ("get" if name else "watch" if query.get("watch") in ("1", "true") else "list")
        if not self.cluster.may(user, groups, verb, resource, namespace, name, subresource):
            place = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
            raise Refusal(403, "Forbidden", f'{entry[2]}{"." + entry[0] if entry[0] else ""} {json.dumps(name) + " " if name else ""}is forbidden: '
                          f'User "{user}" cannot {verb} resource "{entry[2]}" in API group "{entry[0]}"{place}')
        return self.carried_out(entry, (resource, namespace, name), subresource, verb, value, query, user)

    def carried_out(self, entry, key, subresource, verb, value, query, user):
        store, pretend = self.cluster.store, "dryRun" in query
        selector = query.get("fieldSelector", "")
        if verb == "create":
            if entry[4] and (("", "namespaces"), None, key[1]) not in store.objects:
                raise Refusal(404, "NotFound", f'namespaces "{key[1]}" not found')
            key, new = self.cluster.create(key[0], key[1], value, user)
            if not pretend:
                store.put(key, new, "ADDED")
            return 201, new
        if verb == "list":
            return 200, {"kind": entry[3] + "List", "apiVersion": "/".join(filter(None, entry[:2])), "metadata": {"resourceVersion": str(store.version)},
                         "items": [value for there, value in sorted(store.objects.items(), key=lambda pair: str(pair[0])) if there[0] == key[0]
                                   and key[1] in (None, there[1]) and selected(value, selector)]}
        if verb == "watch":
            return 200, lambda: self.watch(key, selector, query)
        if key not in store.objects:
            raise Refusal(404, "NotFound", f'{entry[2]} "{key[2]}" not found')
        if verb == "get":
            return 200, store.objects[key]
        if verb == "delete":
            gone = store.objects[key] if pretend else store.remove(key)
            return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                         "details": {"name": key[2], "kind": entry[2], "uid": gone["metadata"]["uid"]}}
        if verb == "patch":
            if "json-patch" in self.headers.get("Content-Type", ""):
                raise Refusal(415, "UnsupportedMediaType", "JSON patches are not taken here")
            value = merged(store.objects[key], value)
        new = self.cluster.update(key, value, subresource)
        if not pretend:
            store.put(key, new, "MODIFIED")
        return 200, new

    def watch(self, key, selector, query):
        """Events after a version, one JSON a line, until the time is over."""
        store, since = self.cluster.store, int(query.get("resourceVersion") or self.cluster.store.version)
        end = now() + datetime.timedelta(seconds=min(int(query.get("timeoutSeconds") or 300), 300))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while now() < end:
            with store.changed:
                fresh = [entry for entry in store.happened if entry[0] > since] or (store.changed.wait(1) and [])
            for version, kind, there, value in fresh or []:
                since = version
                if there[0] == key[0] and key[1] in (None, there[1]) and selected(value, selector):
                    line = json.dumps({"type": kind, "object": value}).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET6

    def __init__(self, port, context):
        self.context = context
        super().__init__(("::", port), Handler)

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def finish_request(self, request, client_address):
        # Here, in the thread of the connection: a client that says nothing keeps only that one waiting.
        request.settimeout(30)
        with self.context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", required=True)
    parser.add_argument("--address", action="append", default=[], help="an address or name that nodes use; the first is in the kubeconfig")
    parser.add_argument("--port", type=int, default=6443, help="0: any; the kubeconfig says which")
    parser.add_argument("--ready", help="a file that is made once requests are answered")
    parser.add_argument("--by-hand", action="store_true", help="approve no certificates without being told")
    words = parser.parse_args()
    os.makedirs(words.directory, exist_ok=True)
    authority = Authority(words.directory)
    addresses = words.address + ["127.0.0.1", "::1", "localhost", "kubernetes"]
    names = ",".join(("IP:" if re.fullmatch(r"[0-9.]+|.*:.*", text) else "DNS:") + text for text in addresses)
    authority.issue("server", "/CN=kube-apiserver", f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    authority.issue("admin", "/O=system:masters/CN=kubernetes-admin", "extendedKeyUsage=clientAuth\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.path("server.crt"), authority.path("server.key"))
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    Handler.cluster = Cluster(authority, words.by_hand)
    server = Server(words.port, context)
    first = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]

    def data(name):
        with open(authority.path(name), "rb") as file:
            return base64.b64encode(file.read()).decode()

    with open(os.open(authority.path("admin.conf"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "standin",
                   "clusters": [{"name": "standin", "cluster": {"server": f"https://{first}:{server.server_port}",
                                                                "certificate-authority-data": data("ca.crt")}}],
                   "users": [{"name": "admin", "user": {"client-certificate-data": data("admin.crt"), "client-key-data": data("admin.key")}}],
                   "contexts": [{"name": "standin", "context": {"cluster": "standin", "user": "admin"}}]}, file)
    if words.ready:
        with open(words.ready, "w", encoding="ascii") as file:
            file.write(f"{server.server_port}\n")
    print(f"ready: https://{first}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
