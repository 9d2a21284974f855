// Writes src/app/doodle.svg, the pattern that lies over the wallpaper: our own small drawings strewn over a tile; and
// src/app/doodle-night.svg, the dark ground with the same drawings cut out. What the browser would have to blend or mask
// anew in every frame is so only laid on top.
import { writeFileSync } from 'node:fs';

// Each drawing fills about 32 x 32 around the origin.
const drawings = {
  flame: 'M0-15c2 9 11 13 11 22a11 9 0 0 1-22 0c0-5 3-8 5-11 1 3 2 4 4 5 2-5 0-10 2-16z',
  house: 'M-13 0 0-12 13 0M-9-3v14H9V-3M-3 11V4h6v7M7-6v-6h3v9',
  letter: 'M-14-9h28V9h-28zM-14-8 0 3 14-8',
  plane: 'M-14 2 14-11 4 12-2 4zM-2 4 14-11',
  key: 'M-5 0a5 5 0 1 0-10 0 5 5 0 0 0 10 0zh19M9 0v5M13 0v4',
  cup: 'M-11-6H7v9a6 6 0 0 1-6 6h-6a6 6 0 0 1-6-6zM7-4h3a4 4 0 0 1 0 8H7M-6-14c-2 2 2 3 0 5M1-14c-2 2 2 3 0 5',
  leaf: 'M-12 12C-14-6-2-13 13-12 14 4 6 14-12 12zM-12 12 5-5M-4 4v-7M1-1h6',
  moon: 'M8 8A12 12 0 1 1-2-12 10 10 0 0 0 8 8z',
  star: 'M0-13 4-4 13-3 6 3 8 13 0 8-8 13-6 3-13-3-4-4z',
  cloud: 'M-9 8a6 6 0 0 1-1-12 9 9 0 0 1 17-1 6 6 0 0 1 2 13z',
  heart: 'M0 12C-18 0-11-12-5-12c3 0 5 3 5 5 0-2 2-5 5-5 6 0 13 12-5 24z',
  note: 'M-6 9V-9L9-12V6M-6 9a4 3 0 1 1-4-3 4 3 0 0 1 4 3zM9 6A4 3 0 1 1 5 3a4 3 0 0 1 4 3z',
  bubble: 'M-13-10h26V6H-2l-6 6V6h-5zM-6-4H6M-6 0H2',
  boat: 'M-13 5h26l-5 7H-8zM-1 2v-16L11 2zM-4 2v-9l-7 9z',
  fish: 'M-12 0C-5-9 5-9 10 0 5 9-5 9-12 0zM10 0l5-5v10zM-6-2v0',
  wave: 'M-14-4c5-5 7 5 14 0s9 5 14 0M-14 4c5-5 7 5 14 0s9 5 14 0',
  sprig: 'M0 14V-12M0-6c-4 0-7-2-8-6 5 0 8 2 8 6zM0 0c4 0 7-2 8-6-5 0-8 2-8 6zM0 6c-4 0-7-2-8-6 5 0 8 2 8 6z',
  dots: 'M-6-4v0M5-7v0M2 5v0M-9 6v0M10 3v0',
};

const width = 400;
const height = 900;
const cell = 57;
const names = Object.keys(drawings);

// A fixed sequence in place of chance, so that the tile is the same each time.
let seed = 7;
const next = (limit) => {
  seed = (seed * 16807) % 2147483647;
  return seed % limit;
};

const places = [];
for (let line = 0; line * cell < height; line += 1) {
  for (let column = 0; column * cell < width - cell / 2; column += 1) {
    const x = Math.round(column * cell + cell / 2 + (line % 2) * 14 + next(12) - 6);
    const y = Math.round(line * cell + cell / 2 + next(14) - 7);
    const name = names[(line * 5 + column * 7 + next(3)) % names.length];
    const size = (70 + next(35)) / 100;
    places.push(`<use href="#${name}" transform="translate(${x} ${y})rotate(${next(60) - 30})scale(${size})"/>`);
  }
}
const shapes = names.map((name) => `<path id="${name}" d="${drawings[name]}"/>`).join('');
const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><defs>${shapes}`;
const strewn = `<g fill="none" stroke="#000" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">${places.join('')}</g>`;
const ground = '<rect width="100%" height="100%" fill="';
const write = (name, svg) => writeFileSync(new URL(`../../src/app/${name}`, import.meta.url), `${svg}</svg>\n`);
write('doodle.svg', `${head}</defs>${strewn}`);
write(
  'doodle-night.svg',
  `${head}<mask id="cut">${ground}#fff"/>${strewn}</mask></defs>${ground}#0f0f0f" mask="url(#cut)"/>`,
);
