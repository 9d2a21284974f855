import { createMemo, For, Show } from 'solid-js';
import s from './search.module.css';

const before_hit = 30;

/** A text with the found words in a pill, cut so that the first of them can be seen. */
export function Marked(props: { text: string; words: readonly string[] }) {
  const parts = createMemo(() => {
    const wanted = props.words.map((word) => word.toLocaleLowerCase()).filter((word) => word !== '');
    const lower = props.text.toLocaleLowerCase();
    const hits: { from: number; to: number }[] = [];
    for (const word of wanted) {
      for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) {
        hits.push({ from: at, to: at + word.length });
      }
    }
    hits.sort((a, b) => a.from - b.from);
    const first = hits[0]?.from ?? 0;
    const start = first > before_hit ? first - before_hit : 0;
    const found: { text: string; hit: boolean }[] = start > 0 ? [{ text: '…', hit: false }] : [];
    let at = start;
    for (const hit of hits) {
      if (hit.from < at) continue;
      found.push(
        { text: props.text.slice(at, hit.from), hit: false },
        { text: props.text.slice(hit.from, hit.to), hit: true },
      );
      at = hit.to;
    }
    return [...found, { text: props.text.slice(at), hit: false }].filter((part) => part.text !== '');
  });
  return (
    <For each={parts()}>
      {(part) => (
        <Show when={part.hit} fallback={part.text}>
          <mark class={s.mark}>{part.text}</mark>
        </Show>
      )}
    </For>
  );
}
