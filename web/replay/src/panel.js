// The panel of one satellite: queue, battery, temperature and links over time, what it does now.
import { lineChart, spansChart } from "./charts.js";
import { LASER, STATION } from "./episode.js";

const KINDS = ["laser", "station", "user", "fibre"];
const MOST_ROWS = 9;

export function seconds(value) {
  if (value === 0) return "0 s";
  if (value < 100) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return value < 6000 ? `${(value / 60).toFixed(value < 600 ? 1 : 0)} min` : `${(value / 3600).toFixed(1)} h`;
}

export function rate(bps) {
  return bps >= 1e9 ? `${+(bps / 1e9).toPrecision(3)} Gbit/s` : `${+(bps / 1e6).toPrecision(3)} Mbit/s`;
}

const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
const words = (name) => name.replaceAll("_", " ");

function niceTop(value) {
  for (const top of [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400]) if (value <= top) return top;
  return Math.ceil(value / 7200) * 7200;
}

export class Panel {
  constructor(element, world, episodes, seek, close) {
    Object.assign(this, { element, world, episodes, seek, satellite: -1, charts: [], shown: "" });
    element.querySelector(".close").addEventListener("click", close);
  }

  show(satellite) {
    this.satellite = satellite;
    this.element.hidden = satellite < 0;
    if (satellite < 0) return;
    const { world, episodes, element } = this;
    element.querySelector("h2").textContent = world.nodes[satellite].name;
    element.querySelector(".key .two").hidden = episodes.length < 2;
    const dark = world.eclipses(satellite), last = world.lastS, seek = this.seek;
    const lines = (name) => episodes.map((episode) => ({ values: episode.column(name, satellite), step: episode.series_step_s }));
    const common = { last, dark, seek };
    const queues = lines("queue_s"), charges = lines("charge_fraction"), heats = lines("temperature_c");
    const top = niceTop(Math.max(...queues.flatMap(({ values }) => [values.reduce((a, b) => Math.max(a, b), 0)])));
    const lanes = world.satellites.lanes[satellite], sink = Math.floor(world.satellites.sink_c[satellite] / 10) * 10;
    const floor = world.satellites.floor_j[satellite] / world.satellites.capacity_j[satellite], limit = world.satellites.limit_c[satellite];
    const ticked = (say, ...values) => values.map((value) => ({ value, name: say(value) }));
    this.partners = world.partners(satellite);
    const rows = this.partners.slice(0, MOST_ROWS).map(({ other, kind, spans }) => ({ name: world.nodes[other].name, kind: KINDS[kind], spans }));
    const more = this.partners.length - rows.length;
    this.charts = [
      lineChart({ ...common, title: "Queue (until its last booking ends)", lines: queues, low: 0, high: top, say: seconds, ticks: ticked(seconds, 0, top) }),
      lineChart({ ...common, title: `Lanes in use, of ${lanes}`, lines: lines("lanes_busy"), low: 0, high: lanes, say: (x) => `${x}`, ticks: ticked((x) => `${x}`, 0, lanes) }),
      lineChart({
        ...common, title: "Battery", lines: charges, low: Math.min(floor - 0.05, 0.65), high: 1, say: percent,
        limit: { value: floor, name: `dashed: floor of ${percent(floor)}` }, ticks: ticked((x) => `${Math.round(100 * x)} %`, floor, 1),
      }),
      lineChart({
        ...common, title: "Temperature", lines: heats, low: sink, high: limit + 3, say: (x) => `${x.toFixed(1)} °C`,
        limit: { value: limit, name: `dashed: limit of ${limit} °C` }, ticks: ticked((x) => `${x} °C`, sink, limit),
      }),
      spansChart({ ...common, title: `Links and passes${more > 0 ? `, ${rows.length} of ${this.partners.length}` : ""}`, rows, say: (time) => this.up(time) }),
    ];
    element.querySelector(".charts").replaceChildren(...this.charts.map(({ figure }) => figure));
    this.shown = "";
  }

  linksNow(time) {
    const found = [];
    for (const { other, kind, spans } of this.partners)
      for (const [from, to, bps] of spans) if (from <= time && time < to) found.push({ other, kind, bps, closes: to });
    return found;
  }

  up(time) {
    const now = this.linksNow(time), count = (kind) => now.filter((link) => link.kind === kind).length;
    return `${count(LASER)} laser${count(LASER) === 1 ? "" : "s"}, ${count(STATION)} station${count(STATION) === 1 ? "" : "s"}`;
  }

  update(time, isSunlit) {
    if (this.satellite < 0) return;
    this.charts.forEach((chart) => chart.update(time));
    const lines = [isSunlit ? "in sunlight" : "in eclipse"];
    for (const episode of this.episodes) {
      const { models } = episode.satelliteAt(this.satellite, time), { running, waiting } = episode.workAt(this.satellite, time);
      const kinds = new Map();
      for (const k of running) kinds.set(this.world.task_classes[episode.tasks.task_class[k]], (kinds.get(this.world.task_classes[episode.tasks.task_class[k]]) ?? 0) + 1);
      const work = running.length ? `running ${[...kinds].map(([name, count]) => (count > 1 ? `${count} × ${words(name)}` : words(name))).join(", ")}` : "idle";
      const held = waiting.length ? `; ${waiting.length} result${waiting.length > 1 ? "s" : ""} on the way down` : "";
      lines.push(`${this.episodes.length > 1 ? `${episode.policy}: ` : ""}${work}${held}. In memory: ${models.map(words).join(", ") || "nothing"}.`);
    }
    const links = this.linksNow(time).slice(0, 6).map(({ other, kind, bps, closes }) => `${kind === LASER ? "laser" : kind === STATION ? "pass" : "user"} ${this.world.nodes[other].name}, ${rate(bps)}, ${closes < this.world.lastS ? `${seconds(closes - time)} left` : "to the end"}`);
    const text = lines.join("\n") + "\n" + links.join("\n");
    if (text === this.shown) return;
    this.shown = text;
    this.element.querySelector(".now").replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    this.element.querySelector(".links").replaceChildren(...links.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  }
}
