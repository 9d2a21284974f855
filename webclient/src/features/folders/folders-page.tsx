import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { ChatKind, Folder, Room } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './folders.module.css';

const most = 20;

/** Folders of my own: each is a tab over the chats. */
export function FoldersPage() {
  const { state, commands } = useClient();
  const [edited, setEdited] = createSignal<Folder>();
  const folders = () => state.own.folders;
  const keep = (next: readonly Folder[]) =>
    commands.setFolders(next).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const fresh = (): Folder => ({ id: crypto.randomUUID().slice(0, 8), name: '', kinds: [], include: [], exclude: [] });
  const save = (folder: Folder) => {
    const known = folders().some((one) => one.id === folder.id);
    void keep(known ? folders().map((one) => (one.id === folder.id ? folder : one)) : [...folders(), folder]);
    setEdited(undefined);
  };
  const move = (folder: Folder, step: number) => {
    const at = folders().indexOf(folder);
    const next = folders().filter((one) => one !== folder);
    next.splice(at + step, 0, folder);
    void keep(next);
  };
  const menu = (folder: Folder, at: HTMLElement) =>
    openMenu(at, [
      { id: 'edit', label: t('info-edit'), icon: 'pencil', select: () => setEdited(folder) },
      ...(folders()[0] === folder
        ? []
        : [{ id: 'up', label: t('order-up'), icon: 'arrow-up' as const, select: () => move(folder, -1) }]),
      ...(folders().at(-1) === folder
        ? []
        : [{ id: 'down', label: t('order-down'), icon: 'arrow-down' as const, select: () => move(folder, 1) }]),
      {
        id: 'remove',
        label: t('folder-remove'),
        icon: 'trash-2',
        danger: true,
        select: () => void keep(folders().filter((one) => one !== folder)),
      },
    ]);
  return (
    <Page title={t('settings-folders')} onBack={closeLeft} backLabel={t('page-back')} testid="folders">
      <Section note={t('folders-note')}>
        <Show when={folders().length > 0} fallback={<Blank icon="folder" title={t('folders-empty')} />}>
          <For each={folders()}>
            {(folder) => (
              <PageRow
                icon="folder"
                text={folder.name}
                onClick={(event) => menu(folder, event.currentTarget)}
                testid="folder"
              />
            )}
          </For>
        </Show>
        <Show when={folders().length < most}>
          <PageRow icon="folder-plus" text={t('folder-new')} onClick={() => setEdited(fresh())} testid="folder-new" />
        </Show>
      </Section>
      <Show when={edited()} keyed>
        {(folder) => <FolderDialog folder={folder} onSave={save} onClose={() => setEdited(undefined)} />}
      </Show>
    </Page>
  );
}

function FolderDialog(props: { folder: Folder; onSave: (folder: Folder) => void; onClose: () => void }) {
  const { state } = useClient();
  const [name, setName] = createSignal(props.folder.name);
  const [kinds, setKinds] = createSignal<readonly ChatKind[]>(props.folder.kinds);
  const [include, setInclude] = createSignal<readonly string[]>(props.folder.include);
  const toggle = <T,>(list: readonly T[], one: T) =>
    list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
  const rooms = () => state.roomOrder.flatMap((id): Room[] => (state.rooms[id] ? [state.rooms[id]] : []));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    props.onSave({ ...props.folder, name: name().trim(), kinds: kinds(), include: include() });
  };
  const ready = () => name().trim() !== '' && (kinds().length > 0 || include().length > 0);
  return (
    <Dialog title={t(props.folder.name ? 'folder-edit' : 'folder-new')} onClose={props.onClose} testid="folder-dialog">
      <form class={s.form} onSubmit={submit}>
        <Field
          label={t('folder-name')}
          value={name()}
          maxLength={32}
          onInput={(event) => setName(event.currentTarget.value)}
          data-testid="folder-name"
        />
        <div>
          <SwitchRow
            icon="user"
            text={t('folder-kind-dm')}
            on={kinds().includes('dm')}
            onChange={() => setKinds(toggle(kinds(), 'dm'))}
            testid="folder-dm"
          />
          <SwitchRow
            icon="users"
            text={t('folder-kind-group')}
            on={kinds().includes('group')}
            onChange={() => setKinds(toggle(kinds(), 'group'))}
            testid="folder-group"
          />
        </div>
        <div class={s.chats}>
          <For each={rooms()}>
            {(room) => (
              <PageRow
                lead={<Avatar id={room.dmUserId ?? room.id} name={room.name} photo={room.avatar} size={42} />}
                text={room.name || t('chat-empty-name')}
                trail={
                  <Show when={include().includes(room.id)}>
                    <Icon name="check" />
                  </Show>
                }
                onClick={() => setInclude(toggle(include(), room.id))}
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
