// SPDX-License-Identifier: BSD-2-Clause
// Enlarges frames in WebGL 2 as hcd_up does: luma by a network or a kernel, chroma by a kernel; then to R'G'B' on the canvas.

import { chromaPosition, codesFromRgb, columns, rgbFromCodes } from './colour.js';
import { resizeAxis, skipTaps } from './kernels.js';
import { COLOUR, SPLIT, VERTEX, convolution, resize, shuffle } from './shaders.js';
import { Timers } from './timers.js';

const MOST_OUTPUTS = 8;  // groups of channels that a pass makes

// ceil(size / factor), or the same on a grid of 2 where `chroma` is subsampled: then a network's factor makes `large` of it,
// with the rest to cut off.
const isWhole = (large, small, factor) => small === Math.ceil(large / factor) || small === 2 * Math.ceil(Math.ceil(large / factor) / 2);

export class Enlarger {
  // `gl`: a WebGL 2 context. Throws where it cannot render to floats.
  constructor(gl) {
    this.gl = gl;
    const floats = gl.getExtension('EXT_color_buffer_float');
    if (!floats && !gl.getExtension('EXT_color_buffer_half_float')) {
      throw new Error('WebGL 2: expected EXT_color_buffer_float or EXT_color_buffer_half_float, found neither');
    }
    gl.getExtension('EXT_float_blend');
    this.wide = floats ? gl.R32F : gl.R16F;
    this.outputs = Math.min(MOST_OUTPUTS, gl.getParameter(gl.MAX_DRAW_BUFFERS), gl.getParameter(gl.MAX_COLOR_ATTACHMENTS));
    this.timers = new Timers(gl);
    this.programs = new Map();
    this.held = [];  // textures and framebuffers of the present configuration
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  }

  // What frames are and become: `small` and `full` { width, height }; `net`: of weights.js, or null; `kernel`: enlarges luma
  // where there is no network, and chroma; `resize`: behind a network at another ratio than its factor; `layout`: I420, NV12,
  // I422, I444 or RGB; `siting`: of docs/signal.md; `matrix`, `fullRange`.
  configure(config) {
    const { gl } = this, { small, full, net, layout } = config;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE), side = Math.max(full.width, full.height, small.width * (net?.scale ?? 1) + 4, small.height * (net?.scale ?? 1) + 4);
    if (side > most) throw new Error(`WebGL 2: expected sides of at most ${most}, found ${side}`);
    this.release();
    this.config = config;
    const rgb = layout === 'RGB', across = rgb || layout === 'I444' ? 1 : 2, down = across === 2 && layout !== 'I422' ? 2 : 1;
    const chromaOf = ({ width, height }) => ({ width: Math.ceil(width / across), height: Math.ceil(height / down) });
    const whole = !net || (isWhole(full.width, small.width, net.scale) && isWhole(full.height, small.height, net.scale));
    const shown = net ? { width: small.width * net.scale, height: small.height * net.scale } : small;
    const made = net && whole ? shown : full;  // what hcd_up makes before it cuts
    this.passes = [];

