import { createEffect, createResource, For, on, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Banned, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeRight } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { ask } from '../../ui/dialog';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';

/** Who may not come in: by whom, why and since when; and the way back. */
export function BannedPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const [banned, { refetch }] = createResource(() => commands.banned(props.roomId));
  const known = () => (banned.error ? [] : (banned() ?? []));
  // Another admin may ban somebody while this is open.
  const count = () => Object.values(state.members[props.roomId] ?? {}).filter((one) => one.membership === 'ban').length;
  createEffect(on(count, () => void refetch(), { defer: true }));
  const unban = (one: Banned) =>
    ask({
      title: t('ban-lift-confirm', { name: one.name }),
      yes: t('ban-lift'),
      no: t('new-cancel'),
      answer: () =>
        void commands.unban(props.roomId, one.userId).then(
          () => refetch(),
          (error: unknown) => toast(errorText(errorInfo(error))),
        ),
    });
  const about = (one: Banned) =>
    [t('ban-by', { name: one.byName, when: dateAndTime(one.ts) }), one.reason]
      .filter((part) => part !== '')
      .join(' · ');
  return (
    <Page title={t('group-banned')} onBack={closeRight} backLabel={t('page-back')} testid="banned">
      <Show
        when={known().length > 0}
        fallback={<Blank icon="user-x" title={t(banned.error ? 'error-unknown' : 'banned-empty')} />}
      >
        <Section>
          <For each={known()}>
            {(one) => (
              <PageRow
                lead={<Avatar id={one.userId} name={one.name} photo={state.users[one.userId]?.avatar} size={42} />}
                text={one.name}
                sub={about(one)}
                value={t('ban-lift')}
                onClick={() => unban(one)}
                testid="banned-user"
              />
            )}
          </For>
        </Section>
      </Show>
    </Page>
  );
}
