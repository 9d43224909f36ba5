#!/usr/bin/env python3
"""What deploy/, Dockerfile, and compose.yaml say, by the programs that they are for.

    tests/deployment/check.py PROGRAM DEBS PYTHON

PROGRAM is the service. DEBS is where tests/run unpacks Debian's packages, and PYTHON where it puts
those of Python: hadolint, kubernetes-validate, and PyYAML. Images are not built or run here: that
needs a Docker server; what is in them is tried outside of them.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PROGRAM, DEBS, PYTHON = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(PYTHON))
import yaml  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCLICK_")}
SECRETS = {
    "AFTERCLICK_SECRET": os.urandom(32).hex(),
    "AFTERCLICK_DATABASE_URL": "postgres://afterclick:word@database.example/afterclick",
    "AFTERCLICK_BUS_URL": "nats://afterclick:word@bus.example:4222",
    "AFTERCLICK_MAIL_URL": "smtps://afterclick:word@mail.example",
}


def run(*command, environment=None, cwd=ROOT):
    """Runs a program that must succeed: what it printed."""
    command = [str(word) for word in command]
    environment = ENVIRONMENT | (environment or {})
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def debian(path):
    """A program that is installed, or unpacked beside us."""
    name = path.rsplit("/", 1)[1]
    return shutil.which(name) or DEBS / path


def settings_are_good(variables):
    """The service itself must take what a manifest gives it."""
    with tempfile.TemporaryDirectory() as folder:
        told = run(PROGRAM, "check-config", environment=variables, cwd=folder)
    assert told.endswith("Every setting is good.\n"), told


def status(url):
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def says_what_serves(check, port):
    """A probe must find a node well whose mail server is away, and not one that drains or is dead."""
    with tempfile.TemporaryDirectory() as folder:
        command = [PROGRAM, "--listen", "127.0.0.1:0", "--insecure-dev", "--drain", "5s",
                   "--mail", "smtp://127.0.0.1:9?tls=none"]
        node = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)
        try:
            url = node.stdout.readline().split()[-1]
            check = [word.replace(f"/{port}", f"/{url.rsplit(':', 1)[1]}") for word in check]
            begun = time.monotonic()
            while status(f"{url}/readyz") != 503:
                assert time.monotonic() - begun < 30, "a mail server that is away is not told of"
                time.sleep(0.1)
            run(*check)
            token = run(PROGRAM, "token", "--user", "ana", "--public-url", url, cwd=folder).strip()
            asked = urllib.request.Request(f"{url}/v1/stream", headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(asked, timeout=10) as stream:
                stream.readline()
                node.terminate()
                while subprocess.run(check, stderr=subprocess.DEVNULL).returncode == 0:
                    assert time.monotonic() - begun < 60, "a node that drains is found well"
                assert node.poll() is None, "it was asked too late"
        finally:
            node.kill()
            node.wait()
        assert subprocess.run(check, stderr=subprocess.DEVNULL).returncode != 0, "a dead node is found well"


def compose():
    words = {"AFTERCLICK_SECRET": SECRETS["AFTERCLICK_SECRET"], "POSTGRES_PASSWORD": "word", "NATS_PASSWORD": "word"}
    with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
        file.write("".join(f"{name}={value}\n" for name, value in words.items()))
        file.flush()
        told = run(debian("usr/bin/docker-compose"), "--env-file", file.name, "-f", ROOT / "compose.yaml", "config",
                   environment={"PYTHONPATH": str(DEBS / "usr/lib/python3/dist-packages")})
    services = yaml.safe_load(told)["services"]
    nodes = [service for name, service in services.items() if name.startswith("node")]
    assert len(nodes) == 3 and {"proxy", "database", "bus", "mail"} <= services.keys(), services.keys()
    image = {"AFTERCLICK_LISTEN": "0.0.0.0:8080"}
    settings_are_good(image | nodes[0]["environment"])


def compose_proxy():
    """The proxy's file, with the nodes' names put on this machine."""
    text = (ROOT / "deploy/compose/nginx.conf").read_text()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        text = re.sub(r"server node(\d):8080", r"server 127.0.0.\1:8080", text)
        text = f"pid {folder}/pid;\nerror_log {folder}/error.log;\n" + text.replace("access_log off;", "access_log off;" + "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
        file = pathlib.Path(folder) / "nginx.conf"
        file.write_text(text)
        run(debian("usr/sbin/nginx"), "-t", "-c", file)


def dockerfile():
    run(PYTHON / "bin/hadolint", ROOT / "Dockerfile")
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.M)
    says_what_serves(json.loads(re.search(r"HEALTHCHECK .*\n\s+CMD (\[.*\])", text).group(1)), 8080)


def kubernetes():
    files = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    told = run(PYTHON / "bin/kubernetes-validate", "--strict", *files, environment={"PYTHONPATH": str(PYTHON)})
    documents = [document for file in files for document in yaml.safe_load_all(file.read_text())]
    assert told.count(" passed ") == len(documents), told
    by_kind = {document["kind"]: document for document in documents}
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    data = by_kind["ConfigMap"]["data"]
    secrets = {entry["name"] for entry in container["env"]}
    assert secrets == SECRETS.keys(), secrets
    settings_are_good(data | SECRETS)
    # Time for what stops a pod, one after the other, and 10 s for writes and mails.
    _, before = container["lifecycle"]["preStop"]["exec"]["command"]
    drain = data["AFTERCLICK_DRAIN"].removesuffix("s")
    assert int(before) + int(drain) + 10 <= pod["terminationGracePeriodSeconds"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert data["AFTERCLICK_ADMIN_LISTEN"].endswith(":9090")
    says_what_serves(container["readinessProbe"]["exec"]["command"], 9090)
    for name in ("startupProbe", "livenessProbe"):
        assert data["AFTERCLICK_ADMIN_LISTEN"].endswith(f":{ports[container[name]['httpGet']['port']]}")
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    for selector in (by_kind["Service"]["spec"]["selector"], by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= labels, selector


def systemd():
    unit = (ROOT / "deploy/systemd/afterclick.service").read_text()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "afterclick.service"
        file.write_text(unit.replace("/usr/local/bin/afterclick", str(PROGRAM)))
        told = run("systemd-analyze", "verify", "--man=no", file)
        assert "afterclick.service" not in told, told
        # How exposed it is by its own measure, of 10; 2 is where "OK" begins to be said.
        run("systemd-analyze", "security", "--offline=true", "--threshold=20", file)


for check in (compose, compose_proxy, dockerfile, kubernetes, systemd):
    check()
    print(f"{check.__name__}: good", flush=True)
