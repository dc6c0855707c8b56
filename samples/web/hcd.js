// SPDX-License-Identifier: BSD-2-Clause
// The page: opens what ?src=… names (an MP4 file, master.m3u8 or manifest.mpd), wires the controls, shows facts. Other words of
// the address: model=…, weights=… (a file in place of the stream's own), always=1, planes=rgb (as if the browser gave no
// planes), times=1.

import { KERNELS } from './kernels.js';
import { Ladder, readLadder } from './ladder.js';
import { readMp4 } from './mp4.js';
import { Player } from './player.js';
import { describe, fetchBytes, openBlob, openFile, shown } from './stream.js';

const at = (id) => document.getElementById(id);
const video = at('video'), canvas = at('canvas'), words = new URLSearchParams(location.search);
const page = { video, canvas, description: undefined, ladder: null, file: null };
const player = new Player(video, canvas, (size) => (page.ladder ? page.ladder.describe(size) : page.description));
Object.assign(page, { player, open });
window.hcd = page;  // for a console, and tests

// ---- opening ----

function note(text) {
  const item = document.createElement('li');
  item.textContent = text;
  at('notes').append(item);
}

function close() {
  page.ladder?.close();
  Object.assign(page, { ladder: null, description: undefined, file: null });
  at('notes').replaceChildren();
  at('rungs').hidden = true;
  player.reset();
  video.removeAttribute('src');
  video.load();
}

