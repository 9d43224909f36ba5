"""Tries every call of a running service, with data that fit /openapi.json and with data that do not.

    python3 tests/schema/run.py FOLDER     the `afterclick` of FOLDER

As three callers: as nobody, every call; then each call that wants a credential as whom it wants, a
user with a session or a backend with an API key. SCHEMA_EXAMPLES is how many tries of chance a call
gets, 40 unless set; SCHEMA_SEED has others tried; SCHEMA_MINUTES goes on for so long in all.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
EMAIL, PASSWORD = "schema@example.com", "thirteen quiet lanterns"


def main():
    program = os.path.join(os.path.abspath(sys.argv[1]), "afterclick")
    settings = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCLICK_")}
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/log", "w+", encoding="utf-8") as log:
        settings |= {
            "AFTERCLICK_LISTEN": "127.0.0.1:0",
            "AFTERCLICK_DATABASE_URL": f"sqlite:{folder}/afterclick.db",
            "AFTERCLICK_DRAIN": "1s",
            # They have tests of their own, and would have most calls refused here.
            "AFTERCLICK_LIMIT_LOG_IN": "off",
            "AFTERCLICK_LIMIT_SIGN_UP": "off",
            "AFTERCLICK_LIMIT_PASSWORD_RESET": "off",
        }
        server = subprocess.Popen([program], env=settings, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            url = server.stdout.readline().strip().removeprefix("afterclick is listening on ")
            passed = url != "" and try_all(folder, url, known(program, settings, url))
        finally:
            server.terminate()
            status = server.wait()
        if url == "" or status != 0:
            log.seek(0)
            sys.stderr.writelines(log.readlines()[-40:])
            sys.exit(f"the server ended with {status}")
        sys.exit(0 if passed else 1)


def known(program, settings, url):
    """What is there to call with: an API key, its users, an account, and links mailed to others."""
    # A tenant of its own, so that no call of the backend removes the user.
    create = [program, "keys", "create", "--name", "schema", "--tenant", "schema"]
    key = subprocess.run(create, env=settings, check=True, capture_output=True, text=True)
    others = [f"schema{number}@example.com" for number in range(20)]
    for address in [EMAIL, *others]:
        post(f"{url}/v1/users", {"email": address, "password": PASSWORD})
    links = [newest_mail(url, address)["link"] for address in others]
    users = [f"user{number}" for number in range(20)]
    for user in users:
        token = [program, "token", "--user", user, "--tenant", "schema"]
        subprocess.run(token, env=settings, check=True, capture_output=True)
    return {
        "SCHEMA_KEY": key.stdout.strip(),
        "SCHEMA_USERS": ",".join(users),
        "SCHEMA_EMAIL": EMAIL,
        "SCHEMA_PASSWORD": PASSWORD,
        "SCHEMA_TOKENS": ",".join(link.rsplit("/", 1)[1] for link in links),
    }


def try_all(folder, url, given):
    """Whether every answer was as it should be."""
    options = ["--seed", os.environ.get("SCHEMA_SEED", "1")]
    options += ["--max-examples", os.environ.get("SCHEMA_EXAMPLES", "40")]
    if minutes := os.environ.get("SCHEMA_MINUTES"):
        options += ["--max-time", str(int(minutes) * 30)]
    # Elsewhere than in the sources, where it would leave files; its hooks are found all the same.
    paths = [HERE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    settings = os.environ | given | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    nobody = read("schemathesis.toml")
    passed = True
    for caller, config, more in [
        ("nobody", nobody, []),
        # What anybody may call has been tried.
        ("a user and a backend", nobody + read("callers.toml"), ["--exclude-by", "/security == []"]),
    ]:
        print(f"-- as {caller}", flush=True)
        with open(f"{folder}/schemathesis.toml", "w", encoding="utf-8") as file:
            file.write(config)
        command = [sys.executable, "-m", "schemathesis.cli", f"--config-file={file.name}", "run"]
        command += [f"{url}/openapi.json", "--no-color", *options, *more]
        passed &= subprocess.run(command, env=settings, cwd=folder, check=False).returncode == 0
    return passed


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def post(url, body):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def newest_mail(url, address):
    query = urllib.parse.urlencode({"to": address, "wait": 30})
    with urllib.request.urlopen(f"{url}/dev/inbox.json?{query}", timeout=60) as answer:
        return json.load(answer)[0]


main()
