"""Videos that somebody sends, classified one at a time: JSON for programs, the page of `i3d classify` for people."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response

from i3d_edge.core.errors import ClipShapeError, I3DError, VideoDecodeError, VideoError
from i3d_edge.runtime.classifier import VideoClassifier
from i3d_edge.runtime.frames.container import open_file
from i3d_edge.runtime.frames.sources import Source, open_source
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.prediction import Classification
from i3d_edge.runtime.show.page import write_page
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.web.site import Site, render
from i3d_edge.runtime.web.uploads import Upload, receive_video

_MAX_PAGES = 20
_PAGE_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_AV_SECOND = 1_000_000

_BINARY = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "video/*": {"schema": _BINARY},
            "multipart/form-data": {"schema": {"type": "object", "properties": {"video": _BINARY}}},
        },
    }
}


class SentVideos:
    """Classifies videos with the box's model."""

    def __init__(self, engine: Engine, longest_s: float) -> None:
        self._classifier, self._longest_s = VideoClassifier(engine), longest_s

    def classify(self, upload: Upload, views: ViewOptions, *, k: int = 5) -> Classification:
        """Classify a video; raises VideoError if it cannot be, or is too long, ClipShapeError for a step model."""
        with _named(upload):
            return self._classifier.classify(self._source(upload), views, k=k)

    def write_page(self, upload: Upload, output: Path) -> None:
        """Classify all of a video, and write the page about it; errors are those of `classify`."""
        spec = self._classifier.spec
        answer = self.classify(upload, ViewOptions(hop=max(1, spec.span // 2)))
        engine = self._classifier.engine
        with _named(upload):
            source = self._source(upload)
            write_page(source, answer, spec, output, device=engine.device, precision=engine.precision)

    def _source(self, upload: Upload) -> Source:
        try:
            with open_file(upload.path) as container:
                self._require_short((container.duration or 0) / _AV_SECOND)
        except (OSError, ValueError):
            pass  # `open_source` says it better
        self._require_short(open_source(upload.path).timeline.duration_s)  # what a file says need not be true
        return Source(upload.name, partial(open_source, upload.path))

    def _require_short(self, duration_s: float) -> None:
        if duration_s > self._longest_s:
            raise VideoDecodeError(f"the video lasts {duration_s:.1f} s; at most {self._longest_s:g} s are taken")


@contextmanager
def _named(upload: Upload) -> Iterator[None]:
    """Call the file in errors what its sender calls it."""
    try:
        yield
    except VideoError as error:
        raise VideoDecodeError(error.message.replace(str(upload.path), upload.name)) from error


def router(site: Site) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    videos, folder, max_bytes = SentVideos(site.box.engine, site.limits.longest_s), site.uploads, site.limits.max_bytes
    jobs: dict[str, asyncio.Task[Path]] = {}
    names: dict[str, str] = {}

    @routes.post("/v1/classify", tags=["videos"], openapi_extra=_BODY)
    async def classify(
        request: Request, num_clips: Annotated[int, Query(ge=1, le=10)] = 1, k: Annotated[int, Query(ge=1, le=400)] = 5
    ) -> dict[str, Any]:
        """Classify a video: the body, or the file of a form."""
        with site.queue.place():
            upload = await receive_video(request, folder, max_bytes)
            try:
                work = partial(videos.classify, upload, ViewOptions(num_clips=num_clips), k=k)
                answer = await site.queue.run(work)
            except (VideoError, ClipShapeError) as error:
                raise HTTPException(422, error.message) from error
            finally:
                upload.path.unlink()
        return answer.to_fields()

    @routes.post("/jobs", include_in_schema=False)
    async def begin(request: Request) -> Response:
        with ExitStack() as stack:
            stack.enter_context(site.queue.place())
            upload = await receive_video(request, folder, max_bytes)
            stack.callback(upload.path.unlink)
            held = stack.pop_all()
        job = secrets.token_hex(8)

        async def run() -> Path:
            with held:
                output = folder / f"{job}.html"
                await site.queue.run(partial(videos.write_page, upload, output))
                return output

        jobs[job], names[job] = asyncio.create_task(run()), upload.name
        for old in [key for key, task in jobs.items() if task.done()][:-_MAX_PAGES]:
            del jobs[old], names[old]
            (folder / f"{old}.html").unlink(missing_ok=True)
        return RedirectResponse(f"/jobs/{job}", 303)

    @routes.get("/jobs/{job}", include_in_schema=False)
    async def show(job: str) -> Response:
        if job not in jobs:
            raise HTTPException(404, "there is no such page any more: send the video again")
        task, error = jobs[job], None
        if task.done():
            failure = task.exception()
            if failure is None:
                return FileResponse(task.result(), headers={"Content-Security-Policy": _PAGE_POLICY})
            error = failure.message if isinstance(failure, I3DError) else "the video could not be looked at"
        return render("job.html.j2", name=names[job], error=error)

    return routes
