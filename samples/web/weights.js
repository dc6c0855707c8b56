// SPDX-License-Identifier: BSD-2-Clause
// Weight files of light networks (docs/models/light.md): safetensors to the layers of a network. Every function throws an Error
// that says what was expected and what was found.

import { expandDifferences } from './differences.js';
import { KERNELS } from './kernels.js';

const MOST_BYTES = 4 << 20, MOST_LAYERS = 32, MOST_CHANNELS = 128, LEAK = 0.1;
const ARCHITECTURES = { lite: { width: 16, depth: 5, scales: [2] }, base: { width: 32, depth: 6, scales: [2, 4] } };

export const isLight = (model) => Object.hasOwn(ARCHITECTURES, model);

export function fail(expected, found) {
  throw new Error(`expected ${expected}, found ${found}`);
}

// ---- safetensors ----

const SIZES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1 };

// Bytes to { metadata, tensors: name → { dtype, shape, bytes } }, in the order of their names.
export function parseSafetensors(bytes) {
  if (bytes.length < 8 || bytes.length > MOST_BYTES) fail(`a safetensors file of 8 to ${MOST_BYTES} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) fail(`a safetensors header of at most ${bytes.length - 8} bytes`, `a length of ${length}`);
  let header;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    fail('JSON as safetensors header', error.message);
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) fail('a JSON object as safetensors header', 'something else');
  const { __metadata__: metadata = {}, ...entries } = header;
  const data = bytes.subarray(8 + length), tensors = new Map();
  let covered = 0;
  for (const name of Object.keys(entries).sort()) {
    const { dtype, shape, data_offsets: offsets } = entries[name] ?? {};
    const whole = (list) => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!Object.hasOwn(SIZES, dtype) || !whole(shape) || !whole(offsets) || offsets.length !== 2) {
      fail(`tensor '${name}' with dtype, shape and two data_offsets`, JSON.stringify(entries[name]).slice(0, 80));
    }
    const [begin, end] = offsets, size = shape.reduce((a, b) => a * b, SIZES[dtype]);
    if (begin > end || end > data.length || end - begin !== size) {
      fail(`${size} bytes of tensor '${name}' within ${data.length}`, `${begin} to ${end}`);
    }
    covered += size;
    tensors.set(name, { dtype, shape, bytes: data.slice(begin, end) });
  }
  if (covered !== data.length) fail(`${data.length} bytes of tensors, the rest of the file`, covered);
  return { metadata, tensors };
}

function halfToFloat(half) {
  const exponent = (half >> 10) & 31, fraction = half & 1023, sign = half & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

export function toFloats({ dtype, shape, bytes }) {
  const count = shape.reduce((a, b) => a * b, 1), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = new DataView(new ArrayBuffer(4));
  const read = {
    F64: (i) => view.getFloat64(8 * i, true),
    F32: (i) => view.getFloat32(4 * i, true),
    F16: (i) => halfToFloat(view.getUint16(2 * i, true)),
    BF16: (i) => (word.setUint32(0, view.getUint16(2 * i, true) << 16), word.getFloat32(0)),
  }[dtype];
  if (!read) fail('finite numbers', `whole numbers, ${dtype}`);
  return Float32Array.from({ length: count }, (_, i) => read(i));
}

// ---- the network ----

// "hcd.config" to { skip, layers: [{ kernel, in, out, slope }] }.
function parseConfig(kind, scale, text) {
  const where = `configuration of ${kind}:`;
  let config;
  try {
    config = JSON.parse(text);
  } catch {
    fail(`${where} a JSON object`, String(text).slice(0, 80));
  }
  const keys = (object, known, at) => {
    if (object === null || typeof object !== 'object' || Array.isArray(object)) fail(`${where} ${at}an object`, JSON.stringify(object));
    const stray = Object.keys(object).find((key) => !known.includes(key));
    if (stray !== undefined) fail(`${where} ${at}one of ${known.join(', ')}`, `'${stray}'`);
  };
  keys(config, ['skip', 'layers'], '');
  const skip = config.skip ?? 'bilinear', { width, depth, scales } = ARCHITECTURES[kind];
  if (!Object.hasOwn(KERNELS, skip)) fail(`${where} skip: one of ${Object.keys(KERNELS).join(', ')}`, skip);
  const own = config.layers !== undefined;
  if (own ? scale < 2 || scale > 4 : !scales.includes(scale)) fail(`scale ${own ? '2 to 4' : scales.join(' or ')} for ${kind}`, scale);
  const list = own ? config.layers : [...Array(depth).fill({ out: width, activation: 'leaky_relu' }), { out: scale * scale }];
  if (!Array.isArray(list) || list.length < 1 || list.length > MOST_LAYERS) fail(`${where} a list of 1 to ${MOST_LAYERS} layers`, JSON.stringify(list).slice(0, 80));
  let before = 1;
  const layers = list.map((item, i) => {
    keys(item, ['kernel', 'out', 'activation', 'slope'], `layers[${i}]: `);
    const { kernel = 3, out, activation = 'none', slope = LEAK } = item;
    if (![1, 3, 5].includes(kernel)) fail(`${where} layers[${i}].kernel: 1, 3 or 5`, kernel);
    if (!Number.isInteger(out) || out < 1 || out > MOST_CHANNELS) fail(`${where} layers[${i}].out: a whole number [1, ${MOST_CHANNELS}]`, out);
    const slopes = { none: 1, relu: 0, leaky_relu: slope };
    if (!Object.hasOwn(slopes, activation)) fail(`${where} layers[${i}].activation: none, relu or leaky_relu`, activation);
    if (!(slope > 0 && slope < 1)) fail(`${where} layers[${i}].slope: a number (0, 1)`, slope);
    const layer = { kernel, in: before, out, slope: slopes[activation] };
    before = out;
    return layer;
  });
  if (before !== scale * scale) fail(`${where} ${scale * scale} channels of the last layer, the square of the scale`, before);
  return { skip, layers };
}

// A file's bytes to { model, scale, skip, chroma, layers }, each layer with `weights` [out][in][k][k] and `bias` [out].
// `builtIn(model, scale)`: the bytes of the built-in weights, to which a file may hold differences.
export async function readNetwork(bytes, builtIn) {
  let file = parseSafetensors(bytes);
  const { 'hcd.model': model, 'hcd.scale': scaleText, 'hcd.config': config = '{}', 'hcd.downscaler': chroma = 'bicubic' } = file.metadata;
  if (!isLight(model)) fail(`metadata hcd.model: ${Object.keys(ARCHITECTURES).join(' or ')}, which a browser can run`, model);
  if (!/^[1-9]$/.test(scaleText)) fail('metadata hcd.scale: 1 to 9', scaleText);
  if (!Object.hasOwn(KERNELS, chroma)) fail(`metadata hcd.downscaler: one of ${Object.keys(KERNELS).join(', ')}`, chroma);
  const scale = Number(scaleText);
  if ('hcd.start' in file.metadata) file = expandDifferences(file, parseSafetensors(await builtIn(model, scale)));
  const { skip, layers } = parseConfig(model, scale, config);
  const take = (name, shape) => {
    const tensor = file.tensors.get(name);
    if (!tensor || tensor.shape.join() !== shape.join()) fail(`a tensor '${name}' of shape [${shape}]`, tensor ? `[${tensor.shape}]` : 'none');
    const values = tensor.values ?? toFloats(tensor);
    if (!values.every(Number.isFinite)) fail(`finite numbers in tensor '${name}'`, 'NaN or infinity');
    return values;
  };
  layers.forEach((layer, i) => {
    layer.weights = take(`${i}.weight`, [layer.out, layer.in, layer.kernel, layer.kernel]);
    layer.bias = take(`${i}.bias`, [layer.out]);
  });
  if (file.tensors.size !== 2 * layers.length) fail(`${2 * layers.length} tensors`, file.tensors.size);
  return { model, scale, skip, chroma, layers };
}
