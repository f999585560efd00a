"""Who may ask: this machine's own pages, or whoever holds the token; nothing that came from elsewhere."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

__all__ = ["COOKIE", "POLICY", "Guard"]

COOKIE = "measurand-token"
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:\[\]]+))(?::\d{1,5})?")
"""A Host header: an address in brackets or a name, and perhaps a port."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script and no style but those served here: a name from data that came to be a script would not run."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
READING = ("GET", "HEAD")

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]


class Guard:
    """Refuses what a page of another site could send, and adds the headers that every answer has.

    The Host header has to name this server: a name of someone else's that is made to point here (DNS rebinding) is
    refused. What changes anything has to come from a page of this server.

    Parameters
    ----------
    app : what answers.
    hosts : names under which it may be asked, without port.
    token : what has to be given once, as ``?token=``, and is kept as a cookie; None where none is needed.
    """

    def __init__(self, app: App, *, hosts: Collection[str], token: str | None = None) -> None:
        self.app, self.hosts, self.token = app, frozenset(hosts), token

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Refuse, admit or pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def answer(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                policy = (b"content-security-policy", POLICY.encode())
                message["headers"] = [
                    *message["headers"],
                    *HEADERS,
                    *([] if b"content-security-policy" in given else [policy]),
                ]
            await send(message)

        if why := self._refused(scope["method"], headers):
            await _plain(answer, 403, why)
        elif self.token is None or self._holds(headers):
            await self.app(scope, receive, answer)
        else:
            await self._admit(scope, answer)

    def _refused(self, method: str, headers: MutableMapping[str, str]) -> str:
        named = HOST.fullmatch(headers.get("host", "").lower())
        if named is None or (named[1] or named[2]) not in self.hosts:
            return "this server does not answer to that name"
        if method not in READING:
            origin = headers.get("origin")
            foreign = origin is not None and urlsplit(origin).netloc != headers.get("host")
            if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return "pages of other sites may change nothing here"
        return ""

    def _holds(self, headers: MutableMapping[str, str]) -> bool:
        cookies = SimpleCookie(headers.get("cookie", ""))
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        kept = cookies[COOKIE].value if COOKIE in cookies else ""
        return any(hmac.compare_digest(given.encode(), str(self.token).encode()) for given in (kept, bearer))

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Take the token out of the address, so that it does not stay in a history or a screenshot."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = query.pop("token", [""])[0]
        if not hmac.compare_digest(given.encode(), str(self.token).encode()):
            await _plain(send, 401, "this server asks for its token: open the address that it printed as it started")
            return
        rest = urlencode(query, doseq=True)
        where = scope["path"] + (f"?{rest}" if rest else "")
        cookie = f"{COOKIE}={self.token}; HttpOnly; SameSite=Strict; Path=/"
        headers = [(b"location", where.encode("latin-1", "replace")), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _plain(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})
