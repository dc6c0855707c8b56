// SPDX-License-Identifier: BSD-2-Clause
// What an MP4 file says of its video and of how it is to be enlarged: our tags in its box moov/meta, and our message in the
// first coded frame (docs/signal.md). Boxes: ISO/IEC 14496-12 and 14496-15.

import { fail } from './weights.js';

export const MODEL = 'HCD_MODEL', SIZE = 'HCD_SIZE', KEY = 'HCD_WEIGHTS';
const MOST_MOOV = 256 << 20, MOST_SAMPLE = 16 << 20;
const UUID = '5e1d0c6b7a434f0e9b52686364736967', OF_X265 = '2ca2de09b51747dbbb55a4fe7fc2fc4e';
const KERNEL_NAMES = ['', 'bilinear', 'bicubic', 'catmull_rom', 'mitchell', 'spline36', 'lanczos2', 'lanczos'];

const text = (bytes) => new TextDecoder().decode(bytes);
const hexadecimal = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

// A part of a file, with numbers whose highest byte is first.
class Part {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get length() { return this.bytes.length; }
  u8(at) { return this.view.getUint8(at); }
  u16(at) { return this.view.getUint16(at); }
  u32(at) { return this.view.getUint32(at); }
  from(begin, end) { return new Part(this.bytes.subarray(begin, end)); }

  // [{ kind, part }] of the boxes from `at` on.
  boxes(at = 0) {
    const found = [];
    for (let start = at; start + 8 <= this.length;) {
      const { size, head, kind } = boxAt(this, start, this.length - start);
      found.push({ kind, part: this.from(start + head, start + size) });
      start += size;
    }
    return found;
  }

  // The first box of that way, or undefined.
  find(...kinds) {
    let part = this;
    for (const kind of kinds) part = part?.boxes().find((box) => box.kind === kind)?.part;
    return part;
  }
}

function boxAt(part, start, room) {
  let size = part.u32(start), head = 8;
  const kind = String.fromCharCode(...part.bytes.subarray(start + 4, start + 8));
  if (size === 1 && start + 16 <= part.length) {
    size = Number(part.view.getBigUint64(start + 8));
    head = 16;
  } else if (size === 0) {
    size = room;
  }
  if (size < head || size > room) fail(`an MP4 box of ${head} to ${room} bytes`, `'${kind}' of ${size}`);
  return { size, head, kind };
}

// `file`: { size, read(begin, end) → bytes }, an MP4 file or the init segment of one. Resolves to { tags, video, message }:
// video { width, height, depth, codec, matrix } of its first sample entry; message: of the first frame, null without one.
export async function readMp4(file) {
  let moov = null;
  for (let at = 0; !moov && at + 8 <= file.size;) {
    const head = new Part(await file.read(at, Math.min(file.size, at + 16)));
    const box = boxAt(head, 0, file.size - at);
    if (box.kind === 'moov') {
      if (box.size > MOST_MOOV) fail(`a box moov of at most ${MOST_MOOV} bytes`, box.size);
      moov = new Part(await file.read(at + box.head, at + box.size));
    }
    at += box.size;
  }
  if (!moov) fail('an MP4 file', 'no box moov');
  const tracks = moov.boxes().filter(({ kind }) => kind === 'trak').map(({ part }) => part.find('mdia'));
  const track = tracks.find((mdia) => mdia?.find('hdlr') && text(mdia.find('hdlr').bytes.subarray(8, 12)) === 'vide');
  const table = track?.find('minf', 'stbl'), entries = table?.find('stsd');
  if (!entries || entries.length < 16 || entries.u32(4) < 1) fail('a video track', 'none');
  const entry = entries.boxes(8)[0], video = videoOf(entry);
  return { tags: tagsOf(moov), video, message: await firstMessage(file, table, video) };
}

// ---- tags ----

function tagsOf(moov) {
  const tags = {};
  for (const meta of [moov.find('meta'), moov.find('udta', 'meta')]) {
    if (!meta) continue;
    // In QuickTime it is a plain box; in MP4 one with four bytes of a version.
    const inner = meta.length >= 4 && meta.u32(0) === 0 ? meta.from(4) : meta;
    const keys = inner.find('keys'), list = inner.find('ilst');
    if (!keys || !list) continue;
    const names = keys.boxes(8).map(({ part }) => text(part.bytes));
    for (const { kind, part } of list.boxes()) {
      const number = [...kind].reduce((n, c) => n * 256 + c.charCodeAt(0), 0), data = part.find('data');
      if (names[number - 1] !== undefined && data?.length >= 8) tags[names[number - 1].toUpperCase()] = text(data.bytes.subarray(8));
    }
  }
  return tags;
}

// ---- the sample entry ----

const MATRICES = { 1: 'bt709', 5: 'bt470bg', 6: 'smpte170m', 9: 'bt2020-ncl' };

