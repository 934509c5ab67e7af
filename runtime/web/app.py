"""The application: all routes, and what is true of every answer."""

import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from i3d_edge.core.errors import I3DError, OutputError
from i3d_edge.runtime.box import LONGEST_TURN_S
from i3d_edge.runtime.web import kserve, pages, videos
from i3d_edge.runtime.web.access import Guard
from i3d_edge.runtime.web.pages import Updates
from i3d_edge.runtime.web.site import VERSION, Site

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def build_app(site: Site, updates: Updates) -> FastAPI:
    """Return the application; `updates` are what open pages are sent."""
    # FastAPI's own page of the interface would load scripts from another host.
    app = FastAPI(title="i3d watch", version=VERSION, docs_url=None, redoc_url=None)
    box = site.box
    app.include_router(pages.router(site, updates))
    app.include_router(videos.router(site))
    app.include_router(kserve.router(site))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))

    @app.get("/healthz", tags=["health"])
    async def healthz(response: Response) -> dict[str, Any]:
        """Say whether the box goes on: 503 if it finished no turn for half a minute."""
        age_s = time.monotonic() - box.turned_s
        response.status_code = 503 if age_s > LONGEST_TURN_S else 200
        return {"alive": age_s <= LONGEST_TURN_S, "last_turn_s": round(age_s, 1)}

    @app.get("/readyz", tags=["health"])
    async def readyz(response: Response) -> dict[str, bool]:
        """Say whether the model is compiled and every camera was tried: 503 if not."""
        response.status_code = 200 if box.is_ready else 503
        return {"ready": box.is_ready}

    @app.get("/metrics", tags=["health"])
    def metrics() -> Response:
        """Return metrics for Prometheus."""
        return Response(site.sink.metrics.text(), headers={"Content-Type": _METRICS_TYPE})

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        text = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return JSONResponse({"error": text}, 422)

    @app.exception_handler(I3DError)
    async def failed(_request: Request, error: I3DError) -> Response:
        return JSONResponse({"error": error.message}, 507 if isinstance(error, OutputError) else 500)

    app.add_middleware(Guard, access=site.access)
    return app
