// SPDX-License-Identifier: BSD-2-Clause
// A stream and what is to be done with it: a file of one URL, whose bytes are read as they are wanted, and its weights.

import { KERNELS } from './kernels.js';
import { KEY, MODEL, SIZE, keyOf, readMessage, readMp4 } from './mp4.js';
import { fail, isLight, readNetwork } from './weights.js';

const FACTORS = { lite: [2], base: [2, 4] }, SLACK = 0.25, MOST_NETWORK = 4, MOST_RATIO = 16;

// ---- bytes ----

export async function fetchBytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${shown(url)}: expected a file, found HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

// The last part of an address, for people.
export const shown = (url) => decodeURIComponent(new URL(url, document.baseURI).pathname.split('/').slice(-2).join('/'));

function ofBlob(blob) {
  return { size: blob.size, read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()), url: URL.createObjectURL(blob) };
}

// A file for readMp4() with the `url` that a video element plays. A server that knows no ranges (python3 -m http.server) could
// not seek either: then the whole file is fetched first, which `told` says.
export async function openFile(url, told) {
  const answer = await fetch(url, { headers: { Range: 'bytes=0-15' } });
  if (!answer.ok) throw new Error(`${shown(url)}: expected a file, found HTTP ${answer.status}`);
  const total = /\/(\d+)$/.exec(answer.headers.get('Content-Range') ?? '')?.[1];
  if (answer.status !== 206 || !total) {
    told('the server knows no ranges: the whole file is loaded first');
    return ofBlob(await answer.blob());
  }
  await answer.arrayBuffer();
  const read = async (begin, end) => {
    const part = await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` } });
    const bytes = new Uint8Array(await part.arrayBuffer());
    if (part.status !== 206 || bytes.length !== end - begin) throw new Error(`${shown(url)}: expected bytes ${begin} to ${end}, found ${bytes.length}`);
    return bytes;
  };
  return { size: Number(total), read, url };
}

export const openBlob = ofBlob;

// ---- what is to be done ----

// The built-in weights, which lie beside the page.
const builtIn = (model, scale) => fetchBytes(new URL(`models/${model}_x${scale}.safetensors`, import.meta.url));

// `found`: of readMp4(); `weights()` resolves to the bytes of the file beside the stream. Resolves to { video, model, full,
// small, siting, resize, weights, said }, as scripts/play reads it: the tags, else the frames' message, else lite and twice
// the size. `told` gets what is odd.
export async function describe(found, weights, told) {
  const { tags, video, message } = found;
  let said = null;
  try {
    said = message && readMessage(message);
  } catch (error) {
    told(`the message in the frames is left alone: ${error.message}`);
  }
  const description = { video, model: 'lite', full: null, small: null, siting: said?.siting ?? 0, resize: said?.resize || 'bicubic', weights: null, said: 'the stream says nothing: lite, twice the size' };
  if (tags[MODEL] !== undefined) {
    const size = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(tags[SIZE] ?? '');
    if (tags[SIZE] !== undefined && !size) fail(`a tag ${SIZE} as 1920x1080`, `'${tags[SIZE]}'`);
    description.model = tags[MODEL];
    description.full = size && { width: Number(size[1]), height: Number(size[2]) };
    description.said = `the file's tags say ${tags[MODEL]}${size ? `, ${tags[SIZE]}` : ''}`;
    if (tags[KEY]) description.weights = await fitting(await weights(), tags[KEY]);
  } else if (said) {
    Object.assign(description, { model: said.model, full: said.full, small: said.small, said: `the frames say ${said.model}, ${said.full.width}x${said.full.height}` });
    if (said.key) description.weights = said.weights ?? await fitting(await weights(), said.key);
  }
  return description;
}

async function fitting(bytes, key) {
  if (keyOf(bytes) !== key) fail(`weights ${key}, which the stream names`, `${keyOf(bytes)}`);
  return bytes;
}

// What the enlarger needs for frames of a size: { model, full, net, kernel, resize, siting }; null where nothing is to be
// enlarged. `choice`: a model in place of the stream's, or null; `weights`: bytes in place of its own, or null. A description
// that could not be made has an `error`, which is thrown here unless there is a choice.
export async function plan(description, frame, choice = null, weights = null) {
  if (description.error && choice === null) throw description.error;
  const { small, siting = 0, resize = 'bicubic' } = description, own = description.model?.split('+')[0], model = choice ?? own;
  if (small && (small.width !== frame.width || small.height !== frame.height)) {
    fail(`frames of ${small.width}x${small.height}, as the stream says`, `${frame.width}x${frame.height}: the message is of another stream`);
  }
  if (model === 'none') return null;
  const full = description.full ?? { width: 2 * frame.width, height: 2 * frame.height };
  const ratio = Math.max(full.width / frame.width, full.height / frame.height);
  const least = Math.min(full.width / frame.width, full.height / frame.height);
  const most = isLight(model) ? MOST_NETWORK : MOST_RATIO;
  if (least < 1 || ratio > most) fail(`a full size of 1 to ${most} times ${frame.width}x${frame.height}`, `${full.width}x${full.height}`);
  if (Object.hasOwn(KERNELS, model)) return { model, full, net: null, kernel: model, resize, siting };
  if (!isLight(model)) fail(`a model that a browser can run: lite, base, ${Object.keys(KERNELS).join(', ')}`, `'${model}'`);
  const bytes = weights ?? (model === own ? description.weights : null);
  const factor = FACTORS[model].find((each) => each * (1 + SLACK) >= ratio) ?? FACTORS[model].at(-1);
  const net = await readNetwork(bytes ?? await builtIn(model, factor), builtIn);
  if (net.model !== model) fail(`weights of ${model}`, `those of ${net.model}`);
  return { model, full, net, kernel: net.chroma, resize, siting };
}
