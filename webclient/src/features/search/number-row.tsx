import { createMemo, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { hasFeature } from '../../store/pages';
import { ask } from '../../ui/dialog';
import { PageRow } from '../../ui/page';
import { homeCountry, numberIn, type Typed } from '../../ui/phone/numbers';
import { toast } from '../../ui/toast';
import { whyNumberRefused } from '../group/invite-numbers';

/** A phone number among the words that were typed: leads to a chat with whoever has it, now or one day. */
export function NumberRow(props: { words: string; onOpen: (roomId: RoomId) => void }) {
  const { commands } = useClient();
  const home = homeCountry(navigator.languages);
  const number = createMemo(() => (hasFeature('login.sms') ? numberIn(props.words, home) : undefined));
  const begin = (one: Typed) =>
    ask({
      title: t('number-chat-ask', { number: one.text }),
      hint: t('number-chat-hint'),
      yes: t('new-start'),
      no: t('new-cancel'),
      answer: () =>
        void commands
          .createChatByNumber({ number: one.national, country: one.country?.iso ?? '' })
          .then(props.onOpen, (error: unknown) => toast(whyNumberRefused(errorInfo(error)))),
    });
  return (
    <Show when={number()}>
      {(one) => (
        <PageRow
          icon="phone"
          text={one().text}
          sub={t('number-chat')}
          onClick={() => begin(one())}
          testid="found-number"
        />
      )}
    </Show>
  );
}
