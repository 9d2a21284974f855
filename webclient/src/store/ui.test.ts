import { beforeEach, expect, test } from 'vitest';
import {
  clearWriting,
  forgetWritings,
  goTo,
  replyTo,
  route,
  startEdit,
  stopWriting,
  takeDraft,
  wasWritten,
  write,
  writingIn,
} from './ui';

const room = '!room:example.org';

beforeEach(forgetWritings);

test('a draft comes back when an edit is given up', () => {
  write(room, 'half a sentence');
  startEdit(room, '$old', 'what I said');
  expect(writingIn(room)).toMatchObject({ text: 'what I said', editing: '$old' });
  expect(stopWriting(room)).toBe(true);
  expect(writingIn(room)).toMatchObject({ text: 'half a sentence', editing: null });
});

test('a draft comes back when an edit was sent, and going from edit to edit keeps it', () => {
  write(room, 'half a sentence');
  startEdit(room, '$one', 'one');
  startEdit(room, '$two', 'two');
  clearWriting(room);
  expect(writingIn(room)).toMatchObject({ text: 'half a sentence', editing: null, replyTo: null });
});

test('a reply ends an edit, keeps the draft, and is taken back first', () => {
  write(room, 'draft');
  startEdit(room, '$one', 'one');
  replyTo(room, '$two');
  expect(writingIn(room)).toMatchObject({ text: 'draft', editing: null, replyTo: '$two' });
  expect(stopWriting(room)).toBe(true);
  expect(stopWriting(room)).toBe(false);
  expect(writingIn(room).text).toBe('draft');
});

test('a draft from elsewhere never replaces what is being written here', () => {
  takeDraft(room, { text: 'from the phone', replyTo: null, editing: null });
  expect(writingIn(room).text).toBe('from the phone');
  write(room, 'mine');
  takeDraft(room, { text: 'from the phone again', replyTo: null, editing: null });
  expect(writingIn(room).text).toBe('mine');
});

test('nothing is left for the next person', () => {
  write(room, 'secret');
  forgetWritings();
  expect(wasWritten(room)).toBe(false);
  expect(writingIn(room).text).toBe('');
});

test('no chat has no information beside it', () => {
  goTo(room, true);
  expect(route()).toEqual({ roomId: room, info: true });
  goTo(null, true);
  expect(route()).toEqual({ roomId: null, info: false });
});
