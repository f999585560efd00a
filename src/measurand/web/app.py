"""The server of the explorer: what is asked becomes settings, a measure answers, a template shows it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode, urlsplit

import anyio.to_thread
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from measurand.errors import InputError, MeasurandError, UnknownName
from measurand.readers import EXAMPLES
from measurand.report.html import stylesheet
from measurand.tables import Responses, Scores, Study
from measurand.web import claims, comparison, entanglement, leaderboard, pages
from measurand.web.beside import Beside, entangled, warm
from measurand.web.downloads import File
from measurand.web.folder import AUDIT, DEFAULT, Folder
from measurand.web.guard import Guard
from measurand.web.jobs import Jobs
from measurand.web.uploads import begun, received

__all__ = ["UPLOAD_LIMIT", "create_app"]

UPLOAD_LIMIT = 2_000_000_000
"""Bytes of one file."""
AUDITS = "audits"
"""Folder in the one served for what is found."""
THREADS = 2
"""Answers computed at once, in turn: a large log that is being read holds one of them."""
FRAMES = 0.2
"""Seconds between two looks at an audit's progress."""

Of = Annotated[str, Query(description="An embedded study, or a path in the folder served.")]


def create_app(
    root: Path,
    *,
    hosts: Collection[str] = ("127.0.0.1", "localhost", "::1"),
    token: str | None = None,
    upload_limit: int = UPLOAD_LIMIT,
) -> Any:
    """The explorer of a folder, as an ASGI application.

    Parameters
    ----------
    root : folder whose audits, tables, stores and logs it shows; what is dropped is kept in it.
    hosts : names under which it may be asked.
    token : what everyone has to give who asks; None where only this machine can.
    upload_limit : bytes of the largest file that may be dropped.

    Raises
    ------
    InputError
        There is no such folder.
    """
    # Those who hold a token are not one person.
    shared = token is not None
    folder, jobs, beside = Folder(root), Jobs(), Beside(shared=shared)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # What everyone looks at first takes a second to make, and is made before anyone asks.
        threading.Thread(target=warm, args=(DEFAULT,), daemon=True).start()
        if shared:
            beside.grow(DEFAULT)
        # Python computes one thing at a time: of forty answers begun at once, some would wait for all the others.
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        beside.close()
        jobs.close()

    app = FastAPI(
        title="measurand",
        description="What the pages show, as JSON. Every page of the explorer has an address here with the same query.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    static = resources.files("measurand.web") / "static"
    app.add_api_route(
        "/static/page.css", lambda: Response(stylesheet(), media_type="text/css"), include_in_schema=False
    )
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    _problems(app)
    _files(app, folder, jobs, upload_limit)
    _explorers(app, folder, beside)
    return Guard(app, hosts=hosts, token=token)


def _problems(app: FastAPI) -> None:
    """What is wrong with a question, said on a page or as JSON."""

    @app.exception_handler(MeasurandError)
    async def _(request: Request, problem: Exception) -> Response:
        status = 404 if isinstance(problem, UnknownName) else 422
        return _problem(request, status, str(problem))

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, problem: Exception) -> Response:
        errors = cast("RequestValidationError", problem).errors()
        told = "; ".join(f"{each['loc'][-1]}: {each['msg']}, got {each['input']!r}" for each in errors)
        return _problem(request, 422, told)


def _problem(request: Request, status: int, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"problem": text}, status)
    of = request.query_params.get("of", "")
    # Of an address that the browser names, its path alone: nothing leads elsewhere from here.
    before = urlsplit(request.headers.get("hx-current-url", ""))
    back = f"{before.path}?{before.query}" if before.path.startswith("/") and before.path[1:2] != "/" else ""
    return _page(request, "problem.html.j2", status=status, problem=text, back=back, of=of)


def _page(request: Request, template: str, *, status: int = 200, push: str = "", **values: Any) -> HTMLResponse:
    """A page, or of it what htmx asked to exchange."""
    text = pages.render(template, part=_part(request), path=request.url.path, **values)
    return _answer(request, text, status, push)


def _part(request: Request) -> bool:
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def _answer(request: Request, text: str, status: int, push: str) -> HTMLResponse:
    answer = HTMLResponse(text, status)
    if push and _part(request):
        answer.headers["HX-Push-Url"] = push
    answer.headers["Vary"] = "HX-Request"
    return answer


# --- Files and audits ----------------------------------------------------------------------------------------------


