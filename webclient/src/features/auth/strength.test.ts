import { expect, test } from 'vitest';
import { strengthOf } from './strength';

test('short and repeating passwords are weak', () => {
  expect(strengthOf('abc')).toBe(1);
  expect(strengthOf('aaaaaaaaaaaaaaaa')).toBe(1);
  expect(strengthOf('Ab1!')).toBe(1);
});

test('length and variety make a password stronger', () => {
  const ladder = ['password', 'password1234', 'Passw0rd-1234', 'correct horse battery staple 7'].map(strengthOf);
  expect(ladder).toEqual([...ladder].sort());
  expect(ladder[3]).toBe(4);
});
