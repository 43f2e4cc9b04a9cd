// Signs at places: satellites with their queue and charge, sites, tasks on the move. One draw call a kind.
import * as THREE from "three";

export const SHAPES = { disc: 0, triangle: 1, cross: 2, square: 3, ring: 4, gauge: 5, hollow: 6, dot: 7 };

const VERTEX = `
  attribute vec3 colour; attribute vec4 look; // shape, size in pixels, level, opacity
  uniform float pixels; varying vec3 ink; varying vec4 form;
  void main() {
    ink = colour; form = look;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
    gl_PointSize = look.y * pixels;
  }`;
const FRAGMENT = `
  uniform vec3 line, paper; varying vec3 ink; varying vec4 form;
  float soft(float inside, float width) { return smoothstep(-width, width, inside); }
  void main() {
    vec2 p = 2.0 * gl_PointCoord - 1.0; p.y = -p.y;
    float r = length(p), w = 2.0 / max(form.y, 2.0), a = 0.0; vec3 colour = ink; int shape = int(form.x + 0.5);
    if (shape == 0) { a = soft(0.92 - r, w); colour = mix(paper, ink, soft(0.66 - r, w)); }
    else if (shape == 1) { float d = max(abs(p.x) * 0.866 + p.y * 0.5, -p.y) ; a = soft(0.5 - d, w); colour = mix(paper, ink, soft(0.34 - d, w)); }
    else if (shape == 2) { float d = min(abs(p.x - p.y), abs(p.x + p.y)) * 0.7071; a = soft(0.24 - d, w) * soft(0.95 - max(abs(p.x), abs(p.y)), w); }
    else if (shape == 3) { float d = max(abs(p.x), abs(p.y)); a = soft(0.8 - d, w); colour = mix(paper, ink, soft(0.56 - d, w)); }
    else if (shape == 4) { a = soft(0.1 - abs(r - 0.85), w) ; }
    else if (shape == 5) {
      float turn = atan(p.x, p.y) / 6.2831853; turn = turn < 0.0 ? turn + 1.0 : turn;
      float core = soft(0.56 - r, w), rim = soft(0.12 - abs(r - 0.82), w);
      float full = soft(form.z - turn, 0.01);
      a = max(core, max(rim * mix(0.22, 1.0, full), soft(0.98 - r, w) * 0.30));
      colour = mix(mix(paper, line, rim * mix(0.5, 1.0, full)), ink, core);
    }
    else if (shape == 6) { a = soft(0.92 - r, w); colour = mix(ink, paper, soft(0.5 - r, w)); }
    else { a = soft(0.9 - r, w); }
    a *= form.w;
    if (a < 0.02) discard;
    gl_FragColor = vec4(colour, a);
  }`;

export class Signs {
  constructor(capacity, order) {
    this.capacity = capacity;
    this.geometry = new THREE.BufferGeometry();
    this.places = this.attribute("position", 3);
    this.colours = this.attribute("colour", 3);
    this.looks = this.attribute("look", 4);
    this.material = new THREE.ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      uniforms: { pixels: { value: 1 }, line: { value: new THREE.Color() }, paper: { value: new THREE.Color() } },
    });
    this.object = new THREE.Points(this.geometry, this.material);
    this.object.frustumCulled = false;
    this.object.renderOrder = order;
    this.count = 0;
  }

  attribute(name, size) {
    const attribute = new THREE.BufferAttribute(new Float32Array(size * this.capacity), size).setUsage(THREE.DynamicDrawUsage);
    this.geometry.setAttribute(name, attribute);
    return attribute.array;
  }

  clear() {
    this.count = 0;
  }

  add(x, y, z, colour, shape, size, level, opacity) {
    if (this.count === this.capacity) return;
    const k = this.count++;
    this.places[3 * k] = x, this.places[3 * k + 1] = y, this.places[3 * k + 2] = z;
    this.colours[3 * k] = colour.r, this.colours[3 * k + 1] = colour.g, this.colours[3 * k + 2] = colour.b;
    this.looks[4 * k] = shape, this.looks[4 * k + 1] = size, this.looks[4 * k + 2] = level, this.looks[4 * k + 3] = opacity;
  }

  show() {
    this.geometry.setDrawRange(0, this.count);
    for (const attribute of Object.values(this.geometry.attributes)) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.count * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }
}
