import { expect, test } from 'vitest';
import { aimOf } from './swipe';

test.each([
  [-5, 3, false, null],
  [-40, 10, false, 'answer'],
  [-20, 40, false, 'other'],
  [40, 5, false, 'other'],
  [40, 5, true, 'back'],
  [-40, 5, true, 'answer'],
  [3, -60, true, 'other'],
] as const)('a finger that moved by %d and %d, from the edge: %s, is about %s', (dx, dy, fromEdge, aim) => {
  expect(aimOf(dx, dy, fromEdge)).toBe(aim);
});
