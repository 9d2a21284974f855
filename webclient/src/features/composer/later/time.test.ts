import { expect, test } from 'vitest';
import { nextHour, timeOn } from './time';

const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime();

test('a time is taken on its day', () => {
  const day = at(2026, 10, 22, 0, 0);
  expect(timeOn(day, '14:05')).toBe(at(2026, 10, 22, 14, 5));
  expect(timeOn(day, '09:30:15')).toBe(at(2026, 10, 22, 9, 30));
  expect(timeOn(day, '')).toBeNull();
});

test('the next full hour is offered, if it is not too near', () => {
  expect(nextHour(at(2026, 10, 22, 13, 20))).toBe(at(2026, 10, 22, 14, 0));
  expect(nextHour(at(2026, 10, 22, 13, 55))).toBe(at(2026, 10, 22, 15, 0));
  expect(nextHour(at(2026, 10, 22, 23, 10))).toBe(at(2026, 10, 23, 0, 0));
});
