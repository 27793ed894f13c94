"""The documentation pages, all served from this process: they work with no network."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from html import escape
from string import Template

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from shared.core.errors import NotFound
from shared.core.events.base import Data
from shared.edge import asyncapi, installed
from shared.edge.http import problem
from shared.edge.release import software_version
from shared.edge.schemas import schema_of

ASSETS = "/docs/assets"
EVENTS = ("/asyncapi.yaml", "/asyncapi")
"""The document about what goes over Kafka, and the page that draws it."""

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

_CATALOGUE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Events</title>
<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}pre{overflow:auto;background:#f4f4f4;padding:1em}
summary{cursor:pointer}code{font-weight:600}</style></head>
<body><h1>Events, version $version</h1><p>$about</p><p>The whole document: <a href="/asyncapi.yaml">asyncapi.yaml</a></p>
$channels</body></html>
""")

_CHANNEL = Template("""<section><h2>$topic</h2><p>$about</p>
$messages</section>
""")

_MESSAGE = Template("""<details><summary><code>$type</code> $summary</summary><pre>$schema</pre></details>
""")

_PROBLEM = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title></head>
<body><h1>$status $title</h1><p lang="zh">$title_zh</p><p>$about</p></body></html>
""")

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return the page that draws the OpenAPI document; what goes over Kafka is at `/asyncapi`."""
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


@router.get("/asyncapi.yaml")
async def asyncapi_document() -> FileResponse:
    """Return the AsyncAPI document: every topic and every message, with examples."""
    return FileResponse(installed.ASYNCAPI, media_type="application/yaml")


@router.get("/asyncapi")
async def asyncapi_page() -> HTMLResponse:
    """Return the page that lists every topic with its messages and the JSON Schema of their data."""
    return HTMLResponse(await asyncio.to_thread(_catalogue))


@cache
def _catalogue() -> str:
    document = asyncapi.document(version=software_version(), examples={})
    channels = (
        _CHANNEL.substitute(topic=escape(topic), about=escape(about), messages="".join(map(_message, carried)))
        for topic, (_, about) in asyncapi.CHANNELS.items()
        if (carried := asyncapi.carried_by(topic))
    )
    about = escape(document["info"]["description"])
    return _CATALOGUE.substitute(version=escape(software_version()), about=about, channels="".join(channels))


def _message(cls: type[Data]) -> str:
    schema = json.dumps(schema_of(cls), indent=2, ensure_ascii=False)
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    return _MESSAGE.substitute(type=escape(cls.TYPE), summary=escape(summary), schema=escape(schema))


def install(app: FastAPI) -> None:
    """Serve the pages and the files they need under /docs."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=swagger_ui_path), name="assets")
