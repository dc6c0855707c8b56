// SPDX-License-Identifier: BSD-2-Clause
// Takes each frame that a video element shows, has it enlarged on a canvas above it, and judges whether the machine keeps up.
// Whatever goes wrong is said, and the video below, scaled by the browser, is what is seen.

import { Enlarger } from './enlarger.js';
import { plan } from './stream.js';

const JUDGED = 2000, FEW = 10, ENOUGH = 0.6, STRIKES = 2;  // milliseconds; frames; share of them that is drawn; times below it
const HDR = ['pq', 'smpte2084', 'hlg', 'arib-std-b67'], PLANES = ['I420', 'NV12', 'I422', 'I444'];

// The planes of what the element shows: { layout, size, matrix, fullRange, planes } or, where the browser gives R'G'B' alone,
// { layout: 'RGB', source, … }. `close()` ends it.
async function takeFrame(video, wantsRgb, said) {
  const guessed = said?.matrix ?? (video.videoHeight < 720 ? 'smpte170m' : 'bt709');  // as browsers guess
  if (typeof VideoFrame === 'undefined') {
    const size = { width: video.videoWidth, height: video.videoHeight };
    return { layout: 'RGB', size, matrix: guessed, fullRange: false, source: video, close() {} };
  }
  const frame = await currentFrame(video), { format, colorSpace: colour } = frame;
  const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
  const taken = { size: { width, height }, matrix: colour.matrix ?? guessed, fullRange: colour.fullRange ?? false, close: () => frame.close() };
  try {
    if (/P1[0-6]/.test(format ?? '')) throw new Error(`expected frames of 8 bits, found ${format}: more bits are not enlarged here`);
    if (HDR.includes(colour.transfer)) throw new Error(`expected standard dynamic range, found ${colour.transfer}: its tones are the browser's business`);
    if (frame.rotation || frame.flip) throw new Error('expected an upright picture, found one to be turned');
    if (wantsRgb || !PLANES.includes(format)) return { ...taken, layout: 'RGB', source: frame };
    const bytes = new Uint8Array(frame.allocationSize()), places = await frame.copyTo(bytes);
    return { ...taken, layout: format, planes: places.map(({ offset, stride }) => ({ data: bytes.subarray(offset), stride })) };
  } catch (error) {
    frame.close();
    throw error;
  }
}

