// Natural Earth's land (world-atlas, 1:50 million) simplified to orbit_gym/views/assets/coastlines.json: node coastlines.mjs
import fs from "node:fs";
import { feature } from "topojson-client";
import { filter, filterWeight, presimplify, simplify } from "topojson-simplify";

const LEAST_AREA = 0.03; // of a triangle that a point spans, square degrees (choice: 75 kB)
const PER_DEGREE = 50; // coordinates are whole numbers of 0.02 degrees
const OUT = new URL("../../orbit_gym/views/assets/coastlines.json", import.meta.url);

const atlas = JSON.parse(fs.readFileSync(new URL("node_modules/world-atlas/land-50m.json", import.meta.url)));
let land = simplify(presimplify(atlas), LEAST_AREA);
land = filter(land, filterWeight(land, LEAST_AREA));
const shapes = feature(land, land.objects.land).features.map((item) => item.geometry);
const polygons = shapes.flatMap((shape) => (shape.type === "MultiPolygon" ? shape.coordinates : [shape.coordinates]));
const rings = polygons.flat().flatMap(cut).map(coded).filter(hasArea);

// A ring on the sphere as rings on a map from -180 to 180 degrees: cut at the date line, closed along the pole where it goes around it.
function cut(ring) {
  let turn = 0;
  const flat = ring.map(([x, y], k) => {
    if (k && x - ring[k - 1][0] > 180) turn -= 360;
    if (k && x - ring[k - 1][0] < -180) turn += 360;
    return [x + turn, y];
  });
  const [first, last] = [flat[0], flat.at(-1)];
  if (Math.abs(last[0] - first[0]) > 180) flat.push([last[0], -90], [first[0], -90], first);
  return [-360, 0, 360].map((shift) => clip(clip(flat.map(([x, y]) => [x + shift, y]), 1, 180), -1, 180)).filter((part) => part.length > 2);
}

// The part of a closed ring where side * longitude <= limit (Sutherland and Hodgman, 1974).
function clip(ring, side, limit) {
  const out = [];
  for (let k = 0; k + 1 < ring.length; k++) {
    const [a, b] = [ring[k], ring[k + 1]], [inA, inB] = [side * a[0] <= limit, side * b[0] <= limit];
    const part = (side * limit - a[0]) / (b[0] - a[0]);
    if (inA) out.push(a);
    if (inA !== inB) out.push([side * limit, a[1] + part * (b[1] - a[1])]);
  }
  return out.length ? [...out, out[0]] : out;
}

function coded(ring) {
  const points = ring.map((point) => point.map((degrees) => Math.round(degrees * PER_DEGREE)));
  return points.flatMap(([x, y], k) => (k ? [x - points[k - 1][0], y - points[k - 1][1]] : [x, y]));
}

// False for what the cut left of a ring that only touches the date line.
function hasArea(steps) {
  let [x, y, twice] = [0, 0, 0];
  for (let k = 0; k < steps.length; k += 2) {
    twice += x * steps[k + 1] - y * steps[k];
    [x, y] = [x + steps[k], y + steps[k + 1]];
  }
  return twice + x * steps[1] - y * steps[0] !== 0;
}

const out = {
  about: "Closed rings of land: longitude, latitude of the first point, then steps to the next, in whole numbers; divide by per_degree.",
  source: "Natural Earth 1:50m land (public domain, naturalearthdata.com) by way of npm world-atlas 2.0.2 (ISC), simplified",
  per_degree: PER_DEGREE,
  rings,
};
fs.writeFileSync(OUT, JSON.stringify(out) + "\n");
console.log(`${rings.length} rings, ${rings.flat().length / 2} points, ${fs.statSync(OUT).size} bytes`);
