import { createContext, useContext } from 'solid-js';
import type { Client } from './contract';

/** Carries the client through the page, so that a page of fixtures can bring its own. */
export const ClientContext = createContext<Client>();

/** The client of this page. Throws outside of `ClientContext.Provider`. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error('there is no client around this component');
  return client;
}
