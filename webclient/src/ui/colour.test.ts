import { expect, test } from 'vitest';
import { colourOf, colours, initialsOf } from './colour';

test('a person has one colour, and many people have all seven about equally', () => {
  expect(colourOf('@ann:example.org')).toBe(colourOf('@ann:example.org'));
  const counts = new Map<string, number>();
  for (let at = 0; at < 7000; at += 1) {
    const colour = colourOf(`@user${at}:example.org`);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  for (const colour of colours) expect(counts.get(colour)).toBeGreaterThan(800);
});

test('initials are the first letters of the first and the last word', () => {
  expect(initialsOf('Anna Maria Petrova')).toBe('AP');
  expect(initialsOf('boris')).toBe('B');
  expect(initialsOf('@ann:example.org')).toBe('A');
  expect(initialsOf('🎉 party')).toBe('🎉P');
  expect(initialsOf('')).toBe('');
});
