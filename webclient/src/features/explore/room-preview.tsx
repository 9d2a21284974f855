import { createResource, createSignal, For, type JSX, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { browseSpace, closeAllLeft, previewed, setJoinLink, setPreviewed } from '../../store/pages';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { PageRow } from '../../ui/page';
import { Spinner } from '../../ui/spinner';
import { toast } from '../../ui/toast';
import s from './explore.module.css';

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly sub: string;
  readonly topic: string;
  readonly avatar: string | null;
  readonly asks: boolean;
}

/** A group before one is in it: what it is, and the way in. */
export function RoomPreview(props: { id: string; via: readonly string[] }) {
  const { commands } = useClient();
  const [room] = createResource(async () => {
    const found = await commands.roomSummary(props.id, props.via);
    // A space that may not be looked into may still be entered.
    const tree = found.isSpace ? await commands.spaceRooms(found.roomId, null).catch(() => null) : null;
    return { found, rooms: tree?.entries.slice(1) ?? [] };
  });
  const known = () => (room.error ? undefined : room());
  const shown = (): Shown | undefined => {
    const found = known()?.found;
    return (
      found && {
        id: found.roomId,
        name: found.name,
        sub: [found.alias, t('chat-members', { count: found.members })].filter(Boolean).join(' · '),
        topic: found.topic,
        avatar: found.avatar,
        asks: found.access === 'knock',
      }
    );
  };
  const close = () => setPreviewed(undefined);
  const enter = async () => {
    if (known()?.found.access === 'knock') {
      await commands.knock(props.id, '');
      toast(t('preview-asked'));
      close();
      return;
    }
    const roomId = await commands.join(props.id, props.via);
    close();
    closeAllLeft();
    if (known()?.found.isSpace) browseSpace(roomId, props.via);
    else goTo(roomId);
  };
  const title = () => t(known()?.found.isSpace ? 'space-title' : 'preview-title');
  return (
    <Card title={title()} shown={shown()} failure={room.error} onClose={close} enter={enter}>
      <div class={s.rooms}>
        <For each={known()?.rooms ?? []}>
          {(one) => (
            <PageRow
              lead={<Avatar id={one.roomId} name={one.name} photo={one.avatar} size={42} />}
              text={one.name}
              sub={t('chat-members', { count: one.members })}
              onClick={() => setPreviewed({ id: one.alias || one.roomId, via: props.via })}
              testid="space-room"
            />
          )}
        </For>
      </div>
    </Card>
  );
}

/** The group that a link leads into. */
export function LinkPreview(props: { token: string }) {
  const { commands } = useClient();
  const [room] = createResource(() => commands.linkPreview(props.token));
  const known = () => (room.error ? undefined : room());
  const shown = (): Shown | undefined => {
    const found = known();
    return (
      found && {
        id: found.roomId,
        name: found.name || t('chat-empty-name'),
        sub: t('chat-members', { count: found.members }),
        topic: found.topic,
        avatar: found.avatar,
        asks: found.approval,
      }
    );
  };
  const close = () => setJoinLink(undefined);
  const enter = async () => {
    const { roomId, joined } = await commands.followLink(props.token);
    close();
    if (joined) goTo(roomId);
    else toast(t('preview-asked'));
  };
  return <Card title={t('preview-title')} shown={shown()} failure={room.error} onClose={close} enter={enter} />;
}

function Card(props: {
  title: string;
  shown: Shown | undefined;
  failure: unknown;
  onClose: () => void;
  enter: () => Promise<void>;
  children?: JSX.Element;
}) {
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string>();
  const enter = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await props.enter();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} testid="room-preview">
      <Show
        when={props.shown}
        fallback={
          <div class={s.more}>
            <Show when={props.failure} fallback={<Spinner size={40} />}>
              {(failure) => <p role="alert">{errorText(errorInfo(failure()))}</p>}
            </Show>
          </div>
        }
      >
        {(shown) => (
          <div class={s.card}>
            <Avatar id={shown().id} name={shown().name} photo={shown().avatar} size={120} />
            <p class={s.name} data-testid="preview-name">
              {shown().name}
            </p>
            <p class={s.sub}>{shown().sub}</p>
            <Show when={shown().topic}>{(topic) => <p class={s.topic}>{topic()}</p>}</Show>
          </div>
        )}
      </Show>
      {props.children}
      <Show when={error()}>{(why) => <p role="alert">{why()}</p>}</Show>
      <DialogButtons>
        <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
        <Show when={props.shown}>
          {(shown) => (
            <Button
              kind="primary"
              disabled={busy()}
              busy={busy()}
              onClick={() => void enter()}
              data-testid="preview-join"
            >
              {t(shown().asks ? 'preview-ask' : 'list-accept')}
            </Button>
          )}
        </Show>
      </DialogButtons>
    </Dialog>
  );
}

/** Whichever group is looked at. */
export function PreviewHost() {
  return (
    <Show when={previewed()} keyed>
      {(now) => <RoomPreview id={now.id} via={now.via} />}
    </Show>
  );
}
