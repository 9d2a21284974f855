import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { ErrorInfo, RoomId, SpaceRoom } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeAllLeft, closeLeft, setPreviewed } from '../../store/pages';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Button, IconButton } from '../../ui/button';
import { Failed } from '../../ui/failed';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Page, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './space.module.css';
import { openSpaceMenu } from './space-menu';
import { matching, type SpaceNode, treeOf } from './tree';

const searched_from = 6;
const pause_ms = 300;

/** A space: what it is, and the tree of its rooms, each with the way in. */
export function SpacePage(props: { id: RoomId; via: readonly string[] }) {
  const client = useClient();
  const { state, commands } = client;
  const [rooms, setRooms] = createSignal<readonly SpaceRoom[]>([]);
  const [next, setNext] = createSignal<string | null>(null);
  const [busy, setBusy] = createSignal(true);
  const [error, setError] = createSignal<ErrorInfo>();
  const [words, setWords] = createSignal('');
  let turn = 0;
  const load = async (from: string | null) => {
    turn += 1;
    const mine = turn;
    setBusy(true);
    setError(undefined);
    try {
      const page = await commands.spaceRooms(props.id, from);
      if (mine !== turn) return;
      setRooms((all) => (from === null ? page.entries : [...all, ...page.entries]));
      setNext(page.next);
    } catch (failure) {
      if (mine === turn) setError(errorInfo(failure));
    } finally {
      if (mine === turn) setBusy(false);
    }
  };
  const own = () => state.rooms[props.id];
  const isIn = () => own()?.membership === 'join';
  // What is put into the space or taken out of it is seen at once, and so is what joining it opens.
  createEffect(
    on(
      () => `${isIn()} ${own()?.group.children.join(' ')}`,
      (_now, before) => {
        const timer = setTimeout(() => void load(null), before === undefined ? 0 : pause_ms);
        onCleanup(() => clearTimeout(timer));
      },
    ),
  );
  const tree = createMemo(() => treeOf(rooms(), props.id, props.via));
  const shown = createMemo(() => {
    const whole = tree();
    const needle = words().trim().toLocaleLowerCase();
    if (!whole || needle === '') return whole?.children ?? [];
    const fits = (room: SpaceRoom) => `${room.name} ${room.alias} ${room.topic}`.toLocaleLowerCase().includes(needle);
    return whole.children.flatMap((child) => matching(child, fits) ?? []);
  });
  const name = () => own()?.name || tree()?.room.name || '';
  const sub = () => {
    const members = t('chat-members', { count: tree()?.room.members ?? own()?.joinedCount ?? 0 });
    return [own()?.group.alias || tree()?.room.alias, members].filter(Boolean).join(' · ');
  };
  return (
    <Page
      title={t('space-title')}
      onBack={closeLeft}
      backLabel={t('page-back')}
      actions={
        <Show when={isIn()}>
          <IconButton
            icon="ellipsis-vertical"
            label={t('chat-menu')}
            onClick={(event) => openSpaceMenu(client, props.id, event.currentTarget)}
            data-testid="space-menu"
          />
        </Show>
      }
      testid="space-page"
    >
      <Section>
        <div class={s.card}>
          <Avatar id={props.id} name={name()} photo={own()?.avatar ?? tree()?.room.avatar} size={120} />
          <p class={s.name} dir="auto" data-testid="space-name">
            {name()}
          </p>
          <p class={s.sub}>{sub()}</p>
          <Show when={own()?.topic || tree()?.room.topic}>
            {(topic) => (
              <p class={s.topic} dir="auto">
                {topic()}
              </p>
            )}
          </Show>
          <Show when={!isIn() && tree()}>
            {(root) => <Entrance node={root()} label={t('space-join')} onError={setError} />}
          </Show>
        </div>
      </Section>
      <Show when={error()}>{(why) => <Failed error={why()} retry={() => void load(null)} />}</Show>
      <Section caption={t('space-rooms')}>
        <Show when={rooms().length > searched_from}>
          <div class={s.search}>
            <Field
              label={t('list-search')}
              value={words()}
              autocomplete="off"
              onInput={(event) => setWords(event.currentTarget.value)}
              data-testid="space-search"
            />
          </div>
        </Show>
        <ul class={s.tree} data-testid="space-tree">
          <For each={shown()}>{(node) => <Branch node={node} open={words() !== ''} />}</For>
        </ul>
        <Show when={!busy() && !error() && shown().length === 0}>
          <Blank icon="hash" title={t(words() === '' ? 'space-empty' : 'list-nothing-found')} />
        </Show>
        <Show when={next() !== null}>
          <div class={s.more}>
            <Button disabled={busy()} busy={busy()} onClick={() => void load(next())} data-testid="space-more">
              {t('load-more')}
            </Button>
          </div>
        </Show>
      </Section>
    </Page>
  );
}

