import { expect, test } from 'vitest';
import type { TimelineItem } from '../../../store/contract';
import { leftText, waitsUntil } from './waiting';

const item = (sender: string, ts: number, more: Partial<TimelineItem> = {}) =>
  ({ sender, ts, kind: 'message', error: null, ...more }) as TimelineItem;

test('one waits from the last message of one’s own, whatever others wrote since', () => {
  const items = [item('@me:a', 1000), item('@me:a', 5000), item('@ann:a', 9000)];
  expect(waitsUntil(items, '@me:a', 30)).toBe(35_000);
  expect(waitsUntil(items, '@bob:a', 30)).toBe(0);
});

test('what was not sent and what the server tells of one does not count', () => {
  const failed = item('@me:a', 5000, { error: { errcode: 'X', message: '', status: 400, retryAfterMs: null } });
  expect(waitsUntil([item('@me:a', 1000), failed], '@me:a', 10)).toBe(11_000);
  expect(waitsUntil([item('@me:a', 1000, { kind: 'service' })], '@me:a', 10)).toBe(0);
});

test('what is left is shown in minutes and seconds', () => {
  expect([leftText(59_001), leftText(60_000), leftText(8_200), leftText(-5)]).toEqual(['1:00', '1:00', '0:09', '0:00']);
});
