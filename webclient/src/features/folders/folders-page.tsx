import { createSignal, For, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Folder } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { browseSpace, closeLeft } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { type MenuItem, openMenu } from '../../ui/menu';
import { Page, PageRow, Section } from '../../ui/page';
import { reorder } from '../../ui/reorder';
import { toast } from '../../ui/toast';
import { type FolderTab, moveTab, ownTabs } from '../chat-list/folders';
import { FolderDialog } from './folder-dialog';
import s from './folders.module.css';

const most = 20;

/** Folders of my own and the spaces I am in: each is a tab over the chats, in the order that they have here. */
export function FoldersPage() {
  const { state, commands } = useClient();
  let list!: HTMLDivElement;
  const [edited, setEdited] = createSignal<Folder>();
  const folders = () => state.own.folders;
  const tabs = () => ownTabs(state, true);
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const keep = (next: readonly Folder[]) => commands.setFolders(next).catch(tell);
  const fresh = (): Folder => ({
    id: crypto.randomUUID().slice(0, 8),
    name: '',
    emoji: '',
    kinds: [],
    include: [],
    exclude: [],
    without: ['archived'],
  });
  const save = (folder: Folder) => {
    const known = folders().some((one) => one.id === folder.id);
    void keep(known ? folders().map((one) => (one.id === folder.id ? folder : one)) : [...folders(), folder]);
    setEdited(undefined);
  };
  const move = (key: string, to: number) => void moveTab(state, commands, key, to).catch(tell);
  onMount(() => reorder(list, 'y', move));
  const isHidden = (tab: FolderTab) => state.own.tabs.hidden.includes(tab.key);
  const show = (tab: FolderTab) => {
    const { order, hidden } = state.own.tabs;
    const next = isHidden(tab) ? hidden.filter((one) => one !== tab.key) : [...hidden, tab.key];
    void commands.setTabs({ order, hidden: next }).catch(tell);
  };
  const menu = (tab: FolderTab, at: HTMLElement) => {
    const { folder } = tab;
    const place = tabs().findIndex((one) => one.key === tab.key);
    const items: MenuItem[] = folder
      ? [{ id: 'edit', label: t('info-edit'), icon: 'pencil', select: () => setEdited(folder) }]
      : [
          { id: 'browse', label: t('space-rooms'), icon: 'list', select: () => browseSpace(tab.key) },
          { id: 'space-tab', label: t('space-tab'), icon: 'folder', on: !isHidden(tab), select: () => show(tab) },
        ];
    if (place > 0) {
      items.push({ id: 'up', label: t('order-up'), icon: 'arrow-up', select: () => move(tab.key, place - 1) });
    }
    if (place < tabs().length - 1) {
      items.push({ id: 'down', label: t('order-down'), icon: 'arrow-down', select: () => move(tab.key, place + 1) });
    }
    if (folder) {
      const remove = () => void keep(folders().filter((one) => one.id !== folder.id));
      items.push({ id: 'remove', label: t('folder-remove'), icon: 'trash-2', danger: true, select: remove });
    }
    openMenu(at, items);
  };
  return (
    <Page title={t('settings-folders')} onBack={closeLeft} backLabel={t('page-back')} testid="folders">
      <Section note={t('folders-note')}>
        <div ref={list}>
          <For each={tabs()} fallback={<Blank icon="folder" title={t('folders-empty')} />}>
            {(tab) => (
              <div class={s.folder} data-drag={tab.key}>
                <PageRow
                  lead={
                    <Show when={tab.space} fallback={<span class={s.sign}>{tab.folder?.emoji || '📁'}</span>}>
                      {(space) => <Avatar id={space().id} name={space().name} photo={space().avatar} size={42} />}
                    </Show>
                  }
                  text={tab.folder?.name ?? tab.label}
                  sub={tab.space ? t(isHidden(tab) ? 'folders-space-hidden' : 'space-title') : undefined}
                  onClick={(event) => menu(tab, event.currentTarget)}
                  testid="folder"
                />
              </div>
            )}
          </For>
        </div>
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
