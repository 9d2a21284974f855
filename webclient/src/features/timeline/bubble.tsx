import { createComputed, createMemo, createSignal, Match, on, Show, Suspense, Switch } from 'solid-js';
import { t } from '../../i18n';
import { bigEmoji } from '../../model/emoji';
import { text } from '../../model/events';
import { firstLink } from '../../model/link-previews';
import { mediaOf } from '../../model/media';
import { bodyOf } from '../../model/relations';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { isPicking, picked, setTold, togglePicked } from '../../store/messages-ui';
import { replyTo, threadNow, viewNow } from '../../store/ui';
import { colourOf } from '../../ui/colour';
import { Icon } from '../../ui/icon';
import { longPress } from '../../ui/long-press';
import { later, part } from '../../ui/parts';
import { mayAnswer } from './answering';
import s from './bubble.module.css';
import { ForwardHeader, originOf } from './forward-header';
import { Album } from './media/album';
import { FileCard } from './media/file-card';
import { Sound } from './media/sound';
import { Visual } from './media/visual';
import { MessageText } from './message-text';
import { Reactions } from './reactions';
import { ReplyQuote } from './reply-quote';
import { ThreadFoot } from './thread-foot';
import { TimeMark } from './time-mark';

const messageMenu = later(() => import('./message-menu'));
const LinkCard = part(async () => (await import('./link-card')).LinkCard);
const PollCard = part(async () => (await import('./poll/poll-card')).PollCard);

type BubbleProps = {
  roomId: RoomId;
  item: TimelineItem;
  /** All messages of an album, with `item` the first; or `item` alone. */
  album: readonly TimelineItem[];
  own: boolean;
  first: boolean;
  last: boolean;
  /** Name above the first bubble; undefined where it would say nothing. */
  name: string | undefined;
  /** Role of the sender in a group, with its colour ('' : none of its own). */
  role: { readonly text: string; readonly colour: string } | undefined;
  flash: boolean;
  goes: () => boolean;
};

/** Let the bubble of a row shrink and fade where it stands. */
function fade(row: HTMLElement): void {
  const bubble = row.querySelector<HTMLElement>('[data-testid=bubble]');
  if (!bubble) return;
  const copy = bubble.cloneNode(true) as HTMLElement;
  copy.classList.add(s.leaving ?? '');
  copy.style.width = `${bubble.offsetWidth}px`;
  row.style.minHeight = `${row.offsetHeight}px`;
  row.dataset.leaving = 'true';
  row.append(copy);
}

