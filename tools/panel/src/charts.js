// Charts by uPlot, kept up to date and in the page's colours.
import uPlot from 'uplot';
import { h } from './dom.js';

const scheme = matchMedia('(prefers-color-scheme: dark)');
const color = name =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

// What ticks may be apart, where uPlot's own choice would look odd.
const steps = {
  whole: Array.from({ length: 30 }, (_, i) =>
    [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3)),
  bytes: Array.from({ length: 45 }, (_, i) => 2 ** i),
};

/** A line chart. `lines` are {name, color, values, text(value)}; `times` are
 *  seconds; `scale` is undefined, whole, bytes or log. `summary` says in words
 *  what the picture shows. */
export const chart = (key, { times, lines, summary, scale, height = 150 }) =>
  times.length < 2
    ? h('p', { class: 'chart empty', key: `no ${key}` }, 'Gathering numbers…')
    : h('div', { class: 'chart', key, role: 'img', 'aria-label': summary, mount,
                 data: { times, lines, scale, height } });

function mount(element, data) {
  let latest = data;
  let plot = draw(element, data);
  const again = () => {
    plot.destroy();
    plot = draw(element, latest);
  };
  const resizing = new ResizeObserver(() => {
    const width = element.clientWidth - 12;
    if (width > 0 && width !== plot.width)
      plot.setSize({ width, height: latest.height });
  });
  resizing.observe(element);
  scheme.addEventListener('change', again);
  return {
    update(next) {
      latest = next;
      plot.setData(columns(next));
      show_last(plot);
    },
    destroy() {
      resizing.disconnect();
      scheme.removeEventListener('change', again);
      plot.destroy();
    },
  };
}

const columns = ({ times, lines }) =>
  [times.slice(), ...lines.map(line => line.values.slice())];

/** Whole powers of ten around all values. */
function decades(_, min, max) {
  if (!(max > 0)) return [0.1, 100];
  const low = Math.floor(Math.log10(Math.max(min, 0.01)));
  const high = Math.ceil(Math.log10(max));
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

function powers(_, axis, min, max) {
  const low = Math.round(Math.log10(min));
  const high = Math.round(Math.log10(max));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

const from_zero = (_, min, max) => [0, max > 0 ? max * 1.1 : 1];

/** 5.00 ms as 5 ms. */
const tick = text => text.replace(/\.0+(?!\d)/, '');

/** Without a pointer the legend tells the newest values. */
function show_last(plot) {
  if (plot.cursor.idx === null || plot.cursor.idx === undefined)
    plot.setLegend({ idx: Math.max(0, plot.data[0].length - 1) });
}

function draw(element, { times, lines, scale, height }) {
  const axis = {
    stroke: color('quiet'), font: '11px system-ui, sans-serif',
    grid: { stroke: color('line'), width: 1 }, ticks: { show: false },
  };
  const plot = new uPlot({
    width: Math.max(200, element.clientWidth - 12), height,
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { markers: { width: 0,
      fill: (_, i) => color(lines[i - 1]?.color ?? 'quiet') } },
    scales: { y: scale === 'log' ? { distr: 3, log: 10, range: decades }
      : { range: from_zero } },
    axes: [
      { ...axis, space: 90, size: 26, values: (_, ticks) => ticks.map(hour_minute) },
      { ...axis, size: 66, space: 28, incrs: steps[scale],
        splits: scale === 'log' ? powers : undefined,
        values: (_, ticks) => ticks.map(value => value === null ? ''
          : tick(lines[0].text(value))) },
    ],
    series: [
      { label: 'at', class: 'at', value: (_, at) => at ? hour_minute(at) : '–' },
      ...lines.map((line, i) => ({
        label: line.name, stroke: color(line.color), width: 1.6,
        fill: i === 0 ? `${color(line.color)}1c` : undefined,
        points: { show: false }, dash: line.dash,
        value: (_, value) => value === null || value === undefined
          ? '–' : line.text(value),
      })),
    ],
    hooks: { setCursor: [show_last] },
  }, columns({ times, lines }), element);
  show_last(plot);
  return plot;
}

function hour_minute(seconds) {
  const at = new Date(seconds * 1000);
  const two = value => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
