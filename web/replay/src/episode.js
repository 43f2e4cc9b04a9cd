// What the log says at any time. Times are seconds since the episode's start; places are Earth-fixed, in Earth radii, y to the north.

export const RADIUS_M = 6371008.8;
export const REJECTED = 0, ON_TIME = 1, LATE = 2, LOST = 3;
export const LASER = 0, STATION = 1, USER = 2, FIBRE = 3;
const BUCKET_S = 60;

// Intervals by the minute: which ones touch a time is a look into one short list.
class Buckets {
  constructor(starts, ends, last) {
    this.starts = starts;
    this.ends = ends;
    const count = Math.max(1, Math.ceil(last / BUCKET_S) + 1);
    const sizes = new Uint32Array(count + 1);
    const each = (visit) => {
      for (let k = 0; k < starts.length; k++) {
        const from = Math.max(0, Math.floor(starts[k] / BUCKET_S)), to = Math.min(count - 1, Math.floor(ends[k] / BUCKET_S));
        for (let bucket = from; bucket <= to; bucket++) visit(bucket, k);
      }
    };
    each((bucket) => sizes[bucket + 1]++);
    for (let bucket = 0; bucket < count; bucket++) sizes[bucket + 1] += sizes[bucket];
    this.offsets = sizes.slice();
    this.items = new Uint32Array(sizes[count]);
    each((bucket, k) => (this.items[sizes[bucket]++] = k));
    this.count = count;
  }

  at(time, visit) {
    const bucket = Math.min(this.count - 1, Math.max(0, Math.floor(time / BUCKET_S)));
    for (let place = this.offsets[bucket]; place < this.offsets[bucket + 1]; place++) {
      const k = this.items[place];
      if (this.starts[k] <= time && time < this.ends[k]) visit(k);
    }
  }
}

// Number of sorted values that are at most x.
function countUpTo(sorted, x) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class World {
  constructor(data) {
    Object.assign(this, data);
    this.endS = data.end_s - data.start_s;
    this.lastS = data.last_s - data.start_s;
    this.satelliteCount = data.satellites.lanes.length;
    this.nodeCount = data.nodes.length;
    this.startDate = new Date(Date.parse(data.midnight_utc) + data.start_s * 1000);
    this.places = new Float32Array(3 * this.nodeCount);
    data.sites.forEach(([x, y, z], k) => {
      const lift = 1.0015 / Math.hypot(x, y, z); // the ellipsoid's sites on a sphere
      this.places.set([x * lift, z * lift, -y * lift], 3 * (this.satelliteCount + k));
    });
    this.linkBuckets = new Buckets(data.links.start_s, data.links.end_s, this.lastS);
    this.lightBuckets = new Buckets(data.sunlight.start_s, data.sunlight.end_s, this.lastS);
    this.sun = [data.sun[0], data.sun[2], -data.sun[1]];
  }

  date(time) {
    return new Date(this.startDate.getTime() + time * 1000);
  }

  angle(time) {
    return this.rotation_rad_per_s * time;
  }

  // Fills this.places (x, y, z of every node): a cubic through the four samples around the time.
  move(time) {
    this.sampleInto(this.places, time, 0, this.satelliteCount);
  }

  sampleInto(out, time, first, count) {
    const samples = this.positions_m, row = 3 * this.satelliteCount, rows = samples.length / row;
    const place = (time + this.start_s - this.position_start_s) / this.position_step_s;
    const index = Math.min(Math.max(Math.floor(place), 0), rows - 2);
    const u = Math.min(Math.max(place - index, 0), 1);
    const b = index * row, c = b + row, a = index > 0 ? b - row : -1, d = index + 2 < rows ? c + row : -1;
    const half = 0.5 / RADIUS_M;
    for (let k = 3 * first; k < 3 * (first + count); k += 3) {
      for (let axis = 0; axis < 3; axis++) {
        const p1 = samples[b + k + axis], p2 = samples[c + k + axis];
        const p3 = d < 0 ? 3 * p2 - 3 * p1 + (a < 0 ? p1 : samples[a + k + axis]) : samples[d + k + axis];
        const p0 = a < 0 ? 3 * p1 - 3 * p2 + p3 : samples[a + k + axis];
        const value = half * (2 * p1 + u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0))));
        if (axis === 0) out[k - 3 * first] = value;
        else if (axis === 1) out[k - 3 * first + 2] = -value;
        else out[k - 3 * first + 1] = value;
      }
    }
  }

  linksAt(time, visit) {
    this.linkBuckets.at(time, visit);
  }

  sunlitAt(time) {
    const lit = new Uint8Array(this.satelliteCount);
    this.lightBuckets.at(time, (k) => (lit[this.sunlight.satellite[k]] = 1));
    return lit;
  }

  // Links of one satellite by partner, most connected first: [{other, kind, spans: [[start, end, rate]]}].
  partners(satellite) {
    const { node_a: a, node_b: b, kind, start_s: start, end_s: end, rate_bps: rate } = this.links;
    const found = new Map();
    for (let k = 0; k < a.length; k++) {
      if (a[k] !== satellite && b[k] !== satellite) continue;
      const other = a[k] === satellite ? b[k] : a[k];
      if (!found.has(other)) found.set(other, { other, kind: kind[k], spans: [] });
      found.get(other).spans.push([start[k], end[k], rate[k]]);
    }
    const total = (item) => item.spans.reduce((sum, [from, to]) => sum + to - from, 0);
    return [...found.values()].sort((one, two) => one.kind - two.kind || total(two) - total(one));
  }

  eclipses(satellite) {
    const { satellite: who, start_s: start, end_s: end } = this.sunlight;
    const dark = [];
    let since = 0;
    for (let k = 0; k < who.length; k++) {
      if (who[k] !== satellite) continue;
      if (start[k] > since) dark.push([since, start[k]]);
      since = end[k];
    }
    if (since < this.lastS) dark.push([since, this.lastS]);
    return dark;
  }
}

