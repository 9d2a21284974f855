/**
 * Square codes that cameras read (QR codes, ISO/IEC 18004): bytes, with error correction of level M, in versions 1 to 10,
 * which is up to 213 bytes.
 */

/** By version: bytes of correction of each block, then how many blocks hold how many bytes of data. */
const BLOCKS: readonly (readonly [number, ...(readonly [number, number])[]])[] = [
  [10, [1, 16]],
  [16, [1, 28]],
  [26, [1, 44]],
  [18, [2, 32]],
  [24, [2, 43]],
  [16, [4, 27]],
  [18, [4, 31]],
  [22, [2, 38], [2, 39]],
  [22, [3, 36], [2, 37]],
  [26, [4, 43], [1, 44]],
];
/** Where the centres of the small squares lie, on both axes. */
const CENTRES: readonly (readonly number[])[] = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];
const BYTES_MODE = 0b0100;
const PADDING = [0b11101100, 0b00010001] as const;
const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** Rows of dark (true) and light squares, without the quiet border; null for a text that is too long. */
export function qrCode(text: string): readonly (readonly boolean[])[] | null {
  const data = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, at) => roomIn(at + 1) >= data.length) + 1;
  if (version === 0) {
    return null;
  }
  const words = interleaved(version, dataWords(version, data));
  const drawn = MASKS.map((_, mask) => draw(version, words, mask));
  const costs = drawn.map(costOf);
  return drawn[costs.indexOf(Math.min(...costs))] ?? null;
}

const lengthBits = (version: number): number => (version < 10 ? 8 : 16);

function dataSize(version: number): number {
  const [, ...groups] = BLOCKS[version - 1] ?? [0];
  return groups.reduce((sum, [count, size]) => sum + count * size, 0);
}

const roomIn = (version: number): number => Math.floor((dataSize(version) * 8 - 4 - lengthBits(version)) / 8);

