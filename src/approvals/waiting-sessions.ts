/** The sessions in which something waits for a person, of all tenants. */
import { GreenroomError } from '../model/errors.ts';
import type { SessionKey } from '../model/ids.ts';
import type { System } from '../otp/system.ts';
import { type Catalog, catalogName } from '../session/ports/catalog.ts';

/** Sessions of one page. */
const PAGE = 500;

export const waitingSessions = async (system: System): Promise<readonly SessionKey[]> => {
  const catalog = system.find(catalogName);
  if (catalog === undefined)
    throw new GreenroomError('unavailable', 'the catalog is restarting', { retryAfterMs: 500 });
  const found: SessionKey[] = [];
  for (const tenant of catalog.tenants()) found.push(...(await ofTenant(catalog, tenant)));
  return found;
};

const ofTenant = async (
  catalog: Catalog,
  tenant: SessionKey['tenant'],
): Promise<readonly SessionKey[]> => {
  const keys: SessionKey[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalog.search(tenant, {
      ...{ status: ['waiting'], limit: PAGE, sortBy: 'createdAt', order: 'asc' },
      ...(cursor === undefined ? {} : { cursor }),
    });
    keys.push(...page.rows.map(({ key }) => key));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return keys;
};
