/** The time of a day as a field of the page holds it. */

/** `14:05` of that day, ms; null when it is no time. */
export function timeOn(day: number, text: string): number | null {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const date = new Date(day);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate(), Number(hours), Number(minutes)).getTime();
}

/** What is offered first: the next full hour that is at least ten minutes away. */
export function nextHour(now: number): number {
  const date = new Date(now + 10 * 60_000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours() + 1).getTime();
}
