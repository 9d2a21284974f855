import { createSignal, For } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './settings.module.css';

/** Names of rules are part of addresses: a slash or a backslash in them is refused. */
const refused = /[/\\]|^\./;
const longest = 60;

/** Words that one is told of like a mention, in all chats. */
export function Keywords() {
  const { state, commands } = useClient();
  const [word, setWord] = createSignal('');
  const set = (which: string, on: boolean) =>
    void commands.setKeyword(which, on).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const isFit = () =>
    word().trim() !== '' && !refused.test(word().trim()) && !state.own.keywords.includes(word().trim());
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isFit()) return;
    set(word().trim(), true);
    setWord('');
  };
  return (
    <Section caption={t('keywords-title')} note={t('keywords-note')}>
      <For each={state.own.keywords}>
        {(one) => (
          <PageRow
            icon="hash"
            text={one}
            value={t('keywords-remove')}
            onClick={() => set(one, false)}
            testid="keyword"
          />
        )}
      </For>
      <form class={s.form} onSubmit={add}>
        <Field
          label={t('keywords-word')}
          value={word()}
          maxLength={longest}
          autocomplete="off"
          onInput={(event) => setWord(event.currentTarget.value)}
          data-testid="keyword-new"
        />
        <Button type="submit" disabled={!isFit()} data-testid="keyword-add">
          {t('keywords-add')}
        </Button>
      </form>
    </Section>
  );
}
