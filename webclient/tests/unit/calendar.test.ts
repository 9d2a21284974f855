import { expect, test } from 'vitest';
import { addDays, addMonths, midnight, monthOf, weeksOf } from '../../src/model/calendar';

const dates = (weeks: (number | null)[][]) => weeks.map((week) => week.map((day) => day && new Date(day).getDate()));

test('a month is laid out in weeks from Monday on', () => {
  expect(dates(weeksOf({ year: 2026, month: 10 }))).toEqual([
    [null, null, null, null, null, null, 1],
    [2, 3, 4, 5, 6, 7, 8],
    [9, 10, 11, 12, 13, 14, 15],
    [16, 17, 18, 19, 20, 21, 22],
    [23, 24, 25, 26, 27, 28, 29],
    [30, null, null, null, null, null, null],
  ]);
  expect(dates(weeksOf({ year: 2027, month: 1 }))).toHaveLength(4);
});

test('every day of many years is in its month once, at midnight', () => {
  for (let month = { year: 2015, month: 0 }; month.year < 2035; month = addMonths(month, 1)) {
    const days = weeksOf(month)
      .flat()
      .filter((day) => day !== null);
    expect(days.every((day, at) => midnight(day) === day && new Date(day).getDate() === at + 1)).toBe(true);
    expect(monthOf(days.at(-1) ?? 0)).toEqual(month);
    expect(addDays(days.at(-1) ?? 0, 1)).toBe(
      weeksOf(addMonths(month, 1))
        .flat()
        .find((day) => day !== null),
    );
  }
});

test('months go on over the ends of a year', () => {
  expect(addMonths({ year: 2026, month: 11 }, 1)).toEqual({ year: 2027, month: 0 });
  expect(addMonths({ year: 2026, month: 0 }, -1)).toEqual({ year: 2025, month: 11 });
});
