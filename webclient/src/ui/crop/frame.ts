/**
 * Where a square frame lies on a picture. Lengths on the picture are its own pixels; those on the page are CSS pixels, and
 * the frame is `frame` of them wide.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  /** What of the picture is under the middle of the frame. */
  readonly x: number;
  readonly y: number;
  /** 1: the frame holds as much as it can without an empty edge. */
  readonly zoom: number;
}

const most = 8;
/** The frame holds so many pixels of the picture at the least, or all there are. */
const least_px = 64;

/** How far one can go into a picture. */
export const mostZoom = (size: Size): number =>
  Math.max(1, Math.min(most, Math.min(size.width, size.height) / least_px));

/** Side of the part of the picture that is in the frame. */
export const sideOf = (place: Place, size: Size): number => Math.min(size.width, size.height) / place.zoom;

export const middleOf = (size: Size): Place => ({ x: size.width / 2, y: size.height / 2, zoom: 1 });

const between = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));

/** The nearest place where the frame is full. */
export function held(place: Place, size: Size): Place {
  const zoom = between(1, place.zoom, mostZoom(size));
  const half = sideOf({ ...place, zoom }, size) / 2;
  return { x: between(half, place.x, size.width - half), y: between(half, place.y, size.height - half), zoom };
}

/** The picture was moved under the frame by so much of the page. */
export function moved(place: Place, dx: number, dy: number, size: Size, frame: number): Place {
  const ratio = sideOf(place, size) / frame;
  return held({ ...place, x: place.x - dx * ratio, y: place.y - dy * ratio }, size);
}

/** Nearer or farther, while the point of the picture that is `dx`, `dy` from the middle of the frame stays there. */
export function zoomed(place: Place, zoom: number, dx: number, dy: number, size: Size, frame: number): Place {
  const next = between(1, zoom, mostZoom(size));
  const by = (sideOf(place, size) - sideOf({ ...place, zoom: next }, size)) / frame;
  return held({ x: place.x + dx * by, y: place.y + dy * by, zoom: next }, size);
}

/** Left upper corner and side of what is in the frame. */
export function cutOf(place: Place, size: Size): { readonly x: number; readonly y: number; readonly side: number } {
  const side = sideOf(place, size);
  return { x: place.x - side / 2, y: place.y - side / 2, side };
}
