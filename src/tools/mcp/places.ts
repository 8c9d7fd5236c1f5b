/** The tools behind several doors, by the names that sessions have for them. Pure. */
import type { OfferedTool } from '../../session/ports/tools.ts';
import type { ServerDoor } from './server-door.ts';
import { namesOfTools } from './tool-names.ts';

export interface Place {
  readonly door: ServerDoor;
  /** The server's own name for it. */
  readonly tool: string;
}

export interface Places {
  /** In the order of their names. */
  readonly tools: readonly OfferedTool[];
  readonly places: ReadonlyMap<string, Place>;
}

export const placesOf = (doors: Iterable<ServerDoor>): Places => {
  const all = [...doors].flatMap((door) => offeredBy(door));
  return {
    tools: all
      .map(({ offered }) => offered)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    places: new Map(all.map(({ place, offered }) => [offered.name, place])),
  };
};

const offeredBy = (door: ServerDoor): readonly { place: Place; offered: OfferedTool }[] => {
  const names = namesOfTools(
    door.settings.name,
    door.offered.map(({ tool }) => tool),
  );
  return door.offered.map(({ tool, description, inputSchema, effect }) => ({
    place: { door, tool },
    offered: {
      ...{ name: names.get(tool) ?? tool, description, inputSchema, effect },
      ...(door.settings.isAlwaysLoaded ? {} : { isDeferrable: true as const }),
    },
  }));
};
