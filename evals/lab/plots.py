"""The lab's charts, by Altair. Imported only where something is plotted.

They are drawn as SVG by the renderer that its package holds: JupyterLab knows an older Vega-Lite than Altair writes,
and neither a notebook nor a page that is made of one should ask a network for a library.
"""

from __future__ import annotations

import altair as alt
import polars as pl

alt.renderers.enable("svg")

BLUE, RED, GREY = "#4477aa", "#ee6677", "#999999"
Chart = alt.LayerChart | alt.FacetChart  # as Altair types what `layer` returns

_WIDTH = 520


def differences(cells: pl.DataFrame, measure: str, baseline: str) -> Chart:
    """Each cell's difference from the baseline: a dot in its interval, coloured where the interval leaves out zero."""
    others = cells.slice(1).with_columns(
        told=pl.when(~pl.col("clear"))
        .then(pl.lit("unclear"))
        .otherwise(pl.when(pl.col("difference") > 0).then(pl.lit("better")).otherwise(pl.lit("worse")))
    )
    colour = alt.Color("told:N", title=None).scale(domain=["better", "unclear", "worse"], range=[BLUE, GREY, RED])
    rows = alt.Y("cell:N", sort=None, title=None).axis(labelLimit=320)
    shown = alt.Chart(others, title=alt.TitleParams(f"{measure}, difference from {baseline}", anchor="start"))
    across = shown.mark_rule(strokeWidth=2).encode(
        x=alt.X("difference_low:Q", title="paired difference, 95% interval"),
        x2="difference_high:Q",
        y=rows,
        color=colour,
    )
    dots = shown.mark_point(filled=True, size=70, opacity=1).encode(x="difference:Q", y=rows, color=colour)
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 3], color="#555").encode(x="zero:Q")
    return alt.layer(zero, across, dots).properties(width=_WIDTH)


def figures(measured: pl.DataFrame, title: str) -> Chart:
    """Means with their intervals: `figure`, `value`, `low` and `high`; one colour a `group`, where there is one."""
    grouped = "group" in measured.columns
    colour = alt.Color("group:N", title=None, sort=None).scale(range=[BLUE, "#ccbb44", "#228833", "#aa3377", RED])
    shown = alt.Chart(measured, title=alt.TitleParams(title, anchor="start"))
    rows = alt.Y("figure:N", sort=None, title=None).axis(labelLimit=320)
    own = {"color": colour, "yOffset": alt.YOffset("group:N", sort=None)} if grouped else {"color": alt.value(BLUE)}
    across = shown.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2="high:Q", y=rows, **own)
    dots = shown.mark_point(filled=True, size=60, opacity=1).encode(x="value:Q", y=rows, **own)
    return alt.layer(across, dots).properties(width=_WIDTH)
