import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import { closeLeft } from '../../store/pages';
import { Blank } from '../../ui/blank';
import { Page } from '../../ui/page';
import { VirtualList } from '../../ui/virtual-list';
import { isArchived } from './folders';
import { openRoomMenu } from './room-menu';
import { Row } from './row';

/** Chats that were put aside. */
export function ArchivePage() {
  const client = useClient();
  const { state } = client;
  const [viewport, setViewport] = createSignal<HTMLDivElement>();
  const ids = () => state.roomOrder.filter((id) => isArchived(state, id));
  return (
    <Page
      title={t('list-archived')}
      onBack={closeLeft}
      backLabel={t('page-back')}
      viewport={setViewport}
      testid="archive"
    >
      <Show
        when={ids().length > 0}
        fallback={<Blank icon="archive" title={t('archive-empty')} hint={t('archive-hint')} />}
      >
        <Show when={viewport()}>
          {(box) => (
            <VirtualList
              ids={ids()}
              rowHeight={72}
              label={t('list-archived')}
              viewport={box()}
              row={(id) => <Row roomId={id} menu={(room, at) => openRoomMenu(client, room, at)} />}
            />
          )}
        </Show>
      </Show>
    </Page>
  );
}
