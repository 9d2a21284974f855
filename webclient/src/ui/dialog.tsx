import { createSignal, createUniqueId, type JSX, onCleanup, onMount, Show } from 'solid-js';
import { Button } from './button';
import s from './dialog.module.css';
import { keepFocus } from './focus';
import { pushLayer } from './layers';

type DialogProps = { title: string; onClose: () => void; children: JSX.Element; narrow?: boolean; testid?: string };

/** A modal box over a veil; a sheet from the bottom on the phone. Esc, Back and a press on the veil close it. */
export function Dialog(props: DialogProps) {
  const id = createUniqueId();
  let box!: HTMLDialogElement;
  keepFocus();
  onMount(() => {
    box.showModal();
    const pop = pushLayer(() => props.onClose());
    onCleanup(() => {
      pop();
      box.close();
    });
  });
  const cancel = (event: Event) => {
    event.preventDefault();
    props.onClose();
  };
  return (
    <dialog
      ref={box}
      class={s.dialog}
      data-narrow={props.narrow}
      data-testid={props.testid ?? 'dialog'}
      aria-labelledby={id}
      on:cancel={cancel}
      on:pointerdown={(event) => {
        if (event.target === box) props.onClose();
      }}
    >
      <div class={s.body}>
        <h2 id={id} class={s.title}>
          {props.title}
        </h2>
        {props.children}
      </div>
    </dialog>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogButtons(props: { children: JSX.Element }) {
  return <div class={s.buttons}>{props.children}</div>;
}

type Question = { title: string; hint?: string; yes: string; no: string; danger?: boolean; answer: () => void };

const [question, setQuestion] = createSignal<Question>();

/** Ask before doing; `answer` runs only when the person agrees. */
export function ask(next: Question): void {
  setQuestion(next);
}

/** Draws the open question; stands once in the page. */
export function QuestionHost() {
  const agree = (open: Question) => {
    setQuestion(undefined);
    open.answer();
  };
  return (
    <Show when={question()} keyed>
      {(open) => (
        <Dialog title={open.title} onClose={() => setQuestion(undefined)} narrow testid="question">
          <Show when={open.hint}>{(hint) => <p class={s.hint}>{hint()}</p>}</Show>
          <DialogButtons>
            <Button onClick={() => setQuestion(undefined)}>{open.no}</Button>
            <Button kind={open.danger ? 'danger' : 'text'} onClick={() => agree(open)} data-testid="question-yes">
              {open.yes}
            </Button>
          </DialogButtons>
        </Dialog>
      )}
    </Show>
  );
}
