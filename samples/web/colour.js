// SPDX-License-Identifier: BSD-2-Clause
// Code values of a frame and R'G'B', both in [0, 1]: ITU-R BT.601-7, BT.709-6, BT.2020-2, as core/image/colour.cpp has them.

const WEIGHTS = { bt709: [0.2126, 0.0722], 'bt2020-ncl': [0.2627, 0.0593], smpte170m: [0.299, 0.114], bt470bg: [0.299, 0.114] };

// Matrix, by rows, and offset of r = matrix y + offset. Throws for what is no Y'CbCr of these.
export function rgbFromCodes(matrix, full) {
  if (!(matrix in WEIGHTS)) {
    throw new Error(`colours: expected a matrix ${Object.keys(WEIGHTS).join(', ')}, found ${matrix}`);
  }
  const [kr, kb] = WEIGHTS[matrix], kg = 1 - kr - kb;
  const y = 255 / (full ? 255 : 219), c = 255 / (full ? 255 : 224), black = full ? 0 : 16 / 255, middle = 128 / 255;
  const rows = [[y, 0, 2 * (1 - kr) * c], [y, -2 * (1 - kb) * kb / kg * c, -2 * (1 - kr) * kr / kg * c], [y, 2 * (1 - kb) * c, 0]];
  return { rows, offset: rows.map((row) => -row[0] * black - (row[1] + row[2]) * middle) };
}

export function codesFromRgb(matrix, full) {
  const [kr, kb] = WEIGHTS[matrix], kg = 1 - kr - kb;
  const y = (full ? 255 : 219) / 255, c = (full ? 255 : 224) / 255, cb = 0.5 * c / (1 - kb), cr = 0.5 * c / (1 - kr);
  const rows = [[kr * y, kg * y, kb * y], [-kr * cb, -kg * cb, (1 - kb) * cb], [(1 - kr) * cr, -kg * cr, -kb * cr]];
  return { rows, offset: [full ? 0 : 16 / 255, 128 / 255, 128 / 255] };
}

// As WebGL takes it: by columns.
export const columns = (rows) => [0, 1, 2].flatMap((c) => rows.map((row) => row[c]));

// Where chroma samples sit in their cells, on both axes: the sitings of docs/signal.md, left where nothing is said.
export function chromaPosition(siting) {
  const left = siting === 0 || siting === 1 || siting === 3 || siting === 5;
  return { x: left ? 0.25 : 0.5, y: siting === 3 || siting === 4 ? 0.25 : siting >= 5 ? 0.75 : 0.5 };
}
