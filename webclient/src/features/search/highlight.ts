/** Marks the words that were looked for in the messages of the open chat, without touching its document. */

const name = 'found';
const shown_ms = 5000;

let stop: (() => void) | undefined;

/** Ranges of these words, in small letters, in a text. */
export function rangesOf(text: string, words: readonly string[]): { readonly from: number; readonly to: number }[] {
  const lower = text.toLocaleLowerCase();
  // Some letters are longer when they are small: then places would not fit.
  if (lower.length !== text.length) return [];
  return words.flatMap((word) => {
    const found = [];
    for (let at = lower.indexOf(word); word !== '' && at >= 0; at = lower.indexOf(word, at + word.length)) {
      found.push({ from: at, to: at + word.length });
    }
    return found;
  });
}

function draw(words: readonly string[]): void {
  const ranges: Range[] = [];
  for (const message of document.querySelectorAll('[data-testid=chat] [data-testid=message-text]')) {
    const texts = document.createTreeWalker(message, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      for (const { from, to } of rangesOf(node.nodeValue ?? '', words)) {
        const range = new Range();
        range.setStart(node, from);
        range.setEnd(node, to);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set(name, new Highlight(...ranges));
}

/** Mark these words until others are, or none; in messages that come into sight, too. */
export function markWords(words: readonly string[]): void {
  stop?.();
  stop = undefined;
  const small = words.map((word) => word.toLocaleLowerCase()).filter((word) => word !== '');
  if (small.length === 0 || !('highlights' in CSS)) return;
  let frame = 0;
  const again = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => draw(small));
  };
  const changes = new MutationObserver(again);
  changes.observe(document.body, { childList: true, subtree: true, characterData: true });
  again();
  stop = () => {
    changes.disconnect();
    cancelAnimationFrame(frame);
    CSS.highlights.delete(name);
  };
}

/** Mark them for a moment: somebody went from what was found to the message. */
export function markBriefly(words: readonly string[]): void {
  markWords(words);
  const mine = stop;
  setTimeout(() => stop === mine && markWords([]), shown_ms);
}
