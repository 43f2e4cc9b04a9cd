// The page: clock, controls, keys, themes; window.replay lets tests and consoles drive it.
import { unpack } from "./data.js";
import { Episode, World } from "./episode.js";
import { Panel, seconds } from "./panel.js";
import { Globe } from "./scene.js";
import { Timeline } from "./timeline.js";

const PACES = [1, 10, 30, 60, 120, 300, 600];
const find = (selector) => document.querySelector(selector);
const PHONE_PX = 700;
const SLOW_FRAME_MS = 50, COARSEST = 0.5; // choices: below 20 frames a second, down to half as many pixels a side

function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const inks = { onTime: "on-time", late: "late", rejected: "rejected", lost: "lost", laser: "laser", pass: "pass", user: "user", ink: "ink", paper: "paper", chosen: "chosen", idle: "idle", some: "some", full: "full" };
  return {
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
    ...Object.fromEntries(["sea", "land", "grid", "coast", "night", "rim", "back", "back-far", "soft"].map((name) => [name, read(name)])),
    darkness: Number(read("darkness")),
    rimStrength: Number(read("rim-strength")),
    inks: Object.fromEntries(Object.entries(inks).map(([name, variable]) => [name, read(variable)])),
  };
}

class App {
  constructor(data, coastlines) {
    this.world = new World(data.world);
    this.episodes = data.episodes.map((episode) => new Episode(this.world, episode));
    this.globe = new Globe(find("#globe"), this.world, this.episodes, coastlines);
    this.panel = new Panel(find("#panel"), this.world, this.episodes, (time) => this.seek(time), () => this.select(-1));
    this.timeline = new Timeline(find("#timeline"), this.world, this.episodes, (time) => this.seek(time));
    this.time = 0;
    this.pace = 60;
    this.isPlaying = false;
    this.fineness = 1;
    this.isStale = true;
    this.frames = 0;
    this.saidAt = -Infinity;
    this.fill();
    this.listen();
    this.wear();
    this.globe.lookAtStart();
    this.globe.move(0);
    this.say();
    this.layout();
    this.readAddress();
    requestAnimationFrame((now) => this.frame(now));
  }

  // --- words that stay

  fill() {
    const { world, episodes } = this, isPair = episodes.length > 1;
    document.body.classList.toggle("pair", isPair);
    document.title = `${world.scenario}, ${episodes.map(({ policy }) => policy || "episode").join(" and ")}: OrbitGym replay`;
    find("#head h1").textContent = world.scenario;
    find("#head .about").textContent = `${world.satelliteCount.toLocaleString("en")} satellites, ${episodes[0].count.toLocaleString("en")} tasks; ${world.split} day ${world.day}, seed ${world.seed}`;
    const scores = episodes.map((episode) => {
      const card = find("#score").content.firstElementChild.cloneNode(true);
      card.querySelector("h2").textContent = episode.policy || "this episode";
      card.querySelector(".headline b").textContent = episode.metrics.served_value_fraction.toFixed(3);
      return card;
    });
    find("#scores").replaceChildren(...scores);
    this.cards = scores;
    const options = world.nodes.slice(0, world.satelliteCount).map(({ name }, k) => new Option(name, k));
    find("#satellite").append(...options);
    find("#pace").append(...PACES.map((pace) => new Option(`${pace} ×`, pace, pace === 60, pace === 60)));
    find("#legend .if-lost").hidden = !episodes.some((episode) => episode.byOutcome[3].length);
    this.makeLabels();
    if (!isPair && matchMedia(`(min-width: ${PHONE_PX}px) and (min-height: 560px)`).matches) find("#legend").open = true;
  }

  makeLabels() {
    const { world } = this, named = [];
    for (let node = 0; node < world.nodeCount; node++) {
      const { kind } = world.nodes[node];
      if (kind === "station" || kind === "datacentre" || (kind === "satellite" && !this.globe.isMany && world.satelliteCount <= 40)) named.push(node);
    }
    named.reverse(); // sites first
    const shortest = (name) => name.split(/[ -]/).at(-1);
    this.labels = this.episodes.flatMap((_, view) =>
      named.map((node) => {
        const element = document.createElement("span");
        const { kind, name } = world.nodes[node];
        element.className = `label ${kind}`;
        element.textContent = kind === "satellite" ? shortest(name) : name;
        return { node, view, element };
      }),
    );
    this.tag = document.createElement("span"); // the satellite under the pointer, or the chosen one
    this.tag.className = "label tag";
    find("#labels").replaceChildren(...this.labels.map(({ element }) => element), this.tag);
    this.hovered = -1;
  }

