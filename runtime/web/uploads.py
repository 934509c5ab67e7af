"""What is sent to the server: bodies up to a size, and videos, which go to a file as they come."""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import python_multipart  # noqa: F401 - Starlette asks for it only when a form comes
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from i3d_edge.core.files import writing
from i3d_edge.core.text import shown

_FORM_BYTES = 1 << 16  # what a form may hold besides the file
_RECEIVED_WITHIN_S = 600


@dataclass(frozen=True, slots=True)
class Upload:
    """A video in a file of our own: where, and what its sender calls it."""

    path: Path
    name: str


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return a body; raises HTTPException as `_pieces` and `_in_time` raise it."""
    body = bytearray()
    async with _in_time():
        async for piece in _pieces(request, max_bytes):
            body += piece
    return bytes(body)


async def receive_video(request: Request, folder: Path, max_bytes: int) -> Upload:
    """Write a video to a new file: the body itself, or the first file of a form.

    Raises HTTPException if it is no video, too long or too slow, OutputError if the disk does not take it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    path = folder / secrets.token_hex(8)
    is_form = kind == "multipart/form-data"
    if not (is_form or kind.startswith("video/") or kind == "application/octet-stream"):
        raise HTTPException(
            415, "send a video as video/*, application/octet-stream, or as a file of multipart/form-data"
        )
    try:
        with writing(path):
            async with _in_time():
                if is_form:
                    return await _from_form(request, path, max_bytes)
                with open(path, "xb") as file:
                    async for piece in _pieces(request, max_bytes):
                        await run_in_threadpool(file.write, piece)
        return Upload(path, "video")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _from_form(request: Request, path: Path, max_bytes: int) -> Upload:
    pieces = _pieces(request, max_bytes + _FORM_BYTES)
    try:
        form = await MultiPartParser(request.headers, pieces, max_files=1, max_fields=10).parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error
    files = [value for value in form.values() if isinstance(value, UploadFile) and value.size]
    try:
        if not files:
            raise HTTPException(422, "the form has no file")
        with open(path, "xb") as file:
            await run_in_threadpool(shutil.copyfileobj, files[0].file, file)
        return Upload(path, shown(os.path.basename(files[0].filename or "video")))
    finally:
        await form.close()


async def _pieces(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield a body as it comes; raises HTTPException if it is longer than allowed, or breaks off."""
    too_long = HTTPException(413, f"at most {max_bytes:,} bytes are taken")
    if int(request.headers.get("content-length", 0)) > max_bytes:
        raise too_long
    num_bytes = 0
    try:
        async for piece in request.stream():
            num_bytes += len(piece)
            if num_bytes > max_bytes:
                raise too_long
            yield piece
    except ClientDisconnect as error:
        raise HTTPException(400, "the body broke off") from error


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_RECEIVED_WITHIN_S):
            yield
    except TimeoutError as error:
        raise HTTPException(408, "the body took too long") from error
