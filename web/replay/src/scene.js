// The globe: one canvas, one camera, one view for each policy.
import * as THREE from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { Earth } from "./earth.js";
import { FIBRE, LASER, LATE, LOST, ON_TIME, RADIUS_M, REJECTED, STATION } from "./episode.js";
import { ThinLines, WideLines } from "./lines.js";
import { SHAPES, Signs } from "./points.js";

THREE.ColorManagement.enabled = false; // colours of the style sheet as they are

const MANY = 300; // satellites; from here on they are small discs, without names and rings of orbits
const GM_M3_PER_S2 = 3.986004418e14;
const UP = new THREE.Vector3(0, 1, 0);
const SHAPE_OF = { [ON_TIME]: SHAPES.disc, [LATE]: SHAPES.triangle, [REJECTED]: SHAPES.cross, [LOST]: SHAPES.square };
const QUEUE_FULL_S = 1800; // the colour of the longest queues (choice)

// True where no graphics card draws: then smooth edges cost as much as everything else together.
function isSoftware() {
  const context = document.createElement("canvas").getContext("webgl2");
  const info = context?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? context.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(name);
}

// What lies behind everything. The canvas is opaque: not every browser lets the page shine through one.
class Backdrop {
  constructor() {
    this.uniforms = { near: { value: new THREE.Color() }, far: { value: new THREE.Color() }, middle: { value: new THREE.Vector2() } };
    const material = new THREE.ShaderMaterial({
      vertexShader: "varying vec2 at; void main() { at = position.xy; gl_Position = vec4(position.xy, 1.0, 1.0); }",
      fragmentShader: `uniform vec3 near, far; uniform vec2 middle; varying vec2 at;
        void main() { gl_FragColor = vec4(mix(near, far, min(length(at - middle) / 0.84, 1.0)), 1.0); }`,
      uniforms: this.uniforms,
      depthTest: false,
      depthWrite: false,
    });
    this.object = new THREE.Mesh(new THREE.PlaneGeometry(2, 2), material);
    this.object.frustumCulled = false;
    this.object.renderOrder = -1;
  }
}

// What differs between two policies of one episode.
class View {
  constructor(globe, episode) {
    this.episode = episode;
    const { world } = globe;
    this.group = new THREE.Group();
    this.satellites = new Signs(world.satelliteCount, 5);
    this.tasks = new Signs(8192, 6);
    this.busy = new WideLines(4096, 4);
    this.group.add(this.busy.object, this.satellites.object, this.tasks.object);
    globe.earth.group.add(this.group);
    this.parts = [this.satellites, this.tasks, this.busy];
  }
}

