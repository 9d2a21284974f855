import { afterEach, expect, test, vi } from 'vitest';
import { aimOf, watchSwipes } from './swipe';

afterEach(() => vi.unstubAllGlobals());

/** A box with one message; `code`: how wide the code in it is that the finger touches, where it touches one. */
function swiping(code?: { scrollWidth: number; clientWidth: number }) {
  const style = new Map<string, string>();
  const row = {
    style: {
      get transform() {
        return style.get('transform') ?? '';
      },
      setProperty: (name: string, value: string) => style.set(name, value),
      removeProperty: (name: string) => style.delete(name),
    },
    animate: () => undefined,
  };
  const under: { row: typeof row | null } = { row };
  class Box extends EventTarget {
    closest(which: string) {
      return which.includes('message') ? under.row : code ? { tagName: 'PRE', ...code } : null;
    }
  }
  vi.stubGlobal('Element', Box);
  const box = new Box();
  const actions = { may: () => true, answer: vi.fn(), back: vi.fn() };
  watchSwipes(box as unknown as HTMLElement, actions);
  const touch = (type: string, ...xs: number[]) => {
    const touches = xs.map((clientX) => ({ clientX, clientY: 0 }));
    box.dispatchEvent(Object.assign(new Event(type), { touches }));
  };
  return { actions, row, touch, under };
}

test('a message that is pulled far enough is answered once the finger is lifted', () => {
  const { actions, row, touch } = swiping();
  touch('touchstart', 300);
  touch('touchmove', 220);
  expect(row.style.transform).toBe('translateX(-80px)');
  touch('touchend');
  expect(actions.answer).toHaveBeenCalledExactlyOnceWith(row);
  expect(row.style.transform).toBe('');
});

test.each([
  ['back', 5, 100],
  ['answer', 300, 200],
] as const)('a finger that the browser takes over does not do it twice: %s', (action, from, to) => {
  const { actions, row, touch } = swiping();
  touch('touchstart', from);
  touch('touchmove', to);
  touch('touchcancel');
  touch('touchend');
  expect(actions[action]).not.toHaveBeenCalled();
  expect(row.style.transform).toBe('');
});

test('a second finger, on no message, puts the first one’s back', () => {
  const { actions, row, touch, under } = swiping();
  touch('touchstart', 300);
  touch('touchmove', 200);
  under.row = null;
  touch('touchstart', 200, 250);
  touch('touchend', 250);
  expect(actions.answer).not.toHaveBeenCalled();
  expect(row.style.transform).toBe('');
});

test.each([
  [900, 0],
  [300, 1],
])('a finger on code of %d px in 300 moves the code where it is too wide', (scrollWidth, answers) => {
  const { actions, touch } = swiping({ scrollWidth, clientWidth: 300 });
  touch('touchstart', 300);
  touch('touchmove', 200);
  touch('touchend');
  expect(actions.answer).toHaveBeenCalledTimes(answers);
});

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
