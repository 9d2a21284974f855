/** Files in messages that are here before somebody asks for them, as far as that is wanted. */
import { createEffect, createSignal, onCleanup, onMount } from 'solid-js';
import type { LoadedKind } from '../../../model/autoload';
import type { Media } from '../../../model/media';
import { fetchEarly, loadsByItself } from '../../../store/autoload';
import { useClient } from '../../../store/context';
import type { RoomId } from '../../../store/contract';
import { watchSight } from '../../../ui/in-sight';

const kinds: Partial<Record<Media['kind'], LoadedKind>> = {
  video: 'films',
  audio: 'sounds',
  voice: 'sounds',
  file: 'files',
};

/** Fetches the file of a message once `element` was seen; `here` is true when it is. */
export function createEarly(
  element: () => HTMLElement,
  of: { readonly roomId: RoomId; readonly media: Media },
): { readonly here: () => boolean; readonly seen: () => boolean } {
  const { state } = useClient();
  const [seen, setSeen] = createSignal(false);
  const [here, setHere] = createSignal(false);
  onMount(() => onCleanup(watchSight(element(), setSeen)));
  const wanted = () => {
    const { kind, mxc, size } = of.media;
    const loaded = kinds[kind];
    // Whoever does not say how large a file is may send any amount.
    if (mxc === null || loaded === undefined || size <= 0) return null;
    const chat = state.rooms[of.roomId]?.kind === 'dm' ? 'dm' : 'group';
    return loadsByItself({ kind: loaded, bytes: size, chat }) ? mxc : null;
  };
  createEffect(() => {
    const mxc = seen() ? wanted() : null;
    if (mxc !== null) void fetchEarly(mxc, of.media.size).then(() => setHere(true));
  });
  return { here, seen };
}