/** One message, or an album of several. */
export function Bubble(props: BubbleProps) {
  const client = useClient();
  let row!: HTMLElement;
  // What was deleted fades as it was: a copy is taken before its words go.
  createComputed(
    on(
      () => props.item.kind,
      (kind, before) => {
        if (before !== undefined && kind === 'redacted' && before !== 'redacted' && props.goes()) fade(row);
      },
    ),
  );
  const [fresh] = createSignal(props.item.eventId === null);
  const media = createMemo(() => (props.item.kind === 'message' ? mediaOf(props.item.type, props.item.content) : null));
  const isVisual = () => ['image', 'video', 'sticker'].includes(media()?.kind ?? '');
  const words = () => {
    const found = media();
    if (props.item.kind !== 'message') return undefined;
    return found === null ? undefined : found.caption;
  };
  /** Emoji alone stand without a bubble, unless they answer something. */
  const isBig = () =>
    media() === null && props.item.kind === 'message' && !props.item.reply && bigEmoji(bodyOf(props.item.content)) > 0;
  const hasLink = () =>
    media() === null &&
    client.state.own.settings.linkPreviews &&
    client.state.rooms[props.roomId]?.encrypted === false &&
    firstLink(bodyOf(props.item.content)) !== null;
  /** Nothing below the picture: the time lies on it. */
  const bare = () => isVisual() && words() === '';
  const menuOf = (item: TimelineItem, x: number, y: number) => {
    if (isPicking()) return;
    void messageMenu().then((it) => it.openMessageMenu(client, props.roomId, item, { x, y }));
  };
  const menu = (x: number, y: number) => menuOf(props.item, x, y);
  const readers = () => {
    const { eventId } = props.item;
    if (!props.own || client.state.rooms[props.roomId]?.kind !== 'group' || !eventId) return undefined;
    return () => setTold({ roomId: props.roomId, eventId, of: 'readers' });
  };
  const isPicked = () => props.album.every((item) => picked().includes(item.key));
  const pick = () => {
    for (const item of props.album) togglePicked(item.key);
  };
  const keyed = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
    event.preventDefault();
    if (isPicking()) return pick();
    const box = event.currentTarget.getBoundingClientRect();
    menu(box.left + 24, box.top + 24);
  };
  const pressed = (event: MouseEvent) => {
    if (isPicking() || ((event.ctrlKey || event.metaKey) && !threadNow(props.roomId))) {
      event.preventDefault();
      event.stopPropagation();
      pick();
    } else if (event.altKey && props.item.eventId && mayAnswer(client, props.roomId, props.item)) {
      replyTo(viewNow(props.roomId), props.item.eventId);
    }
  };
  const doubled = () => {
    const { item, roomId } = props;
    if (!item.eventId || isPicking() || !mayAnswer(client, roomId, item)) return;
    getSelection()?.removeAllRanges();
    const { doubleClick, favourite } = client.state.own.settings;
    if (doubleClick === 'reply') replyTo(viewNow(roomId), item.eventId);
    else void client.commands.react(roomId, item.eventId, favourite).catch(() => undefined);
  };
  return (
    <article
      class={s.row}
      classList={{
        [s.own ?? '']: props.own,
        [s.first ?? '']: props.first,
        [s.last ?? '']: props.last,
        [s.flash ?? '']: props.flash,
        [s.picking ?? '']: isPicking(),
      }}
      data-key={props.item.key}
      data-keys={props.album.map((item) => item.key).join(' ')}
      data-event={props.item.eventId}
      data-testid="message"
      data-own={props.own}
      data-kind={props.item.kind}
      data-picked={isPicking() ? isPicked() : undefined}
      tabIndex={-1}
      onKeyDown={keyed}
      on:click={{ handleEvent: pressed, capture: true }}
      onContextMenu={(event) => {
        event.preventDefault();
        menu(event.clientX, event.clientY);
      }}
      ref={(element) => {
        row = element;
        longPress(menu)(element);
      }}
    >
      <Show when={isPicking()}>
        <span class={s.check} data-on={isPicked()} aria-hidden="true">
          <Icon name="check" size={16} />
        </span>
      </Show>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a short cut; the menu of the row does the same */}
      <div
        class={s.bubble}
        classList={{
          [s.visual ?? '']: isVisual(),
          [s.bare ?? '']: bare(),
          [s.plain ?? '']: media()?.kind === 'sticker' || isBig(),
          [s.card ?? '']: media() !== null && !isVisual() && words() === '',
        }}
        data-fresh={fresh()}
        data-testid="bubble"
        onDblClick={doubled}
      >
        <Show when={props.first && props.name}>
          {(name) => (
            <div class={s.name} data-name-colour={colourOf(props.item.sender)} data-testid="sender-name">
              <span class={s.nameText}>{name()}</span>
              <Show when={props.role}>
                {(role) => (
                  <span class={s.role} data-name-colour={role().colour || undefined} data-testid="sender-role">
                    {role().text}
                  </span>
                )}
              </Show>
            </div>
          )}
        </Show>
        <Show when={originOf(props.item.content)}>{(origin) => <ForwardHeader origin={origin()} />}</Show>
        <Show when={props.item.kind === 'message' && props.item.reply}>
          {(reply) => <ReplyQuote reply={reply()} own={props.own} />}
        </Show>
        <Show when={media()}>
          {(found) => (
            <div class={isVisual() ? s.frame : undefined}>
              <Switch fallback={<FileCard roomId={props.roomId} item={props.item} media={found()} />}>
                <Match when={props.album.length > 1}>
                  <Album roomId={props.roomId} items={props.album} menu={menuOf} />
                </Match>
                <Match when={isVisual()}>
                  <Visual roomId={props.roomId} item={props.item} media={found()} />
                </Match>
                <Match when={found().kind === 'voice' || found().kind === 'audio'}>
                  <Sound roomId={props.roomId} item={props.item} media={found()} />
                </Match>
              </Switch>
            </div>
          )}
        </Show>
        <Switch>
          <Match when={props.item.poll}>
            {(poll) => (
              <Suspense fallback={<span class={s.text}>{poll().question}</span>}>
                <PollCard roomId={props.roomId} item={props.item} poll={poll()} />
              </Suspense>
            )}
          </Match>
          <Match when={props.item.kind === 'encrypted'}>
            <span class={s.muted} data-testid="encrypted-message">
              <Icon name="lock" size={16} class={s.sign} />
              {t('message-encrypted')}
            </span>
          </Match>
          <Match when={props.item.kind === 'redacted'}>
            <span class={s.muted} data-testid="redacted-message">
              <Icon name="trash-2" size={16} class={s.sign} />
              {t('message-deleted')}
            </span>
          </Match>
          <Match when={props.item.kind === 'unknown' || (media() === null && text(props.item.content.body) === '')}>
            <span class={s.muted} data-testid="unknown-message">
              {t('preview-unknown')}
            </span>
          </Match>
          <Match when={media() === null || words()}>
            <MessageText roomId={props.roomId} item={props.item} body={words()} />
            <Show when={hasLink()}>
              <Suspense>
                <LinkCard item={props.item} />
              </Suspense>
            </Show>
          </Match>
        </Switch>
        <TimeMark item={props.album[props.album.length - 1] ?? props.item} menu={menu} readers={readers()} />
        <Reactions roomId={props.roomId} item={props.item} />
        <Show when={!threadNow(props.roomId) && props.item.thread}>
          {(thread) => <ThreadFoot roomId={props.roomId} item={props.item} thread={thread()} />}
        </Show>
        <Show when={props.last && media()?.kind !== 'sticker' && !isBig()}>
          <Icon name={props.own ? 'tail-out' : 'tail-in'} class={s.tail} />
        </Show>
      </div>
    </article>
  );
}
