"""The cluster behind kube-standin.py: its authority, its objects, who may do what with them."""

import base64
import copy
import datetime
import hmac
import os
import re
import secrets
import subprocess
import tempfile
import threading

# Each resource: group, version, name, kind, whether it is in a namespace, subresources.
RESOURCES = [
    ("", "v1", "namespaces", "Namespace", False, []),
    ("", "v1", "secrets", "Secret", True, []),
    ("", "v1", "configmaps", "ConfigMap", True, []),
    ("", "v1", "nodes", "Node", False, ["status"]),
    ("", "v1", "pods", "Pod", True, []),
    ("", "v1", "events", "Event", True, []),
    ("", "v1", "services", "Service", True, []),
    ("coordination.k8s.io", "v1", "leases", "Lease", True, []),
    ("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", False, ["approval", "status"]),
]
NODE_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
NODE_USAGES = {"digital signature", "key encipherment", "client auth"}
ACCOUNT = "system:serviceaccount:kube-system:roost"


class Refusal(Exception):
    """An answer that is a Status with this code and reason."""

    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code, self.reason = code, reason


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def openssl(*words, text=""):
    done = subprocess.run(["openssl", *words], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["openssl failed"])
    return done.stdout.decode()


# --- the authority -------------------------------------------------------------


class Authority:
    """Makes and knows the certificates, in files of one directory."""

    def __init__(self, directory):
        self.directory = directory
        self.certificate, self.key = self.path("ca.crt"), self.path("ca.key")
        if not os.path.exists(self.certificate):
            self.new_key(self.key)
            openssl("req", "-x509", "-new", "-key", self.key, "-days", "3650", "-subj", "/CN=kubernetes", "-out", self.certificate,
                    "-addext", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign")

    def path(self, name):
        return os.path.join(self.directory, name)

    def new_key(self, path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"))

    def sign(self, request, extensions, days="365"):
        """The certificate for a request in PEM, as PEM."""
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
            file.write("basicConstraints=critical,CA:FALSE\n" + extensions)
            file.flush()
            return openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-set_serial", str(secrets.randbits(63)),
                           "-days", days, "-extfile", file.name, text=request)

    def issue(self, name, subject, extensions):
        """A key and its certificate as the files NAME.key and NAME.crt."""
        self.new_key(self.path(name + ".key"))
        request = openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", subject)
        with open(self.path(name + ".crt"), "w", encoding="ascii") as file:
            file.write(self.sign(request, extensions))

    @staticmethod
    def subject(request):
        """The subject of a request whose signature is right, as sorted pairs."""
        text = openssl("req", "-noout", "-verify", "-subject", "-nameopt", "sep_multiline,utf8,sname", text=request)
        return sorted(tuple(line.strip().split("=", 1)) for line in text.splitlines() if "=" in line and not line.startswith("subject"))


# --- objects -------------------------------------------------------------------


class Store:
    """All objects, by resource, namespace and name, and what has happened to them."""

    def __init__(self):
        self.objects, self.happened, self.version = {}, [], 0
        self.changed = threading.Condition()

    def put(self, key, value, kind):
        with self.changed:
            self.version += 1
            value["metadata"]["resourceVersion"] = str(self.version)
            self.objects[key] = value
            self.tell(kind, key, value)

    def remove(self, key):
        with self.changed:
            value = self.objects.pop(key)
            self.version += 1
            value["metadata"]["resourceVersion"] = str(self.version)
            self.tell("DELETED", key, value)
            return value

    def tell(self, kind, key, value):
        self.happened.append((self.version, kind, key, copy.deepcopy(value)))
        del self.happened[:-1000]
        self.changed.notify_all()


def merged(old, patch):
    """A merge patch (RFC 7396). Lists whose entries have a type are merged by it, as strategic patches of Nodes want it."""
    if not isinstance(patch, dict) or not isinstance(old, dict):
        return patch
    result = dict(old)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            result.pop(key, None)
        elif key in ("conditions", "addresses") and isinstance(value, list) and isinstance(result.get(key), list):
            by_type = {entry.get("type"): entry for entry in result[key]}
            for entry in value:
                by_type[entry.get("type")] = merged(by_type.get(entry.get("type"), {}), entry)
            result[key] = list(by_type.values())
        else:
            result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def selected(value, wanted):
    """Whether an object fits a field selector."""
    for part in filter(None, wanted.split(",")):
        path, equal, text = re.fullmatch(r"([^!=]+)(!=|==?)(.*)", part).groups()
        here = value
        for name in path.split("."):
            here = here.get(name, "") if isinstance(here, dict) else ""
        if (str(here) == text) == (equal == "!="):
            return False
    return True


# --- the server ----------------------------------------------------------------


class Cluster:
    """What the API server knows, and what it decides."""

    def __init__(self, authority, by_hand):
        self.authority, self.by_hand, self.store = authority, by_hand, Store()
        self.lock = threading.RLock()
        with open(os.open(authority.path("roost.token"), os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
            self.account = file.read().strip() or secrets.token_urlsafe(32)
            file.seek(0)
            file.write(self.account + "\n")
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"]:
            value = {"metadata": {"name": name}, "status": {"phase": "Active"}}
            self.store.put(*self.create(("", "namespaces"), None, value, "system:apiserver"), "ADDED")

    def expire(self):
        for key, value in list(self.store.objects.items()):
            if key[0] == ("", "secrets") and value.get("type") == "bootstrap.kubernetes.io/token" and self.expired(value):
                self.store.remove(key)
                print(f"removed {key[2]}: expired", flush=True)

    @staticmethod
    def plain(secret, name):
        return base64.b64decode(secret.get("data", {}).get(name, "")).decode(errors="replace")

    def expired(self, secret):
        text = self.plain(secret, "expiration")
        if not text:
            return False
        try:
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) <= now()
        except (ValueError, TypeError):
            return True

    def caller(self, certificate, authorization):
        """The user and the groups of who asks."""
        if certificate:
            names = [pair for part in certificate.get("subject", ()) for pair in part]
            user = next((value for name, value in names if name == "commonName"), "")
            return user, [value for name, value in names if name == "organizationName"] + ["system:authenticated"]
        if not authorization:
            return "system:anonymous", ["system:unauthenticated"]
        token = authorization[7:] if authorization.startswith("Bearer ") else ""
        if hmac.compare_digest(token.encode(), self.account.encode()):
            return ACCOUNT, ["system:serviceaccounts", "system:authenticated"]
        match = re.fullmatch(r"([a-z0-9]{6})\.([a-z0-9]{16})", token)
        secret = match and self.store.objects.get((("", "secrets"), "kube-system", "bootstrap-token-" + match[1]))
        if not secret or secret.get("type") != "bootstrap.kubernetes.io/token" or self.plain(secret, "token-id") != match[1] \
                or self.plain(secret, "usage-bootstrap-authentication") != "true" \
                or not hmac.compare_digest(self.plain(secret, "token-secret"), match[2]):
            raise Refusal(401, "Unauthorized", "Unauthorized")
        extra = [group for group in self.plain(secret, "auth-extra-groups").split(",") if group.startswith("system:bootstrappers:")]
        return "system:bootstrap:" + match[1], ["system:bootstrappers", *extra, "system:authenticated"]

    @staticmethod
    def may(user, groups, verb, resource, namespace, name, subresource):
        """The rules of a cluster that kubeadm made, as far as they matter here."""
        reads = verb in ("get", "list", "watch")
        if "system:masters" in groups:
            return True
        if user == ACCOUNT:
            return resource == ("", "nodes") and verb in ("get", "list", "delete") or resource == ("", "secrets") \
                and namespace == "kube-system" and (verb == "create" or verb in ("get", "delete") and (name or "").startswith("bootstrap-token-"))
        if "system:bootstrappers" in groups:
            return resource == ("certificates.k8s.io", "certificatesigningrequests") and not subresource and (verb == "create" or reads)
        if "system:nodes" in groups and user.startswith("system:node:"):
            own = name in (None, user[12:])
            return resource == ("", "nodes") and (reads or own and verb in ("create", "update", "patch")) \
                or resource == ("coordination.k8s.io", "leases") and namespace == "kube-node-lease" and own \
                or resource == ("certificates.k8s.io", "certificatesigningrequests") and not subresource and (verb == "create" or reads) \
                or resource in (("", "pods"), ("", "services")) and reads or resource == ("", "events") and verb in ("create", "patch")
        return False

    def create(self, resource, namespace, value, user):
        entry = next(entry for entry in RESOURCES if (entry[0], entry[2]) == resource)
        meta = value.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + secrets.token_hex(3)[:5]
        name = meta.get("name") or ""
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", name):
            raise Refusal(422, "Invalid", f'{entry[3]} "{name}" is invalid: metadata.name: Invalid value')
        key = (resource, namespace, name)
        if key in self.store.objects:
            raise Refusal(409, "AlreadyExists", f'{entry[2]} "{name}" already exists')
        if resource == ("", "nodes") and user.startswith("system:node:") and name != user[12:]:
            raise Refusal(403, "Forbidden", f'nodes "{name}" is forbidden: node "{user[12:]}" is not allowed to modify node "{name}"')
        value.update(apiVersion="/".join(filter(None, entry[:2])), kind=entry[3])
        meta.update(uid=self.uid(), creationTimestamp=stamp(now()), generation=1)
        if namespace:
            meta["namespace"] = namespace
        if entry[3] == "Secret":
            value.setdefault("type", "Opaque")
        if entry[3] == "CertificateSigningRequest":
            self.take(value, user)
        self.normal(value)
        return key, value

    @staticmethod
    def uid():
        text = secrets.token_hex(16)
        return "-".join([text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:]])

    @staticmethod
    def normal(value):
        for name, text in value.pop("stringData", {}).items() if value["kind"] == "Secret" else ():
            value.setdefault("data", {})[name] = base64.b64encode(text.encode()).decode()
        if value["kind"] == "Secret":
            for name, text in value.get("data", {}).items():
                try:
                    base64.b64decode(text, validate=True)
                except (ValueError, TypeError) as error:
                    raise Refusal(400, "BadRequest", f"data.{name}: {error}") from error

    def take(self, request, user):
        """A new request for a certificate: who made it, and whether a node may have it without being asked for."""
        spec = request.setdefault("spec", {})
        spec["username"], request["status"] = user, {}
        try:
            subject = self.authority.subject(base64.b64decode(spec["request"]).decode())
        except (KeyError, ValueError) as error:
            raise Refusal(422, "Invalid", f"CertificateSigningRequest is invalid: spec.request: {error}") from error
        common = dict(subject).get("CN", "")
        node = subject == [("CN", common), ("O", "system:nodes")] and re.fullmatch(r"system:node:[a-z0-9]([-a-z0-9.]*[a-z0-9])?", common)
        if spec.get("signerName") == NODE_SIGNER:
            if not node or not set(spec.get("usages", [])) <= NODE_USAGES or "client auth" not in spec.get("usages", []):
                raise Refusal(422, "Invalid", "CertificateSigningRequest is invalid: it is not the client certificate of a node")
            if not self.by_hand and (user.startswith("system:bootstrap:") or user == common):
                self.decide(request, [{"type": "Approved", "status": "True", "reason": "AutoApproved", "message": "Auto approving kubelet "
                                       "client certificate after SubjectAccessReview.", "lastUpdateTime": stamp(now())}])

    def decide(self, request, conditions):
        """Sets the conditions of a request, and signs it where they approve it."""
        request["status"]["conditions"] = conditions
        approved = any(entry["type"] == "Approved" for entry in conditions) and not any(entry["type"] == "Denied" for entry in conditions)
        if approved and "certificate" not in request["status"]:
            usage = "serverAuth" if request["spec"].get("signerName") == "kubernetes.io/kubelet-serving" else "clientAuth"
            days = max(1, min(365, int(request["spec"].get("expirationSeconds", 365 * 86400)) // 86400))
            text = self.authority.sign(base64.b64decode(request["spec"]["request"]).decode(),
                                       f"keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage={usage}\n", str(days))
            request["status"]["certificate"] = base64.b64encode(text.encode()).decode()

    def update(self, key, value, subresource):
        old = self.store.objects.get(key)
        if old is None:
            raise Refusal(404, "NotFound", f'{key[0][1]} "{key[2]}" not found')
        version = value.get("metadata", {}).get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise Refusal(409, "Conflict", f'{key[0][1]} "{key[2]}": the object has been modified; please apply your changes to the latest version')
        new = copy.deepcopy(old)
        if subresource == "approval":
            self.decide(new, value.get("status", {}).get("conditions", []))
        elif subresource == "status":
            new["status"] = value.get("status", {})
        else:
            kept = {name: old["metadata"].get(name) for name in ("uid", "creationTimestamp", "name", "namespace", "generation") if name in old["metadata"]}
            new = {**value, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": {**value.get("metadata", {}), **kept}}
            if key[0] in (("", "nodes"), ("certificates.k8s.io", "certificatesigningrequests")):
                new["status"] = old.get("status", {})
            self.normal(new)
        return new