  // --- reactions

  listen() {
    find("#play").addEventListener("click", () => this.play(!this.isPlaying));
    find("#follow").addEventListener("click", () => this.follow(!this.globe.isFollowing));
    find("#whole").addEventListener("click", () => this.reset());
    find("#pace").addEventListener("change", (event) => this.setPace(Number(event.target.value)));
    find("#satellite").addEventListener("change", (event) => this.select(Number(event.target.value)));
    addEventListener("resize", () => this.layout());
    const around = new ResizeObserver(() => requestAnimationFrame(() => this.layout())); // numbers and names wrap as they grow
    around.observe(find("#top"));
    around.observe(find("#bar"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.wear());
    this.globe.controls.addEventListener("change", () => (this.isStale = true));
    const canvas = find("#globe");
    let down = null;
    canvas.addEventListener("pointerdown", (event) => (down = [event.clientX, event.clientY]));
    canvas.addEventListener("pointerup", (event) => {
      if (!down || Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 5) return;
      this.select(this.globe.pick(event.clientX, event.clientY, event.pointerType === "touch" ? 26 : 16));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) return;
      const hovered = this.globe.pick(event.clientX, event.clientY, 12);
      canvas.style.cursor = hovered >= 0 ? "pointer" : "grab";
      if (hovered !== this.hovered) (this.hovered = hovered), (this.isStale = true);
    });
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const isField = event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (event.shiftKey ? 300 : 30) * (event.key === "ArrowLeft" ? -1 : 1);
    const actions = {
      " ": () => (event.target instanceof HTMLButtonElement || event.target instanceof HTMLSelectElement ? null : this.play(!this.isPlaying)),
      ArrowLeft: () => this.seek(this.time + step),
      ArrowRight: () => this.seek(this.time + step),
      ArrowUp: () => this.faster(1),
      ArrowDown: () => this.faster(-1),
      Home: () => this.seek(0),
      End: () => this.seek(this.world.lastS),
      n: () => this.select((this.globe.selected + 1) % this.world.satelliteCount),
      p: () => this.select((Math.max(this.globe.selected, 0) - 1 + this.world.satelliteCount) % this.world.satelliteCount),
      f: () => this.follow(!this.globe.isFollowing),
      0: () => this.reset(),
      Escape: () => this.select(-1),
    };
    const action = actions[event.key];
    if (!action || (isField && event.target instanceof HTMLSelectElement && event.key.startsWith("Arrow"))) return;
    if (event.key === " " && (event.target instanceof HTMLButtonElement || event.target instanceof HTMLSelectElement)) return;
    if (event.target.closest?.("summary") && event.key === " ") return;
    event.preventDefault();
    action();
  }

  faster(by) {
    const place = PACES.indexOf(this.pace) + by;
    if (place >= 0 && place < PACES.length) this.setPace(PACES[place]);
  }

  play(isPlaying) {
    if (isPlaying && this.time >= this.world.lastS) this.time = 0;
    this.isPlaying = isPlaying;
    this.lastFrame = null;
    this.framesSince = 0;
    this.globe.setFineness(isPlaying ? this.fineness : 1);
    const button = find("#play");
    button.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    button.classList.toggle("is-playing", isPlaying);
    this.isStale = true;
  }

  setPace(pace) {
    this.pace = pace;
    find("#pace").value = pace;
    this.episodes.forEach((episode) => episode.setPace(pace));
    this.isStale = true;
  }

  seek(time) {
    this.time = Math.min(Math.max(time, 0), this.world.lastS);
    this.isStale = true;
  }

  select(satellite) {
    this.globe.select(satellite, this.time);
    if (this.globe.isFollowing && satellite >= 0) this.globe.follow(true, this.time);
    this.panel.show(satellite);
    document.body.classList.toggle("has-panel", satellite >= 0);
    find("#satellite").value = satellite;
    this.layout();
  }

  follow(isFollowing) {
    this.globe.follow(isFollowing, this.time);
    find("#follow").setAttribute("aria-pressed", isFollowing);
    this.isStale = true;
  }

  reset() {
    this.follow(false);
    this.globe.lookAtStart();
    this.isStale = true;
  }

