"""Reads the few objects that kubectl writes as protobuf (create configmap, create secret, certificate approve) as their JSON."""

import base64

MAGIC = b"k8s\0"
METADATA = {1: ("name", str), 2: ("generateName", str), 3: ("namespace", str), 6: ("resourceVersion", str)}
CONDITION = {1: ("type", str), 2: ("reason", str), 3: ("message", str), 6: ("status", str)}
# Field numbers of generated.proto in k8s.io/api; a list is a repeated message, a pair of types a map.
OBJECTS = {
    "ConfigMap": {1: ("metadata", METADATA), 2: ("data", (str, str))},
    "Secret": {1: ("metadata", METADATA), 2: ("data", (str, bytes)), 3: ("type", str), 4: ("stringData", (str, str))},
    "CertificateSigningRequest": {1: ("metadata", METADATA), 3: ("status", {1: ("conditions", [CONDITION])})},
    "SelfSubjectReview": {},
}


def fields(data):
    """The numbers and contents of a message's fields that have a length."""
    place = 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number is too long")

    while place < len(data):
        key = number()
        if key & 7 == 0:
            number()
        elif key & 7 == 2:
            size = number()
            if size > len(data) - place:
                raise ValueError("the message is cut off")
            yield key >> 3, data[place:place + size]
            place += size
        else:
            raise ValueError("a field of an unknown kind")


def value(data, form):
    if form is bytes:
        return base64.b64encode(data).decode()
    return data.decode() if form is str else message(data, form)


def message(data, form):
    result = {}
    for number, content in fields(data):
        name, inner = form.get(number, (None, None))
        if isinstance(inner, list):
            result.setdefault(name, []).append(message(content, inner[0]))
        elif isinstance(inner, tuple):
            pair = dict(fields(content))
            result.setdefault(name, {})[pair.get(1, b"").decode()] = value(pair.get(2, b""), inner[1])
        elif name:
            result[name] = value(content, inner)
    return result


def read(data):
    """The object in a body of application/vnd.kubernetes.protobuf."""
    if not data.startswith(MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    try:
        envelope = dict(fields(data[len(MAGIC):]))
        kind = dict(fields(envelope.get(1, b""))).get(2, b"").decode()
        if kind not in OBJECTS:
            raise ValueError(f"a {kind} is not read as protobuf here")
        return {"apiVersion": dict(fields(envelope[1])).get(1, b"").decode(), "kind": kind, **message(envelope.get(2, b""), OBJECTS[kind])}
    except IndexError as error:
        raise ValueError("the message is cut off") from error