const beside = (url) => url.replace(/\.[^./?#]+([?#].*)?$/, '.hcd.safetensors');

// Opens an address; `weights`: resolves to the bytes of the file that lies beside it.
async function open(source, weights = null) {
  close();
  try {
    const url = source instanceof Blob ? null : new URL(source, document.baseURI).href;
    if (url && /\.(m3u8|mpd)$/.test(new URL(url).pathname)) {
      page.ladder = new Ladder(video, await readLadder(url), note, (error) => player.say(false, error.message));
      const choices = page.ladder.rungs.map(({ name, bandwidth }, i) => new Option(`${name}, ${Math.round(bandwidth / 1000)} kb/s`, i));
      at('rung').replaceChildren(new Option('by the network', ''), ...choices);
      at('rungs').hidden = false;
      return;
    }
    page.file = url ? await openFile(url, note) : openBlob(source);
    const found = await readMp4(page.file);
    video.src = page.file.url;
    const own = await describe(found, weights ?? (() => fetchBytes(beside(url))), note).catch((error) => ({ video: found.video, error }));
    page.description = own;
    await player.again();
  } catch (error) {
    player.say(false, error.message);
    if (page.file && !video.src) video.src = page.file.url;  // what is no MP4 file to us the browser may still play
  }
}

// ---- controls ----

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const toggle = () => (video.paused ? video.play().catch((error) => note(error.message)) : video.pause());
const clamp = (value, most) => Math.min(most, Math.max(0, value));

function split(percent) {
  at('split').value = clamp(percent, 100);
  const place = Number(at('split').value);
  canvas.style.clipPath = `inset(0 0 0 ${place}%)`;
  const stage = at('stage').getBoundingClientRect(), box = at('picture').getBoundingClientRect();
  at('line').style.left = `${box.left - stage.left + box.width * place / 100}px`;
  const both = player.enlarging && place > 0 && place < 100;
  for (const id of ['line', 'left', 'right']) at(id).hidden = !both;
}

function layOut() {
  const aspect = (video.videoWidth || 16) / (video.videoHeight || 9), stage = at('stage');
  stage.style.aspectRatio = aspect;
  stage.style.maxWidth = `calc(80vh * ${aspect})`;
  const { clientWidth: width, clientHeight: height } = stage;
  at('picture').style.width = `${Math.min(width, height * aspect)}px`;
  at('picture').style.height = `${Math.min(height, width / aspect)}px`;
  split(Number(at('split').value));
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else at('stage').requestFullscreen?.().catch((error) => note(error.message));
}

function seekTo(seconds) {
  if (video.duration) video.currentTime = clamp(seconds, video.duration);
}

const KEYS = {
  ' ': toggle, k: toggle, f: fullScreen, m: () => at('mute').click(), e: () => at('enlarge').click(), t: () => at('times').click(),
  ArrowLeft: () => seekTo(video.currentTime - 5), ArrowRight: () => seekTo(video.currentTime + 5),
  Home: () => seekTo(0), End: () => seekTo(video.duration),
  '[': () => split(Number(at('split').value) - 5), ']': () => split(Number(at('split').value) + 5),
};

document.addEventListener('keydown', (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!Object.hasOwn(KEYS, key) || event.ctrlKey || event.altKey || event.metaKey || event.target.matches('input, select')) return;
  if (event.target.matches('button') && key === ' ') return;
  event.preventDefault();
  KEYS[key]();
});

// A finger or the mouse moves the line; without a move it plays or pauses.
let pressed = null;
at('stage').addEventListener('pointerdown', (event) => {
  pressed = { x: event.clientX, moved: false };
  at('stage').setPointerCapture(event.pointerId);
});
at('stage').addEventListener('pointermove', (event) => {
  if (!pressed) return;
  pressed.moved ||= Math.abs(event.clientX - pressed.x) > 6;
  const box = at('picture').getBoundingClientRect();
  if (pressed.moved) split(100 * (event.clientX - box.left) / box.width);
});
at('stage').addEventListener('pointerup', () => {
  if (pressed && !pressed.moved) toggle();
  pressed = null;
});
at('stage').addEventListener('pointercancel', () => { pressed = null; });
at('stage').addEventListener('dblclick', fullScreen);

at('play').addEventListener('click', toggle);
at('full').addEventListener('click', fullScreen);
at('mute').addEventListener('click', () => { video.muted = !video.muted; });
at('split').addEventListener('input', () => split(Number(at('split').value)));
at('seek').addEventListener('input', () => seekTo(Number(at('seek').value) * video.duration));
at('enlarge').addEventListener('change', () => player.want(at('enlarge').checked));
at('always').addEventListener('change', () => {
  player.always = at('always').checked;
  at('enlarge').checked = true;
  player.want(true);
});
at('times').addEventListener('change', () => {
  player.measuring = at('times').checked;
  at('passes').hidden = !player.measuring;
  player.show();
});
at('model').addEventListener('change', () => {
  player.choice = at('model').value || null;
  player.again();
});
at('rung').addEventListener('change', () => page.ladder?.choose(at('rung').value === '' ? null : Number(at('rung').value)));
at('open').addEventListener('change', () => {
  const files = [...at('open').files], weights = files.find(({ name }) => name.endsWith('.safetensors')), film = files.find((file) => file !== weights);
  if (!film) return note('expected an MP4 file, and its .safetensors if it has some, found no MP4 file');
  const missing = () => Promise.reject(new Error('expected the .safetensors file of this stream beside it: open both at once'));
  return open(film, weights ? async () => new Uint8Array(await weights.arrayBuffer()) : missing);
});

for (const name of ['resize', 'loadedmetadata']) video.addEventListener(name, layOut);
for (const name of ['resize', 'fullscreenchange']) window.addEventListener(name, layOut);
document.addEventListener('fullscreenchange', layOut);
for (const name of ['play', 'pause', 'ended', 'volumechange']) {
  video.addEventListener(name, () => {
    at('play').textContent = video.paused ? 'Play' : 'Pause';
    at('mute').textContent = video.muted ? 'Sound on' : 'Sound off';
  });
}
video.addEventListener('error', () => {
  const before = player.enlarging || !player.text ? '' : `${player.text}; `;
  player.say(false, `${before}the browser does not play it: ${video.error.message || `error ${video.error.code}`}`);
});
player.addEventListener('state', () => {
  at('state').textContent = player.text;
  at('state').className = player.enlarging ? '' : 'plain';
  at('right').textContent = player.enlarging ? player.text.split(',')[0] : '';
  at('enlarge').checked = player.wanted;
  split(Number(at('split').value));
});

// ---- facts ----

function table(id, rows) {
  at(id).replaceChildren(...rows.map((cells) => {
    const row = document.createElement('tr');
    row.append(...cells.map((text, i) => {
      const cell = document.createElement(i ? 'td' : 'th');
      cell.textContent = text;
      return cell;
    }));
    return row;
  }));
}

let before = { drawn: 0, time: performance.now() };
function facts() {
  const { drawn, late } = player.counts, time = performance.now(), quality = video.getVideoPlaybackQuality?.();
  const rate = 1000 * Math.max(0, drawn - before.drawn) / (time - before.time);
  before = { drawn, time };
  const seconds = video.duration || 0, rung = page.ladder?.tracks[0].rung;
  const bits = page.file && seconds ? `${Math.round(8 * page.file.size / seconds / 1000)} kb/s, ${page.file.size} bytes`
    : rung ? `${Math.round(rung.bandwidth / 1000)} kb/s, rung ${rung.name}; the network gives ${Math.round(page.ladder.rate / 1000)} kb/s` : '–';
  table('facts', [
    ['bits', bits], ['frames a second, enlarged', rate.toFixed(1)], ['frames enlarged', drawn], ['frames too late to enlarge', late],
    ['frames that the browser dropped', quality ? quality.droppedVideoFrames : '–'], ['size', video.videoWidth ? `${video.videoWidth}x${video.videoHeight}` : '–'],
  ]);
  if (seconds) {
    at('seek').value = video.currentTime / seconds;
    at('time').textContent = `${clock(video.currentTime)} / ${clock(seconds)}`;
  }
  if (player.measuring && player.enlarger) {
    const list = player.enlarger.timers.read(), all = list.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    table('passes', [['pass', 'ms'], ...list.map(({ name, milliseconds }) => [name, milliseconds.toFixed(2)]), ['all', all.toFixed(2)], ['by', player.enlarger.timers.how]]);
  }
}
setInterval(facts, 500);

// ---- the address ----

at('model').replaceChildren(new Option('the stream says', ''), ...['lite', 'base', ...Object.keys(KERNELS)].map((name) => new Option(name, name)));
at('model').value = words.get('model') ?? '';
player.choice = words.get('model');
player.rgb = words.get('planes') === 'rgb';
player.always = at('always').checked = words.get('always') === '1';
player.measuring = at('times').checked = words.get('times') === '1';
at('passes').hidden = !player.measuring;
layOut();
page.ready = (async () => {
  const src = words.get('src'), weights = words.get('weights');
  if (!src) return player.say(false, 'open an MP4 file, or name one in the address: ?src=film.mp4');
  document.title = `${shown(src)} – HCD`;
  try {
    if (weights) player.weights = await fetchBytes(weights);
  } catch (error) {
    return player.say(false, error.message);
  }
  return open(src);
})();
