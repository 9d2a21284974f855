import { createMemo, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import type { UserId } from '../../store/contract';
import { createPeopleSearch } from '../../store/finding-people';
import { hasFeature } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { PageRow } from '../../ui/page';
import s from '../../ui/people-picker.module.css';
import { homeCountry, numberIn, type Typed } from '../../ui/phone/numbers';

/** Several people, by name, by address or by number. `without`: those who are there already. */
export function PeoplePicker(props: {
  picked: readonly UserId[];
  without?: (userId: UserId) => boolean;
  onChange: (picked: readonly UserId[]) => void;
  numbers: readonly Typed[];
  onNumbers: (numbers: readonly Typed[]) => void;
}) {
  const [words, setWords] = createSignal('');
  const search = createPeopleSearch(words);
  const found = () => search().filter((one) => !props.without?.(one.userId));
  const toggle = (userId: UserId) => {
    const picked = props.picked.includes(userId);
    props.onChange(picked ? props.picked.filter((one) => one !== userId) : [...props.picked, userId]);
    if (!picked) setWords('');
  };
  const home = homeCountry(navigator.languages);
  const number = createMemo(() => (hasFeature('login.sms') ? numberIn(words(), home) : undefined));
  const add = (one: Typed) => {
    if (!props.numbers.some((known) => known.text === one.text)) props.onNumbers([...props.numbers, one]);
    setWords('');
  };
  return (
    <div class={s.picker}>
      <Show when={props.picked.length + props.numbers.length > 0}>
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
          <For each={props.numbers}>
            {(one) => (
              <li>
                <button
                  type="button"
                  class={s.chip}
                  onClick={() => props.onNumbers(props.numbers.filter((known) => known !== one))}
                  data-testid="picked"
                >
                  {one.text}
                  <Icon name="x" size={16} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Field
        label={t(hasFeature('login.sms') ? 'picker-search-number' : 'picker-search')}
        value={words()}
        autocomplete="off"
        onInput={(event) => setWords(event.currentTarget.value)}
        data-testid="picker-search"
      />
      <div class={s.found}>
        <Show when={number()}>
          {(one) => (
            <PageRow
              lead={
                <span class={s.number}>
                  <Icon name="phone" />
                </span>
              }
              text={one().text}
              sub={t('picker-number')}
              onClick={() => add(one())}
              testid="picker-number"
            />
          )}
        </Show>
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
