// Small charts over the episode's time: lines with a unit, and bars of when links are up. Drawn once, a cursor moves.

const NS = "http://www.w3.org/2000/svg";
const WIDE = 300, LEFT = 34, RIGHT = 4;

function svg(name, attributes, parent) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

function frame(title, height, last, dark) {
  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  const name = caption.appendChild(document.createElement("span"));
  name.textContent = title;
  const now = caption.appendChild(document.createElement("output"));
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${height}`, role: "img", preserveAspectRatio: "none" }, figure);
  const x = (time) => LEFT + (time / last) * (WIDE - LEFT - RIGHT);
  for (const [from, to] of dark) svg("rect", { class: "eclipse", x: x(from), y: 0, width: Math.max(0, x(to) - x(from)), height }, picture);
  return { figure, picture, now, x };
}

function cursor(part, height) {
  const line = svg("line", { class: "cursor", y1: 0, y2: height }, part.picture);
  return (time) => {
    line.setAttribute("x1", part.x(time));
    line.setAttribute("x2", part.x(time));
  };
}

// Seeks where the chart is pressed or dragged.
function seekable(part, last, seek) {
  const go = (event) => {
    const box = part.picture.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDE;
    seek(Math.min(Math.max((place - LEFT) / (WIDE - LEFT - RIGHT), 0), 1) * last);
  };
  part.picture.addEventListener("pointerdown", (event) => (part.picture.setPointerCapture(event.pointerId), go(event)));
  part.picture.addEventListener("pointermove", (event) => event.buttons && go(event));
}

// lines: [{values, step, name}]; limit: {value, name} is drawn dashed; say(value) words a value with its unit.
export function lineChart({ title, lines, last, dark, low, high, limit, say, ticks, seek }) {
  const height = 66, part = frame(title, height, last, dark);
  const y = (value) => height - 5 - ((value - low) / (high - low)) * (height - 12);
  for (const tick of ticks) {
    svg("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(tick.value), y2: y(tick.value) }, part.picture);
    svg("text", { x: LEFT - 4, y: y(tick.value) + 3, "text-anchor": "end" }, part.picture).textContent = tick.name;
  }
  if (limit && limit.value >= low && limit.value <= high) {
    svg("line", { class: "limit", x1: LEFT, x2: WIDE - RIGHT, y1: y(limit.value), y2: y(limit.value) }, part.picture);
  }
  lines.forEach(({ values, step }, k) => {
    const points = Array.from(values, (value, row) => `${part.x(Math.min(row * step, last)).toFixed(1)},${y(Math.min(Math.max(value, low), high)).toFixed(1)}`);
    svg("polyline", { class: `line line-${k}`, points: points.join(" ") }, part.picture);
  });
  part.picture.setAttribute("aria-label", `${title} over the episode, from ${say(low)} to ${say(high)}${limit ? `, ${limit.name}` : ""}; grey where the satellite is in eclipse`);
  const move = cursor(part, height);
  seekable(part, last, seek);
  return {
    figure: part.figure,
    update(time) {
      move(time);
      part.now.textContent = lines.map(({ values, step }) => say(values[Math.min(values.length - 1, Math.floor(time / step + 1e-9))])).join(" | ");
    },
  };
}

// rows: [{name, kind, spans: [[from, to]]}]
export function spansChart({ title, rows, last, dark, say, seek }) {
  const pitch = 18, height = rows.length * pitch + 2, part = frame(title, height, last, dark);
  part.figure.classList.add("spans");
  rows.forEach(({ name, kind, spans }, row) => {
    const y = row * pitch + 2;
    for (const [from, to] of spans) svg("rect", { class: `span ${kind}`, x: part.x(from), y: y + 10, width: Math.max(0.8, part.x(to) - part.x(from)), height: 5, rx: 1.5 }, part.picture);
    svg("text", { class: "name", x: LEFT, y: y + 7.5 }, part.picture).textContent = name;
  });
  part.picture.setAttribute("aria-label", `${title}: ${rows.map(({ name }) => name).join(", ")}`);
  const move = cursor(part, height);
  seekable(part, last, seek);
  return {
    figure: part.figure,
    update(time) {
      move(time);
      part.now.textContent = say(time);
    },
  };
}
