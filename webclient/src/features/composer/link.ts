/** The preview of a link in what is being written: found a moment after the last key, changed for that of another, or left out. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import { linksIn, type PagePreview } from '../../model/link-previews';
import type { Commands } from '../../store/contract';
import { previewOfLink } from '../../store/links';

const pause_ms = 400;

/** `words`: what is being written; null while no preview may be asked for. */
export function createLink(commands: Commands, words: () => string | null) {
  const [found, setFound] = createSignal<PagePreview>();
  const [unwanted, setUnwanted] = createSignal<string>();
  /** The link that was chosen among several. */
  const [chosen, setChosen] = createSignal<string>();
  const linkOf = (text: string): string | null => {
    const links = linksIn(text);
    return links.find((one) => one === chosen()) ?? links[0] ?? null;
  };
  createEffect(
    on(
      () => [words(), chosen()],
      ([now]) => {
        const url = linkOf(now ?? '');
        if (found()?.url !== url) setFound(undefined);
        if (url === null) {
          if (!now) setUnwanted(undefined);
          return;
        }
        let stale = false;
        const ask = () =>
          void previewOfLink(commands, url).then((preview) => {
            if (!stale && preview) setFound(preview);
          });
        const timer = setTimeout(ask, pause_ms);
        onCleanup(() => {
          stale = true;
          clearTimeout(timer);
        });
      },
    ),
  );
  const shown = () => (found()?.url === unwanted() ? undefined : found());
  const others = () => linksIn(words() ?? '').length > 1;
  return {
    shown,
    /** There are several links of which one can be chosen. */
    others,
    next: () => {
      const links = linksIn(words() ?? '');
      const at = links.indexOf(linkOf(words() ?? '') ?? '');
      setChosen(links[(at + 1) % links.length]);
    },
    leaveOut: () => setUnwanted(found()?.url),
    /** What goes out with a text: its preview, none by wish, or nothing when none is known. */
    of: (text: string): { link?: PagePreview | null } => {
      const url = linkOf(text);
      if (url === null) return {};
      if (url === unwanted()) return { link: null };
      const preview = shown();
      return preview?.url === url ? { link: preview } : {};
    },
  };
}