export class Globe {
  constructor(canvas, world, episodes, coastlines) {
    this.world = world;
    this.isMany = world.satelliteCount > MANY;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !isSoftware(), powerPreference: "high-performance" });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    this.renderer.autoClear = false;
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(32, 1, 0.05, 60);
    this.earth = new Earth(coastlines);
    this.backdrop = new Backdrop();
    this.scene.add(this.backdrop.object, this.earth.group);
    this.links = new ThinLines(Math.max(1024, 4 * world.satelliteCount), this.isMany ? 0.34 : 0.6);
    this.passes = new WideLines(4096, 3);
    this.sites = new Signs(world.nodeCount, 3);
    this.earth.group.add(this.links.object, this.passes.object, this.sites.object);
    this.views = episodes.map((episode) => new View(this, episode));
    this.orbits = new THREE.LineSegments(this.orbitRings(), new THREE.LineBasicMaterial({ transparent: true, opacity: Math.max(0.04, Math.min(0.2, 0.6 / world.satelliteCount)), depthWrite: false }));
    this.chosen = new THREE.Line(new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ transparent: true, opacity: 0.85, depthWrite: false }));
    this.chosen.frustumCulled = false;
    this.rig = new THREE.Group(); // turns with the satellites while the camera follows them
    this.rig.add(this.camera);
    this.scene.add(this.orbits, this.chosen, this.rig, (this.stars = this.starField()));
    this.controls = new OrbitControls(this.camera, canvas);
    Object.assign(this.controls, { enablePan: false, enableDamping: true, dampingFactor: 0.12, minDistance: 1.25, maxDistance: 14, rotateSpeed: 0.7 });
    this.selected = -1;
    this.rects = [];
    this.fineness = 1; // of the pixels, less where the machine cannot keep up
  }

  // --- what stays

  periodS(satellite) {
    const place = new Float32Array(3);
    this.world.sampleInto(place, 0, satellite, 1);
    return 2 * Math.PI * Math.sqrt((Math.hypot(...place) * RADIUS_M) ** 3 / GM_M3_PER_S2);
  }

  // One revolution around a time, in the frame in which the Earth turns.
  orbitPlaces(satellite, from) {
    const period = this.periodS(satellite), to = Math.min(from + period, this.world.lastS), start = Math.max(0, to - period);
    const steps = Math.max(8, Math.ceil((to - start) / 45)), places = [], place = new Float32Array(3);
    for (let k = 0; k <= steps; k++) {
      const time = start + ((to - start) * k) / steps, angle = this.world.angle(time);
      this.world.sampleInto(place, time, satellite, 1);
      const c = Math.cos(angle), s = Math.sin(angle);
      places.push(place[0] * c + place[2] * s, place[1], place[2] * c - place[0] * s);
    }
    return places;
  }

  orbitRings() {
    const segments = [];
    for (let satellite = 0; !this.isMany && satellite < this.world.satelliteCount; satellite++) {
      const places = this.orbitPlaces(satellite, 0);
      for (let k = 0; k + 5 < places.length; k += 3) segments.push(...places.slice(k, k + 6));
    }
    return new THREE.BufferGeometry().setAttribute("position", new THREE.Float32BufferAttribute(segments, 3));
  }

  starField() {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const places = [];
    for (let k = 0; k < 900; k++) {
      const z = 2 * random() - 1, turn = 2 * Math.PI * random(), flat = Math.sqrt(1 - z * z);
      places.push(40 * flat * Math.cos(turn), 40 * z, 40 * flat * Math.sin(turn));
    }
    const geometry = new THREE.BufferGeometry().setAttribute("position", new THREE.Float32BufferAttribute(places, 3));
    return new THREE.Points(geometry, new THREE.PointsMaterial({ size: 1.3, sizeAttenuation: false, transparent: true, opacity: 0.5, depthWrite: false }));
  }

  wear(theme) {
    this.theme = theme;
    this.colour = Object.fromEntries(Object.entries(theme.inks).map(([name, value]) => [name, new THREE.Color(value)]));
    this.outcomeColour = { [ON_TIME]: this.colour.onTime, [LATE]: this.colour.late, [REJECTED]: this.colour.rejected, [LOST]: this.colour.lost };
    this.earth.wear(theme);
    this.renderer.setClearColor(theme["back-far"], 1);
    this.backdrop.uniforms.near.value.set(theme.back);
    this.backdrop.uniforms.far.value.set(theme["back-far"]);
    for (const signs of [this.sites, ...this.views.flatMap((view) => [view.satellites, view.tasks])]) {
      signs.material.uniforms.line.value.set(theme.inks.ink);
      signs.material.uniforms.paper.value.set(theme.inks.paper);
    }
    this.orbits.material.color.set(theme.inks.ink);
    this.chosen.material.color.set(theme.inks.chosen);
    this.stars.visible = theme.isDark;
    this.queueRamp = Array.from({ length: 65 }, (_, k) => {
      const part = k / 64;
      const [low, high, share] = part < 0.5 ? ["idle", "some", 2 * part] : ["some", "full", 2 * part - 1];
      return this.colour[low].clone().lerp(this.colour[high], share);
    });
  }

  // --- the camera

  // Direction of a satellite from the Earth's centre, in the frame in which the Earth turns; the world must have been moved to the time.
  direction(satellite, time) {
    const angle = this.world.angle(time);
    return new THREE.Vector3().fromArray(this.world.places, 3 * satellite).normalize().applyAxisAngle(UP, angle);
  }

  // Mean direction of the orbits' normals; its length says how much they agree.
  meanNormal() {
    const mean = new THREE.Vector3(), count = this.world.satelliteCount, [soon, later] = [0, 60];
    this.world.move(soon);
    const before = Array.from({ length: count }, (_, k) => this.direction(k, soon));
    this.world.move(later);
    for (let k = 0; k < count; k++) mean.add(before[k].clone().cross(this.direction(k, later)).normalize());
    return mean.divideScalar(count);
  }

  // Where one plane flies: almost along its axis, so that nobody is behind the Earth; else from a little beside the Sun.
  lookAtStart() {
    const sun = new THREE.Vector3(...this.world.sun), normal = this.meanNormal();
    let direction = sun.clone().add(new THREE.Vector3(0.5, 0.4, 0.6));
    if (normal.length() > 0.9) {
      if (normal.dot(sun) < 0) normal.negate();
      direction = normal.normalize().addScaledVector(UP, 0.3).addScaledVector(normal.clone().cross(UP), 0.28);
    }
    this.rig.quaternion.identity();
    this.camera.position.copy(direction.normalize().multiplyScalar(4.35));
    this.isFollowing = false;
    this.aim();
  }

  // The satellite in the middle of most: the one with most others near it.
  middle() {
    const { places, satelliteCount: count } = this.world, sample = Math.min(count, 200);
    let best = 0, most = -1;
    for (let k = 0; k < sample; k++) {
      let near = 0;
      for (let other = 0; other < sample; other++) {
        const [a, b] = [3 * k, 3 * other];
        const dot = places[a] * places[b] + places[a + 1] * places[b + 1] + places[a + 2] * places[b + 2];
        near += Math.max(0, dot / 1.17 - 0.85);
      }
      if (near > most) (most = near), (best = k);
    }
    return best;
  }

  // Begins or ends to turn with the chosen satellite, or with where most are.
  follow(isFollowing, time) {
    this.isFollowing = isFollowing;
    if (!isFollowing) return;
    this.leader = this.selected >= 0 ? this.selected : this.middle();
    const ahead = this.direction(this.leader, time);
    this.world.move(Math.min(time + 30, this.world.lastS));
    const side = ahead.clone().cross(this.direction(this.leader, Math.min(time + 30, this.world.lastS)));
    this.world.move(time);
    if (side.length() < 1e-4) side.copy(UP).cross(ahead);
    side.normalize();
    if (side.dot(new THREE.Vector3(...this.world.sun)) < 0) side.negate();
    this.anchor = ahead;
    this.rig.quaternion.setFromRotationMatrix(new THREE.Matrix4().makeBasis(side.clone().cross(ahead), side, ahead));
    this.camera.position.set(-0.25, 0.62, 1).normalize().multiplyScalar(this.isMany ? 2.9 : 2.25);
    this.aim();
  }

  // Turns the rig as its leader flew on.
  keepUp(time) {
    if (!this.isFollowing) return;
    const now = this.direction(this.leader, time);
    this.rig.quaternion.premultiply(new THREE.Quaternion().setFromUnitVectors(this.anchor, now)).normalize();
    this.anchor = now;
  }

  aim() {
    this.controls.update();
    this.camera.quaternion.setFromRotationMatrix(new THREE.Matrix4().lookAt(this.camera.position, this.target(), UP));
    this.rig.updateMatrixWorld();
    this.eye = this.camera.getWorldPosition(new THREE.Vector3());
  }

  // While it follows from near, the camera looks between the satellites and the Earth's centre.
  target() {
    const near = this.isFollowing ? Math.min(Math.max((3.4 - this.camera.position.length()) / 1.0, 0), 1) : 0;
    return new THREE.Vector3(0, 0.06 * near, 1.02 * near);
  }

  // --- size: rects are the parts of the canvas, in CSS pixels from its top left, one a view; the globe stands right of their `shift`

  resize(width, height, rects) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2) * this.fineness;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.rects = rects;
    this.width = width;
    this.height = height;
    const { width: w, height: h, shift = 0 } = rects[0], room = w - shift;
    this.camera.aspect = room / h;
    this.camera.fov = room >= h ? 32 : 2 * Math.atan(Math.tan((16 * Math.PI) / 180) * Math.min(h / room, 2.2)) * (180 / Math.PI);
    this.camera.setViewOffset(room, h, -shift, 0, w, h);
    this.backdrop.uniforms.middle.value.set(shift / w, 0.16);
    this.camera.updateProjectionMatrix();
    for (const part of [this.sites, ...this.views.flatMap((view) => view.parts)])
      if (part.material.uniforms.pixels) part.material.uniforms.pixels.value = ratio;
    for (const lines of [this.passes, ...this.views.map((view) => view.busy)]) lines.material.uniforms.view.value.set(w, h);
  }

  setFineness(fineness) {
    if (fineness === this.fineness) return;
    this.fineness = fineness;
    this.resize(this.width, this.height, this.rects);
  }

  select(satellite, time) {
    this.selected = satellite;
    if (satellite < 0) return void (this.chosen.visible = false);
    const places = this.orbitPlaces(satellite, time);
    this.chosen.geometry.dispose();
    this.chosen.geometry = new THREE.BufferGeometry().setAttribute("position", new THREE.Float32BufferAttribute(places, 3));
    this.chosen.visible = true;
  }

  // --- every frame

  move(time) {
    const { world } = this;
    world.move(time);
    this.keepUp(time);
    this.earth.turn(world.angle(time), world.sun);
    this.showLinks(time);
    const lit = world.sunlitAt(time);
    for (const view of this.views) {
      this.showSatellites(view, time, lit);
      this.showTasks(view, time);
      view.parts.forEach((part) => part.show());
    }
    this.sites.clear();
    for (let node = world.satelliteCount; node < world.nodeCount; node++) this.showSite(node);
    this.sites.show();
  }

  showLinks(time) {
    const { links, node_a, node_b } = { links: this.world.links, ...this.world.links };
    this.links.clear();
    this.passes.clear();
    this.seen = new Set();
    this.counts = { lasers: 0, passes: 0, users: 0 };
    this.world.linksAt(time, (k) => {
      const kind = links.kind[k], a = node_a[k], b = node_b[k];
      const isChosen = a === this.selected || b === this.selected;
      if (kind === LASER) {
        this.counts.lasers++;
        this.links.add(this.world.places, a, b, this.colour.laser);
        if (isChosen) this.passes.add(this.world.places, a, b, this.colour.chosen, 2.5, 0.9);
      } else if (kind === STATION) {
        this.counts.passes++;
        this.passes.add(this.world.places, a, b, isChosen ? this.colour.chosen : this.colour.pass, this.isMany ? 1.4 : 2, this.isMany ? 0.5 : 0.8);
        this.seen.add(b);
      } else if (kind !== FIBRE) {
        this.counts.users++;
        this.seen.add(b);
        if (!this.isMany || isChosen) this.passes.add(this.world.places, a, b, isChosen ? this.colour.chosen : this.colour.user, 1.2, 0.45);
      }
    });
    this.links.show();
    this.passes.show();
  }

  showSite(node) {
    const { places, nodes } = this.world, kind = nodes[node].kind;
    const [x, y, z] = places.subarray(3 * node, 3 * node + 3);
    if (kind === "station") this.sites.add(x, y, z, this.colour.pass, SHAPES.triangle, 17, 0, 1);
    else if (kind === "datacentre") this.sites.add(x * 1.002, y * 1.002, z * 1.002, this.colour.ink, SHAPES.square, 11, 0, 1);
    else this.sites.add(x, y, z, this.colour.user, SHAPES.dot, this.seen.has(node) ? 6 : 4, 0, this.seen.has(node) ? 1 : 0.55);
  }

  showSatellites(view, time, lit) {
    const { places } = this.world, { queue_s: queues, charge_fraction: charges } = view.episode.series;
    const row = view.episode.sampleIndex(time) * this.world.satelliteCount;
    view.satellites.clear();
    for (let k = 0; k < this.world.satelliteCount; k++) {
      const fill = Math.log1p(queues[row + k]) / Math.log1p(QUEUE_FULL_S);
      const colour = this.queueRamp[Math.round(64 * Math.min(Math.max(fill, 0), 1))];
      const isChosen = k === this.selected;
      const shape = this.isMany && !isChosen ? SHAPES.dot : SHAPES.gauge;
      const size = this.isMany ? (isChosen ? 22 : 5) : isChosen ? 30 : 21;
      view.satellites.add(places[3 * k], places[3 * k + 1], places[3 * k + 2], colour, shape, size, charges[row + k], lit[k] ? 1 : 0.72);
    }
  }

  showTasks(view, time) {
    const { episode } = view, { tasks, hops, firstHop, hopStart, hopEnd } = episode, { places } = this.world;
    view.tasks.clear();
    view.busy.clear();
    view.moving = 0;
    episode.moving.at(time, (k) => {
      const outcome = tasks.outcome[k], colour = this.outcomeColour[outcome], shape = SHAPE_OF[outcome], release = tasks.release_s[k];
      if (outcome === REJECTED) return this.flash(view, tasks.origin[k], colour, SHAPES.cross, 13, 1 - (time - release) / episode.flashS);
      const results = firstHop[k] + tasks.input_hops[k];
      for (let hop = firstHop[k]; hop < firstHop[k + 1]; hop++) {
        if (time < hopStart[hop] || time >= hopEnd[hop]) continue;
        const a = hops.from_node[hop], b = hops.to_node[hop], part = (time - hopStart[hop]) / (hopEnd[hop] - hopStart[hop]);
        view.busy.add(places, a, b, colour, this.isMany ? 2.2 : 3.2, 0.55);
        const at = (axis) => places[3 * a + axis] + part * (places[3 * b + axis] - places[3 * a + axis]);
        const isResult = hop >= results;
        view.tasks.add(at(0), at(1), at(2), colour, isResult && outcome === ON_TIME ? SHAPES.hollow : shape, this.isMany ? 9 : 12, 0, 1);
        view.moving++;
      }
      if (time >= episode.arrived[k] && outcome !== LOST) {
        const last = firstHop[k + 1] > results ? hops.to_node[firstHop[k + 1] - 1] : tasks.node[k];
        const age = (time - episode.arrived[k]) / episode.flashS;
        this.flash(view, last, colour, SHAPES.ring, 14 + 26 * age, 0.8 * (1 - age));
      }
    });
  }

  flash(view, node, colour, shape, size, opacity) {
    const { places } = this.world;
    if (node >= 0) view.tasks.add(places[3 * node], places[3 * node + 1], places[3 * node + 2], colour, shape, size, 0, Math.max(opacity, 0));
  }

  render() {
    this.aim();
    this.renderer.setScissorTest(false);
    this.renderer.clear();
    this.renderer.setScissorTest(true);
    this.views.forEach((view, k) => {
      const { left, top, width, height } = this.rects[k];
      this.views.forEach((other) => (other.group.visible = other === view));
      this.renderer.setViewport(left, this.height - top - height, width, height);
      this.renderer.setScissor(left, this.height - top - height, width, height);
      this.renderer.render(this.scene, this.camera);
    });
  }

  // --- where things are on the screen

  // Place of a node in CSS pixels of a view's rectangle, null behind the Earth.
  onScreen(node, view) {
    const place = new THREE.Vector3().fromArray(this.world.places, 3 * node).applyMatrix4(this.earth.group.matrixWorld);
    if (this.isHidden(place)) return null;
    place.project(this.camera);
    const { left, top, width, height } = this.rects[view];
    return [left + ((place.x + 1) / 2) * width, top + ((1 - place.y) / 2) * height];
  }

  isHidden(place) {
    const eye = this.eye, ray = place.clone().sub(eye), length = ray.length();
    ray.divideScalar(length);
    const along = -eye.dot(ray), off2 = eye.lengthSq() - along * along;
    return off2 < 0.998 && along > 0 && along - Math.sqrt(0.998 - off2) < length - 1e-3;
  }

  // Satellite nearest to a place on the screen, -1 where none is close.
  pick(x, y, reach) {
    const view = this.rects.findIndex(({ left, top, width, height }) => x >= left && x < left + width && y >= top && y < top + height);
    if (view < 0) return -1;
    let best = -1, least = reach * reach;
    for (let k = 0; k < this.world.satelliteCount; k++) {
      const place = this.onScreen(k, view);
      const distance = place ? (place[0] - x) ** 2 + (place[1] - y) ** 2 : Infinity;
      if (distance < least) (least = distance), (best = k);
    }
    return best;
  }
}
