/** Months as a calendar shows them. Days are midnights of this device's time, ms. */

export interface Month {
  readonly year: number;
  /** 0 is January. */
  readonly month: number;
}

export const monthOf = (ts: number): Month => {
  const date = new Date(ts);
  return { year: date.getFullYear(), month: date.getMonth() };
};

export const midnight = (ts: number): number => new Date(ts).setHours(0, 0, 0, 0);

/** So many days later, or earlier: a day has not always 24 hours. */
export function addDays(day: number, count: number): number {
  const date = new Date(day);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + count).getTime();
}

export function addMonths({ year, month }: Month, count: number): Month {
  const date = new Date(year, month + count, 1);
  return { year: date.getFullYear(), month: date.getMonth() };
}

/** The weeks of a month from Monday on; null where a day belongs to another month. */
export function weeksOf({ year, month }: Month): (number | null)[][] {
  const before = (new Date(year, month, 1).getDay() + 6) % 7;
  const count = new Date(year, month + 1, 0).getDate();
  const weeks: (number | null)[][] = [];
  for (let start = 1 - before; start <= count; start += 7) {
    weeks.push(
      Array.from({ length: 7 }, (_, at) => {
        const day = start + at;
        return day >= 1 && day <= count ? new Date(year, month, day).getTime() : null;
      }),
    );
  }
  return weeks;
}
