from i3d_edge.accuracy.report.html.markup import Html, facts, join, table, tag, text


def test_what_is_shown_cannot_be_markup() -> None:
    assert tag("p", "a < b & \"c\" 'd'") == "<p>a &lt; b &amp; &quot;c&quot; &#x27;d&#x27;</p>"
    assert tag("p", title='"><script>') == '<p title="&quot;&gt;&lt;script&gt;"></p>'


def test_markup_stays_markup() -> None:
    assert tag("p", tag("b", "<"), " x") == "<p><b>&lt;</b> x</p>"
    assert join([Html("<br>"), "<br>"]) == "<br>&lt;br&gt;"


def test_what_cannot_be_seen_is_spelled_out() -> None:
    for hidden, shown in [
        ("a\x00b", "a\\x00b"),
        ("a\nb", "a\\nb"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
        ("é→", "é→"),
    ]:
        assert text(hidden) == shown
        text(hidden).encode()


def test_names_and_values_of_attributes() -> None:
    made = tag("line", class_="a", stroke_width=1.25, viewBox="0 0", x=3, none=None)
    assert made == '<line class="a" stroke-width="1.2" viewBox="0 0" x="3"></line>'


def test_tables_and_facts() -> None:
    assert table(["a"], [["<b>", "c"]]) == (
        '<div class="scroll"><table><thead><tr><th scope="col">a</th></tr></thead>'
        '<tbody><tr><th scope="row">&lt;b&gt;</th><td>c</td></tr></tbody></table></div>'
    )
    assert facts([("a", "<")]) == "<dl><dt>a</dt><dd>&lt;</dd></dl>"
