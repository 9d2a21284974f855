import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeRight } from '../../store/pages';
import { nameOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';

/** People who ask to be let in. */
export function RequestsPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const requests = () => state.rooms[props.roomId]?.group.requests ?? [];
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const answer = (userId: string, at: HTMLElement) =>
    openMenu(at, [
      {
        id: 'let-in',
        label: t('request-accept'),
        icon: 'check',
        select: () => void commands.invite(props.roomId, userId).catch(tell),
      },
      {
        id: 'refuse',
        label: t('list-decline'),
        icon: 'x',
        danger: true,
        select: () => void commands.kick(props.roomId, userId).catch(tell),
      },
    ]);
  return (
    <Page title={t('group-requests')} onBack={closeRight} backLabel={t('page-back')} testid="requests">
      <Show when={requests().length > 0} fallback={<Blank icon="user-plus" title={t('requests-empty')} />}>
        <Section>
          <For each={requests()}>
            {(userId) => (
              <PageRow
                lead={
                  <Avatar
                    id={userId}
                    name={nameOf(state, props.roomId, userId)}
                    photo={state.members[props.roomId]?.[userId]?.avatar}
                    size={42}
                  />
                }
                text={nameOf(state, props.roomId, userId)}
                sub={userId}
                onClick={(event) => answer(userId, event.currentTarget)}
                testid="request"
              />
            )}
          </For>
        </Section>
      </Show>
    </Page>
  );
}
