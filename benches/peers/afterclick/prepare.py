#!/usr/bin/env python3
"""What is there before a measure begins.

    prepare.py issuer FOLDER            an issuer's table, and an access token for each of 50,000 users
    prepare.py users PORT KEYFILE COUNT users 0 to COUNT - 1, by a backend's calls over eight connections
"""
import base64
import hashlib
import hmac
import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ISSUER = "https://bench.example/"
SECRET = "the key of an issuer that only benches know"
CONNECTIONS = 8


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(user: int, now: int) -> str:
    claims = {"iss": ISSUER, "aud": "bench", "sub": str(user), "iat": now, "exp": now + 7 * 86_400}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    return signed + "." + part(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))


def issuer(folder: Path) -> None:
    table = folder / "issuers.toml"
    table.write_text(f'[[issuer]]\niss = "{ISSUER}"\naud = "bench"\nalgorithm = "HS256"\nsecret = "{SECRET}"\n')
    table.chmod(0o600)
    now = int(time.time())
    (folder / "tokens").write_text("".join(token(user, now) + "\n" for user in range(50_000)))


def users(port: int, key: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def make(some: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for user in some:
            connection.request("PUT", f"/v1/users/{user}", "{}", headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 201), answer.status

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(make, [range(first, count, CONNECTIONS) for first in range(CONNECTIONS)]))


match sys.argv[1:]:
    case ["issuer", folder]:
        issuer(Path(folder))
    case ["users", port, file, count]:
        users(int(port), Path(file).read_text().strip(), int(count))
    case _:
        sys.exit(__doc__)
