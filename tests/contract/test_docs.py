import inspect
import re
import resource
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from i3d_edge.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMMANDS = DOCS / "reference" / "commands.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", flags=re.DOTALL | re.MULTILINE)


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
    assert TEXTS[COMMANDS] == runpy.run_path(str(DOCS / "commands.py"))["page"](), "run `make docs`"


def test_help_is_quick() -> None:
    """In processor time, which other work on the machine does not lengthen much."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "i3d_edge", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.7


def test_links_and_anchors_lead_somewhere() -> None:
    """As a code host resolves them; `make site` checks the website's."""
    wrong = []
    for page, text in TEXTS.items():
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", BLOCK.sub("", text)):
            target = (page.parent / path).resolve() if path else page
            headings = re.findall(r"^#+ (.*)", BLOCK.sub("", TEXTS.get(target, "")), flags=re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            if not target.exists() or (anchor and anchor not in anchors):
                wrong.append(f"{page.name}: {path}#{anchor}")
    assert wrong == []


def test_every_page_opens_with_a_command() -> None:
    others = ("commands.md", "design.md", "python.md")
    pages = [page for page in PAGES if page.parent.parent == DOCS and page.name not in others]
    assert [page.name for page in pages if not re.match(r"# .*\n\n```sh\n", TEXTS[page])] == []


def test_commands_in_the_pages_exist() -> None:
    """A line names a command that there is, and options that it has; every command stands on a page."""
    known = dict(commands())
    used = set()
    for page, text in TEXTS.items():
        blocks = [block for language, block in BLOCK.findall(text) if language in ("", "sh") and page != COMMANDS]
        for line in re.sub(r"\\\n\s*", "", "".join(blocks)).splitlines():
            words = line.split(" #")[0].split()
            if "i3d" not in words:
                continue
            words = words[words.index("i3d") :]
            depth = max(number for number in range(1, 4) if " ".join(words[:number]) in known)
            name, rest = " ".join(words[:depth]), words[depth:]
            used.add(name)
            assert not isinstance(known[name], click.Group) or not rest or rest[0].startswith("-"), (page, words)
            options = {option for param in known[name].params for option in param.opts} | {"-h", "--help", "--version"}
            assert {word for word in rest if word.startswith("-") and word != "-"} <= options, (page, words)
    assert [name for name, command in known.items() if not isinstance(command, click.Group) and name not in used] == []


def test_every_protocol_and_format_has_its_row() -> None:
    from i3d_edge.accuracy.data.formats import FORMATS
    from i3d_edge.accuracy.run.protocol import PRESETS

    for page, names in (("reference/protocols.md", PRESETS), ("how-to/datasets.md", FORMATS)):
        assert [name for name in names if f"\n| `{name}`" not in TEXTS[DOCS / page]] == [], page


def test_published_numbers_are_of_weights_that_are_known() -> None:
    from i3d_edge.accuracy.run.protocol import PRESETS
    from i3d_edge.convert.networks.published import GLUONCV, MMACTION2

    rows = [line for line in TEXTS[DOCS / "reference" / "published.md"].splitlines() if line.startswith("|")]
    read = "\n".join(row for row in rows if "not read here" not in row)
    assert set(re.findall(r"`([0-9a-f]{8})`", read)) == MMACTION2.keys() | GLUONCV.keys()
    assert set(re.findall(r"`((?:deepmind|omz|mmaction2|gluoncv)[^`]*)`", read)) <= PRESETS.keys()


def test_pictures_are_small() -> None:
    assert [path.name for path in (DOCS / "images").iterdir() if path.stat().st_size > 250_000] == []