export class Episode {
  constructor(world, data) {
    this.world = world;
    Object.assign(this, data);
    const tasks = data.tasks, count = tasks.outcome.length;
    this.count = count;
    this.firstHop = new Uint32Array(count + 1);
    for (let k = 0; k < count; k++) this.firstHop[k + 1] = this.firstHop[k] + tasks.input_hops[k] + tasks.result_hops[k];
    this.byOutcome = [REJECTED, ON_TIME, LATE, LOST].map((outcome) => this.timesOf(outcome));
    const delivered = [];
    for (let k = 0; k < count; k++) if (tasks.outcome[k] === ON_TIME) delivered.push([tasks.release_s[k] + tasks.delivery_s[k], tasks.value[k]]);
    delivered.sort((one, two) => one[0] - two[0]);
    this.deliveries = Float64Array.from(delivered, (pair) => pair[0]);
    let sum = 0;
    this.valueAfter = Float64Array.from(delivered, (pair) => (sum += pair[1]));
    this.setPace(60);
  }

  // When each task of an outcome counts: at its delivery, or at its release if it was rejected or will be lost.
  timesOf(outcome) {
    const { outcome: outcomes, release_s: release, delivery_s: delivery } = this.tasks;
    const times = [];
    for (let k = 0; k < this.count; k++) {
      if (outcomes[k] !== outcome) continue;
      times.push(release[k] + (outcome === ON_TIME || outcome === LATE ? delivery[k] : 0));
    }
    return Float64Array.from(times).sort();
  }

  counts(time) {
    const [rejected, onTime, late, lost] = this.byOutcome.map((times) => countUpTo(times, time));
    const released = countUpTo(this.tasks.release_s, time);
    const value = onTime ? this.valueAfter[onTime - 1] : 0;
    return { released, on_time: onTime, late, rejected, lost, under_way: released - onTime - late - rejected - lost, value };
  }

  // A transfer of milliseconds is shown for a moment that the eye can follow: `pace` is seconds of the episode per second of watching.
  setPace(pace) {
    if (this.pace === pace) return;
    this.pace = pace;
    const hopS = 0.4 * pace, flashS = 0.8 * pace;
    this.flashS = flashS;
    const { tasks, hops, firstHop } = this, total = hops.from_node.length;
    this.hopStart = new Float64Array(total);
    this.hopEnd = new Float64Array(total);
    const starts = new Float64Array(this.count), ends = new Float64Array(this.count);
    this.arrived = new Float64Array(this.count); // when the result is shown to be there
    for (let k = 0; k < this.count; k++) {
      const release = tasks.release_s[k];
      let shown = release;
      const inputs = firstHop[k] + tasks.input_hops[k];
      for (let hop = firstHop[k]; hop < firstHop[k + 1]; hop++) {
        if (hop === inputs) shown = Math.max(shown, release + tasks.finish_s[k]);
        const begin = release + hops.start_s[hop];
        this.hopStart[hop] = shown = Math.max(shown, begin);
        this.hopEnd[hop] = shown = Math.max(begin + hops.end_s[hop], shown + hopS);
      }
      if (tasks.outcome[k] !== REJECTED) shown = Math.max(shown, release + tasks.delivery_s[k]);
      this.arrived[k] = shown;
      starts[k] = release;
      ends[k] = shown + flashS;
    }
    this.moving = new Buckets(starts, ends, this.world.lastS);
  }

  sampleIndex(time) {
    const rows = this.series.queue_s.length / this.world.satelliteCount;
    return Math.min(Math.max(Math.floor(time / this.series_step_s + 1e-9), 0), rows - 1);
  }

  // The latest sample at or before a time.
  satelliteAt(satellite, time) {
    const place = this.sampleIndex(time) * this.world.satelliteCount + satellite;
    const { queue_s, lanes_busy, charge_fraction, temperature_c, resident } = this.series;
    return {
      queue_s: queue_s[place],
      lanes_busy: lanes_busy[place],
      charge_fraction: charge_fraction[place],
      temperature_c: temperature_c[place],
      models: this.world.models.filter((_, model) => (resident[place] >> model) & 1),
    };
  }

  column(name, satellite) {
    const all = this.series[name], width = this.world.satelliteCount;
    return Float64Array.from({ length: all.length / width }, (_, row) => all[row * width + satellite]);
  }

  // Tasks whose service is reserved on a satellite at a time, and results that wait there for a way down.
  workAt(satellite, time) {
    const { tasks } = this;
    const running = [], waiting = [];
    this.moving.at(time, (k) => {
      if (tasks.node[k] !== satellite) return;
      const since = time - tasks.release_s[k];
      if (tasks.start_s[k] <= since && since < tasks.finish_s[k]) running.push(k);
      else if (tasks.finish_s[k] <= since && since < tasks.delivery_s[k]) waiting.push(k);
    });
    return { running, waiting };
  }
}
