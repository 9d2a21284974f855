import { expect, test } from 'vitest';
import type { TimelineItem } from '../../store/contract';
import { keptOf } from './kept';

const item = (key: string, kind: TimelineItem['kind'] = 'message', more: Partial<TimelineItem> = {}): TimelineItem => ({
  ...({ thread: null, ...more } as TimelineItem),
  key,
  eventId: `$${key}`,
  kind,
});
const none = { trace: false, leaving: new Set<string>() };
const keys = (items: readonly TimelineItem[]) => items.map((one) => one.key).join(' ');

test('what was deleted leaves nothing, unless a thread begins with it', () => {
  const thread = { count: 2 } as NonNullable<TimelineItem['thread']>;
  const all = [item('a'), item('b', 'redacted'), item('c', 'redacted', { thread }), item('d')];
  expect(keys(keptOf(all, null, none).items)).toBe('a c d');
  expect(keys(keptOf(all, null, { ...none, trace: true }).items)).toBe('a b c d');
});

test('what was deleted just now stays until it has faded', () => {
  const all = [item('a'), item('b', 'redacted')];
  expect(keys(keptOf(all, null, { trace: false, leaving: new Set(['b']) }).items)).toBe('a b');
});

test('the unread line moves up when the message above it was deleted', () => {
  const all = [item('a'), item('b', 'redacted'), item('c', 'redacted'), item('d')];
  expect(keptOf(all, '$c', none).readUpTo).toBe('$a');
  expect(keptOf(all, '$a', none).readUpTo).toBe('$a');
  expect(keptOf(all, null, none).readUpTo).toBeNull();
});
