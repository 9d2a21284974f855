import { createMemo, createSignal, For, type JSX, onMount, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText, previewText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { MediaKind, RoomId, SharedItem } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { createMediaUrl } from '../../store/media';
import { goToEvent } from '../../store/messages-ui';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { fileSize } from '../../ui/file-size';
import { Icon, type IconName } from '../../ui/icon';
import { PageRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './group.module.css';

const icons: Readonly<Record<MediaKind, IconName>> = {
  media: 'image',
  files: 'file',
  links: 'link',
  music: 'music',
  voice: 'mic',
};
const pages_at_once = 5;
const enough = 12;

/** One tab of what was shared in a chat, the newest first; a press shows it where it was said. */
export function Shared(props: { roomId: RoomId; kind: MediaKind }) {
  const { commands } = useClient();
  const [items, setItems] = createSignal<readonly SharedItem[]>([]);
  const [next, setNext] = createSignal<string | null>(null);
  const [busy, setBusy] = createSignal(true);
  const load = async () => {
    const { roomId, kind } = props;
    setBusy(true);
    try {
      // A page of messages may hold nothing of this kind: go on until there is something to see.
      const before = items().length;
      let from = next();
      for (let page = 0; page < pages_at_once; page += 1) {
        const found = await commands.sharedMedia(roomId, kind, from);
        setItems((all) => [...all, ...found.entries]);
        from = found.next;
        if (from === null || items().length >= before + enough) break;
      }
      setNext(from);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  onMount(() => void load());
  const month = (ts: number) =>
    new Intl.DateTimeFormat(language(), { month: 'long', year: 'numeric' }).format(new Date(ts));
  const months = createMemo(() => {
    const groups = new Map<string, SharedItem[]>();
    for (const item of items()) groups.set(month(item.ts), [...(groups.get(month(item.ts)) ?? []), item]);
    return [...groups];
  });
  return (
    <div data-testid={`shared-${props.kind}`}>
      <For each={months()}>
        {([name, group]) => (
          <div class={props.kind === 'media' ? s.grid : undefined}>
            <h4 class={s.month}>{name}</h4>
            <For each={group}>
              {(item) => (
                <Show when={props.kind === 'media'} fallback={<Line item={item} kind={props.kind} />}>
                  <Cell item={item} />
                </Show>
              )}
            </For>
          </div>
        )}
      </For>
      <Show when={!busy() && items().length === 0}>
        <Blank icon={icons[props.kind]} title={t(`shared-empty-${props.kind}`)} />
      </Show>
      <Show when={next() !== null || busy()}>
        <div class={s.more}>
          <Button disabled={busy()} busy={busy()} onClick={() => void load()} data-testid="shared-more">
            {t('load-more')}
          </Button>
        </div>
      </Show>
    </div>
  );
}

function Cell(props: { item: SharedItem }): JSX.Element {
  const address = createMediaUrl(
    () => props.item.thumbnail,
    () => ({ w: 320, h: 240 }),
  );
  return (
    <button
      type="button"
      class={s.cell}
      aria-label={`${props.item.senderName}, ${dateAndTime(props.item.ts)}`}
      onClick={() => goToEvent(props.item.roomId, props.item.eventId)}
      data-testid="shared-item"
    >
      <Show when={address()}>{(url) => <img src={url()} alt="" loading="lazy" decoding="async" />}</Show>
      <Show when={props.item.isVideo}>
        <Icon name="play" size={20} />
      </Show>
    </button>
  );
}

function Line(props: { item: SharedItem; kind: MediaKind }): JSX.Element {
  const about = () => {
    const size = props.item.size > 0 ? [fileSize(props.item.size)] : [];
    return [...size, props.item.senderName, dateAndTime(props.item.ts)].join(' · ');
  };
  return (
    <PageRow
      icon={icons[props.kind]}
      text={props.kind === 'links' ? props.item.url : previewText(props.item.body)}
      sub={about()}
      onClick={() => goToEvent(props.item.roomId, props.item.eventId)}
      testid="shared-item"
    />
  );
}