/** A room of the tree; a space in it unfolds. */
function Branch(props: { node: SpaceNode; open: boolean }): JSX.Element {
  const { state } = useClient();
  const room = () => props.node.room;
  const [unfolded, setUnfolded] = createSignal(true);
  const isOpen = () => props.open || unfolded();
  const isIn = () => state.rooms[room().roomId]?.membership === 'join';
  const sub = () => {
    const members = t('chat-members', { count: room().members });
    return [members, room().topic].filter(Boolean).join(' · ');
  };
  const press = () => {
    if (room().isSpace) {
      setUnfolded(!unfolded());
    } else if (isIn()) {
      closeAllLeft();
      goTo(room().roomId);
    } else {
      setPreviewed({ id: room().alias || room().roomId, via: props.node.via });
    }
  };
  return (
    <li>
      <div class={s.row} data-testid="space-room" data-in={isIn()}>
        <button
          type="button"
          class={s.press}
          onClick={press}
          {...(room().isSpace ? { 'aria-expanded': isOpen() } : {})}
        >
          <Avatar id={room().roomId} name={room().name} photo={room().avatar} size={42} />
          <span class={s.words}>
            <span class={s.title}>
              <bdi>{room().name}</bdi>
              <Show when={room().isSpace}>
                <Icon name={isOpen() ? 'chevron-up' : 'chevron-down'} size={20} />
              </Show>
            </span>
            <span class={s.line}>{sub()}</span>
          </span>
        </button>
        <Show when={isIn()} fallback={<Entrance node={props.node} label={t('list-accept')} />}>
          <span class={s.here}>
            <Icon name="check" size={20} />
            <span class="visually-hidden">{t('space-in')}</span>
          </span>
        </Show>
      </div>
      <Show when={props.node.children.length > 0 && isOpen()}>
        <ul class={s.inner}>
          <For each={props.node.children}>{(child) => <Branch node={child} open={props.open} />}</For>
        </ul>
      </Show>
    </li>
  );
}

/** The button that leads in, or asks to be let in; who needs an invitation is told so. */
function Entrance(props: { node: SpaceNode; label: string; onError?: (why: ErrorInfo) => void }): JSX.Element {
  const { state, commands } = useClient();
  const [busy, setBusy] = createSignal(false);
  const room = () => props.node.room;
  const asked = () => state.rooms[room().roomId]?.membership === 'knock';
  const isInvited = () => state.rooms[room().roomId]?.membership === 'invite';
  const way = () => (isInvited() ? 'join' : room().way);
  const enter = async () => {
    setBusy(true);
    try {
      if (way() === 'ask') {
        await commands.knock(room().roomId, '');
        toast(t('preview-asked'));
      } else {
        await commands.join(room().roomId, props.node.via);
      }
    } catch (failure) {
      const why = errorInfo(failure);
      if (props.onError) props.onError(why);
      else toast(errorText(why));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Show when={way() !== 'none'} fallback={<span class={s.note}>{t('space-by-invitation')}</span>}>
      <Button disabled={busy() || asked()} busy={busy()} onClick={() => void enter()} data-testid="space-join">
        {asked() ? t('space-asked') : way() === 'ask' ? t('preview-ask') : props.label}
      </Button>
    </Show>
  );
}
