import { createMemo, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import { openPerson } from '../../store/messages-ui';
import { closeLeft } from '../../store/pages';
import { knownName } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Field } from '../../ui/field';
import { Page, PageRow, Section } from '../../ui/page';

/** People I have given a place among my contacts, and those I write with. */
export function ContactsPage() {
  const { state } = useClient();
  const [words, setWords] = createSignal('');
  const people = createMemo(() => {
    const partners = Object.values(state.rooms).flatMap((room) => room.dmUserId ?? []);
    const needle = words().trim().toLocaleLowerCase();
    return [...new Set([...Object.keys(state.own.contacts), ...partners])]
      .map((id) => ({ id, name: knownName(state, id) }))
      .filter((one) => `${one.name} ${one.id}`.toLocaleLowerCase().includes(needle))
      .sort((a, b) => a.name.localeCompare(b.name));
  });
  return (
    <Page title={t('menu-contacts')} onBack={closeLeft} backLabel={t('page-back')} testid="contacts">
      <Section>
        <Field
          label={t('list-search')}
          value={words()}
          autocomplete="off"
          onInput={(event) => setWords(event.currentTarget.value)}
          data-testid="contacts-search"
        />
        <Show
          when={people().length > 0}
          fallback={<Blank icon="user" title={t('contacts-empty')} hint={t('contacts-hint')} />}
        >
          <For each={people()}>
            {(one) => (
              <PageRow
                lead={
                  <Avatar
                    id={one.id}
                    name={one.name}
                    photo={state.users[one.id]?.avatar}
                    size={42}
                    online={state.users[one.id]?.presence === 'online'}
                  />
                }
                text={one.name}
                sub={one.id}
                onClick={() => openPerson(one.id)}
                testid="contact"
              />
            )}
          </For>
        </Show>
      </Section>
    </Page>
  );
}
