"""The style of a report: light and dark by what the reader's system says, one column on a phone, plain on paper."""

from remote_segments.report.charts import PALETTE

DARK = {
    "text": "#e6e8eb",
    "quiet": "#9aa3af",
    "grid": "#343a43",
    "main": "#6ea8e6",
    "soft": "#2c4f77",
    "loss": "#ef9059",
    "gain": "#6cc598",
    "other": "#f3f4f6",
}
"""The palette's colours on dark."""

LAYOUT = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:20px 16px 48px;background:var(--page);color:var(--text);
  font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:34px 0 8px}h3{font-size:.95rem;margin:0 0 8px}
p{margin:.3rem 0}.quiet{color:var(--quiet);font-size:.87rem}
a{color:var(--main)}
.grid{display:grid;gap:14px;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));align-items:start}
figure,.card{margin:0;padding:12px 14px;background:var(--card);border:1px solid var(--grid);
  border-radius:8px;min-width:0}
figcaption{font-weight:600;font-size:.92rem;margin-bottom:6px}
figcaption span{display:block;font-weight:400;color:var(--quiet);font-size:.82rem}
svg{max-width:100%;height:auto;display:block;overflow:visible}
svg text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
details{margin-top:8px;font-size:.85rem}summary{cursor:pointer;color:var(--quiet)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap}
th{color:var(--quiet);font-weight:600}td.n,th.n{text-align:right}
td.heat{text-align:right;background:color-mix(in srgb,var(--main) calc(var(--v)*.8%),transparent)}
.state{font-weight:600}.good{color:var(--gain)}.bad{color:var(--loss)}
ol.letters{margin:6px 0 0;padding:0;list-style:none;font-size:.82rem;color:var(--quiet);columns:2}
@media print{body{max-width:none;padding:0;font-size:11px}details,nav{display:none}
  figure,.card{break-inside:avoid}h2{break-after:avoid}}
"""


def style() -> str:
    """The whole style sheet."""
    light = {**PALETTE, "page": "#f6f7f9", "card": "#ffffff"}
    dark = {**DARK, "page": "#14171c", "card": "#1c2027"}
    marks = "".join(
        f'svg [{place}="{shade}"]{{{place}:var(--{name})}}'
        for name, shade in PALETTE.items()
        for place in ("fill", "stroke")
    )
    return (
        f":root{{color-scheme:light dark;{_variables(light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(dark)}}}}}"
        f"@media print{{:root{{{_variables(light)}}}}}{marks}{LAYOUT}"
    )


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{shade};" for name, shade in colours.items())