// An element that has data may take a moment until it has a frame.
async function currentFrame(video) {
  for (let tries = 0; ; ++tries) {
    try {
      return new VideoFrame(video);
    } catch (error) {
      if (error.name !== 'InvalidStateError' || tries === 100) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }
}

export class Player extends EventTarget {
  // `describe(size)` gives the description (stream.js) of frames of a size, null where there is none, undefined before it is known. Events: 'state', when `text` or `enlarging` changes.
  constructor(video, canvas, describe) {
    super();
    Object.assign(this, { video, canvas, describe });
    this.choice = null;   // a model in place of the stream's
    this.weights = null;  // bytes in place of the stream's weights
    this.rgb = false;     // as if the browser gave no planes
    this.always = false;  // never falls back
    this.measuring = false;
    this.reset();
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();  // so that it may come back
      this.enlarger = null;
      this.say(false, "the graphics context is lost: the browser's own scaling until it is back");
    });
    canvas.addEventListener('webglcontextrestored', () => this.again());
    for (const name of ['loadeddata', 'seeked']) video.addEventListener(name, () => this.show());
    this.listen();
  }

  // For another stream.
  reset() {
    this.round = (this.round ?? 0) + 1;  // frames of before are not shown any more
    this.wanted = true;
    this.enlarging = false;
    this.text = '';
    this.key = null;      // of the present configuration
    this.failed = null;   // what went wrong with it
    this.counts = { drawn: 0, late: 0 };
    this.judge = null;
    this.strikes = 0;
    this.presented = null;
    this.canvas.hidden = true;
  }

  // With what is chosen now.
  again() {
    this.key = null;
    this.judge = null;
    this.strikes = 0;
    return this.show();
  }

  // Whether frames are enlarged, as the viewer wants it.
  want(wanted) {
    this.wanted = wanted;
    if (wanted) return this.again();
    this.say(false, "switched off: the browser's own scaling");
    return Promise.resolve();
  }

  say(enlarging, text) {
    const same = this.enlarging === enlarging && this.text === text;
    Object.assign(this, { enlarging, text });
    this.canvas.hidden = !enlarging;
    if (!same) this.dispatchEvent(new Event('state'));
  }

  // ---- frames ----

  listen() {
    if (!this.video.requestVideoFrameCallback) {
      this.say(false, "expected requestVideoFrameCallback, found a browser without it: its own scaling");
      return;
    }
    this.video.requestVideoFrameCallback((_, { presentedFrames }) => {
      this.listen();
      const passed = this.presented === null || presentedFrames < this.presented ? 1 : presentedFrames - this.presented;
      this.presented = presentedFrames;
      if (!this.wanted) return;
      this.counts.late += passed - 1;
      if (this.busy) ++this.counts.late;
      this.show();
    });
  }

  // Draws what the video shows; where that is being done already, once more afterwards. Resolves when it is on the canvas.
  show() {
    if (this.busy) {
      this.more = true;
      return this.busy;
    }
    this.busy = this.draw().finally(() => {
      this.busy = null;
      if (!this.more) return undefined;
      this.more = false;
      return this.show();
    });
    return this.busy;
  }

  async draw() {
    const { video } = this;
    if (!this.wanted || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
    let frame = null;
    const { round } = this;
    try {
      frame = await takeFrame(video, this.rgb, this.describe(null)?.video);
      const config = await this.configured(frame);
      if (!config || !this.wanted || round !== this.round) return;
      this.enlarger.timers.on = this.measuring;
      this.enlarger.draw(frame);
      await this.done();
      if (round !== this.round || !this.enlarger) return;
      ++this.counts.drawn;
      this.say(true, this.told);
      this.judgeSpeed();
    } catch (error) {
      if (round !== this.round || this.canvas.getContext('webgl2')?.isContextLost()) return;  // said by its event
      this.failed = `${error.message}: the browser's own scaling`;
      this.say(false, this.failed);
    } finally {
      frame?.close();
    }
  }

  // The enlarger, set up for such frames; null where there is nothing to do or it has failed before.
  async configured({ size, layout, matrix, fullRange }) {
    const description = this.describe(size);
    if (description === undefined) return null;  // not known yet
    const key = JSON.stringify([size, layout, matrix, fullRange, description?.id, this.choice, this.always]);
    if (key === this.key) return this.failed ? null : this.enlarger;
    Object.assign(this, { key, failed: null });
    if (!description) throw new Error(`expected a stream that has frames of ${size.width}x${size.height}, found none`);
    if (description.video.depth > 8) throw new Error(`expected frames of 8 bits, found ${description.video.depth}: more bits are not enlarged here`);
    const todo = await plan(description, size, this.choice, this.weights);
    if (!todo) {
      this.failed = `nothing to enlarge: ${description.said}`;
      this.say(false, this.failed);
      return null;
    }
    if (!this.enlarger) {
      const gl = this.canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, powerPreference: 'high-performance' });
      if (!gl) throw new Error('expected WebGL 2, found none');
      if (gl.isContextLost()) return null;
      this.enlarger = new Enlarger(gl);
    }
    this.enlarger.configure({ ...todo, small: size, layout, matrix, fullRange });
    const rgb = layout === 'RGB' ? ", from the browser's R'G'B': luma is off by up to a code value or two" : '';
    this.told = `${todo.model}, ${size.width}x${size.height} to ${todo.full.width}x${todo.full.height}${rgb}`;
    return this.enlarger;
  }

  // When the graphics card is done with all that it was told.
  async done() {
    const { gl } = this.enlarger, sync = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    while (!gl.isContextLost() && gl.getSyncParameter(sync, gl.SYNC_STATUS) !== gl.SIGNALED) {
      await new Promise((resolve) => { setTimeout(resolve, 2); });
    }
    gl.deleteSync(sync);
  }

  // ---- speed ----

  // Falls back where too few of the frames that the video has come to are drawn, twice one after the other.
  judgeSpeed() {
    const { drawn, late } = this.counts, now = performance.now(), begin = this.judge;
    const came = this.video.getVideoPlaybackQuality?.().totalVideoFrames ?? drawn + late;
    if (this.video.paused || this.video.seeking || !begin) {
      this.judge = { drawn, came, time: now };  // the first frame does not count: its shaders were made
      if (this.video.paused) this.strikes = 0;
      return;
    }
    if (now - begin.time < JUDGED) return;
    const enlarged = drawn - begin.drawn, all = came - begin.came, seconds = (now - begin.time) / 1000;
    this.judge = { drawn, came, time: now };
    this.strikes = all >= FEW && enlarged < ENOUGH * all ? this.strikes + 1 : 0;
    if (this.strikes < STRIKES || this.always) return;
    this.wanted = false;
    this.say(false, `this machine enlarged ${enlarged} of ${all} frames in ${seconds.toFixed(0)} s: the browser's own scaling (E enlarges all the same)`);
  }
}
