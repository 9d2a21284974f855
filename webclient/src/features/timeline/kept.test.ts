import { expect, test } from 'vitest';
import type { TimelineItem } from '../../store/contract';
import { keptOf, withDeleted } from './kept';

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

test('what was deleted below what is seen is read with it, and nothing else is', () => {
  const [me, bob] = ['@me:test', '@bob:test'];
  const told = (...all: TimelineItem[]) => ({
    items: all.map((one) => one.key),
    events: Object.fromEntries(all.map((one) => [one.key, one])),
  });
  const by = (sender: string) => ({ sender });
  const deleted = told(item('a', 'message', by(bob)), item('b', 'message', by(me)), item('c', 'redacted', by(bob)));
  expect(withDeleted(deleted, 0, me)).toBe('c');
  const more = told(item('a', 'message', by(bob)), item('b', 'message', by(bob)), item('c', 'redacted', by(bob)));
  expect(withDeleted(more, 0, me)).toBe('a');
  expect(withDeleted(told(item('a', 'message', by(bob)), item('b', 'message', by(me))), 0, me)).toBe('a');
  expect(withDeleted(told(item('a', 'redacted', by(bob))), -1, me)).toBe('a');
});
