// SPDX-License-Identifier: BSD-2-Clause
// Plays the folder of `scripts/encode --ladder … --hls|--dash` by Media Source Extensions: segments of a rung that the network
// carries, with a new choice before each. Only what scripts/encode writes is read of playlists and manifests.

import { readMp4 } from './mp4.js';
import { describe, fetchBytes, shown } from './stream.js';
import { fail } from './weights.js';

const AHEAD = 12, BEHIND = 30;  // seconds that are kept on each side of what is shown
const SHARE = 0.8;              // of the measured rate, that a rung may take

const fetchText = async (url) => new TextDecoder().decode(await fetchBytes(url));

// ---- playlists and manifests ----

// To { rungs, sound, seconds }: each rung, and the sound if there is some, a track { name, bandwidth, codecs, init, segments:
// [{ url, start, seconds }], weights: [URLs where its weights may lie] }.
export async function readLadder(url) {
  const text = await fetchText(url), ladder = await (/^\s*#EXTM3U/.test(text) ? ofHls(url, text) : ofDash(url, text));
  if (!ladder.rungs.length || ladder.rungs.some((rung) => !rung.segments.length)) fail('rungs with segments', `none in ${shown(url)}`);
  ladder.rungs.sort((a, b) => b.bandwidth - a.bandwidth);
  ladder.seconds = Math.max(...ladder.rungs.map(({ segments }) => segments.at(-1).start + segments.at(-1).seconds));
  return ladder;
}

const attributesOf = (line) => Object.fromEntries([...line.matchAll(/([A-Z-]+)=("[^"]*"|[^,]*)/g)].map(([, key, value]) => [key, value.replace(/"/g, '')]));

