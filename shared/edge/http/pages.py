"""The documentation pages, all served from this process: they work with no network."""

from __future__ import annotations

from html import escape
from string import Template

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from shared.core.errors import NotFound
from shared.edge.http import problem

ASSETS = "/docs/assets"

_PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>$title</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="/docs/assets/favicon-32x32.png"></head>
<body><div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
""")

# The bundled page knows OpenAPI 3.0 only and refuses any other version string, but it draws our 3.1 document well.
_START = """fetch("/openapi.json").then((answer) => answer.json()).then((spec) => {
  spec.openapi = "3.0.3";
  SwaggerUIBundle({spec: spec, dom_id: "#api", deepLinking: true, validatorUrl: null});
});
"""

_PROBLEM = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title></head>
<body><h1>$status $title</h1><p lang="zh">$title_zh</p><p>$about</p></body></html>
""")

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return the page that draws the OpenAPI document."""
    return HTMLResponse(_PAGE.substitute(title=escape(request.app.title)))


@router.get("/docs/start.js")
async def start() -> Response:
    """Return the script of the page; it is a file of its own because the content policy allows no inline script."""
    return Response(_START, media_type="text/javascript")


@router.get(f"{problem.DOCS}{{name}}")
async def problem_page(name: str) -> HTMLResponse:
    """Return the page about one kind of problem: what its `type` leads to."""
    kind = problem.KINDS.get(name)
    if kind is None:
        raise NotFound()
    words = {"title": kind.title, "title_zh": kind.title_zh, "about": kind.about}
    return HTMLResponse(_PROBLEM.substitute(status=kind.status, **{key: escape(text) for key, text in words.items()}))


def install(app: FastAPI) -> None:
    """Serve the pages and the files they need under /docs."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=swagger_ui_path), name="assets")
