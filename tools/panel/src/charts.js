// Charts by uPlot, kept up to date and in the page's colours.
import uPlot from 'uplot';
import { h } from './dom.js';

const scheme = matchMedia('(prefers-color-scheme: dark)');
const color = name =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

/** A line chart. `lines` are {name, color, values, text(value)}; `times` are
 *  seconds. `summary` says in words what the picture shows. */
export const chart = (key, { times, lines, summary, height = 150 }) =>
  h('div', { class: 'chart', key, role: 'img', 'aria-label': summary, mount,
             data: { times, lines, height } });

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

/** Without a pointer the legend tells the newest values. */
function show_last(plot) {
  if (plot.cursor.idx === null || plot.cursor.idx === undefined)
    plot.setLegend({ idx: Math.max(0, plot.data[0].length - 1) });
}

function draw(element, { times, lines, height }) {
  const axis = {
    stroke: color('quiet'), font: '11px system-ui, sans-serif',
    grid: { stroke: color('line'), width: 1 }, ticks: { show: false },
  };
  const plot = new uPlot({
    width: Math.max(200, element.clientWidth - 12), height,
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { markers: { width: 0,
      fill: (_, i) => color(lines[i - 1]?.color ?? 'quiet') } },
    scales: { y: { range: (_, min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, space: 90, size: 26, values: (_, ticks) => ticks.map(hour_minute) },
      { ...axis, size: 62, space: 34,
        values: (_, ticks) => ticks.map(value => lines[0].text(value)) },
    ],
    series: [
      { label: 'at', value: (_, at) => at ? hour_minute(at) : '–' },
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
