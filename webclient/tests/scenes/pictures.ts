/** Pictures for the scenes, painted here: what an address stands for is always the same landscape or face. */

function numberOf(words: string): number {
  let sum = 2_166_136_261;
  for (const sign of words) sum = Math.imul(sum ^ (sign.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return sum;
}

/** Numbers from 0 to 1 that follow from a word. */
function chances(words: string): () => number {
  let state = numberOf(words) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function sky(pen: OffscreenCanvasRenderingContext2D, w: number, h: number, hue: number): void {
  const fill = pen.createLinearGradient(0, 0, 0, h);
  fill.addColorStop(0, `hsl(${hue}, 70%, 72%)`);
  fill.addColorStop(1, `hsl(${hue + 40}, 80%, 88%)`);
  pen.fillStyle = fill;
  pen.fillRect(0, 0, w, h);
}

function landscape(pen: OffscreenCanvasRenderingContext2D, w: number, h: number, next: () => number): void {
  const hue = Math.floor(next() * 360);
  sky(pen, w, h, hue);
  pen.fillStyle = 'hsl(48, 100%, 92%)';
  pen.beginPath();
  pen.arc(w * (0.2 + next() * 0.6), h * 0.3, h * 0.09, 0, 7);
  pen.fill();
  for (let hill = 0; hill < 3; hill += 1) {
    const base = h * (0.5 + hill * 0.16);
    const shift = next() * 6;
    pen.fillStyle = `hsl(${(hue + 120 + hill * 12) % 360}, 35%, ${56 - hill * 14}%)`;
    pen.beginPath();
    pen.moveTo(0, h);
    for (let x = 0; x <= w; x += w / 24) {
      pen.lineTo(x, base + Math.sin(shift + (x / w) * (4 + hill)) * h * 0.09);
    }
    pen.lineTo(w, h);
    pen.fill();
  }
}

function face(pen: OffscreenCanvasRenderingContext2D, w: number, h: number, next: () => number): void {
  sky(pen, w, h, Math.floor(next() * 360));
  pen.fillStyle = `hsl(${20 + next() * 15}, 50%, ${50 + next() * 30}%)`;
  pen.beginPath();
  pen.ellipse(w / 2, h * 0.42, w * 0.2, h * 0.24, 0, 0, 7);
  pen.fill();
  pen.fillStyle = `hsl(${next() * 360}, 40%, 40%)`;
  pen.beginPath();
  pen.ellipse(w / 2, h * 1.02, w * 0.38, h * 0.36, 0, 0, 7);
  pen.fill();
  pen.beginPath();
  pen.ellipse(w / 2, h * 0.28, w * 0.21, h * 0.13, 0, Math.PI, 7);
  pen.fill();
}

let pending = 0;

/** How many pictures are being painted. */
export const beingPainted = (): number => pending;

/** The picture that an address stands for: a square face, a tall picture or a wide one, as its name says. */
export async function pictureOf(mxc: string): Promise<Blob> {
  const id = mxc.slice(mxc.lastIndexOf('/') + 1);
  const isFace = id.startsWith('face_');
  const [w, h] = isFace ? [160, 160] : id.includes('tall') ? [600, 800] : [960, 640];
  const canvas = new OffscreenCanvas(w, h);
  const pen = canvas.getContext('2d');
  if (pen) (isFace ? face : landscape)(pen, w, h, chances(id));
  pending += 1;
  try {
    return await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
  } finally {
    pending -= 1;
  }
}