    this.luma = this.texture(gl.R8, small);
    const chromaSmall = chromaOf(small), two = !rgb && layout !== 'NV12';
    this.chroma = two ? [this.texture(gl.R8, chromaSmall), this.texture(gl.R8, chromaSmall)] : [this.texture(gl.RG8, chromaSmall)];
    if (rgb) this.addSplit(small, config);
    const luma = net ? this.addNetwork(net, small, config.fullRange) : this.luma;
    const large = net && whole ? luma
      : this.addResize('luma', [luma], net ? config.resize : config.kernel, shown, made, { x: 0.5, y: 0.5 }, this.wide);
    const sited = chromaPosition(config.siting);
    const position = { x: across === 2 ? sited.x : 0.5, y: down === 2 ? sited.y : 0.5 };
    const chroma = this.addResize('chroma', this.chroma, config.kernel, chromaSmall, chromaOf(made), position, gl.RG16F);
    this.addColour(large, chroma, [1 / across, 1 / down, position.x, position.y], config);
    gl.canvas.width = full.width;
    gl.canvas.height = full.height;
  }

  // `frame`: { planes: [{ data, stride }] } of the configured layout, or for RGB { source }, what texSubImage2D takes. Draws it.
  draw(frame) {
    const { gl, config } = this;
    if (config.layout === 'RGB') {
      gl.bindTexture(gl.TEXTURE_2D, this.rgb);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, gl.RGBA, gl.UNSIGNED_BYTE, frame.source);
    } else {
      [this.luma, ...this.chroma].forEach((texture, i) => {
        const { data, stride } = frame.planes[i], channels = texture.format === gl.RG8 ? 2 : 1;
        gl.bindTexture(gl.TEXTURE_2D, texture.name);
        gl.pixelStorei(gl.UNPACK_ROW_LENGTH, stride / channels);
        gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, texture.width, texture.height, channels === 2 ? gl.RG : gl.RED, gl.UNSIGNED_BYTE, data);
      });
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    }
    this.redraw();
  }

  // The frame of before.
  redraw() {
    for (const pass of this.passes) this.timers.around(pass.name, () => this.run(pass));
    this.timers.finish();
  }

  // ---- passes ----

  addNetwork(net, small, fullRange) {
    const { gl } = this, border = Math.max(...net.layers.map((layer) => layer.kernel >> 1));
    const size = { width: small.width + 2 * border, height: small.height + 2 * border };
    const most = Math.max(...net.layers.map((layer) => Math.ceil(layer.out / 4)));
    const maps = [0, 1].map(() => this.texture(gl.RGBA16F, size, most));
    // A network sees luma of limited range.
    const range = fullRange ? [219 / 255, 16 / 255] : [1, 0];
    net.layers.forEach((layer, i) => {
      const groups = Math.ceil(layer.out / 4), first = i === 0;
      for (let at = 0; at < groups; at += this.outputs) {
        const count = Math.min(this.outputs, groups - at);
        this.add({
          name: `layer ${i + 1} of ${net.layers.length}`, shader: convolution(layer, at, count, border, first),
          textures: first ? { picture: this.luma } : { maps: maps[(i + 1) % 2] }, uniforms: first ? { range } : {},
          target: this.target(maps[i % 2], at, count), view: [border, border, small.width, small.height],
        });
      }
    });
    const large = { width: small.width * net.scale, height: small.height * net.scale };
    const shown = this.texture(this.wide, large);
    this.add({
      name: 'pixels and skip', shader: shuffle(net.scale, skipTaps(net.skip, net.scale), border),
      textures: { picture: this.luma, maps: maps[(net.layers.length + 1) % 2] }, uniforms: { unit: [1 / range[0]] },
      target: this.target(shown), view: [0, 0, large.width, large.height],
    });
    return shown;
  }

  addResize(name, from, kernel, small, large, position, format) {
    let textures = from, size = small;
    for (const [axis, key, at] of [[[1, 0], 'width', position.x], [[0, 1], 'height', position.y]]) {
      const { taps, table } = resizeAxis(kernel, small[key], large[key], at);
      size = { ...size, [key]: large[key] };
      const to = this.texture(format, size);
      this.add({
        name: `${name}: ${key}`, shader: resize(textures.length), uniforms: { axis },
        textures: { picture: textures[0], second: textures[1], table: this.table(table, 1 + taps, large[key]) },
        target: this.target(to), view: [0, 0, size.width, size.height],
      });
      textures = [to];
    }
    return textures[0];
  }

  addSplit(small, { matrix, fullRange }) {
    const { rows, offset } = codesFromRgb(matrix, fullRange), { gl } = this;
    const texture = this.texture(gl.RGBA8, small);
    this.rgb = texture.name;
    const target = gl.createFramebuffer();
    this.held.push(() => gl.deleteFramebuffer(target));
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    [this.luma, this.chroma[0]].forEach((to, i) => gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + i, gl.TEXTURE_2D, to.name, 0));
    gl.drawBuffers([gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT1]);
    this.add({
      name: 'to luma', shader: SPLIT, textures: { picture: texture }, uniforms: { matrix: columns(rows), offset }, target,
      view: [0, 0, small.width, small.height],
    });
  }

  addColour(luma, chroma, lie, { matrix, fullRange, full }) {
    const { rows, offset } = rgbFromCodes(matrix, fullRange), { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, chroma.name);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    this.add({
      name: 'colours', shader: COLOUR, textures: { luma, chroma }, uniforms: { matrix: columns(rows), offset, lie, height: [full.height] },
      target: null, view: [0, 0, full.width, full.height],
    });
  }

  add(pass) {
    const program = this.program(pass.shader), places = new Map();
    for (let i = 0; i < this.gl.getProgramParameter(program, this.gl.ACTIVE_UNIFORMS); ++i) {
      const { name, type } = this.gl.getActiveUniform(program, i);
      places.set(name, { type, place: this.gl.getUniformLocation(program, name) });
    }
    this.passes.push({ ...pass, program, places });
  }

  run({ program, places, textures, uniforms, target, view }) {
    const { gl } = this;
    gl.useProgram(program);
    Object.entries(textures).filter(([name]) => places.has(name)).forEach(([name, texture], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(texture.kind, texture.name);
      gl.uniform1i(places.get(name).place, unit);
    });
    gl.activeTexture(gl.TEXTURE0);
    for (const [name, values] of Object.entries(uniforms)) {
      const { type, place } = places.get(name);
      if (type === gl.FLOAT_MAT3) gl.uniformMatrix3fv(place, false, values);
      else if (type === gl.INT || type === gl.INT_VEC2) gl[`uniform${values.length}iv`](place, values);
      else gl[`uniform${values.length}fv`](place, values);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(...view);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // ---- what WebGL holds ----

  // Zeros. `layers`: of a texture array.
  texture(format, { width, height }, layers = 0) {
    const { gl } = this, kind = layers ? gl.TEXTURE_2D_ARRAY : gl.TEXTURE_2D, name = gl.createTexture();
    gl.bindTexture(kind, name);
    if (layers) gl.texStorage3D(kind, 1, format, width, height, layers);
    else gl.texStorage2D(kind, 1, format, width, height);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(kind, filter, gl.NEAREST);
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(kind, wrap, gl.CLAMP_TO_EDGE);
    this.held.push(() => gl.deleteTexture(name));
    return { name, kind, format, width, height };
  }

  table(values, width, height) {
    const { gl } = this, texture = this.texture(gl.R32F, { width, height });
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RED, gl.FLOAT, values);
    return texture;
  }

  // A framebuffer of a texture, or of `count` layers of an array from `first` on.
  target(texture, first = 0, count = 1) {
    const { gl } = this, name = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, name);
    const places = Array.from({ length: count }, (_, i) => gl.COLOR_ATTACHMENT0 + i);
    places.forEach((place, i) => {
      if (texture.kind === gl.TEXTURE_2D) gl.framebufferTexture2D(gl.FRAMEBUFFER, place, gl.TEXTURE_2D, texture.name, 0);
      else gl.framebufferTextureLayer(gl.FRAMEBUFFER, place, texture.name, 0, first + i);
    });
    gl.drawBuffers(places);
    this.held.push(() => gl.deleteFramebuffer(name));
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost()) {
      throw new Error(`WebGL 2: expected to render to ${texture.width}x${texture.height}, found it refused: too little memory?`);
    }
    return name;
  }

  program(text) {
    const { gl } = this;
    if (this.programs.has(text)) return this.programs.get(text);
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, text]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      gl.deleteShader(shader);  // with the program
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
      throw new Error(`WebGL 2: expected a shader that compiles, found ${[gl.getProgramInfoLog(program), ...logs].join(' ')}`);
    }
    this.programs.set(text, program);
    return program;
  }

  release() {
    for (const free of this.held.splice(0)) free();
    this.passes = [];
  }
}
