import { For, Show } from 'solid-js';
import { mediaOf } from '../../../model/media';
import type { RoomId, TimelineItem } from '../../../store/contract';
import s from './media.module.css';
import { Visual } from './visual';

/** How many stand in each row of an album of `count` pictures. */
export function albumRows(count: number): number[] {
  const rows: number[] = [];
  let left = count;
  while (left > 0) {
    const take =
      left === 4 ? 2 : Math.min(left, rows.length === 0 && left % 3 !== 0 && left > 3 ? left % 3 : left === 2 ? 2 : 3);
    rows.push(Math.max(1, take));
    left -= Math.max(1, take);
  }
  return rows;
}

type AlbumProps = {
  roomId: RoomId;
  items: readonly TimelineItem[];
  menu: (item: TimelineItem, x: number, y: number) => void;
};

/** Several pictures as one mosaic with gaps of 2 px; each can be opened and acted on by itself. */
export function Album(props: AlbumProps) {
  const rows = () => {
    let at = 0;
    return albumRows(props.items.length).map((count) => {
      const row = props.items.slice(at, at + count);
      at += count;
      return row;
    });
  };
  return (
    <div class={s.album} data-testid="album">
      <For each={rows()}>
        {(row) => (
          <div class={s.albumRow} data-count={row.length}>
            <For each={row}>
              {(item) => (
                <Show when={mediaOf(item.type, item.content)}>
                  {(media) => (
                    // biome-ignore lint/a11y/noStaticElementInteractions: the menu of the row is there for keys
                    <div
                      class={s.cell}
                      onContextMenu={(event) => {
                        event.preventDefault();
                        event.stopPropagation();
                        props.menu(item, event.clientX, event.clientY);
                      }}
                    >
                      <Visual roomId={props.roomId} item={item} media={media()} fill />
                    </div>
                  )}
                </Show>
              )}
            </For>
          </div>
        )}
      </For>
    </div>
  );
}
