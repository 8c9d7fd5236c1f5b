/** The changed tools behind several doors, by the names that sessions would have for them. Pure. */
import type { Absence } from '../../session/ports/tools.ts';
import type { ServerDoor } from './server-door.ts';
import { namesOfTools } from './tool-names.ts';

type Door = Pick<ServerDoor, 'key' | 'settings' | 'offered' | 'changed'>;

export const withheldOf = (doors: readonly Door[]): readonly Absence[] => doors.flatMap(withheldBy);

const withheldBy = ({ key, settings, offered, changed }: Door): readonly Absence[] => {
  const names = namesOfTools(settings.name, [...offered.map(({ tool }) => tool), ...changed]);
  return changed.map((tool) => ({
    tool: names.get(tool) ?? tool,
    why: `it is withheld, because it says something else than at first sight: greenroom mcp show ${key} ${tool}`,
  }));
};