function dataWords(version: number, data: Uint8Array): number[] {
  const bits: number[] = [];
  const push = (value: number, count: number) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  push(BYTES_MODE, 4);
  push(data.length, lengthBits(version));
  for (const byte of data) push(byte, 8);
  const size = dataSize(version);
  push(0, Math.min(4, size * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const words: number[] = [];
  for (let at = 0; at < bits.length; at += 8) {
    words.push(bits.slice(at, at + 8).reduce((value, bit) => value * 2 + bit, 0));
  }
  for (let at = 0; words.length < size; at += 1) words.push(PADDING[at % 2] ?? 0);
  return words;
}

/** The words of all blocks, then those of their correction, one of each block in turn. */
function interleaved(version: number, words: readonly number[]): number[] {
  const [correction, ...groups] = BLOCKS[version - 1] ?? [0];
  const blocks: (readonly number[])[] = [];
  let at = 0;
  for (const [count, size] of groups) {
    for (let block = 0; block < count; block += 1) {
      blocks.push(words.slice(at, at + size));
      at += size;
    }
  }
  const corrections = blocks.map((block) => remainder(block, correction));
  const inTurn = (parts: readonly (readonly number[])[]) => {
    const longest = Math.max(...parts.map((part) => part.length));
    return Array.from({ length: longest }, (_, place) => parts.flatMap((part) => part[place] ?? [])).flat();
  };
  return [...inTurn(blocks), ...inTurn(corrections)];
}

/** A product in the field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** Reed-Solomon: what is left of `words` when divided by the polynomial with `count` roots. */
function remainder(words: readonly number[], count: number): number[] {
  let divisor = [1];
  let root = 1;
  for (let at = 0; at < count; at += 1) {
    const next = [...divisor, 0];
    divisor.forEach((factor, place) => {
      next[place + 1] = (next[place + 1] ?? 0) ^ times(factor, root);
    });
    divisor = next;
    root = times(root, 2);
  }
  const left = Array.from({ length: count }, () => 0);
  for (const word of words) {
    const factor = word ^ (left.shift() ?? 0);
    left.push(0);
    for (let place = 0; place < count; place += 1) {
      left[place] = (left[place] ?? 0) ^ times(divisor[place + 1] ?? 0, factor);
    }
  }
  return left;
}

/** `value` with the check bits of a BCH code behind it. */
function checked(value: number, bits: number, generator: number): number {
  let rest = value << bits;
  const top = 31 - Math.clz32(generator);
  while (rest !== 0 && 31 - Math.clz32(rest) >= top) {
    rest ^= generator << (31 - Math.clz32(rest) - top);
  }
  return (value << bits) | rest;
}

function draw(version: number, words: readonly number[], mask: number): boolean[][] {
  const size = 17 + version * 4;
  const dark = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  const fixed = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  const set = (row: number, column: number, on: boolean) => {
    const [cells, marks] = [dark[row], fixed[row]];
    if (!cells || !marks || column < 0 || column >= size) return;
    cells[column] = on;
    marks[column] = true;
  };
  for (let at = 0; at < size; at += 1) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const square = (row: number, column: number, reach: number, light: readonly number[]) => {
    for (let dr = -reach; dr <= reach; dr += 1) {
      for (let dc = -reach; dc <= reach; dc += 1) {
        set(row + dr, column + dc, !light.includes(Math.max(Math.abs(dr), Math.abs(dc))));
      }
    }
  };
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ] as const) {
    square(row, column, 4, [2, 4]);
  }
  const centres = CENTRES[version - 1] ?? [];
  const last = centres.length - 1;
  centres.forEach((row, i) => {
    centres.forEach((column, j) => {
      const isCorner = (i === 0 && (j === 0 || j === last)) || (i === last && j === 0);
      if (!isCorner) square(row, column, 2, [1]);
    });
  });
  drawFormat(size, mask, set);
  if (version >= 7) {
    const bits = checked(version, 12, 0x1f25);
    for (let at = 0; at < 18; at += 1) {
      const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
      set(near, far, ((bits >> at) & 1) === 1);
      set(far, near, ((bits >> at) & 1) === 1);
    }
  }
  const masked = MASKS[mask];
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    // The column of the dotted line is left out.
    const column = right <= 6 ? right - 1 : right;
    const isUp = ((column + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const row = isUp ? size - 1 - step : step;
      for (const c of [column, column - 1]) {
        const cells = dark[row];
        if (!cells || fixed[row]?.[c]) continue;
        const word = words[bit >> 3] ?? 0;
        cells[c] = (((word >> (7 - (bit & 7))) & 1) === 1) !== (masked?.(row, c) === true);
        bit += 1;
      }
    }
  }
  return dark;
}

/** Which mask was taken, twice, and the one square that is always dark. Level M is 00. */
function drawFormat(size: number, mask: number, set: (row: number, column: number, on: boolean) => void): void {
  const bits = checked(mask, 10, 0x537) ^ 0x5412;
  const on = (at: number) => ((bits >> at) & 1) === 1;
  for (let at = 0; at < 15; at += 1) {
    const down = at < 6 ? at : at < 8 ? at + 1 : size - 15 + at;
    set(down, 8, on(at));
    const across = at < 8 ? size - 1 - at : at === 8 ? 7 : 14 - at;
    set(8, across, on(at));
  }
  set(size - 8, 8, true);
}

/** How hard a drawing is to read: long runs, blocks of one colour, and too much of one. */
function costOf(dark: readonly (readonly boolean[])[]): number {
  const size = dark.length;
  const columns = dark.map((_, at) => dark.map((row) => row[at] === true));
  let cost = 0;
  for (const line of [...dark, ...columns]) {
    const text = line.map((cell) => (cell ? '1' : '0')).join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) cost += run.length - 2;
    for (const like of ['10111010000', '00001011101']) {
      for (let at = text.indexOf(like); at >= 0; at = text.indexOf(like, at + 1)) cost += 40;
    }
  }
  for (let row = 0; row + 1 < size; row += 1) {
    for (let column = 0; column + 1 < size; column += 1) {
      const one = dark[row]?.[column];
      const same = [dark[row]?.[column + 1], dark[row + 1]?.[column], dark[row + 1]?.[column + 1]];
      if (same.every((cell) => cell === one)) cost += 3;
    }
  }
  const count = dark.flat().filter(Boolean).length;
  return cost + Math.floor(Math.abs((count / size ** 2) * 100 - 50) / 5) * 10;
}
