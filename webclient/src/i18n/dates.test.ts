import './more';
import { expect, test, vi } from 'vitest';
import { clockTime, dateAndTime, dayLabel, listTime, setHours } from './dates';

const at = (year: number, month: number, day: number, hour = 12, minute = 0) =>
  new Date(year, month - 1, day, hour, minute).getTime();
const now = at(2026, 3, 18, 15);

test('the list shows a time today, a weekday this week, a day this year, else a date', () => {
  expect(listTime(at(2026, 3, 18, 9, 5), now)).toBe('09:05');
  expect(listTime(at(2026, 3, 16), now)).toBe('Mon');
  expect(listTime(at(2026, 1, 12), now)).toBe('12 Jan');
  expect(listTime(at(2025, 12, 3), now)).toBe('03.12.25');
});

test('midnight is written as 00:00', () => {
  expect(clockTime(at(2026, 3, 18, 0, 0))).toBe('00:00');
});

test('who reads clocks of twelve hours gets them everywhere', () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { setItem: (key: string, value: string) => kept.set(key, value) });
  setHours(12);
  expect(clockTime(at(2026, 3, 18, 14, 2))).toBe('2:02 pm');
  expect(clockTime(at(2026, 3, 18, 0, 0))).toBe('12:00 am');
  expect(listTime(at(2026, 3, 18, 9, 5), now)).toBe('9:05 am');
  expect(dateAndTime(at(2026, 3, 12, 14, 2))).toBe('12 Mar, 2:02 pm');
  setHours(24);
  expect(dateAndTime(at(2026, 3, 12, 14, 2))).toBe('12 Mar, 14:02');
  expect([...kept.values()]).toEqual(['24']);
  vi.unstubAllGlobals();
});

test('a day pill names the day', () => {
  expect(dayLabel(at(2026, 3, 18, 0, 1), now)).toBe('Today');
  expect(dayLabel(at(2026, 3, 17, 23, 59), now)).toBe('Yesterday');
  expect(dayLabel(at(2026, 3, 1), now)).toBe('1 March');
  expect(dayLabel(at(2024, 3, 1), now)).toBe('1 March 2024');
});
