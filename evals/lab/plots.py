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

_WIDTH, _WIDE = 520, 640
_COLOURS = [BLUE, "#ccbb44", "#228833", "#aa3377", RED]


def differences(cells: pl.DataFrame, measure: str, baseline: str) -> Chart:
    """Each cell's difference from the baseline, which is the first."""
    others = cells.slice(1).with_columns(
        told=pl.when(~pl.col("clear"))
        .then(pl.lit("unclear"))
        .otherwise(pl.when(pl.col("difference") > 0).then(pl.lit("better")).otherwise(pl.lit("worse")))
    )
    return paired(others, f"{measure}, difference from {baseline}")


def paired(differences: pl.DataFrame, title: str) -> Chart:
    """A dot in its interval for each `cell`, coloured where the interval leaves out zero."""
    colour = alt.Color("told:N", title=None).scale(domain=["better", "unclear", "worse"], range=[BLUE, GREY, RED])
    rows = alt.Y("cell:N", sort=None, title=None).axis(labelLimit=320)
    shown = alt.Chart(differences, title=alt.TitleParams(title, anchor="start"))
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
    colour = alt.Color("group:N", title=None, sort=None).scale(range=_COLOURS)
    shown = alt.Chart(measured, title=alt.TitleParams(title, anchor="start"))
    rows = alt.Y("figure:N", sort=None, title=None).axis(labelLimit=320)
    own = {"color": colour, "yOffset": alt.YOffset("group:N", sort=None)} if grouped else {"color": alt.value(BLUE)}
    across = shown.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2="high:Q", y=rows, **own)
    dots = shown.mark_point(filled=True, size=60, opacity=1).encode(x="value:Q", y=rows, **own)
    return alt.layer(across, dots).properties(width=_WIDTH)


def by_day(days: pl.DataFrame, measure: str, title: str, colour: str = "site") -> alt.Chart:
    """A line over `date` for each site, or whatever the colour stands for."""
    chart: alt.Chart = (
        alt.Chart(days, title=alt.TitleParams(title, anchor="start"))
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X("date:T", title=None).axis(format="%d %b", grid=False),
            y=alt.Y(f"{measure}:Q", title=None),
            color=alt.Color(f"{colour}:N", title=None).scale(range=_COLOURS),
        )
        .properties(width=_WIDE, height=200)
    )
    return chart


def latency(hours: pl.DataFrame, title: str) -> alt.Chart:
    """Median and, dashed, 95th percentile over `hour` for each `model`, on a logarithmic scale."""
    long = hours.unpivot(["p50_ms", "p95_ms"], index=["hour", "model"]).with_columns(
        seconds=pl.col("value") / 1000, percentile=pl.col("variable").str.slice(0, 3)
    )
    chart: alt.Chart = (
        alt.Chart(long, title=alt.TitleParams(title, anchor="start"))
        .mark_line(strokeWidth=1.8)
        .encode(
            x=alt.X("hour:Q", title="hour of the day, UTC").scale(domain=[0, 23]).axis(grid=False),
            y=alt.Y("seconds:Q", title="seconds").scale(type="log").axis(values=[0.01, 0.1, 1, 10, 100]),
            color=alt.Color("model:N", title=None).scale(range=_COLOURS),
            strokeDash=alt.StrokeDash("percentile:N", title=None).scale(range=[[1, 0], [4, 3]]),
        )
        .properties(width=_WIDE, height=240)
    )
    return chart


def shares_by_build(builds: pl.DataFrame, title: str) -> alt.Chart:
    """The shares `declined` and `disliked` of each build, by when it came; the larger a dot, the more turns."""
    long = builds.unpivot(["declined", "disliked"], index=["first_at", "build", "turns"], variable_name="what")
    chart: alt.Chart = (
        alt.Chart(long, title=alt.TitleParams(title, anchor="start"))
        .mark_circle(opacity=0.75)
        .encode(
            x=alt.X("first_at:T", title="since when the build answers").axis(format="%d %b", grid=False),
            y=alt.Y("value:Q", title=None).axis(format="%"),
            size=alt.Size("turns:Q", title="turns").scale(range=[10, 140]),
            color=alt.Color("what:N", title=None).scale(domain=["declined", "disliked"], range=[BLUE, RED]),
        )
        .properties(width=_WIDE, height=220)
    )
    return chart


def counted(rows: pl.DataFrame, label: str, count: str, title: str) -> alt.Chart:
    """A bar a row, in the frame's order."""
    chart: alt.Chart = (
        alt.Chart(rows, title=alt.TitleParams(title, anchor="start"))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(f"{count}:Q", title=None),
            y=alt.Y(f"{label}:N", sort=None, title=None).axis(labelLimit=380),
        )
        .properties(width=_WIDTH - 160)
    )
    return chart
