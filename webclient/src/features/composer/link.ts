/** The preview of the link in what is being written: found a moment after the last key, and left out when unwanted. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import { firstLink, type PagePreview } from '../../model/link-previews';
import type { Commands } from '../../store/contract';
import { previewOfLink } from '../../store/links';

const pause_ms = 400;

/** `words`: what is being written; null while no preview may be asked for. */
export function createLink(commands: Commands, words: () => string | null) {
  const [found, setFound] = createSignal<PagePreview>();
  const [unwanted, setUnwanted] = createSignal<string>();
  createEffect(
    on(words, (now) => {
      const url = firstLink(now ?? '');
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
    }),
  );
  const shown = () => (found()?.url === unwanted() ? undefined : found());
  return {
    shown,
    leaveOut: () => setUnwanted(found()?.url),
    /** What goes out with a text: its preview, none by wish, or nothing when none is known. */
    of: (text: string): { link?: PagePreview | null } => {
      const url = firstLink(text);
      if (url === null) return {};
      if (url === unwanted()) return { link: null };
      const preview = shown();
      return preview?.url === url ? { link: preview } : {};
    },
  };
}
