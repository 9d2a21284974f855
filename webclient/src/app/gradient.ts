/** The wallpaper's colours: four points that wander over eight stations, blended into a 50 x 50 picture. */

export const side = 50;

export type Rgb = readonly [number, number, number];

const stations = [
  [0.8, 0.1],
  [0.6, 0.2],
  [0.35, 0.25],
  [0.25, 0.6],
  [0.2, 0.9],
  [0.4, 0.8],
  [0.65, 0.75],
  [0.75, 0.4],
] as const;

/** `#rrggbb` as three numbers from 0 to 255. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Where the four points are after `turns` stations; between two stations they are on their way. */
function pointsAt(turns: number): [number, number][] {
  return [0, 2, 4, 6].map((offset) => {
    const at = Math.floor(turns) + offset;
    const part = turns - Math.floor(turns);
    const from = stations[at % stations.length] ?? stations[0];
    const to = stations[(at + 1) % stations.length] ?? stations[0];
    return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
  });
}

/** Fill `pixels` (RGBA, side x side) with the blend of four colours after `turns` stations. */
export function paint(pixels: Uint8ClampedArray, colours: readonly Rgb[], turns: number): void {
  const points = pointsAt(turns);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const dx = column / side - 0.5;
      const dy = row / side - 0.5;
      const away = Math.hypot(dx, dy);
      // The picture is twisted round its centre, more so further out.
      const twist = away * away * 3;
      const x = 0.5 + dx * Math.cos(twist) - dy * Math.sin(twist);
      const y = 0.5 + dx * Math.sin(twist) + dy * Math.cos(twist);
      const weights = points.map(([px, py]) => Math.max(0, 0.95 - Math.hypot(x - px, y - py)) ** 4);
      const sum = weights.reduce((all, one) => all + one, 1e-6);
      const at = (row * side + column) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        pixels[at + channel] = weights.reduce(
          (all, one, index) => all + (one / sum) * (colours[index]?.[channel] ?? 0),
          0,
        );
      }
      pixels[at + 3] = 255;
    }
  }
}
