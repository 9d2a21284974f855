import { For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { closeLeft } from '../../store/pages';
import { knownName } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { ask } from '../../ui/dialog';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';

/** People whose messages I do not see. */
export function BlockedPage() {
  const { state, commands } = useClient();
  const unblock = (userId: string) =>
    ask({
      title: t('person-unblock-confirm', { name: knownName(state, userId) }),
      yes: t('person-unblock'),
      no: t('new-cancel'),
      answer: () =>
        void commands.setBlocked(userId, false).catch((error: unknown) => toast(errorText(errorInfo(error)))),
    });
  return (
    <Page title={t('privacy-blocked')} onBack={closeLeft} backLabel={t('page-back')} testid="blocked">
      <Show
        when={state.own.blocked.length > 0}
        fallback={<Blank icon="ban" title={t('blocked-empty')} hint={t('blocked-hint')} />}
      >
        <Section note={t('blocked-hint')}>
          <For each={state.own.blocked}>
            {(userId) => (
              <PageRow
                lead={
                  <Avatar id={userId} name={knownName(state, userId)} photo={state.users[userId]?.avatar} size={42} />
                }
                text={knownName(state, userId)}
                sub={userId}
                value={t('person-unblock')}
                onClick={() => unblock(userId)}
                testid="blocked-user"
              />
            )}
          </For>
        </Section>
      </Show>
    </Page>
  );
}
