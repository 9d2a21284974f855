/** What the engine needs of the world around it, so that tests can bring their own. */
import type { Fetch } from './api/http';
import type { Upload } from './api/upload';
import type { Clock } from './transport/types';
import type { Wire } from './transport/wire';

export interface Environment {
  readonly fetch: Fetch;
  readonly upload: Upload;
  readonly connect: (url: string) => Wire;
  readonly clock: Clock;
  /** Addresses to look for a homeserver at, the first ones first. */
  readonly candidates: readonly string[];
  readonly databaseName?: string;
  readonly online: () => boolean;
  /** Nobody is signed in any more: what lies outside the database has to go too. */
  readonly forget: () => void;
}