def _files(app: FastAPI, folder: Folder, jobs: Jobs, upload_limit: int) -> None:
    @app.get("/", include_in_schema=False)
    def home(request: Request) -> Response:
        return _page(request, "home.html.j2", sources=folder.sources(), root=folder.root.name)

    @app.get("/api/sources")
    def sources() -> Any:
        """What can be opened."""
        return [vars(each) for each in folder.sources()]

    @app.get("/open", include_in_schema=False)
    def open_(of: Of) -> Response:
        return RedirectResponse(f"{_first_view(folder.study(of))}?{urlencode({'of': of})}", 303)

    @app.post("/drops", include_in_schema=False)
    def drop(name: str) -> Response:
        return JSONResponse({"of": begun(folder, name).relative_to(folder.root).as_posix()}, 201)

    @app.put("/files/{path:path}", include_in_schema=False)
    async def upload(path: str, request: Request) -> Response:
        target = await received(folder, path, request.stream(), upload_limit)
        return JSONResponse({"of": target.relative_to(folder.root).as_posix()}, 201)

    @app.post("/audits", include_in_schema=False)
    def begin(of: Of) -> Response:
        path = None if of in EXAMPLES else folder.path(of)
        name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in of).strip("-.") or "folder"
        job = jobs.start(of, path, folder.root / AUDITS / name, folder.root)
        return JSONResponse({"job": job.id, "page": f"/jobs/{job.id}"}, 202)

    @app.get("/jobs/{id_}", include_in_schema=False)
    def job(id_: str, request: Request) -> Response:
        known = _known(jobs, id_)
        return _page(request, "job.html.j2", job=known, of=known.of)

    @app.get("/jobs/{id_}/events", include_in_schema=False)
    def events(id_: str) -> Response:
        return StreamingResponse(_events(jobs, id_), media_type="text/event-stream")

    @app.post("/jobs/{id_}/stop", include_in_schema=False)
    def stop(id_: str) -> Response:
        jobs.stop(_known(jobs, id_))
        return JSONResponse(_known(jobs, id_).told())

    @app.get("/audit", include_in_schema=False)
    def audit(of: Of) -> Response:
        # Made anew from the data: whatever page lies in the folder is not trusted to be one of ours.
        page = pages.audit_page(folder.path(of) / AUDIT)
        # It may run its own scripts, in a world of its own, and load nothing.
        sandbox = "sandbox allow-scripts allow-downloads allow-popups"
        return HTMLResponse(page, headers={"Content-Security-Policy": sandbox})

    @app.get("/api/audit")
    def audit_data(of: Of) -> Response:
        """An audit as JSON, as it lies in the folder."""
        return Response(pages.audit_data(folder.path(of) / AUDIT), media_type="application/json")

    @app.get("/api", include_in_schema=False)
    def interface(request: Request) -> Response:
        return _page(request, "api.html.j2", paths=pages.interface_values(app.openapi()))


def _known(jobs: Jobs, id_: str) -> Any:
    job = jobs.get(id_)
    if job is None:
        raise UnknownName("audit under way", id_, ())
    return job


async def _events(jobs: Jobs, id_: str) -> AsyncIterator[str]:
    """The state of a job whenever it changes, until it has ended."""
    told = ""
    while True:
        job = _known(jobs, id_)
        if (now := json.dumps(job.told())) != told:
            told = now
            yield f"data: {now}\n\n"
        if job.ended:
            return
        await asyncio.sleep(FRAMES)


def _first_view(study: Study) -> str:
    """Where a study is looked at first."""
    if study.responses is not None:
        return "/comparison"
    if study.votes is not None:
        return "/leaderboard"
    return "/entanglement"


# --- Explorers -----------------------------------------------------------------------------------------------------

Entangled = Annotated[entanglement.Settings, Query()]
Paired = Annotated[comparison.Settings, Query()]
Ranked = Annotated[leaderboard.Settings, Query()]
Claimed = Annotated[claims.Settings, Query()]


