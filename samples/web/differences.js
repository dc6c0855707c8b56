// SPDX-License-Identifier: BSD-2-Clause
// Weights of `hcd tune`, which are differences to the built-in ones: as core/files/differences.cpp and range_coder.h have them.

import { fail, toFloats } from './weights.js';

const UNARY = 14, MOST_BITS = 16;

// The binary range decoder; behind the end it reads zeros. A model is [how likely 0 is, of 4096].
class Decoder {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.range = 0xffffffff;
    this.code = 0;
    for (let i = 0; i < 4; ++i) this.code = this.code * 256 + this.next();
  }

  next() {
    return this.at < this.bytes.length ? this.bytes[this.at++] : 0;
  }

  get(model) {
    const bound = Math.floor(this.range / 4096) * model[0], bit = this.code >= bound;
    if (bit) {
      this.code -= bound;
      this.range -= bound;
      model[0] -= model[0] >> 5;
    } else {
      this.range = bound;
      model[0] += (4096 - model[0]) >> 5;
    }
    for (; this.range < 2 ** 24; this.range *= 256) this.code = (this.code * 256 + this.next()) % 2 ** 32;
    return bit;
  }
}

// Signed whole numbers: whether 0, the sign, then the size in unary up to UNARY and behind it as an exponential Golomb code.
function numbersOf(bytes, count) {
  const model = () => [2048], models = (n) => Array.from({ length: n }, model);
  const zero = model(), sign = model(), low = model(), unary = models(UNARY), lengths = models(MOST_BITS);
  const decoder = new Decoder(bytes);
  return Int32Array.from({ length: count }, () => {
    if (!decoder.get(zero)) return 0;
    const negative = decoder.get(sign);
    let size = 0;
    while (size < UNARY && decoder.get(unary[size])) ++size;
    if (size === UNARY) {
      let bits = 0, rest = 1;
      while (bits < MOST_BITS && decoder.get(lengths[bits])) ++bits;
      for (let i = 0; i < bits; ++i) rest = rest * 2 + decoder.get(low);
      size += rest - 1;
    }
    return negative ? -size - 1 : size + 1;
  });
}

// ---- check sums of 64 bits: core/base/random.h ----

const word = (value) => BigInt.asUintN(64, value);

function mix(value) {
  let x = word(value + 0x9e3779b97f4a7c15n);
  x = word((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = word((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

function hashBytes(bytes, start) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let hash = start, at = 0;
  for (; at + 8 <= bytes.length; at += 8) hash = mix(hash ^ view.getBigUint64(at, true));
  let tail = BigInt(bytes.length - at);
  for (; at < bytes.length; ++at) tail = (tail << 8n) | BigInt(bytes[at]);
  return mix(hash ^ tail);
}

const hexadecimal = (hash) => hash.toString(16).padStart(16, '0');
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function hashTensors(tensors) {
  let hash = 0n;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    hash = hashBytes(bytes, hashBytes(new TextEncoder().encode(`${name} ${dtype} [${shape.join(', ')}]`), hash));
  }
  return hexadecimal(hash);
}

// A file of differences and the weights that they belong to, as parseSafetensors() gives them, to the same with `values`.
export function expandDifferences(file, start) {
  const belongs = hashTensors(start.tensors);
  if (file.metadata['hcd.start'] !== belongs) fail(`differences to the built-in weights ${belongs}`, `some to others, ${file.metadata['hcd.start']}`);
  const steps = file.tensors.get('steps'), numbers = file.tensors.get('differences');
  if (steps?.dtype !== 'F32' || steps.shape.join() !== String(start.tensors.size) || numbers?.dtype !== 'U8' || file.tensors.size !== 2) {
    fail(`tensors 'steps' of ${start.tensors.size} F32 and 'differences' of U8`, [...file.tensors.keys()].join(', '));
  }
  const step = toFloats(steps), tensors = new Map();
  const values = [...start.tensors.values()].map(toFloats);
  const all = numbersOf(numbers.bytes, values.reduce((sum, list) => sum + list.length, 0));
  const check = hexadecimal(hashBytes(bytesOf(all), hashBytes(bytesOf(step), 0n)));
  if (file.metadata['hcd.check'] !== check) fail(`differences with the check sum ${file.metadata['hcd.check']}`, `${check}: the file is damaged`);
  let at = 0;
  [...start.tensors].forEach(([name, tensor], i) => {
    for (let k = 0; k < values[i].length; ++k) values[i][k] += Math.fround(all[at++] * step[i]);
    tensors.set(name, { ...tensor, values: values[i] });
  });
  return { metadata: file.metadata, tensors };
}
