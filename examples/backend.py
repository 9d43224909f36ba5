#!/usr/bin/env python3
"""An application's backend in plain Python: publishes changes, and receives webhooks.

    AFTERCLICK_KEY=ack_… python3 examples/backend.py publish USER TYPE [JSON]
    AFTERCLICK_WEBHOOK_SECRET=whsec_… python3 examples/backend.py receive [ADDRESS]

Python 3.9 or later, and nothing beside its standard library.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

SERVICE = os.environ.get("AFTERCLICK_URL", "http://127.0.0.1:8080")

# How far a message's time may be from ours, in seconds: an old one that somebody recorded is
# refused, and an honest one, which is signed anew at each try, is not.
TOLERANCE = 300

# The largest message, in bytes: two documents and an event's data, of 16 KiB each, and some.
MAX_BODY = 128 * 1024


def publish(user, kind, data):
    """Publishes a change of a user once, however often it has to be tried; returns the change."""
    request = urllib.request.Request(
        f"{SERVICE}/v1/users/{urllib.parse.quote(user, safe='')}/events",
        data=json.dumps({"type": kind, "data": data}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['AFTERCLICK_KEY']}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    for attempt in range(5):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503) or attempt == 4:
                raise SystemExit(f"{error.code} {problem['code']}: {problem['detail']}") from None
            time.sleep(float(error.headers.get("Retry-After", 1)))
        except (urllib.error.URLError, TimeoutError):
            if attempt == 4:
                raise
            time.sleep(2**attempt)
    return None


class Refused(Exception):
    """The message is not from our service, or not of now."""


def verify(secrets, headers, body, now):
    """Returns the message's id; raises Refused for what was forged, changed, or recorded.

    `body` is what came, to the byte: JSON that was read and written again has other bytes.
    """
    ident, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not (sent.isascii() and sent.isdigit()):
        raise Refused("a header is missing")
    if abs(now - int(sent)) > TOLERANCE:
        raise Refused("it is not of now")
    signatures = [one[3:] for one in headers.get("webhook-signature", "").split() if one[:3] == "v1,"]
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = hmac.new(key, f"{ident}.{sent}.".encode() + body, hashlib.sha256).digest()
        for signature in signatures:
            try:
                shown = base64.b64decode(signature, validate=True)
            except (binascii.Error, ValueError):
                continue
            # In constant time: how long it takes must not tell how much of a guess is right.
            if hmac.compare_digest(expected, shown):
                return ident
    raise Refused("no signature is right")


class Inbox:
    """What has arrived. A real backend keeps this in its database, in the transaction of its work."""

    def __init__(self):
        self.lock, self.ids, self.newest = Lock(), set(), {}

    def take(self, ident, message):
        """Does what a message asks for, once; returns whether it was new."""
        with self.lock:
            if ident in self.ids:
                return False
            # The id is kept after the work: who fails in between gets the message again.
            self.work(message)
            self.ids.add(ident)
            return True

    def work(self, message):
        data = message["data"]
        user = data["user"]["id"]
        epoch, _, version = data.get("cursor", "").partition(".")
        if epoch:
            # A replayed message may be older than what is known. State never goes back.
            known, newest = self.newest.get(user, (epoch, 0))
            if known == epoch and newest >= int(version):
                return
            self.newest[user] = (epoch, int(version))
        print(json.dumps({"type": message["type"], "user": user, "data": data.get("data")}), flush=True)


class Receiver(BaseHTTPRequestHandler):
    """POST /hooks: 204 for a message that was taken, now or before; 401 for one that is refused."""

    timeout = 10
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802, the base class wants this name
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY):
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        try:
            ident = verify(self.server.secrets, self.headers, body, time.time())
            message = json.loads(body)
        except Refused as refused:
            print(f"refused: {refused}", file=sys.stderr, flush=True)
            return self.answer(401)
        except ValueError:
            return self.answer(400)
        self.server.inbox.take(ident, message)
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Says nothing of what went well."""


def receive(address):
    """Receives webhooks until it is stopped."""
    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Receiver)
    # Two while a secret is changed, with a comma between.
    server.secrets = os.environ["AFTERCLICK_WEBHOOK_SECRET"].split(",")
    server.inbox = Inbox()
    print(f"receiving on http://{address}/hooks", flush=True)
    server.serve_forever()


def main(arguments):
    if arguments[:1] == ["publish"] and len(arguments) in (3, 4):
        data = json.loads(arguments[3]) if len(arguments) == 4 else {}
        print(json.dumps(publish(arguments[1], arguments[2], data)))
    elif arguments[:1] == ["receive"] and len(arguments) in (1, 2):
        receive(arguments[1] if len(arguments) == 2 else "127.0.0.1:9000")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        pass
