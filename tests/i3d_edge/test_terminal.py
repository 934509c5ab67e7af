from __future__ import annotations

import io
import json
import sys

import pytest

from i3d_edge.core.errors import I3DError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.terminal import SpelledStream, own_stderr, spell_output
from i3d_edge.core.text import message, one_line, spelled, table

HOSTILE = "a\x1b[2J\r\nb\x9b31m\u202ec\u2028d\udcffe\U000e0041\x7f"
SPELLED = r"a\u001b[2J\r\nb\u009b31m\u202ec\u2028d\udcffe\udb40\udc41\u007f"


def test_what_moves_a_cursor_is_spelled_out_and_letters_are_not() -> None:
    assert spelled(HOSTILE) == SPELLED
    assert spelled(HOSTILE, keep="\n\r") == SPELLED.replace(r"\r\n", "\r\n")
    for plain in ("", "打篮球 → é\u3000ok\xa0🎷", r"C:\new"):
        assert spelled(plain) == plain


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_remains_the_same_json_on_every_terminal(encoding: str) -> None:
    written = io.BytesIO()
    stream = SpelledStream(io.TextIOWrapper(written, encoding=encoding))
    document = {"label": HOSTILE + "é打🎷"}
    print(json.dumps(document, ensure_ascii=False), file=stream, flush=True)  # type: ignore[arg-type]
    text = written.getvalue().decode(encoding)
    assert text.isascii() == (encoding == "ascii")
    assert text.removesuffix("\n").isprintable()
    assert json.loads(text) == document


def test_all_that_is_printed_passes_but_our_own_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    spell_output()
    spell_output()
    print(HOSTILE)
    sys.stderr.write("\x1b[31mred")
    own_stderr().write("\r\x1b[K")
    assert capsys.readouterr() == (SPELLED.replace(r"\n", "\n") + "\n", r"\u001b[31mred" + "\r\x1b[K")


def test_a_message_is_one_line_whatever_it_quotes() -> None:
    error = I3DError(f"no video {HOSTILE}", hint=f"look at\n{HOSTILE}")
    assert str(error) == f"no video {SPELLED}\n\nhint: look at\\n{SPELLED}"
    assert len(message("x" * 10_000_000)) == len(one_line("x" * 10_000_000)) < 2010
    assert len(table([["a\nb", 1], ["\x1b", 2]], ("name", "number")).splitlines()) == 4


def test_no_class_has_a_name_of_megabytes() -> None:
    assert len(LabelSet("own", ("a" * 1000, "b"))) == 2
    with pytest.raises(
        I3DError, match=r"^label set 'own' has a wrong name: \[1\]\[\d\]: expected str of length <= 1000$"
    ):
        LabelSet("own", ("a" * 10_000_000,))
