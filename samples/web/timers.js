// SPDX-License-Identifier: BSD-2-Clause
// Milliseconds of each pass: by EXT_disjoint_timer_query_webgl2 where it is there, else by the clock around a read of one pixel,
// before which everything has to be done.

const KEPT = 15;  // frames, of which the median is told

export class Timers {
  constructor(gl) {
    this.gl = gl;
    this.extension = gl.getExtension('EXT_disjoint_timer_query_webgl2');
    this.on = false;
    this.times = new Map();  // name → milliseconds of frames
    this.waiting = [];
    this.frame = new Map();
  }

  get how() {
    return this.extension ? 'EXT_disjoint_timer_query_webgl2' : 'the clock, each pass waited for';
  }

  around(name, work) {
    const { gl, extension } = this;
    if (!this.on) return work();
    if (!extension) {
      const begin = performance.now();
      work();
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      gl.getError();  // of a framebuffer that has another format to read
      this.frame.set(name, (this.frame.get(name) ?? 0) + performance.now() - begin);
      return undefined;
    }
    const query = gl.createQuery();
    gl.beginQuery(extension.TIME_ELAPSED_EXT, query);
    work();
    gl.endQuery(extension.TIME_ELAPSED_EXT);
    this.waiting.push({ name, query });
    return undefined;
  }

  // Behind the last pass of a frame.
  finish() {
    if (this.waiting.length) this.waiting.push({ end: true });
    if (this.frame.size) this.keep();
  }

  keep() {
    for (const [name, time] of this.frame) {
      const list = this.times.get(name) ?? [];
      list.push(time);
      this.times.set(name, list.slice(-KEPT));
    }
    this.frame.clear();
  }

  // [{ name, milliseconds }], the median of the last frames that are done; empty before.
  read() {
    const { gl } = this;
    while (this.waiting.length) {
      const { name, query, end } = this.waiting[0];
      if (!end && !gl.getQueryParameter(query, gl.QUERY_RESULT_AVAILABLE)) break;
      this.waiting.shift();
      if (end) {
        if (!gl.getParameter(this.extension.GPU_DISJOINT_EXT)) this.keep();
        this.frame.clear();
      } else {
        this.frame.set(name, (this.frame.get(name) ?? 0) + gl.getQueryParameter(query, gl.QUERY_RESULT) / 1e6);
        gl.deleteQuery(query);
      }
    }
    const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
    return [...this.times].map(([name, list]) => ({ name, milliseconds: median(list) }));
  }
}
