/** Marks round what is selected in the field: typed by the keyboard's undoable way, so that Ctrl+Z takes them back. */
export type MarkName = 'bold' | 'italic' | 'underline' | 'strike' | 'mono' | 'spoiler' | 'link';

const pairs: Record<Exclude<MarkName, 'link'>, string> = {
  bold: '**',
  italic: '__',
  underline: '++',
  strike: '~~',
  mono: '`',
  spoiler: '||',
};

/** Puts `text` in the place of what is selected. */
export function insertText(input: HTMLTextAreaElement, text: string): void {
  input.focus({ preventScroll: true });
  // The one way that keeps the field's own undo.
  if (!document.execCommand('insertText', false, text)) {
    input.setRangeText(text, input.selectionStart, input.selectionEnd, 'end');
  }
}

/** Marks what is selected, or takes the marks off again. */
export function mark(input: HTMLTextAreaElement, name: MarkName): void {
  const { selectionStart: from, selectionEnd: to, value } = input;
  const chosen = value.slice(from, to);
  if (name === 'link') {
    insertText(input, `[${chosen}](https://)`);
    const end = input.selectionEnd - 1;
    input.setSelectionRange(end, end);
    return;
  }
  const pair = pairs[name];
  const has = chosen.startsWith(pair) && chosen.endsWith(pair) && chosen.length > 2 * pair.length;
  const text = has ? chosen.slice(pair.length, -pair.length) : pair + chosen + pair;
  insertText(input, text);
  if (chosen === '') input.setSelectionRange(from + pair.length, from + pair.length);
  else input.setSelectionRange(from, from + text.length);
}

const keys: Record<string, MarkName> = { KeyB: 'bold', KeyI: 'italic', KeyU: 'underline' };
const shifted: Record<string, MarkName> = { KeyX: 'strike', KeyM: 'mono', KeyP: 'spoiler' };

/** Ctrl+B, I, U, Shift+X, Shift+M, Shift+P, and K on a selection; false when it is none of these. */
export function markKey(event: KeyboardEvent, input: HTMLTextAreaElement): boolean {
  if ((!event.ctrlKey && !event.metaKey) || event.altKey) return false;
  const isSelection = input.selectionStart !== input.selectionEnd;
  const name = event.shiftKey ? shifted[event.code] : event.code === 'KeyK' && isSelection ? 'link' : keys[event.code];
  if (!name || (name === 'mono' && !isSelection)) return false;
  mark(input, name);
  return true;
}
