import { createMemo, createSignal, For, Show, Suspense } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { ChatKind, Folder, Room, Without } from '../../store/contract';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { EmojiPicker } from '../../ui/emoji/emoji-picker';
import { Field } from '../../ui/field';
import { Icon, type IconName } from '../../ui/icon';
import { PageRow, SwitchRow } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import s from './folders.module.css';

const kinds: readonly { id: ChatKind; icon: IconName }[] = [
  { id: 'dm', icon: 'user' },
  { id: 'group', icon: 'users' },
];
const without: readonly { id: Without; icon: IconName }[] = [
  { id: 'muted', icon: 'bell-off' },
  { id: 'read', icon: 'tick-read' },
  { id: 'archived', icon: 'archive' },
];

/** What a folder is called, and the rules by which chats belong to it. */
export function FolderDialog(props: { folder: Folder; onSave: (folder: Folder) => void; onClose: () => void }) {
  const { state } = useClient();
  const [folder, setFolder] = createSignal(props.folder);
  const [picking, setPicking] = createSignal(false);
  const [list, setList] = createSignal<'include' | 'exclude'>('include');
  const [words, setWords] = createSignal('');
  const change = (part: Partial<Folder>) => setFolder({ ...folder(), ...part });
  const toggled = <T,>(all: readonly T[], one: T) =>
    all.includes(one) ? all.filter((other) => other !== one) : [...all, one];
  const rooms = createMemo(() => {
    const needle = words().trim().toLocaleLowerCase();
    const all = state.roomOrder.flatMap((id): Room[] => (state.rooms[id] ? [state.rooms[id]] : []));
    return all.filter((room) => room.name.toLocaleLowerCase().includes(needle));
  });
  /** A chat is in at most one of the two lists. */
  const press = (room: Room) => {
    const other = list() === 'include' ? 'exclude' : 'include';
    change({
      [list()]: toggled(folder()[list()], room.id),
      [other]: folder()[other].filter((id) => id !== room.id),
    });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    props.onSave({ ...folder(), name: folder().name.trim() });
  };
  const ready = () => folder().name.trim() !== '' && folder().kinds.length + folder().include.length > 0;
  return (
    <Dialog title={t(props.folder.name ? 'folder-edit' : 'folder-new')} onClose={props.onClose} testid="folder-dialog">
      <form class={s.form} onSubmit={submit}>
        <div class={s.head}>
          <button
            type="button"
            class={s.emoji}
            aria-label={t('folders-emoji')}
            aria-expanded={picking()}
            onClick={() => setPicking(!picking())}
            data-testid="folder-emoji"
          >
            {folder().emoji || <Icon name="smile" />}
          </button>
          <Field
            label={t('folder-name')}
            value={folder().name}
            maxLength={32}
            onInput={(event) => change({ name: event.currentTarget.value })}
            data-testid="folder-name"
          />
        </div>
        <Show when={picking()}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter in its search is not the end of the form */}
          <div
            class={s.picker}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.preventDefault();
            }}
          >
            <Suspense>
              <EmojiPicker
                pick={(sign) => {
                  change({ emoji: sign });
                  setPicking(false);
                }}
              />
            </Suspense>
          </div>
        </Show>
        <div>
          <For each={kinds}>
            {({ id, icon }) => (
              <SwitchRow
                icon={icon}
                text={t(`folder-kind-${id}`)}
                on={folder().kinds.includes(id)}
                onChange={() => change({ kinds: toggled(folder().kinds, id) })}
                testid={`folder-${id}`}
              />
            )}
          </For>
          <Show when={folder().kinds.length > 0}>
            <For each={without}>
              {({ id, icon }) => (
                <SwitchRow
                  icon={icon}
                  text={t(`folders-without-${id}`)}
                  on={folder().without.includes(id)}
                  onChange={() => change({ without: toggled(folder().without, id) })}
                  testid={`folder-without-${id}`}
                />
              )}
            </For>
          </Show>
        </div>
        <Tabs
          tabs={(['include', 'exclude'] as const).map((id) => ({
            id,
            label: t(`folders-${id}`, { count: folder()[id].length }),
          }))}
          value={list()}
          onChange={setList}
          label={t('folders-chats')}
        />
        <Field
          label={t('list-search')}
          value={words()}
          autocomplete="off"
          onInput={(event) => setWords(event.currentTarget.value)}
          data-testid="folder-search"
        />
        <div class={s.chats}>
          <For each={rooms()}>
            {(room) => (
              <PageRow
                lead={
                  <Avatar
                    id={room.dmUserId ?? room.id}
                    name={room.name}
                    photo={room.avatar}
                    saved={room.saved}
                    size={42}
                  />
                }
                text={room.saved ? t('saved-title') : room.name || t('chat-empty-name')}
                trail={
                  <Show when={folder()[list()].includes(room.id)}>
                    <Icon name={list() === 'include' ? 'check' : 'x'} />
                  </Show>
                }
                onClick={() => press(room)}
                testid="folder-chat"
              />
            )}
          </For>
        </div>
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button type="submit" disabled={!ready()} data-testid="folder-save">
            {t('info-save')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
