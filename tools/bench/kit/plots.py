"""Plots as SVG that read well on light and on dark pages."""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 64, 48
_LIGHT = ("#0063a8", "#c04a00", "#00795a", "#6f7480", "#7a4fa3", "#97700a",
          "#a8325f", "#3f6b1d")
_DARK = ("#5cb3f0", "#ff9a52", "#3fd6a8", "#a9afbc", "#c9a4ee", "#e6c24d",
         "#f58bb4", "#a3d977")


def _style():
    colours = lambda palette: " ".join(f"--s{number}: {colour};"
                                       for number, colour in enumerate(palette))
    series = "\n".join(
        f".l{n} {{ stroke: var(--s{n}); fill: none; stroke-width: 2.5 }} "
        f".f{n} {{ fill: var(--s{n}) }}" for n in range(len(_LIGHT)))
    return f"""<style>
svg {{ --paper: #ffffff; --ink: #1c1f24; --faint: #5d646f; --grid: #dfe3e8;
  {colours(_LIGHT)} }}
@media (prefers-color-scheme: dark) {{ svg {{ --paper: #14171c;
  --ink: #eceff3; --faint: #a3abb8; --grid: #2f353e;
  {colours(_DARK)} }} }}
text {{ font: 12px system-ui, sans-serif; fill: var(--ink) }}
.title {{ font-size: 16px; font-weight: 600 }} .faint {{ fill: var(--faint) }}
.end {{ text-anchor: end }} .middle {{ text-anchor: middle }}
.paper {{ fill: var(--paper) }} .grid {{ stroke: var(--grid) }}
.one {{ stroke: var(--faint); stroke-dasharray: 5 4 }}
.other {{ stroke-dasharray: 7 4 }}
{series}
</style>"""


def _step(top):
    """Of the axis: four to eight of 1, 2 or 5 times a power of ten."""
    size = 1e-6
    while True:
        for factor in (1, 2, 5):
            if top / (size * factor) <= 8:
                return size * factor
        size *= 10


class _Plot:
    def __init__(self, title, note, values, count):
        self.step = _step(max([1.0, *values]))
        self.top = self.step * (int(max([1.0, *values]) / self.step) + 1)
        self.count = count
        self.lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(title)}">', _style(),
            f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>']
        self.text(16, 26, title, "title")
        self.text(16, 46, note, "faint")
        value = 0.0
        while value <= self.top + self.step / 2:
            self.rule(value, "grid")
            self.text(LEFT - 8, self.y(value) + 4, f"{value:g}", "faint end")
            value = round(value + self.step, 9)
        self.rule(1, "one")

    def y(self, value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / self.top)

    def x(self, place):
        """The middle of a place."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / self.count

    def add(self, text):
        self.lines.append(text)

    def text(self, x, y, text, kind=""):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">'
                 f'{escape(str(text))}</text>')

    def rule(self, value, kind):
        self.add(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
                 f'y1="{self.y(value):.1f}" y2="{self.y(value):.1f}"/>')

    def places(self, names, label):
        for place, name in enumerate(names):
            self.text(self.x(place), HEIGHT - BOTTOM + 18, name, "middle")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, label,
                  "middle faint")

    def names(self, series, heights):
        """Beside the ends of the lines, without touching one another."""
        at = TOP - 20.0
        for number in sorted(range(len(series)), key=lambda n: heights[n]):
            at = max(heights[number], at + 16)
            self.add(f'<rect class="f{number}" x="{WIDTH - RIGHT + 8}" '
                     f'y="{at - 4:.1f}" width="10" height="8"/>')
            self.text(WIDTH - RIGHT + 24, at + 4, series[number])

    def svg(self):
        return "\n".join([*self.lines, "</svg>", ""])


def lines(title, note, label, places, series, dashed=()):
    """A line for each of `series` (name to the values at `places`; None = not
    measured); those in `dashed` are others'."""
    plot = _Plot(title, note, [value for values in series.values()
                               for value in values if value is not None],
                 len(places))
    ends = []
    for number, (name, values) in enumerate(series.items()):
        dots = [(plot.x(place), plot.y(value))
                for place, value in enumerate(values) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        kind = f"l{number}" + (" other" if name in dashed else "")
        plot.add(f'<polyline class="{kind}" points="{path}"/>')
        for x, y in dots:
            plot.add(f'<circle class="f{number}" cx="{x:.1f}" cy="{y:.1f}" '
                     'r="3.5"/>')
        ends.append(dots[-1][1] if dots else TOP)
    plot.places(places, label)
    plot.names(list(series), ends)
    return plot.svg()


def bars(title, note, label, places, series):
    """A group of bars at each place, one bar for each of `series`."""
    plot = _Plot(title, note, [value for values in series.values()
                               for value in values if value is not None],
                 len(places))
    room = (WIDTH - LEFT - RIGHT) / len(places) * 0.8
    width = room / max(len(series), 1)
    for number, values in enumerate(series.values()):
        for place, value in enumerate(values):
            if value is None:
                continue
            x = plot.x(place) - room / 2 + width * number
            plot.add(f'<rect class="f{number}" x="{x + 1:.1f}" '
                     f'y="{plot.y(value):.1f}" width="{width - 2:.1f}" '
                     f'height="{plot.y(0) - plot.y(value):.1f}"/>')
            if width >= 18:
                plot.text(x + width / 2, plot.y(value) - 4, f"{value:.2f}",
                          "middle faint")
    plot.places(places, label)
    plot.names(list(series), [TOP + 16.0 * n for n in range(len(series))])
    return plot.svg()
