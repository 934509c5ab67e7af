"""The page for people: what cameras show, what happened, and what somebody says of it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from i3d_edge.runtime.box import Box
from i3d_edge.runtime.frames.jpeg import jpeg
from i3d_edge.runtime.live.report import CameraReport
from i3d_edge.runtime.record.reviews import Verdict
from i3d_edge.runtime.web.feed import Feed
from i3d_edge.runtime.web.site import Site, render

MAX_STREAMS = 64
_TICK_S = 0.5
_QUIET_S = 15.0
_NUM_PREDICTIONS = 5
_SMALL_PX, _LARGE_PX = 480, 1280
_FRESH_S = 0.3
_QUALITY = 80
_CLIP = re.compile(r"([0-9A-Za-z][\w.-]{0,99})\.(mp4|mkv|jpg)", re.ASCII)
_MEDIA = {"mp4": "video/mp4", "mkv": "video/x-matroska", "jpg": "image/jpeg"}


class Review(BaseModel):
    """What somebody says of an event, and what it shows really, if that is another action."""

    id: str = Field(pattern=r"^[0-9A-Za-z][\w.-]{0,99}$")
    verdict: Verdict
    label: str | None = None


class Updates:
    """What the page is sent as it changes: cameras twice a second at most, events as they come.

    `num_streams` says how many read; `is_over` is set to end all.
    """

    def __init__(self, box: Box, feed: Feed) -> None:
        self._box, self._feed = box, feed
        self.num_streams = 0
        self._cameras, self._read_s = "", float("-inf")
        self.is_over = False

    async def stream(self) -> AsyncIterator[str]:
        """Yield server-sent events: "begin", then "cameras" and "records", each with JSON, as long as they are read."""
        self.num_streams += 1
        try:
            number, cameras, told_s = -1, "", time.monotonic()
            yield _message("begin", "{}")
            while not self.is_over:
                before = number
                number, records = self._feed.since(number)
                if records or before < 0:
                    yield _message("records", json.dumps(records))
                if (now := self._cameras_json()) != cameras:
                    cameras, told_s = now, time.monotonic()
                    yield _message("cameras", cameras)
                elif time.monotonic() - told_s > _QUIET_S:  # else nobody would notice that the reader is gone
                    told_s = time.monotonic()
                    yield ": still here\n\n"
                await asyncio.sleep(_TICK_S)
        finally:
            self.num_streams -= 1

    def _cameras_json(self) -> str:
        """Return all cameras as JSON, made anew once in a tick whoever asks."""
        if time.monotonic() - self._read_s >= _TICK_S:
            reports = self._box.cameras()
            self._cameras = json.dumps({name: _camera_fields(report) for name, report in reports.items()})
            self._read_s = time.monotonic()
        return self._cameras


def _message(kind: str, data: str) -> str:
    return f"event: {kind}\ndata: {data}\n\n"


def _camera_fields(report: CameraReport) -> dict[str, Any]:
    regions = []
    for name, lane in report.regions.items():
        counts, latest = lane.statistics, lane.latest
        fields: dict[str, Any] = {"name": name}
        fields |= {"windows": counts.num_windows, "dropped": counts.num_dropped, "still": counts.num_still}
        if latest is not None:
            fields["latency_ms"] = round(latest.latency_ms)
            fields["top"] = [item.to_fields() for item in latest.smoothed[:_NUM_PREDICTIONS]]
        regions.append(fields)
    return {"state": report.state, "since": report.since, "reason": report.reason, "regions": regions}


class Pictures:
    """The newest picture of each camera as JPEG, made a few times a second however many ask. Thread-safe."""

    def __init__(self, box: Box) -> None:
        self._box, self._lock = box, threading.Lock()
        self._made: dict[tuple[str, int], tuple[float, bytes | None]] = {}

    def jpeg(self, camera: str, width_px: int) -> bytes | None:
        """Return a picture of a width, of which there should be few; None if there is none, or no such camera."""
        with self._lock:
            made_s, data = self._made.get((camera, width_px), (-_FRESH_S, None))
            if time.monotonic() - made_s < _FRESH_S:
                return data
            if camera not in self._box.cameras():
                return None
            picture, data = self._box.picture(camera, width_px), None
            if picture is not None:
                data = jpeg(picture, _QUALITY)
            self._made[camera, width_px] = time.monotonic(), data
            return data


def router(site: Site, updates: Updates) -> APIRouter:
    """Return the routes; `updates` are what open pages are sent."""
    routes = APIRouter(include_in_schema=False)
    box, feed = site.box, site.sink.feed
    pictures = Pictures(box)

    @routes.get("/")
    async def live() -> Response:
        return render("live.html.j2", camera=None)

    @routes.get("/camera/{camera:path}")
    async def one_camera(camera: str) -> Response:
        if camera not in box.cameras():
            raise HTTPException(404, f"there is no camera {camera!r}")
        return render("live.html.j2", camera=camera)

    @routes.get("/review")
    async def review_page() -> Response:
        return render("review.html.j2", labels=box.spec.labels.names)

    @routes.get("/classify")
    async def classify_page() -> Response:
        return render("classify.html.j2", limits=site.limits)

    @routes.get("/login")
    async def login() -> Response:
        return render("login.html.j2", is_wrong=False)

    @routes.post("/login")
    async def log_in(request: Request) -> Response:
        return await site.access.log_in(request) or render("login.html.j2", status_code=403, is_wrong=True)

    @routes.get("/api/updates")
    async def stream() -> Response:
        if updates.num_streams >= MAX_STREAMS:
            raise HTTPException(503, "too many pages are open", {"Retry-After": "10"})
        return StreamingResponse(updates.stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @routes.get("/api/picture/{camera:path}")
    def picture(camera: str, large: bool = False) -> Response:
        data = pictures.jpeg(camera, _LARGE_PX if large else _SMALL_PX)
        if data is None:
            raise HTTPException(404, "there is no picture")
        return Response(data, media_type="image/jpeg")

    @routes.post("/api/reviews", status_code=204)
    def review(said: Review) -> None:
        if said.label is not None and said.label not in box.spec.labels.names:
            raise HTTPException(422, f"{said.label!r} is none of the model's labels")
        try:
            feed.review(said.id, said.verdict, said.label)
        except KeyError as error:
            raise HTTPException(404, "there is no such event") from error

    @routes.get("/clips/{name}")
    def clip(name: str) -> Response:
        wanted = _CLIP.fullmatch(name)
        path = next((site.state / "clips").glob(f"????-??-??/{name}"), None) if wanted else None
        if wanted and path is None and wanted[2] == "mp4":  # which some codecs are not written to
            return clip(f"{wanted[1]}.mkv")
        if not wanted or path is None or not path.is_file():
            raise HTTPException(404, "there is no such clip")
        return FileResponse(path, media_type=_MEDIA[wanted[2]])

    return routes
