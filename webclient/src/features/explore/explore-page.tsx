import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { ErrorInfo, PublicRoom } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { browseSpace, closeAllLeft, closeLeft, setPreviewed } from '../../store/pages';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { Failed } from '../../ui/failed';
import { Field } from '../../ui/field';
import { Page, PageRow, Section } from '../../ui/page';
import s from './explore.module.css';

const pause_ms = 300;
const stored = 'hearth.explore-server';
const most = 50;

/** Public groups of this server and of others. */
export function ExplorePage() {
  const { state, commands } = useClient();
  const own = () => me(state).replace(/^@[^:]*:/, '');
  const [words, setWords] = createSignal('');
  const [server, setServer] = createSignal(localStorage.getItem(stored) ?? '');
  const [rooms, setRooms] = createSignal<readonly PublicRoom[]>([]);
  const [next, setNext] = createSignal<string | null>(null);
  const [error, setError] = createSignal<ErrorInfo>();
  const [busy, setBusy] = createSignal(true);
  /** Where the groups and people that I know are at home. */
  const servers = createMemo(() => {
    const ids = Object.values(state.rooms).flatMap((room) => [room.group.alias, room.dmUserId ?? '']);
    const names = ids.map((id) => id.replace(/^[^:]*:?/, '')).filter((one) => one !== '' && one !== own());
    return [...new Set(names)].sort().slice(0, most);
  });
  let turn = 0;
  const load = async (from: string | null) => {
    turn += 1;
    const mine = turn;
    setBusy(true);
    setError(undefined);
    try {
      const asked = server().trim();
      const page = await commands.publicRooms(asked === '' || asked === own() ? null : asked, words().trim(), from);
      if (mine !== turn) return;
      setRooms((all) => (from === null ? page.entries : [...all, ...page.entries]));
      setNext(page.next);
      localStorage.setItem(stored, asked);
    } catch (failure) {
      if (mine === turn) setError(errorInfo(failure));
    } finally {
      if (mine === turn) setBusy(false);
    }
  };
  createEffect(
    on([words, server], () => {
      const timer = setTimeout(() => void load(null), pause_ms);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  const open = (room: PublicRoom) => {
    if (state.rooms[room.roomId]?.membership === 'join') {
      closeAllLeft();
      if (room.isSpace) browseSpace(room.roomId);
      else goTo(room.roomId);
      return;
    }
    const asked = server().trim();
    setPreviewed({ id: room.alias || room.roomId, via: asked === '' ? [] : [asked] });
  };
  return (
    <Page title={t('menu-explore')} onBack={closeLeft} backLabel={t('page-back')} testid="explore">
      <Section>
        <div class={s.form}>
          <Field
            label={t('list-search')}
            value={words()}
            autocomplete="off"
            onInput={(event) => setWords(event.currentTarget.value)}
            data-testid="explore-search"
          />
          <Field
            label={t('explore-server')}
            value={server()}
            hint={t('explore-server-hint', { server: own() })}
            autocomplete="off"
            autocapitalize="off"
            onInput={(event) => setServer(event.currentTarget.value)}
            list="explore-servers"
            data-testid="explore-server"
          />
          <datalist id="explore-servers">
            <For each={servers()}>{(one) => <option value={one} />}</For>
          </datalist>
        </div>
      </Section>
      <Show when={error()}>{(why) => <Failed error={why()} retry={() => void load(null)} />}</Show>
      <Section>
        <For each={rooms()}>
          {(room) => (
            <PageRow
              lead={<Avatar id={room.roomId} name={room.name} photo={room.avatar} size={54} />}
              text={room.name}
              sub={[
                room.isSpace ? t('space-title') : '',
                room.alias,
                t('chat-members', { count: room.members }),
                room.topic,
              ]
                .filter(Boolean)
                .join(' · ')}
              onClick={() => open(room)}
              testid="explore-room"
            />
          )}
        </For>
        <Show when={!busy() && rooms().length === 0 && !error()}>
          <Blank icon="compass" title={t('explore-empty')} />
        </Show>
        <Show when={next() !== null}>
          <div class={s.more}>
            <Button disabled={busy()} busy={busy()} onClick={() => void load(next())}>
              {t('load-more')}
            </Button>
          </div>
        </Show>
      </Section>
    </Page>
  );
}
