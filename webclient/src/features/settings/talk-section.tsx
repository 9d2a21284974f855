import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Settings } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { pickEmoji } from '../../ui/emoji/emoji-host';
import { Choices, PageRow, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';

/** How messages behave under the mouse, and what those that were deleted leave. */
export function TalkSection() {
  const { state, commands } = useClient();
  const wishes = () => state.own.settings;
  const change = (part: Partial<Settings>) =>
    void commands.setSettings({ ...wishes(), ...part }).catch((error: unknown) => toast(errorText(errorInfo(error))));
  return (
    <>
      <Section caption={t('talk-double')}>
        <Choices
          label={t('talk-double')}
          choices={[
            { id: 'react', text: t('talk-double-react') },
            { id: 'reply', text: t('message-reply') },
          ]}
          value={wishes().doubleClick}
          onChange={(doubleClick) => change({ doubleClick })}
        />
        <PageRow
          icon="heart"
          text={t('talk-favourite')}
          value={wishes().favourite}
          onClick={(event) => pickEmoji(event.currentTarget, (favourite) => change({ favourite }))}
          testid="talk-favourite"
        />
      </Section>
      <Section>
        <SwitchRow
          icon="reply"
          text={t('talk-hover')}
          on={wishes().hoverActions}
          onChange={(hoverActions) => change({ hoverActions })}
          testid="talk-hover"
        />
        <SwitchRow
          icon="trash-2"
          text={t('talk-trace')}
          on={wishes().deletedTrace}
          onChange={(deletedTrace) => change({ deletedTrace })}
          testid="talk-trace"
        />
      </Section>
    </>
  );
}