function videoOf({ kind, part }) {
  const inner = (name) => part.boxes(78).find((box) => box.kind === name)?.part;
  const video = { codec: kind, width: part.u16(24), height: part.u16(26), depth: 8, matrix: null };
  const avc = inner('avcC'), hevc = inner('hvcC'), av1 = inner('av1C'), vp9 = inner('vpcC'), colour = inner('colr');
  if (avc) {
    video.lengthBytes = (avc.u8(4) & 3) + 1;
    if ((avc.u8(5) & 31) > 0) video.depth = depthOfSps(avc.from(8, 8 + avc.u16(6)));
  } else if (hevc) {
    video.depth = (hevc.u8(17) & 7) + 8;
    video.lengthBytes = (hevc.u8(21) & 3) + 1;
  } else if (av1) {
    video.depth = av1.u8(2) & 0x40 ? (av1.u8(2) & 0x20 ? 12 : 10) : 8;
  } else if (vp9) {
    video.depth = vp9.u8(6) >> 4;
  }
  if (colour && text(colour.bytes.subarray(0, 4)) === 'nclx') {
    video.matrix = MATRICES[colour.u16(8)] ?? null;
    video.fullRange = (colour.u8(10) & 0x80) !== 0;
  }
  return video;
}

// Bits of luma that an H.264 sequence parameter set says.
function depthOfSps(nal) {
  const profile = nal.u8(1);
  if (![100, 110, 122, 244, 44, 83, 86, 118, 128].includes(profile)) return 8;
  const bytes = withoutEscapes(nal.bytes.subarray(4));
  let at = 0;
  const bit = () => (bytes[at >> 3] >> (7 - (at++ & 7))) & 1;
  const golomb = () => {
    let zeros = 0, value = 1;
    while (at < 8 * bytes.length && !bit()) ++zeros;
    for (let i = 0; i < zeros; ++i) value = value * 2 + bit();
    return value - 1;
  };
  golomb();  // its number
  if (golomb() === 3) bit();  // the format of chroma; colour planes of their own
  return golomb() + 8;
}

// ---- the message in the first frame ----

function withoutEscapes(bytes) {
  const result = [];
  for (let i = 0; i < bytes.length; ++i) {
    if (i >= 2 && bytes[i] === 3 && bytes[i - 1] === 0 && bytes[i - 2] === 0) continue;
    result.push(bytes[i]);
  }
  return Uint8Array.from(result);
}

async function firstMessage(file, table, video) {
  const sizes = table.find('stsz'), offsets = table.find('stco') ?? table.find('co64');
  if (!video.lengthBytes || !sizes || !offsets || sizes.length < 12 || offsets.u32(4) < 1 || sizes.u32(8) < 1) return null;
  const size = sizes.u32(4) || sizes.u32(12);
  const at = table.find('stco') ? offsets.u32(8) : Number(offsets.view.getBigUint64(8));
  if (size > MOST_SAMPLE || at + size > file.size) return null;
  const sample = new Part(await file.read(at, at + size)), hevc = video.codec.startsWith('h');
  for (let start = 0; start + video.lengthBytes < sample.length;) {
    let length = 0;
    for (let i = 0; i < video.lengthBytes; ++i) length = length * 256 + sample.u8(start++);
    const nal = sample.from(start, start + length), kind = hevc ? (nal.u8(0) >> 1) & 63 : nal.u8(0) & 31;
    start += length;
    if (kind !== (hevc ? 39 : 6)) continue;
    const message = messageOf(new Part(withoutEscapes(nal.bytes.subarray(hevc ? 2 : 1))));
    if (message) return message;
  }
  return null;
}

// Our message among the payloads of an SEI unit, as bytes from its version on.
function messageOf(sei) {
  for (let at = 0; at + 2 < sei.length;) {
    const number = () => {
      let value = 0;
      while (at < sei.length && sei.u8(at) === 255) value += sei.u8(at++);
      return at < sei.length ? value + sei.u8(at++) : value;
    };
    const type = number(), size = number();
    let payload = sei.bytes.subarray(at, at + size);
    at += size;
    if (type !== 5) continue;
    if (hexadecimal(payload.subarray(0, 16)) === OF_X265) payload = payload.subarray(16);
    if (hexadecimal(payload.subarray(0, 16)) === UUID) return payload.slice(16);
  }
  return null;
}

export function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// As files and streams name weights.
export const keyOf = (bytes) => [crc32(bytes), bytes.length].map((n) => n.toString(16).padStart(8, '0')).join('');

// The message byte by byte: docs/signal.md; `bytes` from the version on. Throws for one that is damaged or of a later version.
export function readMessage(bytes) {
  const part = new Part(bytes);
  if (part.length < 1 || part.u8(0) !== 1) fail('a message of version 1', part.length ? part.u8(0) : 'nothing');
  if (part.length < 44 || part.u8(1) !== 44) fail('a message of 44 bytes', part.length);
  if (part.u32(40) !== crc32(bytes.subarray(0, 40))) fail('a message whose check sum fits', 'a damaged one');
  const weights = part.u8(10) & 1 ? bytes.slice(44) : null, key = hexadecimal(bytes.subarray(32, 40));
  if (part.u8(10) > 1 || part.u8(12) > 6 || part.u8(13) >= KERNEL_NAMES.length) fail('known flags, siting and kernel', `${part.u8(10)}, ${part.u8(12)}, ${part.u8(13)}`);
  if (weights && keyOf(weights) !== key) fail(`weights ${key} in the message`, keyOf(weights));
  return {
    small: { width: part.u16(2), height: part.u16(4) }, full: { width: part.u16(6), height: part.u16(8) },
    factor: part.u8(11), siting: part.u8(12), resize: KERNEL_NAMES[part.u8(13)], model: text(bytes.subarray(16, 32)).replace(/\0+$/, ''),
    key: /^0+$/.test(key) ? null : key, weights,
  };
}
