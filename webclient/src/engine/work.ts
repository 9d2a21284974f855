/**
 * Proof of work: a text after a challenge so that SHA-256 of both begins with zero bits. Done by own digests, because
 * `crypto.subtle` is a promise for each of some 260,000, and absent where the page came over plain HTTP.
 */

const BLOCK = 64;
/** Digests between two pauses, so that the worker can answer others meanwhile. */
const AT_ONCE = 50_000;

const FRACTIONS = fractionsOfRoots();
const words = new Int32Array(BLOCK);

/** `challenge:text`, whose SHA-256 begins with `bits` zero bits (at most 32). */
export async function solve(challenge: string, bits: number): Promise<string> {
  const prefix = new TextEncoder().encode(`${challenge}:`);
  const whole = prefix.length - (prefix.length % BLOCK);
  const middle = new Int32Array(FRACTIONS.start);
  for (let at = 0; at < whole; at += BLOCK) {
    compress(middle, prefix.subarray(at, at + BLOCK));
  }
  const state = new Int32Array(8);
  for (let count = 0; ; count += 1) {
    const text = count.toString(36);
    state.set(middle);
    finish(state, prefix.subarray(whole), text, prefix.length + text.length);
    if (Math.clz32(state[0] ?? -1) >= bits) {
      return `${challenge}:${text}`;
    }
    if (count % AT_ONCE === AT_ONCE - 1) {
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** The last blocks: what is left of the prefix, the text, and the padding with the length in all (bytes). */
function finish(state: Int32Array, rest: Uint8Array, text: string, length: number): void {
  const used = rest.length + text.length;
  const padded = new Uint8Array(used + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  padded.set(rest);
  for (let at = 0; at < text.length; at += 1) {
    padded[rest.length + at] = text.charCodeAt(at);
  }
  padded[used] = 0x80;
  new DataView(padded.buffer).setUint32(padded.length - 4, length * 8);
  for (let at = 0; at < padded.length; at += BLOCK) {
    compress(state, padded.subarray(at, at + BLOCK));
  }
}

/** One round of SHA-256 (FIPS 180-4, 6.2.2) over a block of 64 bytes. */
function compress(state: Int32Array, block: Uint8Array): void {
  const w = words;
  const at = (index: number) => w[index] as number;
  for (let t = 0; t < 16; t += 1) {
    const from = t * 4;
    const byte = (offset: number) => block[from + offset] as number;
    w[t] = (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3);
  }
  for (let t = 16; t < BLOCK; t += 1) {
    const early = at(t - 15);
    const late = at(t - 2);
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    w[t] = at(t - 16) + s0 + at(t - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < BLOCK; t += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (FRACTIONS.rounds[t] as number) + at(t)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => {
    state[index] = (state[index] as number) + value;
  });
}

function turn(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

/** The constants: first 32 bits of the fractions of roots of the first primes, square (8) and cube (64). */
function fractionsOfRoots(): { readonly start: Int32Array; readonly rounds: Int32Array } {
  const primes: number[] = [];
  for (let next = 2; primes.length < BLOCK; next += 1) {
    if (primes.every((prime) => next % prime !== 0)) {
      primes.push(next);
    }
  }
  const fraction = (root: number) => ((root % 1) * 2 ** 32) | 0;
  return {
    start: Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    rounds: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  };
}
