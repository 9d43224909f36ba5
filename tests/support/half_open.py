#!/usr/bin/env python3
"""After how long a node lets go of clients whose network goes away without a word.

    unshare --user --map-root-user --net half_open.py PROGRAM

Runs in a network of its own, opens streams, polls, and connections that ask for nothing, takes the
network down, so that no end hears of the other, and prints how many seconds pass until the node has
closed them all. Fails after a minute.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

EACH = 10
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def network(up):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP if up else 0))


def sockets(pid):
    """The node's connections: files that are sockets."""
    folder, count = f"/proc/{pid}/fd", 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def settled(pid):
    """How many there are once that is the same for a second: it may still be starting."""
    counts = []
    while len(counts) < 10 or len(set(counts[-10:])) > 1:
        counts.append(sockets(pid))
        time.sleep(0.1)
    return counts[-1]


def ask(port, path, token):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return client


def wait_until(reached, deadline):
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < deadline, "it takes too long"
        time.sleep(0.1)
    return time.monotonic() - began


def main(program):
    network(up=True)
    with tempfile.TemporaryDirectory() as folder:
        node = subprocess.Popen([program, "--listen", "127.0.0.1:0"], cwd=folder, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)
        try:
            url = node.stdout.readline().split()[-1]
            port = int(url.rsplit(":", 1)[1])
            command = [program, "token", "--user", "ana", "--public-url", url]
            token = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
            with ask(port, "/v1/me", token) as client:
                cursor = client.recv(65536).decode()
            cursor = cursor.split('"cursor":"')[1].split('"')[0]
            alone = settled(node.pid)
            paths = ("/v1/stream", f"/v1/poll?after={cursor}&wait=30")
            clients = [ask(port, path, token) for path in paths for _ in range(EACH)]
            clients += [socket.create_connection(("127.0.0.1", port)) for _ in range(EACH)]
            wait_until(lambda: sockets(node.pid) >= alone + len(clients), 10)
            network(up=False)
            print(round(wait_until(lambda: sockets(node.pid) <= alone, 60), 1))
        finally:
            node.kill()
            node.wait()


main(sys.argv[1])
