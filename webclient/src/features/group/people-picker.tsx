import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import type { UserId } from '../../store/contract';
import { createPeopleSearch } from '../../store/finding-people';
import { Avatar } from '../../ui/avatar';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { PageRow } from '../../ui/page';
import s from '../../ui/people-picker.module.css';

/** Several people, by name or by address. `without`: those who are there already. */
export function PeoplePicker(props: {
  picked: readonly UserId[];
  without?: (userId: UserId) => boolean;
  onChange: (picked: readonly UserId[]) => void;
}) {
  const [words, setWords] = createSignal('');
  const search = createPeopleSearch(words);
  const found = () => search().filter((one) => !props.without?.(one.userId));
  const toggle = (userId: UserId) => {
    const picked = props.picked.includes(userId);
    props.onChange(picked ? props.picked.filter((one) => one !== userId) : [...props.picked, userId]);
    if (!picked) setWords('');
  };
  return (
    <div class={s.picker}>
      <Show when={props.picked.length > 0}>
        <ul class={s.chips} aria-label={t('new-group-people')}>
          <For each={props.picked}>
            {(userId) => (
              <li>
                <button type="button" class={s.chip} onClick={() => toggle(userId)} data-testid="picked">
                  {userId}
                  <Icon name="x" size={16} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Field
        label={t('picker-search')}
        value={words()}
        autocomplete="off"
        hint={t('new-address-hint')}
        onInput={(event) => setWords(event.currentTarget.value)}
        data-testid="picker-search"
      />
      <div class={s.found}>
        <For each={found()}>
          {(one) => (
            <PageRow
              lead={<Avatar id={one.userId} name={one.name} photo={one.avatar} size={42} />}
              text={one.name}
              sub={one.unknown ? t('new-not-found') : one.userId}
              trail={
                <Show when={props.picked.includes(one.userId)}>
                  <Icon name="check" />
                </Show>
              }
              onClick={() => toggle(one.userId)}
              testid="picker-person"
            />
          )}
        </For>
      </div>
    </div>
  );
}
