// Unpacks what orbit_gym/views/replay/pack.py packed: base64, deflate, bytes by weight, differences, steps.

export async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return restored(header, bytes.subarray(4 + length));
}

// Replaces every array's description by the array.
function restored(value, body) {
  if (Array.isArray(value)) return value.map((item) => restored(item, body));
  if (value === null || typeof value !== "object") return value;
  if ("at" in value && "kind" in value) return array(value, body);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restored(item, body)]));
}

const WIDTH = { i1: 1, i2: 2, i4: 4 };
const WHOLE = { i1: Int8Array, i2: Int16Array, i4: Int32Array };

function array({ at, kind, shape, step, differences }, body) {
  const count = shape.reduce((product, size) => product * size, 1);
  const width = WIDTH[kind];
  const bytes = new Uint8Array(count * width);
  for (let plane = 0; plane < width; plane++) {
    const from = at + plane * count;
    for (let k = 0; k < count; k++) bytes[k * width + plane] = body[from + k];
  }
  const whole = new WHOLE[kind](bytes.buffer);
  const row = shape[0] ? count / shape[0] : 0;
  for (let time = 0; time < differences; time++) for (let k = row; k < count; k++) whole[k] += whole[k - row];
  if (step === 1) return whole;
  const values = new Float64Array(count);
  for (let k = 0; k < count; k++) values[k] = whole[k] * step;
  return values;
}
