import { createMemo, createSignal, createUniqueId, For, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { Field } from '../field';
import { Icon } from '../icon';
import { type Country, countries, countryName, flagOf, searchCountries } from './numbers';
import s from './phone.module.css';

type CountryFieldProps = { value: Country | undefined; onChange: (country: Country) => void };

/** The country of a number: a list that is searched by name, dial code or two letters. */
export function CountryField(props: CountryFieldProps) {
  const list = createUniqueId();
  const [query, setQuery] = createSignal<string>();
  const [at, setAt] = createSignal(0);
  const open = () => query() !== undefined;
  const found = createMemo(() => (open() ? searchCountries(query() ?? '', language()) : []));
  const shown = () => query() ?? (props.value ? countryName(props.value, language()) : '');
  const choose = (country: Country | undefined) => {
    if (country) props.onChange(country);
    setQuery(undefined);
  };
  const search = (text: string) => {
    setQuery(text);
    const meant = countries.find((one) => `+${one.dial}` === text.trim());
    setAt(meant ? found().indexOf(meant) : 0);
    if (meant) props.onChange(meant);
  };
  const move = (step: number) => {
    setAt(Math.max(0, Math.min(found().length - 1, at() + step)));
    document.getElementById(`${list}-${at()}`)?.scrollIntoView({ block: 'nearest' });
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (open()) move(event.key === 'ArrowDown' ? 1 : -1);
      else search('');
    } else if (event.key === 'Enter' && open()) {
      event.preventDefault();
      choose(found()[at()]);
    } else if (event.key === 'Escape' && open()) {
      event.stopPropagation();
      setQuery(undefined);
    }
  };
  return (
    <div class={s.country}>
      <Field
        label={t('phone-country')}
        role="combobox"
        aria-expanded={open()}
        aria-controls={list}
        aria-activedescendant={open() ? `${list}-${at()}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={shown()}
        onClick={() => open() || search('')}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={press}
        onBlur={() => setQuery(undefined)}
        trailing={<Icon name="chevron-down" class={s.chevron} />}
        data-testid="country"
      />
      <Show when={open()}>
        {/* The pointer must not take the focus, whose loss shuts the list before the click. */}
        <div
          class={s.list}
          role="listbox"
          id={list}
          tabIndex={-1}
          aria-label={t('phone-country')}
          onMouseDown={(event) => event.preventDefault()}
        >
          <For each={found()} fallback={<p class={s.nothing}>{t('phone-country-none')}</p>}>
            {(country, index) => (
              <button
                type="button"
                role="option"
                id={`${list}-${index()}`}
                class={s.option}
                tabIndex={-1}
                aria-selected={at() === index()}
                onClick={() => choose(country)}
                data-testid="country-option"
                data-country={country.iso}
              >
                <span class={s.flag} aria-hidden="true">
                  {flagOf(country)}
                </span>
                <span class={s.name}>{countryName(country, language())}</span>
                <span class={s.dial}>+{country.dial}</span>
              </button>
            )}
          </For>
        </div>
      </Show>
    </div>
  );
}