def _explorers(app: FastAPI, folder: Folder, beside: Beside) -> None:
    """Each view three times: as a page, as JSON and as files, from one function of settings."""

    def explored(settings: entanglement.Settings) -> tuple[Scores, entanglement.Settings]:
        asked = settings.changed(of=settings.of or DEFAULT)
        scores = folder.study(asked.of).scores
        if scores is None:
            raise InputError(f"{asked.of}: no scores of models on benchmarks here, but other evidence")
        return scores, asked

    def responses(settings: comparison.Settings) -> Responses:
        apart = settings.runs == "apart"
        study = folder.study(_named(settings.of), cluster=settings.cluster, reading=settings.reading, apart=apart)
        if study.responses is None:
            raise InputError(f"{settings.of}: no item-level results here, which a comparison needs")
        return study.responses

    @app.get("/entanglement", include_in_schema=False)
    async def entanglement_page(request: Request, settings: Entangled) -> Response:
        of, part = settings.of or DEFAULT, _part(request)
        # A common scale takes seconds to fit, and a table of the reader's to read.
        if of in EXAMPLES and settings.combined != "scale":
            asked = settings.changed(of=of).model_dump_json(by_alias=True)
            return _answer(request, *await beside.entangled(of, asked, part))

        def here() -> tuple[str, int, str]:
            scores, asked = explored(settings)
            return entangled(scores, asked.model_dump_json(by_alias=True), part)

        return _answer(request, *await anyio.to_thread.run_sync(here))

    @app.get("/api/entanglement")
    def entanglement_data(settings: Entangled) -> Any:
        """A benchmark's correlation with general capability, with an interval, the models, and every way."""
        return entanglement.explore(*explored(settings)).as_json()

    @app.get("/entanglement/download/{kind}", include_in_schema=False)
    def entanglement_download(kind: str, settings: Entangled) -> Response:
        return _download(entanglement.download(*explored(settings), kind))

    @app.get("/comparison", include_in_schema=False)
    def comparison_page(request: Request, settings: Paired) -> Response:
        if not settings.of:
            return _which(request, folder, "/comparison", "Which logs do you want to compare models on?")
        shown = pages.comparison_values(comparison.view(responses(settings), settings))
        return _page(request, "comparison.html.j2", push=shown["here"], of=settings.of, **shown)

    @app.get("/api/comparison")
    def comparison_data(settings: Paired) -> Any:
        """Models by tasks with intervals, two of them compared, and the items on which these differ."""
        return comparison.view(responses(settings), settings).as_json()

    @app.get("/comparison/download/{kind}", include_in_schema=False)
    def comparison_download(kind: str, settings: Paired) -> Response:
        return _download(comparison.download(responses(settings), settings, kind))

    @app.get("/leaderboard", include_in_schema=False)
    def leaderboard_page(request: Request, settings: Ranked) -> Response:
        if not settings.of:
            return _which(request, folder, "/leaderboard", "Which votes or logs do you want to rank models by?")
        shown = pages.leaderboard_values(leaderboard.view(folder.study(settings.of), settings))
        return _page(request, "leaderboard.html.j2", push=shown["here"], of=settings.of, **shown)

    @app.get("/api/leaderboard")
    def leaderboard_data(settings: Ranked) -> Any:
        """Models by rank, each with the ranks it may have, and what would change the order."""
        return leaderboard.view(folder.study(_named(settings.of)), settings).as_json()

    @app.get("/leaderboard/download/{kind}", include_in_schema=False)
    def leaderboard_download(kind: str, settings: Ranked) -> Response:
        return _download(leaderboard.download(folder.study(_named(settings.of)), settings, kind))

    @app.get("/claims", include_in_schema=False)
    def claims_page(request: Request, settings: Claimed) -> Response:
        asked = settings.changed(of=settings.of or DEFAULT)
        shown = pages.claims_values(claims.view(folder.study(asked.of), asked), folder.sources())
        return _page(request, "claims.html.j2", push=shown["here"], of=asked.of, **shown)

    @app.get("/api/claims")
    def claims_data(settings: Claimed) -> Any:
        """A claim card held against the evidence, as far as it is written, and what is missing."""
        asked = settings.changed(of=settings.of or DEFAULT)
        return claims.view(folder.study(asked.of), asked).as_json()

    @app.get("/claims/download", include_in_schema=False)
    def claims_download(settings: Claimed) -> Response:
        return _download(claims.download(settings))


def _named(of: str) -> str:
    if not of:
        raise InputError("no source named; give of=PATH, one of those that /api/sources lists")
    return of


def _which(request: Request, folder: Folder, view: str, question: str) -> Response:
    """What could be looked at there."""
    sources = [each for each in folder.sources() if each.kind in ("logs", "store", "table")]
    return _page(request, "which.html.j2", sources=sources, view=view, question=question)


def _download(file: File) -> Response:
    header = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return Response(file.content, media_type=file.type, headers={"Content-Disposition": header})
