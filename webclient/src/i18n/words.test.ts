import { expect, test } from 'vitest';
import type { PreviewBody } from '../store/contract';
import { previewText } from './words';

const isolates = /[\u2068\u2069]/g;
const shown = (body: PreviewBody) => previewText(body).replace(isolates, '');

test('a voice message says how long it is, a poll and a sticker what they are', () => {
  expect(shown({ kind: 'voice', text: '', durationMs: 12_000 })).toBe('Voice message 0:12');
  expect(shown({ kind: 'voice', text: '' })).toBe('Voice message');
  expect(shown({ kind: 'poll', text: 'Pizza?' })).toBe('Poll: Pizza?');
  expect(shown({ kind: 'sticker', text: '😀' })).toBe('Sticker: 😀');
});

test('a reaction says whose it is, and to what', () => {
  expect(shown({ kind: 'reaction', text: '👍', name: 'Ann', of: 'see you' })).toBe('Ann reacted 👍 to: see you');
});
