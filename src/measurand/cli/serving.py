"""The command that serves the explorer."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from measurand.cli.app import DATA, START, command
from measurand.cli.streams import messages
from measurand.errors import InputError
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
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False, access_log=False)
    server = uvicorn.Server(config)
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise InputError(
            f"nothing can listen at {host}:{port}; is it taken? Give another --port, or 0 for any"
        ) from None
    where = f"http://{f'[{host}]' if ':' in host else host}:{socket.getsockname()[1]}/"
    if token is not None:
        where += f"?token={token}"
        messages.print("Everyone who can reach this machine and has the token can read the folder.", soft_wrap=True)
    messages.print(f"measurand shows {folder.resolve()} at {where}\nCtrl+C ends it.", soft_wrap=True, highlight=False)
    server.run(sockets=[socket])


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
