"""What schemathesis must be told of the service, and two checks that it cannot make by itself."""

import os
import re

import schemathesis

# Why data that fit the document may be refused all the same: because of what is there, or of what
# no schema can say. Everything else the document must say.
CODES = {
    "idempotency_mismatch",
    "precondition_failed",
    "weak_password",
    "wrong_code",
    "wrong_password",
    "cursor_gone",
    "link_expired",
    "link_used",
    "password_needed",
    "reserved_type",
}

# Pages, which have no codes: a form that wants a password, or another one.
PAGES = {("POST", "/verify/{token}"), ("POST", "/reset/{token}")}

TOKENS = os.environ["SCHEMA_TOKENS"].split(",")
USERS = os.environ["SCHEMA_USERS"].split(",")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Has nothing wait, and half of the pages asked for as JSON."""
    path = case.operation.path
    # A parked poll would hold up the calls after it for up to 30 seconds.
    if path in ("/v1/poll", "/dev/inbox.json"):
        wait = case.query.get("wait", 10)
        if str(wait).isdecimal() and int(wait) <= 30:
            case.query["wait"] = 0
    if path.startswith("/verify/") and len(str(case.path_parameters)) % 2:
        case.headers["Accept"] = "application/json"


@schemathesis.hook
def map_path_parameters(context, parameters):
    """Has half of the paths lead to what is there, which chance would not find."""
    users = context.operation.path.startswith("/v1/users/")
    for name, there in [("token", TOKENS), ("id", USERS if users else [])]:
        value = (parameters or {}).get(name)
        # What is bad stays so.
        if there and isinstance(value, str) and re.fullmatch("[A-Za-z0-9._~:@|-]{1,128}", value):
            number = sum(value.encode())
            if number % 2:
                parameters[name] = there[number // 2 % len(there)]
    return parameters


@schemathesis.check
def refusals_have_reasons(ctx, response, case):
    """Good data are refused for reasons that no schema can give."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in (410, 412, 422):
        return
    if "json" in response.headers["content-type"][0]:
        code = response.json()["code"]
        assert code in CODES, f"good data were refused: {response.text}"
    else:
        page = (case.method, case.operation.path)
        assert page in PAGES, f"good data were refused with a page: {page}"


@schemathesis.check
def a_bad_row_is_refused(ctx, response, case):
    """A batch with a bad row is accepted, and the row is not."""
    negative = case.meta is not None and case.meta.generation.mode.is_negative
    if case.operation.path == "/v1/events" and negative and response.status_code == 200:
        statuses = [row["status"] for row in response.json()["results"]]
        assert any(status >= 400 for status in statuses), f"bad data were accepted: {response.text}"
