import { createSignal, For, Show } from 'solid-js';
import { Button } from './button';
import { Dialog, DialogButtons } from './dialog';

type Choice = {
  id: string;
  label: string;
  danger?: boolean /** It has the focus. */;
  first?: boolean;
  run: () => void;
};
type Choices = { title: string; no: string; choices: readonly Choice[] };

const [open, setOpen] = createSignal<Choices>();

/** Ask for one of several ways; nothing happens when the person wants none. */
export function choose(next: Choices): void {
  setOpen(next);
}

/** Draws the open choice; stands once in the page. */
export function ChoiceHost() {
  const take = (choice: Choice) => {
    setOpen(undefined);
    choice.run();
  };
  return (
    <Show when={open()} keyed>
      {(asked) => (
        <Dialog title={asked.title} onClose={() => setOpen(undefined)} narrow testid="choice">
          <DialogButtons>
            <Button onClick={() => setOpen(undefined)}>{asked.no}</Button>
            <For each={asked.choices}>
              {(choice) => (
                <Button
                  kind={choice.danger ? 'danger' : 'text'}
                  ref={(button) => {
                    if (choice.first) queueMicrotask(() => button.focus());
                  }}
                  onClick={() => take(choice)}
                  data-testid={`choice-${choice.id}`}
                >
                  {choice.label}
                </Button>
              )}
            </For>
          </DialogButtons>
        </Dialog>
      )}
    </Show>
  );
}
