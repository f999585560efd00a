"""The command that serves the explorer."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer

from measurand.cli.app import DATA, START, command
from measurand.cli.streams import messages
from measurand.errors import InputError, first_line
from measurand.extras import need
from measurand.files import require_writable
from measurand.wording import plural

__all__ = ["serve", "site"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@command(START)
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of audits, tables, stores and logs.")] = Path("."),
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond this machine everyone who asks needs the token printed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 8765,
    name: Annotated[
        list[str] | None, typer.Option(help="Further name under which this machine is reached; repeatable.")
    ] = None,
    limit: Annotated[float, typer.Option(min=0.001, help="Largest file that may be dropped, in gigabytes.")] = 2.0,
) -> None:
    """Open the explorer: look at audits, try settings, compare models, drop files, in a browser on this machine."""
    uvicorn = need("uvicorn", "web")
    need("fastapi", "web")
    from measurand.web.app import create_app

    alone = host in LOOPBACK
    token = None if alone else secrets.token_urlsafe(24)
    hosts = {*LOOPBACK, host, *(name or ())}
    app = create_app(folder, hosts=hosts, token=token, upload_limit=round(limit * 1e9))
    try:
        # Listening at once: whoever opens the address printed waits for the server instead of being refused.
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        taken = f"nothing can listen at {host}:{port}: {first_line(problem)}; give another --port, or 0 for any"
        raise InputError(taken) from None
    where = f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}/"
    if token is not None:
        where += f"?token={token}"
        messages.print("Everyone who can reach this machine and has the token can read the folder.", soft_wrap=True)
    messages.print(f"measurand shows {folder.resolve()} at {where}\nCtrl+C ends it.", soft_wrap=True, highlight=False)
    config = uvicorn.Config(app, log_level="warning", server_header=False, access_log=False)
    with bound:
        uvicorn.Server(config).run(sockets=[bound])


@command(DATA)
def site(
    folder: Annotated[Path, typer.Argument(help="Folder of audits and tables.")] = Path("."),
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the site.")] = Path("site"),
) -> None:
    """Write a folder's audits, and an explorer of each table of scores, as a static site for any web host."""
    need("pydantic", "web")
    from measurand.web.site import site as written

    require_writable(output / "index.html")
    pages, lost = written(folder, output)
    for each in lost:
        messages.print(f"left out: {each}", soft_wrap=True, highlight=False)
    where = (output / "index.html").resolve()
    messages.print(f"{plural(len(pages), 'page')} at {where}", soft_wrap=True, highlight=False)
