// Lines between places: thin ones all in one buffer of segments, wide ones as screen-aligned strips.
import * as THREE from "three";

export class ThinLines {
  constructor(capacity, opacity) {
    this.capacity = capacity;
    this.geometry = new THREE.BufferGeometry();
    const buffer = (name) => {
      const attribute = new THREE.BufferAttribute(new Float32Array(6 * capacity), 3).setUsage(THREE.DynamicDrawUsage);
      this.geometry.setAttribute(name, attribute);
      return attribute.array;
    };
    this.places = buffer("position");
    this.colours = buffer("color");
    this.object = new THREE.LineSegments(this.geometry, new THREE.LineBasicMaterial({ vertexColors: true, transparent: true, opacity, depthWrite: false }));
    this.object.frustumCulled = false;
    this.count = 0;
  }

  clear() {
    this.count = 0;
  }

  add(places, a, b, colour) {
    if (this.count === this.capacity) return;
    const k = 6 * this.count++;
    for (let axis = 0; axis < 3; axis++) this.places[k + axis] = places[3 * a + axis], this.places[k + 3 + axis] = places[3 * b + axis];
    for (let end = k; end < k + 6; end += 3) this.colours[end] = colour.r, this.colours[end + 1] = colour.g, this.colours[end + 2] = colour.b;
  }

  show() {
    this.geometry.setDrawRange(0, 2 * this.count);
    for (const attribute of Object.values(this.geometry.attributes)) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, 6 * this.count);
      attribute.needsUpdate = true;
    }
  }
}

const VERTEX = `
  attribute vec3 from, to, colour; attribute vec2 look; // width in pixels, opacity
  uniform vec2 view; varying vec4 ink; varying float across;
  void main() {
    vec4 a = projectionMatrix * modelViewMatrix * vec4(from, 1.0), b = projectionMatrix * modelViewMatrix * vec4(to, 1.0);
    vec2 along = (b.xy / b.w - a.xy / a.w) * view;
    vec2 side = length(along) > 0.0 ? normalize(vec2(-along.y, along.x)) : vec2(0.0);
    vec4 place = mix(a, b, position.x);
    place.xy += side * position.y * (look.x + 1.0) / view * place.w;
    ink = vec4(colour, look.y); across = position.y * (look.x + 1.0) / look.x;
    gl_Position = place;
  }`;
const FRAGMENT = `
  varying vec4 ink; varying float across;
  void main() { gl_FragColor = vec4(ink.rgb, ink.a * (1.0 - smoothstep(0.55, 1.05, abs(across)))); }`;

export class WideLines {
  constructor(capacity, order) {
    this.capacity = capacity;
    this.geometry = new THREE.InstancedBufferGeometry();
    this.geometry.setAttribute("position", new THREE.Float32BufferAttribute([0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0], 3));
    this.geometry.setIndex([0, 1, 2, 0, 2, 3]);
    const buffer = (name, size) => {
      const attribute = new THREE.InstancedBufferAttribute(new Float32Array(size * capacity), size).setUsage(THREE.DynamicDrawUsage);
      this.geometry.setAttribute(name, attribute);
      return attribute.array;
    };
    this.from = buffer("from", 3);
    this.to = buffer("to", 3);
    this.colours = buffer("colour", 3);
    this.looks = buffer("look", 2);
    this.material = new THREE.ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      side: THREE.DoubleSide,
      uniforms: { view: { value: new THREE.Vector2(1, 1) } },
    });
    this.object = new THREE.Mesh(this.geometry, this.material);
    this.object.frustumCulled = false;
    this.object.renderOrder = order;
    this.count = 0;
  }

  clear() {
    this.count = 0;
  }

  add(places, a, b, colour, width, opacity) {
    if (this.count === this.capacity) return;
    const k = this.count++;
    for (let axis = 0; axis < 3; axis++) this.from[3 * k + axis] = places[3 * a + axis], this.to[3 * k + axis] = places[3 * b + axis];
    this.colours[3 * k] = colour.r, this.colours[3 * k + 1] = colour.g, this.colours[3 * k + 2] = colour.b;
    this.looks[2 * k] = width, this.looks[2 * k + 1] = opacity;
  }

  show() {
    this.geometry.instanceCount = this.count;
    for (const name of ["from", "to", "colour", "look"]) {
      const attribute = this.geometry.attributes[name];
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.count * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }
}
