import inspect
import re
import resource
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import click
from answers import LABELS, answer, view

from i3d_edge.cli import main
from i3d_edge.spec import ModelSpec
from runtime import Classification

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(command: click.Command = main, name: str = "i3d") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child in command.commands:
            yield from commands(command.commands[child], f"{name} {child}")


def test_every_command_has_help_and_an_example() -> None:
    without = [name for name, command in commands() if not command.help]
    for name, command in commands():
        if isinstance(command, click.Group):
            continue
        if f"Example:\n  {name} " not in inspect.cleandoc(command.help or ""):
            without.append(f"{name}: example")
        options = [param for param in command.params if isinstance(param, click.Option)]
        without += [f"{name} {option.opts[0]}" for option in options if not option.help]
    assert without == []


def test_the_page_of_commands_is_what_they_print() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "commands.py"))["page"]()
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page, "run `make docs`"


def test_the_picture_of_protocols_can_be_drawn(tmp_path: Path) -> None:
    main_of_script = runpy.run_path(str(ROOT / "docs" / "protocols.py"))["main"]
    main_of_script.__globals__["PICTURE"] = tmp_path / "protocols.png"
    main_of_script()
    assert 20_000 < (tmp_path / "protocols.png").stat().st_size < 200_000
    assert (ROOT / "docs" / "protocols.png").stat().st_size < 150_000


def test_the_picture_of_output_can_be_drawn(tmp_path: Path) -> None:
    class FakeClassifier:
        spec = ModelSpec(labels=LABELS, origin="stand-in")

        def __init__(self, model: Path) -> None: ...

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None: ...

        def classify(self, video: Path, *, num_clips: int) -> Classification:
            return answer(3, *(view(number / num_clips, 1 + number / num_clips, 0.9) for number in range(num_clips)))

    main_of_script = runpy.run_path(str(ROOT / "docs" / "output.py"))["main"]
    small = {
        "PICTURE": tmp_path / "output.png",
        "MOTIONS": ("cool zoom in",),
        "SECONDS_EACH": 1,
        "SHOWN_AT_S": (0.2, 0.8),
    }
    main_of_script.__globals__.update(small, VideoClassifier=FakeClassifier)
    main_of_script(tmp_path / "none.xml")
    assert 20_000 < (tmp_path / "output.png").stat().st_size < 200_000
    assert (ROOT / "docs" / "output.png").stat().st_size < 150_000


def test_every_protocol_and_form_has_its_row() -> None:
    from accuracy import PRESETS
    from accuracy.formats import FORMATS

    for page, names in (("protocols.md", PRESETS), ("datasets.md", FORMATS)):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [name for name in names if f"\n| `{name}`" not in text] == [], page


def test_every_command_is_told_of_by_people_too() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "commands.md"]
    names = [name for name, command in commands() if not isinstance(command, click.Group)]
    assert [name for name in names if not any(f"{name} " in page for page in pages)] == []


def test_help_is_quick() -> None:
    """In processor time, which other work on the machine does not lengthen much."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "i3d_edge", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.7


def test_links_lead_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 50
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield every `i3d ...` line of a code block, with the name of its page, in words."""
    for page in PAGES:
        if page.name == "commands.md":
            continue
        text = page.read_text(encoding="utf-8")
        for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE):
            if language not in ("", "sh"):
                continue
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                words = line.split(" #")[0].split()
                if words and words[0] in ("i3d", ".venv/bin/i3d"):
                    yield page.name, ["i3d", *words[1:]]


def test_commands_in_the_pages_exist() -> None:
    """A line names a command that there is, and options that it has."""
    known = dict(commands())
    lines = list(command_lines())
    assert len(lines) > 50
    for page, words in lines:
        depth = max(number for number in range(1, 4) if " ".join(words[:number]) in known)
        command, rest = known[" ".join(words[:depth])], words[depth:]
        assert not isinstance(command, click.Group) or not rest or rest[0].startswith("-"), (page, words)
        options = {option for param in command.params for option in param.opts} | {"-h", "--help", "--version"}
        assert {word for word in rest if word.startswith("-")} <= options, (page, words)
