import { createSignal, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Confirmation, NumberProof, OwnNumber, OwnPhone } from '../../store/contract';
import { Button } from '../../ui/button';
import { ask, Dialog, DialogButtons } from '../../ui/dialog';
import { NumberField } from '../../ui/phone/number-field';
import { homeCountry, inCountry, isPlausible } from '../../ui/phone/numbers';
import { toast } from '../../ui/toast';
import { changeFailure, createCodeRequest } from './code-request';
import { Confirm, GiveCode } from './confirm';
import s from './settings.module.css';

type NumberDialogProps = {
  own: OwnPhone;
  /** The number whose place the new one takes; undefined: it is one more. */
  old: OwnNumber | undefined;
  /** Closes; the numbers may be others now. */
  onClose: () => void;
};

/** A number of mine, in three steps: the number, its code, and what shows that it is me. */
export function NumberDialog(props: NumberDialogProps) {
  const { commands } = useClient();
  const [typed, setTyped] = createSignal(inCountry('', homeCountry(navigator.languages)));
  const [proof, setProof] = createSignal<NumberProof>();
  const [failed, setFailed] = createSignal<string>();
  const code = createCodeRequest('add');
  const send = () => {
    const { national, country } = typed();
    void code.send({ number: national, country: country?.iso ?? '' });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (isPlausible(typed())) send();
  };
  const change = async (proven: NumberProof, confirmation: Confirmation | null) => {
    const { old } = props;
    if (old) await commands.changeNumber({ proof: proven, old: old.address, confirmation });
    else if (confirmation) await commands.addNumber(proven, confirmation);
    props.onClose();
    toast(t(!old ? 'phone-added' : confirmation ? 'phone-changed' : 'phone-will-change'));
  };
  const wait = (proven: NumberProof) =>
    ask({
      title: t('phone-lost'),
      hint: t('phone-lost-hint'),
      yes: t('phone-lost-yes'),
      no: t('new-cancel'),
      answer: () => void change(proven, null).catch((why) => setFailed(changeFailure(why))),
    });
  return (
    <Dialog title={t(props.old ? 'phone-change' : 'phone-add')} onClose={props.onClose} testid="number-dialog">
      <Switch>
        <Match when={proof()}>
          {(proven) => (
            <Confirm
              own={props.own}
              number={props.old}
              yes={t('info-save')}
              act={(confirmation) => change(proven(), confirmation)}
              cancel={props.onClose}
              foot={
                <Show when={props.old}>
                  <Button onClick={() => wait(proven())} data-testid="number-wait">
                    {t('phone-lost')}
                  </Button>
                  <p class={s.failure} role="alert">
                    {failed()}
                  </p>
                </Show>
              }
            >
              <p class={s.hint}>{t('phone-confirm')}</p>
            </Confirm>
          )}
        </Match>
        <Match when={code.sent()}>
          {(sent) => (
            <div class={s.steps}>
              <p class={s.proven}>{sent().number}</p>
              <GiveCode of={code} proven={async (proven) => void setProof(proven)} again={send} />
              <DialogButtons>
                <Button onClick={() => code.forget()}>{t('page-back')}</Button>
              </DialogButtons>
            </div>
          )}
        </Match>
        <Match when={true}>
          <form class={s.steps} onSubmit={submit}>
            <p class={s.hint}>{t(props.old ? 'phone-change-hint' : 'phone-add-hint')}</p>
            <NumberField
              typed={typed()}
              onTyped={(now) => {
                setTyped(now);
                code.calm();
              }}
              error={code.error()}
            />
            <DialogButtons>
              <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
              <Button
                type="submit"
                disabled={!isPlausible(typed()) || code.busy()}
                busy={code.busy()}
                data-testid="number-next"
              >
                {t('page-next')}
              </Button>
            </DialogButtons>
          </form>
        </Match>
      </Switch>
    </Dialog>
  );
}
