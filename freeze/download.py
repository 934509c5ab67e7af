"""A file from a web server, verified before it is used."""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from i3d_edge.core.errors import DownloadError
from i3d_edge.core.files import git_blob_sha1, staged
from i3d_edge.core.progress import track

_CHUNK_BYTES = 1 << 16
_TIMEOUT_S = 30.0


def download(url: str, path: Path, sha1: str) -> None:
    """Download a file, verified by git's hash of it, in place of what is there; raises DownloadError or OutputError."""
    try:
        with staged(path, force=True) as temporary:
            _transfer(url, temporary)
            if (got := git_blob_sha1(temporary)) != sha1:
                raise DownloadError(
                    f"{url} is not the published file: its git blob SHA-1 is {got}, expected {sha1}",
                    hint="check the base address",
                )
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"cannot download {url}: {error.reason}") from error
    except urllib.error.URLError as error:
        server, reason = urllib.parse.urlsplit(url).hostname, error.reason
        cause = reason.strerror or reason if isinstance(reason, OSError) else reason
        raise DownloadError(f"cannot reach {server}: {cause}") from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"cannot download {url}: {error}", hint="run the same command again") from error
    except ValueError as error:
        raise DownloadError(f"cannot download {url}: {error}") from error


def _transfer(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response, path.open("wb") as stream:
        length = int(response.headers.get("Content-Length", 0))
        chunks = iter(lambda: response.read(_CHUNK_BYTES), b"")
        for chunk in track(chunks, total=-(-length // _CHUNK_BYTES), title=path.name, unit="block"):
            stream.write(chunk)
        done = stream.tell()
    if done < length:
        raise ConnectionError(f"{done} of {length} bytes arrived")
