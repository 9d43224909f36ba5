#!/usr/bin/env python3
"""A mail server for tests: aiosmtpd, made to fail in one way or another.

    smtp.py [--port PORT] [--cert FILE --key FILE [--implicit]] [--login USER:PASSWORD]

Tells what happens on standard output, a JSON object a line, and takes orders from standard input, a
mode a line; each is answered by {"mode": …}. It ends when standard input does.

    take      takes every mail
    later     answers 451 to every recipient
    never     answers 550 to every recipient
    hang      takes a mail's text and does not answer
    mute      answers neither a greeting nor a sender
    drop      takes a mail, and hangs up instead of saying so
"""
import argparse
import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    """What becomes of a mail, by the mode."""

    def __init__(self):
        self.mode = "take"
        # Those who hang do so until the mode is another.
        self.turned = asyncio.Condition()

    async def turn(self, mode):
        async with self.turned:
            self.mode = mode
            self.turned.notify_all()
        tell(mode=mode)

    async def hang(self, mode):
        async with self.turned:
            await self.turned.wait_for(lambda: self.mode != mode)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        await self.say_nothing("greeting")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        # On a connection that was greeted in better days.
        await self.say_nothing("sender")
        envelope.mail_from = address
        return "250 OK"

    async def say_nothing(self, to):
        if self.mode == "mute":
            tell(hangs=to)
            await self.hang("mute")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "later":
            tell(refused=451)
            return f"451 4.3.0 <{address}>: try again later"
        if self.mode == "never":
            tell(refused=550)
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.mode == "hang":
            tell(hangs="data")
            await self.hang("hang")
            server.transport.abort()
            return "421 too late"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(
            mail=mail["message-id"],
            to=envelope.rcpt_tos,
            subject=mail["subject"],
            text=mail.get_body(("plain",)).get_content(),
            secure=session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
        )
        if self.mode == "drop":
            server.transport.abort()
        return "250 taken"


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--cert")
    arguments.add_argument("--key")
    arguments.add_argument("--implicit", action="store_true")
    arguments.add_argument("--login")
    given = arguments.parse_args()
    context = None
    if given.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.cert, given.key)

    def authenticate(server, session, envelope, mechanism, login):
        pair = f"{login.login.decode()}:{login.password.decode()}"
        return AuthResult(success=pair == given.login)

    handler = Handler()
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(
            handler,
            hostname="mail.test",
            loop=loop,
            tls_context=None if given.implicit else context,
            require_starttls=bool(context) and not given.implicit,
            authenticator=authenticate if given.login else None,
            auth_required=bool(given.login),
            auth_require_tls=not given.implicit,
        )

    server = await loop.create_server(
        session, "127.0.0.1", given.port, ssl=context if given.implicit else None
    )
    tell(port=server.sockets[0].getsockname()[1])

    over = asyncio.Event()

    def orders():
        for line in sys.stdin:
            asyncio.run_coroutine_threadsafe(handler.turn(line.strip()), loop)
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=orders, daemon=True).start()
    await over.wait()


logging.disable(logging.CRITICAL)
asyncio.run(main())