  // The address may say where to begin: replay.html#t=1200&sat=3&pace=10&follow&paused
  readAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (asked.has(name) && Number.isFinite(Number(asked.get(name))) ? Number(asked.get(name)) : null);
    if (PACES.includes(number("pace"))) this.setPace(number("pace"));
    if (number("t") !== null) this.seek(number("t"));
    if (number("sat") !== null && number("sat") >= 0 && number("sat") < this.world.satelliteCount) this.select(Math.floor(number("sat")));
    if (asked.has("follow")) this.globe.world.move(this.time), this.follow(true);
    this.play(!asked.has("paused") && !matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  wear() {
    this.theme = theme();
    this.globe.wear(this.theme);
    this.timeline.draw(this.theme);
    this.isStale = true;
  }

  // The globe takes what panel and bar leave: beside the panel on a desk, above it on a phone.
  layout() {
    const width = innerWidth, height = innerHeight, isPhone = width < PHONE_PX, panel = find("#panel");
    const bar = find("#bar").offsetHeight, beside = !panel.hidden && !isPhone ? panel.offsetWidth + 12 : 0;
    const under = !panel.hidden && isPhone ? panel.offsetHeight : 0;
    const top = isPhone || this.episodes.length > 1 ? find("#top").offsetHeight : 0;
    const free = { left: 0, top, width: width - beside, height: Math.max(120, height - bar - under - top) };
    const count = this.episodes.length;
    if (!isPhone && count === 1 && free.width > 700) free.shift = find("#scores").offsetLeft + find("#scores .score").offsetWidth;
    const rects = this.episodes.map((_, k) =>
      isPhone && !under
        ? { ...free, top: free.top + (k * free.height) / count, height: free.height / count }
        : { ...free, left: (k * free.width) / count, width: free.width / count },
    );
    document.documentElement.style.setProperty("--bar", `${bar}px`);
    document.documentElement.style.setProperty("--free", `${free.width}px`);
    this.globe.resize(width, height, rects);
    this.timeline.draw(this.theme);
    this.isStale = true;
  }

  // --- every frame

  frame(now) {
    requestAnimationFrame((next) => this.frame(next));
    if (this.isPlaying) {
      if (this.lastFrame !== null) this.keepSmooth(now - this.lastFrame);
      if (this.lastFrame !== null) this.time += (this.pace * Math.min(now - this.lastFrame, 250)) / 1000;
      this.lastFrame = now;
      if (this.time >= this.world.lastS) {
        this.time = this.world.lastS;
        this.play(false);
      }
      this.isStale = true;
    }
    this.globe.controls.update(); // a drag that glides on makes the picture stale
    if (this.isStale) this.draw(now);
  }

  // Coarser pixels while it plays, where frames come too slowly; as fine as the screen when it pauses.
  keepSmooth(frameMs) {
    this.meanFrameMs = 0.85 * (this.meanFrameMs ?? frameMs) + 0.15 * frameMs;
    if (++this.framesSince < 8 || this.meanFrameMs < SLOW_FRAME_MS || this.globe.fineness <= COARSEST) return;
    this.framesSince = 0;
    this.fineness = Math.max(COARSEST, 0.75 * this.globe.fineness);
    this.globe.setFineness(this.fineness);
  }

  draw(now) {
    this.isStale = false;
    this.frames++;
    this.globe.move(this.time);
    this.globe.render();
    this.placeLabels();
    if (!this.isPlaying || now - this.saidAt > 100) {
      this.saidAt = now;
      this.say();
    }
  }

  // Names, as many as do not cover each other: sites first, then satellites in their order.
  placeLabels() {
    const taken = [];
    const isFree = ([x, y], { node, width }) => {
      const isSatellite = node < this.world.satelliteCount;
      const box = [x + 8, y + (isSatellite ? -25 : 4), x + 12 + width, y + (isSatellite ? -9 : 20)];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return false;
      return taken.push(box);
    };
    for (const label of this.labels) {
      label.width ??= label.element.offsetWidth || 7 * label.element.textContent.length;
      const at = this.inside(this.globe.onScreen(label.node, label.view), label);
      this.place(label.element, at && isFree(at, label) ? at : null);
    }
    const tagged = this.hovered >= 0 ? this.hovered : this.globe.selected;
    const isNamed = tagged >= 0 && (this.hovered >= 0 || this.globe.isMany);
    if (isNamed) this.tag.textContent = this.world.nodes[tagged].name;
    this.place(this.tag, isNamed ? this.globe.onScreen(tagged, 0) : null);
  }

  // Left of its sign where a name would be cut off.
  inside(at, { view, width }) {
    const { left, width: room } = this.globe.rects[view];
    return at && at[0] + width + 9 > left + room ? [at[0] - width - 18, at[1]] : at;
  }

  place(element, at) {
    element.hidden = !at;
    if (at) element.style.transform = `translate(${at[0].toFixed(1)}px, ${at[1].toFixed(1)}px)`;
  }

  say() {
    const { world, time } = this, date = world.date(time).toISOString();
    const isAfter = time > world.endS ? ", after the episode's end: what is booked still runs" : "";
    find("#clock time").textContent = `${date.slice(0, 10)} ${date.slice(11, 19)}`;
    find("#clock .since").textContent = `+${Math.floor(time / 3600)}:${date2(time / 60)}:${date2(time)}`;
    this.timeline.update(time, `${date.slice(0, 19).replace("T", " ")} UTC${isAfter}`);
    document.body.classList.toggle("is-after", time > world.endS);
    const { lasers, passes } = this.globe.counts;
    find("#head .now").textContent = `${counted(lasers, "laser link", "laser links")}, ${counted(passes, "station pass", "station passes")}${isAfter}`;
    this.episodes.forEach((episode, k) => {
      const counts = episode.counts(time), card = this.cards[k];
      for (const name of ["on_time", "late", "rejected", "lost", "under_way"]) {
        const cell = card.querySelector(`[data-count="${name}"]`);
        cell.textContent = counts[name].toLocaleString("en");
        if (name === "lost") cell.parentElement.hidden = !episode.byOutcome[3].length;
      }
      card.querySelector(".value").textContent = counts.value.toLocaleString("en", { maximumFractionDigits: 1 });
    });
    const chosen = this.globe.selected;
    this.panel.update(time, chosen >= 0 && world.sunlitAt(time)[chosen] === 1);
  }

  // --- for tests and the console

  state() {
    const chosen = this.globe.selected;
    return {
      time_s: this.time,
      utc: this.world.date(this.time).toISOString(),
      last_s: this.world.lastS,
      playing: this.isPlaying,
      pace: this.pace,
      lasers: this.globe.counts.lasers,
      passes: this.globe.counts.passes,
      users: this.globe.counts.users,
      selected: chosen >= 0 ? this.world.nodes[chosen].name : null,
      episodes: this.episodes.map((episode, k) => ({
        policy: episode.policy,
        ...episode.counts(this.time),
        moving: this.globe.views[k].moving,
        satellite: chosen >= 0 ? episode.satelliteAt(chosen, this.time) : null,
      })),
    };
  }

  // Place of a node on the page in CSS pixels, or null behind the Earth; its geocentric place in metres.
  where(node) {
    const [x, y, z] = this.world.places.subarray(3 * node, 3 * node + 3);
    return { screen: this.globe.onScreen(node, 0), earth_fixed_m: [x, -z, y].map((value) => value * 6371008.8) };
  }
}

const counted = (count, one, more) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
const date2 = (value) => String(Math.floor(value) % 60).padStart(2, "0");

async function begin() {
  const data = await unpack(find("#data").textContent);
  const app = new App(data, JSON.parse(find("#coastlines").textContent));
  document.body.classList.remove("is-loading");
  return {
    play: () => app.play(true),
    pause: () => app.play(false),
    seek: (time) => (app.seek(time), app.draw(performance.now())),
    setPace: (pace) => app.setPace(pace),
    select: (satellite) => (app.select(satellite), app.draw(performance.now())),
    state: () => app.state(),
    follow: (isFollowing) => (app.follow(isFollowing), app.draw(performance.now())),
    where: (node) => app.where(node),
    frames: () => app.frames,
    view: (distance, x, y, z) => {
      app.globe.camera.position.set(x, y, z).normalize().multiplyScalar(distance);
      app.draw(performance.now());
    },
    seconds,
  };
}

window.replay = {
  ready: begin().then(
    (handle) => Object.assign(window.replay, handle),
    (error) => {
      find("#trouble").hidden = false;
      find("#trouble").textContent = `This replay cannot be shown: ${error.message}. It needs WebGL 2 and DecompressionStream (Chrome 80, Firefox 113, Safari 16.4 or later).`;
      throw error;
    },
  ),
};
