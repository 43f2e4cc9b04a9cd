// The Earth: land from Natural Earth painted on a sphere, day and night by a shader, a thin atmosphere.
import * as THREE from "three";

const WIDE = 4096; // texels around the equator: 10 km

// Rings of coastlines.json as lists of [longitude, latitude] in degrees.
export function rings(coastlines) {
  return coastlines.rings.map((steps) => {
    const points = [];
    let x = 0, y = 0;
    for (let k = 0; k < steps.length; k += 2) {
      x += steps[k];
      y += steps[k + 1];
      points.push([x / coastlines.per_degree, y / coastlines.per_degree]);
    }
    return points;
  });
}

export function onSphere([longitude, latitude], radius) {
  const lambda = (longitude * Math.PI) / 180, phi = (latitude * Math.PI) / 180;
  return [radius * Math.cos(phi) * Math.cos(lambda), radius * Math.sin(phi), -radius * Math.cos(phi) * Math.sin(lambda)];
}

function paint(canvas, land, colours) {
  const pen = canvas.getContext("2d");
  const scale = canvas.width / 360;
  const trace = (ring) => ring.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"]((x + 180) * scale, (90 - y) * scale));
  pen.fillStyle = colours.sea;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colours.land;
  pen.beginPath();
  land.forEach((ring) => (trace(ring), pen.closePath()));
  pen.fill("evenodd");
  pen.strokeStyle = colours.grid;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (let x = -150; x < 180; x += 30) pen.moveTo((x + 180) * scale, 10 * scale), pen.lineTo((x + 180) * scale, 170 * scale);
  for (let y = -60; y <= 60; y += 30) pen.moveTo(0, (90 - y) * scale), pen.lineTo(canvas.width, (90 - y) * scale);
  pen.stroke();
}

// Coasts as segments; the cuts along the date line and the pole are no coasts.
function coastSegments(land) {
  const isCut = (a, b) => (Math.abs(a[0]) > 179.9 && Math.abs(b[0]) > 179.9) || (a[1] < -89.9 && b[1] < -89.9);
  const places = [];
  for (const ring of land)
    for (let k = 1; k < ring.length; k++) if (!isCut(ring[k - 1], ring[k])) places.push(...onSphere(ring[k - 1], 1.0012), ...onSphere(ring[k], 1.0012));
  return new THREE.BufferGeometry().setAttribute("position", new THREE.Float32BufferAttribute(places, 3));
}

const SPHERE_VERTEX = `
  varying vec2 at; varying vec3 up; varying vec3 seen;
  void main() {
    at = uv; up = normalize(position); vec4 view = modelViewMatrix * vec4(position, 1.0);
    seen = normalize((transpose(modelViewMatrix) * vec4(-normalize(view.xyz), 0.0)).xyz);
    gl_Position = projectionMatrix * view;
  }`;
const EARTH_FRAGMENT = `
  uniform sampler2D map; uniform vec3 sun, night, rim; uniform float darkness, rimStrength;
  varying vec2 at; varying vec3 up; varying vec3 seen;
  void main() {
    vec3 colour = texture2D(map, at).rgb;
    float day = smoothstep(-0.10, 0.10, dot(normalize(up), sun));
    colour = mix(mix(colour, night, darkness), colour, day);
    float edge = pow(1.0 - max(dot(normalize(up), normalize(seen)), 0.0), 3.0);
    colour = mix(colour, rim, edge * rimStrength * (0.35 + 0.65 * day));
    gl_FragColor = vec4(colour, 1.0);
  }`;
const AIR_FRAGMENT = `
  uniform vec3 sun, rim; uniform float rimStrength;
  varying vec2 at; varying vec3 up; varying vec3 seen;
  void main() {
    float facing = dot(normalize(up), normalize(seen));
    float glow = pow(clamp(-facing * 2.1, 0.0, 1.0), 2.4) * rimStrength * (0.25 + 0.75 * smoothstep(-0.4, 0.3, dot(normalize(up), sun)));
    gl_FragColor = vec4(rim, glow);
  }`;

export class Earth {
  constructor(coastlines) {
    this.land = rings(coastlines);
    this.canvas = Object.assign(document.createElement("canvas"), { width: WIDE, height: WIDE / 2 });
    this.texture = new THREE.CanvasTexture(this.canvas);
    this.texture.anisotropy = 4;
    this.uniforms = {
      map: { value: this.texture },
      sun: { value: new THREE.Vector3() },
      night: { value: new THREE.Color() },
      rim: { value: new THREE.Color() },
      darkness: { value: 0.7 },
      rimStrength: { value: 0.5 },
    };
    const shaded = (fragmentShader, more) => new THREE.ShaderMaterial({ vertexShader: SPHERE_VERTEX, fragmentShader, uniforms: this.uniforms, ...more });
    this.group = new THREE.Group();
    this.group.add(new THREE.Mesh(new THREE.SphereGeometry(1, 128, 64), shaded(EARTH_FRAGMENT)));
    const air = new THREE.Mesh(new THREE.SphereGeometry(1.055, 96, 48), shaded(AIR_FRAGMENT, { side: THREE.BackSide, transparent: true, depthWrite: false }));
    this.coast = new THREE.LineSegments(coastSegments(this.land), new THREE.LineBasicMaterial({ transparent: true, opacity: 0.55 }));
    this.group.add(air, this.coast);
  }

  wear(theme) {
    paint(this.canvas, this.land, theme);
    this.texture.needsUpdate = true;
    this.uniforms.night.value.set(theme.night);
    this.uniforms.rim.value.set(theme.rim);
    this.uniforms.darkness.value = theme.darkness;
    this.uniforms.rimStrength.value = theme.rimStrength;
    this.coast.material.color.set(theme.coast);
  }

  turn(angle, sun) {
    this.group.rotation.y = angle;
    this.uniforms.sun.value.fromArray(sun).applyAxisAngle(new THREE.Vector3(0, 1, 0), -angle); // the Sun stands, the Earth turns
  }
}