async function ofHls(url, text) {
  const lines = text.split(/\r?\n/), rungs = [];
  if (!/#EXT-X-STREAM-INF/.test(text)) return { rungs: [await mediaPlaylist(url, text, { name: shown(url), bandwidth: 0 })], sound: null };
  for (let i = 0; i < lines.length; ++i) {
    if (!lines[i].startsWith('#EXT-X-STREAM-INF:')) continue;
    const { BANDWIDTH, RESOLUTION, CODECS = '' } = attributesOf(lines[i].slice(18)), list = new URL(lines[i + 1], url).href;
    rungs.push(await mediaPlaylist(list, await fetchText(list), { name: RESOLUTION, bandwidth: Number(BANDWIDTH), codecs: CODECS.split(',')[0], all: CODECS }));
  }
  const media = lines.filter((line) => line.startsWith('#EXT-X-MEDIA:')).map((line) => attributesOf(line.slice(13))).find(({ TYPE }) => TYPE === 'AUDIO');
  if (!media?.URI) return { rungs, sound: null };
  const list = new URL(media.URI, url).href;
  return { rungs, sound: await mediaPlaylist(list, await fetchText(list), { name: 'sound', bandwidth: 0, codecs: rungs[0]?.all.split(',')[1] }) };
}

async function mediaPlaylist(url, text, track) {
  const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(text)?.[1];
  if (!init) fail('a playlist with EXT-X-MAP', `none in ${shown(url)}`);
  const segments = [];
  let start = 0;
  for (const [, length, name] of text.matchAll(/#EXTINF:([\d.]+)[^\n]*\n(?:#[^\n]*\n)*([^#\s][^\n\r]*)/g)) {
    segments.push({ url: new URL(name, url).href, start, seconds: Number(length) });
    start += Number(length);
  }
  return { ...track, init: new URL(init, url).href, segments, weights: [url.replace(/\.m3u8([?#].*)?$/, '.hcd.safetensors')] };
}

function ofDash(url, text) {
  const manifest = new DOMParser().parseFromString(text, 'application/xml');
  const tracks = [...manifest.querySelectorAll('Representation')].map((node) => {
    const template = node.querySelector('SegmentTemplate') ?? node.parentElement.querySelector('SegmentTemplate');
    const number = (element, name, otherwise) => Number(element?.getAttribute(name) ?? otherwise);
    const scale = number(template, 'timescale', 1), id = node.getAttribute('id'), segments = [];
    const named = (pattern, count) => new URL(pattern.replace('$RepresentationID$', id)
      .replace(/\$Number(?:%0(\d+)d)?\$/, (_, digits) => String(count).padStart(Number(digits ?? 1), '0')), url).href;
    let at = 0, count = number(template, 'startNumber', 1);
    for (const s of template?.querySelectorAll('S') ?? []) {
      at = number(s, 't', at);
      for (let i = 0; i <= number(s, 'r', 0); ++i, at += number(s, 'd', 0)) {
        segments.push({ url: named(template.getAttribute('media'), count++), start: at / scale, seconds: number(s, 'd', 0) / scale });
      }
    }
    return {
      kind: node.getAttribute('mimeType'), name: `${node.getAttribute('width')}x${node.getAttribute('height')}`, bandwidth: number(node, 'bandwidth', 0),
      codecs: node.getAttribute('codecs'), init: template ? named(template.getAttribute('initialization'), 0) : '', segments,
      weights: [url.replace(/\.mpd([?#].*)?$/, '.hcd.safetensors'), new URL(`media_${id}.hcd.safetensors`, url).href],
    };
  });
  return { rungs: tracks.filter(({ kind }) => kind === 'video/mp4'), sound: tracks.find(({ kind }) => kind === 'audio/mp4') ?? null };
}

// ---- playing ----

// The first of them that is there.
async function firstOf(urls) {
  for (const url of urls.slice(0, -1)) {
    const answer = await fetch(url);
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
  }
  return fetchBytes(urls.at(-1));
}

export class Ladder {
  // `told` gets what is odd, `failed` what ends it. The element's source is set.
  constructor(video, ladder, told, failed) {
    Object.assign(this, { video, told, failed, rungs: ladder.rungs, seconds: ladder.seconds });
    this.rate = 0;       // bits a second, as measured
    this.chosen = null;  // by the viewer
    this.tracks = [{ next: 0, queue: Promise.resolve() }, ...(ladder.sound ? [{ next: 0, only: ladder.sound, queue: Promise.resolve() }] : [])];
    this.media = new MediaSource();
    this.url = URL.createObjectURL(this.media);
    this.media.addEventListener('sourceopen', () => this.start(), { once: true });
    this.onSeek = () => this.seek();
    video.addEventListener('seeking', this.onSeek);
    video.src = this.url;
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.video.removeEventListener('seeking', this.onSeek);
    URL.revokeObjectURL(this.url);
  }

  start() {
    try {
      this.media.duration = this.seconds;
      for (const track of this.tracks) {
        const kind = `${track.only ? 'audio' : 'video'}/mp4; codecs="${(track.only ?? this.rungs[0]).codecs ?? 'avc1.64001f'}"`;
        if (!MediaSource.isTypeSupported(kind)) throw new Error(`expected a browser that plays ${kind}, found one that does not`);
        track.buffer = this.media.addSourceBuffer(kind);
      }
      this.timer = setInterval(() => this.tracks.forEach((track) => this.fill(track)), 250);
      this.tracks.forEach((track) => this.fill(track));
    } catch (error) {
      this.failed(error);
    }
  }

  // The description of frames of a size, or any one of them; see Player.
  describe(size) {
    const known = this.rungs.filter((rung) => rung.description);
    if (!known.length) return undefined;
    return (size ? known.find(({ description: { video } }) => video.width === size.width && video.height === size.height) : known[0])?.description ?? null;
  }

  // `index`: of a rung, or null for the network's choice.
  choose(index) {
    this.chosen = index;
    const [track] = this.tracks;
    track.queue = track.queue.then(async () => {
      await this.remove(track, this.video.currentTime + 1, Infinity);
      track.next = this.indexAt(track, this.video.currentTime + 1);
    }).catch(this.failed);
  }

  pick() {
    if (this.chosen !== null) return this.rungs[this.chosen];
    return this.rungs.find(({ bandwidth }) => bandwidth <= SHARE * this.rate) ?? this.rungs.at(-1);
  }

  indexAt({ only }, time) {
    const { segments } = only ?? this.rungs[0], index = segments.findIndex(({ start, seconds }) => time < start + seconds);
    return index < 0 ? segments.length - 1 : index;
  }

  buffered({ buffer }, time) {
    for (let i = 0; i < buffer.buffered.length; ++i) {
      if (buffer.buffered.start(i) <= time + 0.1 && buffer.buffered.end(i) > time) return buffer.buffered.end(i);
    }
    return null;
  }

  seek() {
    for (const track of this.tracks) {
      track.queue = track.queue.then(() => {
        if (track.buffer && this.buffered(track, this.video.currentTime) === null) track.next = this.indexAt(track, this.video.currentTime);
      });
      this.fill(track);
    }
  }

  // Fetches a track's next segment where it is short of one.
  fill(track) {
    if (track.filling) return;
    track.filling = true;
    track.queue = track.queue.then(() => this.step(track)).catch(this.failed).finally(() => { track.filling = false; });
  }

  async step(track) {
    const { video } = this, segment = (track.only ?? this.rungs[0]).segments[track.next];
    const end = this.buffered(track, video.currentTime) ?? video.currentTime;
    if (this.closed || !segment) return this.finish();
    if (end - video.currentTime > AHEAD) return undefined;
    const rung = track.only ?? this.pick(), begin = performance.now();
    if (track.rung !== rung) await this.change(track, rung);
    const bytes = await fetchBytes(rung.segments[track.next].url), taken = performance.now() - begin;
    const rate = 8000 * bytes.length / Math.max(1, taken);
    if (!track.only) this.rate = this.rate ? 0.7 * this.rate + 0.3 * rate : rate;
    await this.work(track, () => track.buffer.appendBuffer(bytes));
    await this.align(track, segment, bytes);
    ++track.next;
    if (video.currentTime > BEHIND) await this.remove(track, 0, video.currentTime - BEHIND);
    return undefined;
  }

  // Frames that wait for others delay the video's times, which browsers take as they are: it goes where the playlist has it.
  async align(track, segment, bytes) {
    const { buffer } = track;
    if (track.aligned || !buffer.buffered.length) return;
    track.aligned = true;
    const late = buffer.buffered.start(0) - segment.start;
    if (Math.abs(late) < 0.001) return;
    await this.remove(track, 0, Infinity);
    buffer.timestampOffset = -late;
    await this.work(track, () => buffer.appendBuffer(bytes));
  }

  async change(track, rung) {
    const init = await fetchBytes(rung.init);
    if (!track.only && !rung.description) {
      const found = await readMp4({ size: init.length, read: async (begin, end) => init.subarray(begin, end) });
      try {
        rung.description = await describe(found, () => firstOf(rung.weights), this.told);
      } catch (error) {
        rung.description = { video: found.video, error };
      }
      rung.description.id = rung.name;
    }
    await this.work(track, () => {
      if (track.rung && track.rung.codecs !== rung.codecs) track.buffer.changeType(`video/mp4; codecs="${rung.codecs}"`);
      track.buffer.appendBuffer(init);
    });
    track.rung = rung;
  }

  // A call of the buffer, to its end.
  work({ buffer }, call) {
    return new Promise((resolve, reject) => {
      buffer.addEventListener('updateend', resolve, { once: true });
      buffer.addEventListener('error', () => reject(new Error('expected a segment that the browser plays, found one that it refuses')), { once: true });
      call();
      if (!buffer.updating) resolve();
    });
  }

  async remove(track, begin, end) {
    if (track.buffer?.buffered.length && this.media.readyState !== 'closed') await this.work(track, () => track.buffer.remove(begin, end));
  }

  finish() {
    const done = this.tracks.every((track) => track.next >= (track.only ?? this.rungs[0]).segments.length && !track.buffer.updating);
    if (done && this.media.readyState === 'open' && !this.closed) this.media.endOfStream();
  }
}
