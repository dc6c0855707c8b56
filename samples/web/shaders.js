// SPDX-License-Identifier: BSD-2-Clause
// The shaders of the passes, as texts. Pixels lie side by side; a map of features has four channels in a texel and one layer
// of a texture array for each four; a border of `border` zeros around it is the padding of the convolutions.

const HEAD = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D; precision highp sampler2DArray;
`;

// One triangle over everything.
export const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1); }`;

// A number as GLSL reads it.
function number(value) {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const vector = (values) => `vec4(${values.map(number).join(',')})`;

// The way from one of GLSL's columns to the next is one input channel: mat4 of four inputs, a column for each.
const matrix = (columns) => `mat4(${columns.flat().map(number).join(',')})`;

function bent(name, slope) {
  if (slope === 1) return name;
  return `max(${name}, ${slope === 0 ? 'vec4(0)' : `${number(slope)} * ${name}`})`;
}

// The weight of output `o` for input `i` at a tap; none beyond the layer's channels.
const weightAt = (layer, o, i, tap) => (o < layer.out && i < layer.in
  ? layer.weights[(o * layer.in + i) * layer.kernel ** 2 + tap] : 0);

const fours = (n) => Array.from({ length: 4 }, (_, i) => 4 * n + i);

// A convolution: groups [first, first + count) of four output channels. `luma`: its input is the picture, code values that
// are changed to scale * v + offset; zero beyond its border.
export function convolution(layer, first, count, border, luma) {
  const pad = layer.kernel >> 1, inputs = luma ? 1 : Math.ceil(layer.in / 4);
  const groups = Array.from({ length: count }, (_, g) => first + g);
  const lines = [];
  for (const g of groups) {
    lines.push(`vec4 s${g} = ${vector(fours(g).map((o) => (o < layer.out ? layer.bias[o] : 0)))};`);
  }
  if (!luma) lines.push('vec4 v;');
  for (let y = 0; y < layer.kernel; ++y) {
    for (let x = 0; x < layer.kernel; ++x) {
      const tap = y * layer.kernel + x, at = `p + ivec2(${x - pad}, ${y - pad})`;
      for (let n = 0; n < inputs; ++n) {
        lines.push(luma ? `v = luma(${at});` : `v = texelFetch(maps, ivec3(${at}, ${n}), 0);`);
        for (const g of groups) {
          const columns = (luma ? [0] : fours(n)).map((i) => fours(g).map((o) => weightAt(layer, o, i, tap)));
          lines.push(`s${g} += ${luma ? vector(columns[0]) : matrix(columns)} * v;`);
        }
      }
    }
  }
  const input = luma ? `uniform sampler2D picture; uniform vec2 range;
float luma(ivec2 p) {
  bool inside = all(greaterThanEqual(p, ivec2(0))) && all(lessThan(p, textureSize(picture, 0)));
  return inside ? range.x * texelFetch(picture, p, 0).r + range.y : 0.0;
}` : 'uniform sampler2DArray maps;';
  return `${HEAD}${input}
${groups.map((g, i) => `layout(location = ${i}) out vec4 o${g};`).join('\n')}
void main() {
ivec2 p = ivec2(gl_FragCoord.xy)${luma ? ` - ${border}; float v` : ''};
${lines.join('\n')}
${groups.map((g) => `o${g} = ${bent(`s${g}`, layer.slope)};`).join('\n')}
}`;
}

// What the last layer gives, laid out as pixels, and the skip: number dy * factor + dx of a block is its pixel (dx, dy).
export function shuffle(factor, skip, border) {
  const list = (type, values, text) => `${type}[](${values.map(text).join(', ')})`;
  return `${HEAD}uniform sampler2D picture; uniform sampler2DArray maps; uniform float unit;
const int first[${factor}] = ${list('int', skip.first, String)};
const float taps[${skip.weights.length}] = ${list('float', skip.weights, number)};
out float shown;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy), q = p / ${factor}, d = p - q * ${factor}, most = textureSize(picture, 0) - 1;
  float sum = 0.0;
  for (int y = 0; y < ${2 * skip.reach}; ++y) {
    for (int x = 0; x < ${2 * skip.reach}; ++x) {
      ivec2 at = clamp(q + ivec2(first[d.x] + x, first[d.y] + y), ivec2(0), most);
      sum += taps[d.x * ${2 * skip.reach} + x] * taps[d.y * ${2 * skip.reach} + y] * texelFetch(picture, at, 0).r;
    }
  }
  int c = d.y * ${factor} + d.x;
  shown = sum + unit * texelFetch(maps, ivec3(q + ${border}, c >> 2), 0)[c & 3];
}`;
}

// One axis of a resizing, by a table of kernels.js. `planes`: 2 where U and V lie in textures of their own.
export function resize(planes) {
  return `${HEAD}uniform sampler2D picture${planes === 2 ? ', second' : ''}, table; uniform ivec2 axis;
out vec4 made;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  int i = axis.x * p.x + axis.y * p.y, taps = textureSize(table, 0).x - 1;
  int start = int(texelFetch(table, ivec2(0, i), 0).r);
  vec2 sum = vec2(0);
  for (int t = 0; t < taps; ++t) {
    ivec2 at = p + axis * (start + t - i);
    vec2 v = ${planes === 2 ? 'vec2(texelFetch(picture, at, 0).r, texelFetch(second, at, 0).r)' : 'texelFetch(picture, at, 0).rg'};
    sum += texelFetch(table, ivec2(1 + t, i), 0).r * v;
  }
  made = vec4(sum, 0, 1);
}`;
}

// Luma and chroma to R'G'B'. `lie`: chroma samples per pixel and the position of a sample in its cell, on both axes.
export const COLOUR = `${HEAD}uniform sampler2D luma, chroma; uniform mat3 matrix; uniform vec3 offset; uniform vec4 lie;
uniform int height;
out vec4 colour;
void main() {
  ivec2 p = ivec2(gl_FragCoord.x, height - 1 - int(gl_FragCoord.y));
  vec2 at = (vec2(p) + 0.5) * lie.xy - lie.zw + 0.5;
  vec3 ycc = vec3(texelFetch(luma, p, 0).r, texture(chroma, at / vec2(textureSize(chroma, 0))).rg);
  colour = vec4(matrix * ycc + offset, 1);
}`;

// The way back, where the browser gives nothing but R'G'B': code values of luma and chroma, rounded as a decoder's.
export const SPLIT = `${HEAD}uniform sampler2D picture; uniform mat3 matrix; uniform vec3 offset;
layout(location = 0) out vec4 luma; layout(location = 1) out vec4 chroma;
void main() {
  vec3 ycc = matrix * texelFetch(picture, ivec2(gl_FragCoord.xy), 0).rgb + offset;
  luma = vec4(ycc.x, 0, 0, 1);
  chroma = vec4(ycc.yz, 0, 1);
}`;
